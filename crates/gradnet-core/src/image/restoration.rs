//! Restoration by a regularizer, `min_x ½‖H x − y‖² + (λ/μ) R(μ x)`, with a step that is a theorem and an objective
//! that never rises.
//!
//! The gradient `Hᵀ(H x − y) + λ ∇R(μ x)` has the Lipschitz constant `‖H‖² + λ μ L`, and the step is its reciprocal.
//! Where the objective is convex, because `R` is or because `HᵀH` has a modulus that makes up for what `R` lacks, the
//! method is monotone FISTA (Beck, Teboulle, "Fast Gradient-Based Algorithms for Constrained Total Variation Image
//! Denoising and Deblurring Problems", IEEE TIP 2009, Sec. V-A), which keeps the better of the new point and the old;
//! elsewhere gradient descent, whose limit points are critical points. A step that raises the objective, which rounding
//! alone can do, ends it.

use burn::tensor::Tensor;

use super::descent::{Descent, Stationary};
use super::field::{ImageField, ImagePotential};
use super::operator::ImageOperator;
use crate::analysis::host;

/// A regularizer, a measurement and how they are weighed.
pub struct Restoration<'a, F, H: ?Sized> {
    /// The regularizer's gradient, with its potential.
    pub field: &'a F,
    /// What was measured with.
    pub operator: &'a H,
    /// `λ`, the strength.
    pub strength: f64,
    /// `μ`, the scale.
    pub scale: f64,
    /// A bound `L` on the Lipschitz constant of the field.
    pub lipschitz: f64,
    /// A number `ρ ≥ 0` for which the field plus `ρ x` is monotone: 0 for a convex regularizer.
    pub concavity: f64,
}

/// Where a restoration is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Iteration {
    /// Steps taken.
    pub step: usize,
    /// `½‖H x − y‖² + (λ/μ) R(μ x)`.
    pub objective: f64,
    /// `‖H x − y‖`.
    pub residual: f64,
}

impl<F: ImageField, H: ImageOperator + ?Sized> Restoration<'_, F, H> {
    /// The reciprocal of the Lipschitz constant of the objective's gradient.
    pub fn step(&self) -> f64 {
        (self.operator.norm_squared() + self.strength * self.scale * self.lipschitz).recip()
    }

    /// The gradient of the objective.
    ///
    /// # Shapes
    /// `x`: `[1, height, width]`; `y`: that of a measurement; returns the shape of `x`.
    pub fn gradient(&self, x: Tensor<3>, y: Tensor<3>) -> Tensor<3> {
        let error = self.operator.measure(x.clone()) - y;
        self.operator.adjoint(error) + self.field.apply(x * self.scale) * self.strength
    }

    /// What the objective is convex with, `m − λ μ ρ` with the modulus `m` of `HᵀH`; below 0 it need not be convex.
    pub fn modulus(&self) -> f64 {
        self.operator.modulus() - self.strength * self.scale * self.concavity
    }

    /// Whether the objective is convex, so that its stationary points are minima.
    pub fn is_convex(&self) -> bool {
        self.modulus() >= 0.0
    }

    /// A stationary point near `start`, by the steps of [`Descent`], which do not look at the objective: for many
    /// restorations whose steps nobody reads.
    ///
    /// # Shapes
    /// `start`: `[1, height, width]`; `y`: that of a measurement; the image has the shape of `start`.
    pub fn find_from(
        &self,
        start: Tensor<3>,
        y: &Tensor<3>,
        tolerance: f64,
        most: usize,
    ) -> Stationary {
        let descent = Descent {
            smoothness: self.step().recip(),
            modulus: self.modulus(),
            tolerance,
            most,
        };
        descent.run(start, |x| self.gradient(x, y.clone()))
    }
}

impl<F: ImagePotential, H: ImageOperator + ?Sized> Restoration<'_, F, H> {
    /// The objective and the residual at `x`.
    fn look(&self, step: usize, x: &Tensor<3>, y: &Tensor<3>) -> Iteration {
        let error = self.operator.measure(x.clone()) - y.clone();
        let square: f64 = host(error.square().sum()).iter().sum();
        let energy: f64 = host(self.field.energy(x.clone() * self.scale)).iter().sum();
        Iteration {
            step,
            objective: 0.5 * square + self.strength / self.scale * energy,
            residual: square.sqrt(),
        }
    }

    /// The objective `½‖H x − y‖² + (λ/μ) R(μ x)`.
    ///
    /// # Shapes
    /// `x`: `[1, height, width]`; `y`: that of a measurement.
    pub fn objective(&self, x: &Tensor<3>, y: &Tensor<3>) -> f64 {
        self.look(0, x, y).objective
    }

    /// The restored image, from `Hᵀ y` on: at most `most` steps, fewer where the root mean square of the gradient falls
    /// to `tolerance`.
    ///
    /// `observe` is told each iteration, the start included; no objective it hears is above the one before.
    ///
    /// # Shapes
    /// `y`: that of a measurement of one image; returns `[1, height, width]`.
    pub fn run(
        &self,
        y: &Tensor<3>,
        tolerance: f64,
        most: usize,
        mut observe: impl FnMut(Iteration),
    ) -> Tensor<3> {
        let (length, convex) = (self.step(), self.is_convex());
        let mut x = self.operator.adjoint(y.clone());
        let pixels = x.shape().num_elements() as f64;
        let mut ahead = x.clone();
        let mut inertia = 1.0_f64;
        let mut now = self.look(0, &x, y);
        observe(now);
        for step in 1..=most {
            let gradient = self.gradient(ahead.clone(), y.clone());
            let square: f64 = host(gradient.clone().square().sum()).iter().sum();
            let next = ahead - gradient * length;
            let there = self.look(step, &next, y);
            let falls = there.objective <= now.objective;
            if !convex && !falls {
                break;
            }
            let kept = match falls {
                true => next.clone(),
                false => x.clone(),
            };
            now = match falls {
                true => there,
                false => Iteration { step, ..now },
            };
            observe(now);
            ahead = match convex {
                true => {
                    let after = 0.5 * (1.0 + (1.0 + 4.0 * inertia * inertia).sqrt());
                    let jump = (next - kept.clone()) * (inertia / after);
                    let push = (kept.clone() - x) * ((inertia - 1.0) / after);
                    inertia = after;
                    kept.clone() + jump + push
                }
                false => kept.clone(),
            };
            x = kept;
            if (square / pixels).sqrt() <= tolerance {
                break;
            }
        }
        x
    }
}
