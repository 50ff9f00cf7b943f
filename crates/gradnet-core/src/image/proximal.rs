//! Denoising by the regularizer: its proximal point, found with a step size that is a theorem.
//!
//! ```text
//! x* = argmin_x ½‖x − y‖² + (λ/μ) R(μ x),      gradient (x − y) + λ ∇R(μ x)
//! ```
//!
//! The gradient of the objective has the Lipschitz constant `1 + λ μ L`. Where `∇R(x) + ρ x` is monotone, the objective
//! is strongly convex with modulus `1 − λ μ ρ` as long as that is positive; `ρ = 0` for a convex `R`. The steps are
//! those of [`Descent`], and the gradient says how far they have come: `‖x − x*‖ ≤ ‖gradient‖/(1 − λ μ ρ)`.

use burn::tensor::Tensor;

use super::descent::{Descent, Stationary};
use super::field::ImageField;

/// How strongly a regularizer is applied, and how exactly its proximal point is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proximal {
    /// `λ`, the strength.
    pub strength: f64,
    /// `μ`, the scale: the contrast at which the regularizer sees the image.
    pub scale: f64,
    /// A bound `L` on the Lipschitz constant of the field.
    pub lipschitz: f64,
    /// A number `ρ ≥ 0` for which the field plus `ρ x` is monotone: 0 for a convex regularizer.
    pub concavity: f64,
    /// The root mean square of the gradient, over all pixels, at which the search ends.
    pub tolerance: f64,
    /// The most steps.
    pub most: usize,
}

impl Proximal {
    /// The Lipschitz constant of the objective's gradient, `1 + λ μ L`.
    pub fn smoothness(&self) -> f64 {
        1.0 + self.strength * self.scale * self.lipschitz
    }

    /// What the objective is strongly convex with, `1 − λ μ ρ`; below 0 it need not be convex.
    pub fn modulus(&self) -> f64 {
        1.0 - self.strength * self.scale * self.concavity
    }

    /// The gradient of the objective at `x`.
    ///
    /// # Shapes
    /// `x`, `y`: `[batch, height, width]`; returns the same.
    pub fn gradient(&self, field: &impl ImageField, x: Tensor<3>, y: Tensor<3>) -> Tensor<3> {
        field.apply(x.clone() * self.scale) * self.strength + (x - y)
    }

    /// The proximal point of `y`, from `y` on.
    ///
    /// # Shapes
    /// `y`: `[batch, height, width]`; the image found has the same.
    pub fn find(&self, field: &impl ImageField, y: Tensor<3>) -> Stationary {
        let descent = Descent {
            smoothness: self.smoothness(),
            modulus: self.modulus(),
            tolerance: self.tolerance,
            most: self.most,
        };
        descent.run(y.clone(), |x| self.gradient(field, x, y.clone()))
    }
}
