//! Denoising by the regularizer: its proximal point, found with a step size that is a theorem.
//!
//! ```text
//! x* = argmin_x ½‖x − y‖² + (λ/μ) R(μ x),      gradient (x − y) + λ ∇R(μ x)
//! ```
//!
//! Where `R` is convex the objective is strongly convex with modulus 1 and its gradient has the Lipschitz constant `1 + λ μ L`, so Nesterov's
//! method with the step `1/(1 + λ μ L)` and the momentum `(√κ − 1)/(√κ + 1)`, `κ = 1 + λ μ L`, converges like `(1 − 1/√κ)ⁿ` (Nesterov,
//! "Lectures on Convex Optimization", Thm. 2.2.3). And the gradient says how far it is: `‖x − x*‖ ≤ ‖gradient‖`. Without convexity there is no
//! momentum: plain gradient steps, which never raise the objective.

use burn::tensor::Tensor;

use super::field::ImageField;
use crate::analysis::host;

/// How strongly a regularizer is applied, and how exactly its proximal point is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proximal {
    /// `λ`, the strength.
    pub strength: f64,
    /// `μ`, the scale: the contrast at which the regularizer sees the image.
    pub scale: f64,
    /// A bound `L` on the Lipschitz constant of the field.
    pub lipschitz: f64,
    /// Whether the regularizer is convex.
    pub convex: bool,
    /// The root mean square of the gradient, over all pixels, at which the search ends.
    pub tolerance: f64,
    /// The most steps.
    pub most: usize,
}

/// A proximal point.
#[derive(Clone, Debug)]
pub struct ProximalPoint {
    /// `x*`, `[batch, height, width]`.
    pub image: Tensor<3>,
    /// Steps taken.
    pub steps: usize,
    /// The root mean square of the gradient there, where it was last looked at.
    pub gradient: f64,
}

/// Steps between looks at the gradient's size, which wait for the device.
const LOOK: usize = 4;

impl Proximal {
    /// The Lipschitz constant of the objective's gradient, `1 + λ μ L`.
    pub fn smoothness(&self) -> f64 {
        1.0 + self.strength * self.scale * self.lipschitz
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
    pub fn find(&self, field: &impl ImageField, y: Tensor<3>) -> ProximalPoint {
        self.find_from(field, y.clone(), y)
    }

    /// The proximal point of `y`, from `start` on: from a point found with other weights it is near.
    ///
    /// # Shapes
    /// `start`, `y`: `[batch, height, width]`; the image found has the same.
    pub fn find_from(
        &self,
        field: &impl ImageField,
        start: Tensor<3>,
        y: Tensor<3>,
    ) -> ProximalPoint {
        let step = self.smoothness().recip();
        let root = self.smoothness().sqrt();
        let momentum = match self.convex {
            true => (root - 1.0) / (root + 1.0),
            false => 0.0,
        };
        let pixels = y.shape().num_elements() as f64;
        let (mut x, mut ahead) = (start.clone(), start);
        let mut size = f64::INFINITY;
        for taken in 1..=self.most {
            let gradient = self.gradient(field, ahead.clone(), y.clone());
            let next = ahead.clone() - gradient.clone() * step;
            if taken % LOOK == 0 || taken == self.most {
                let square: f64 = host(gradient.square().sum()).iter().sum();
                size = (square / pixels).sqrt();
                if size <= self.tolerance {
                    return ProximalPoint {
                        image: next,
                        steps: taken,
                        gradient: size,
                    };
                }
            }
            ahead = next.clone() + (next.clone() - x) * momentum;
            x = next;
        }
        ProximalPoint {
            image: x,
            steps: self.most,
            gradient: size,
        }
    }
}
