//! Restoration by a regularizer, `min_x ½‖H x − y‖² + (λ/μ) R(μ x)`, with a step that is a theorem and an objective
//! that never rises.
//!
//! The gradient `Hᵀ(H x − y) + λ ∇R(μ x)` has the Lipschitz constant `‖H‖² + λ μ L`, and the step is its reciprocal.
//! Where the objective is convex, because `R` is or because `HᵀH` has a modulus that makes up for what `R` lacks, the
//! method is monotone FISTA (Beck, Teboulle, "Fast Gradient-Based Algorithms for Constrained Total Variation Image
//! Denoising and Deblurring Problems", IEEE TIP 2009, Sec. V-A), which keeps the better of the new point and the old;
//! elsewhere accelerated steps that must lower the objective by a part of what a gradient step does, and where one does
//! not, a gradient step from the best point, whose limit points are critical points (Li, Lin, "Accelerated Proximal
//! Gradient Methods for Nonconvex Programming", NIPS 2015). A gradient step that raises the objective, which rounding
//! alone can do, ends it.

use burn::tensor::Tensor;

use super::descent::{Descent, Stationary};
use super::field::{ImageField, ImagePotential};
use super::operator::ImageOperator;
use crate::analysis::host;

/// What an accelerated step must lower the objective by, as a part of `step |gradient|²`; a gradient step does by half.
const ARMIJO: f64 = 1e-3;

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

    /// A stationary point near `start`, for many restorations whose steps nobody reads: by the steps of [`Descent`],
    /// which do not look at the objective, where that is convex, elsewhere by those of [`run`](Self::run).
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
        if !self.is_convex() {
            return self.descend(start, y, (tolerance, most), |_| ());
        }
        let descent = Descent {
            smoothness: self.step().recip(),
            modulus: self.modulus(),
            tolerance,
            most,
        };
        descent.run(start, |x| self.gradient(x, y.clone()))
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
        observe: impl FnMut(Iteration),
    ) -> Tensor<3> {
        let start = self.operator.adjoint(y.clone());
        self.descend(start, y, (tolerance, most), observe).image
    }

    /// The steps of [`run`](Self::run), from `x` on.
    fn descend(
        &self,
        mut x: Tensor<3>,
        y: &Tensor<3>,
        (tolerance, most): (f64, usize),
        mut observe: impl FnMut(Iteration),
    ) -> Stationary {
        let (length, convex) = (self.step(), self.is_convex());
        let pixels = x.shape().num_elements() as f64;
        let mut ahead = x.clone();
        let (mut inertia, mut size) = (1.0_f64, f64::INFINITY);
        let mut now = self.look(0, &x, y);
        observe(now);
        let mut steps = 0;
        while steps < most && size > tolerance {
            let gradient = self.gradient(ahead.clone(), y.clone());
            let square: f64 = host(gradient.clone().square().sum()).iter().sum();
            let next = ahead - gradient * length;
            let there = self.look(steps + 1, &next, y);
            let promised = if convex {
                0.0
            } else {
                ARMIJO * length * square
            };
            let falls = there.objective <= now.objective - promised;
            if !convex && !falls && inertia == 1.0 {
                break;
            }
            steps += 1;
            size = (square / pixels).sqrt();
            now = match falls {
                true => there,
                false => Iteration { step: steps, ..now },
            };
            observe(now);
            let after = 0.5 * (1.0 + (1.0 + 4.0 * inertia * inertia).sqrt());
            let kept = if falls { next.clone() } else { x.clone() };
            let way = (kept.clone() - x) * ((inertia - 1.0) / after);
            (ahead, inertia) = match (falls, convex) {
                (true, _) => (kept.clone() + way, after),
                // Towards the point that was not kept.
                (false, true) => (
                    kept.clone() + (next - kept.clone()) * (inertia / after),
                    after,
                ),
                (false, false) => (kept.clone(), 1.0),
            };
            x = kept;
        }
        Stationary {
            image: x,
            steps,
            gradient: size,
        }
    }
}
