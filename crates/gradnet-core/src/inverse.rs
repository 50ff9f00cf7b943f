//! The inverse of a strongly monotone field, and the convex conjugate of its potential.
//!
//! For a μ-strongly convex `F` the map `f = ∇F` is a bijection of `R^d`, and its inverse is the gradient of the
//! conjugate `F*(y) = max_x ⟨x, y⟩ − F(x)`, attained at `x = f⁻¹(y)` (after Rem. 5). `f(x) = y` is solved by
//! Newton's method: the step solves `J_f(x) p = y − f(x)` by conjugate gradients with closed-form products, so no
//! Jacobian is formed, and is halved until the residual falls. All points of a batch go side by side. The
//! answer is as good as its residual: `‖x − f⁻¹(y)‖ ≤ ‖f(x) − y‖ / μ`.

use crate::analysis::host;
use crate::combine::StronglyMonotone;
use crate::field::{MonotoneField, Potential, VectorField, row_dot};
use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use thiserror::Error;

/// When to stop, and when to give up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InverseSettings {
    /// The residual `‖f(x) − y‖` aimed at, relative to `max(1, ‖y‖)`. About 1e-5 is what `f32` allows.
    pub tolerance: f64,
    /// Newton steps at most.
    pub newton_steps: usize,
    /// Conjugate gradient steps at most in each Newton step.
    pub inner_steps: usize,
    /// Halvings of a step at most.
    pub halvings: usize,
}

impl Default for InverseSettings {
    fn default() -> Self {
        Self {
            tolerance: 1e-5,
            newton_steps: 50,
            inner_steps: 200,
            halvings: 30,
        }
    }
}

/// A point found by [`inverse`](StronglyMonotone::inverse) for each value asked for.
#[derive(Clone, Debug)]
pub struct Inverse {
    /// The points `x`, `[batch, dim]`.
    pub x: Tensor<2>,
    /// Their residuals `‖f(x) − y‖`.
    pub residuals: Vec<f64>,
    /// Newton steps taken.
    pub steps: usize,
}

/// Points for which the tolerance was not reached.
#[derive(Clone, Debug, Error, PartialEq)]
#[error(
    "{} of {batch} points did not reach a relative residual of {tolerance} within {steps} Newton steps; the worst, \
     number {}, is at {}: allow more steps, a larger tolerance, or compute in f64",
    failed.len(), failed[0].0, failed[0].1
)]
pub struct InverseError {
    /// The points at fault with their relative residuals, the worst first.
    pub failed: Vec<(usize, f64)>,
    /// Points asked for.
    pub batch: usize,
    /// The tolerance asked for.
    pub tolerance: f64,
    /// Newton steps taken.
    pub steps: usize,
}

impl<F: MonotoneField + Module> StronglyMonotone<F> {
    /// The points `x` with `f(x) = y`.
    ///
    /// # Shapes
    /// `y`: `[batch, dim]`.
    ///
    /// # Errors
    /// [`InverseError`] with the points whose residual stayed above the tolerance.
    pub fn inverse(
        &self,
        y: Tensor<2>,
        settings: &InverseSettings,
    ) -> Result<Inverse, InverseError> {
        let scales: Vec<f64> = norms(y.clone()).iter().map(|norm| norm.max(1.0)).collect();
        let mut x = y.zeros_like();
        let mut residual = y.clone() - self.forward(x.clone());
        let mut sizes = norms(residual.clone());
        let mut steps = 0;
        let open = |sizes: &[f64]| {
            sizes
                .iter()
                .zip(&scales)
                .any(|(size, scale)| size.is_nan() || *size > settings.tolerance * scale)
        };
        while open(&sizes) && steps < settings.newton_steps {
            let step = self.newton_step(&x, &residual, settings.inner_steps);
            (x, residual, sizes) = self.search(&y, (x, residual, sizes), step, settings.halvings);
            steps += 1;
        }

        let mut failed: Vec<(usize, f64)> = sizes
            .iter()
            .zip(&scales)
            .map(|(size, scale)| size / scale)
            .enumerate()
            .filter(|(_, relative)| relative.is_nan() || *relative > settings.tolerance)
            .collect();
        if failed.is_empty() {
            return Ok(Inverse {
                x,
                residuals: sizes,
                steps,
            });
        }
        failed.sort_by(|a, b| b.1.total_cmp(&a.1));
        Err(InverseError {
            failed,
            batch: scales.len(),
            tolerance: settings.tolerance,
            steps,
        })
    }

    /// `p` with `J_f(x) p = r`, by conjugate gradients on all rows at once.
    fn newton_step(&self, x: &Tensor<2>, r: &Tensor<2>, steps: usize) -> Tensor<2> {
        let mut solution = r.zeros_like();
        let mut residual = r.clone();
        let mut direction = r.clone();
        let mut square = column_dot(&residual, &residual);
        let start = norms(r.clone());
        for _ in 0..steps {
            let image = self.jacobian_vector(x.clone(), direction.clone());
            // A row that has converged has a zero direction: 0/tiny keeps it where it is.
            let length = square.clone() / column_dot(&direction, &image).clamp_min(1e-30);
            solution = solution + direction.clone() * length.clone();
            residual = residual - image * length;
            let next = column_dot(&residual, &residual);
            let converged = norms(residual.clone())
                .iter()
                .zip(&start)
                .all(|(now, then)| *now <= 1e-3 * then);
            if converged {
                break;
            }
            let weight = next.clone() / square.clamp_min(1e-30);
            direction = residual.clone() + direction * weight;
            square = next;
        }
        solution
    }

    /// Halves the step of each row until its residual falls, or leaves the row where it is.
    fn search(
        &self,
        y: &Tensor<2>,
        (x, residual, sizes): (Tensor<2>, Tensor<2>, Vec<f64>),
        step: Tensor<2>,
        halvings: usize,
    ) -> (Tensor<2>, Tensor<2>, Vec<f64>) {
        let mut lengths = vec![1.0; sizes.len()];
        for halving in 0..=halvings + 1 {
            let scale = TensorData::new(lengths.clone(), [lengths.len(), 1]);
            let scale = Tensor::<2>::from_data(scale, (&x.device(), x.dtype()));
            let next = x.clone() + step.clone() * scale;
            let next_residual = y.clone() - self.forward(next.clone());
            let next_sizes = norms(next_residual.clone());
            let mut settled = true;
            for ((length, now), then) in lengths.iter_mut().zip(&next_sizes).zip(&sizes) {
                let falls = *now <= (1.0 - 1e-4 * *length) * then || *length == 0.0;
                if !falls {
                    settled = false;
                    *length = if halving >= halvings {
                        0.0
                    } else {
                        *length / 2.0
                    };
                }
            }
            if settled {
                return (next, next_residual, next_sizes);
            }
        }
        (x, residual, sizes)
    }
}

impl<F: MonotoneField + Potential + Module> StronglyMonotone<F> {
    /// The conjugate `F*(y) = ⟨x, y⟩ − F(x)` at `x = f⁻¹(y)`, `[batch]`; its gradient is `x`.
    ///
    /// # Errors
    /// As [`inverse`](Self::inverse).
    pub fn conjugate(
        &self,
        y: Tensor<2>,
        settings: &InverseSettings,
    ) -> Result<Tensor<1>, InverseError> {
        let x = self.inverse(y.clone(), settings)?.x;
        Ok(row_dot(x.clone(), y) - self.potential(x))
    }
}

/// The Euclidean norms of the rows.
fn norms(rows: Tensor<2>) -> Vec<f64> {
    host(rows.square().sum_dim(1).sqrt())
}

/// The inner products of the rows, `[batch, 1]`.
fn column_dot(a: &Tensor<2>, b: &Tensor<2>) -> Tensor<2> {
    (a.clone() * b.clone()).sum_dim(1)
}
