//! The inverse of a strongly monotone field, and the convex conjugate of its potential.
//!
//! For a μ-strongly convex `F` the map `f = ∇F` is a bijection of `R^d`, and its inverse is the
//! gradient of the conjugate `F*(y) = max_x ⟨x, y⟩ − F(x)`, attained at `x = f⁻¹(y)` (after
//! Rem. 5). `f(x) = y` is solved by a damped Newton method (`inverse/newton` says how), all rows
//! of a batch side by side and each for itself. The answer is as good as its residual:
//! `‖x − f⁻¹(y)‖ ≤ ‖f(x) − y‖ / μ`.
//!
//! | method of [`StronglyMonotone`] | what a step must lower | asks for |
//! |---|---|---|
//! | `solve` | the residual `‖f(x) − y‖` | a field |
//! | `solve_by_potential` | that or the convex `F(x) − ⟨y, x⟩` | its potential too |
//! | `inverse` | the residual; an error unless every row is solved | a field |
//! | `conjugate` | either; the same | its potential too |
//!
//! With the convex function a kink of `f` does not hold a row up. Where the potential comes of a
//! quadrature, as that of a cascade, every trial point costs over a hundred evaluations of `f`, and
//! the residual is the better choice.
//!
//! Where a field has whole Jacobians at a low price ([`DenseJacobian`](crate::DenseJacobian)), `solve` and
//! `inverse` first try Newton's method with their Cholesky factors (`inverse/dense.rs`).
//!
//! Nothing is recorded for automatic differentiation.

pub mod conjugate_gradients;
#[cfg(feature = "flex")]
mod dense;
mod newton;

use crate::combine::StronglyMonotone;
use crate::field::{MonotoneField, Potential, row_dot};
#[cfg(feature = "flex")]
use crate::field::{VectorField, assert_dim};
#[cfg(feature = "flex")]
use crate::kernel::on_flex;
use burn::module::Module;
use burn::tensor::Tensor;
use thiserror::Error;

/// When to stop, and when to give up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InverseSettings {
    /// The residual `‖f(x) − y‖` aimed at, relative to `max(1, ‖y‖)`. About 1e-5 is what `f32`
    /// allows.
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

/// What has become of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its residual is within the tolerance.
    Solved,
    /// No step lowers it any further, however short: the end of what the element type allows, or of
    /// the field's claim.
    Stalled,
    /// The Newton steps are used up.
    OutOfSteps,
    /// Its value `y`, or the field at its starting point and at 0, is not finite.
    NotFinite,
}

/// A finite point for each value asked for, and what it is worth.
#[derive(Clone, Debug)]
pub struct Solution {
    /// The points `x`, `[batch, dim]`: where each row stopped, solved or not.
    pub x: Tensor<2>,
    /// Their residuals `‖f(x) − y‖`.
    pub residuals: Vec<f64>,
    /// The same relative to `max(1, ‖y‖)`, which the tolerance is held against.
    pub relative_residuals: Vec<f64>,
    /// What has become of each row.
    pub verdicts: Vec<Verdict>,
    /// Newton steps taken by the row that took most.
    pub steps: usize,
    /// What was computed.
    pub work: Work,
}

/// What a search has computed, each row by itself: a batch of 100 counts as 100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Values of the field.
    pub values: usize,
    /// Jacobians of it, whole.
    pub jacobians: usize,
    /// Jacobians times a vector.
    pub products: usize,
    /// Times that the host waited for the device. Not of each row: a batch counts once, and of parts side by side the
    /// one that waited most.
    pub reads: usize,
}

impl std::ops::AddAssign for Work {
    fn add_assign(&mut self, more: Self) {
        self.values += more.values;
        self.jacobians += more.jacobians;
        self.products += more.products;
        self.reads += more.reads;
    }
}

impl Solution {
    /// Rows that were looked for side by side, one part after another.
    ///
    /// # Panics
    /// If there is no part.
    #[cfg(feature = "flex")]
    fn joined(parts: Vec<Self>) -> Self {
        let mut parts = parts.into_iter();
        let mut whole = parts.next().expect("rows are in one part at least");
        let mut points = vec![whole.x.clone()];
        for part in parts {
            let reads = whole.work.reads.max(part.work.reads);
            points.push(part.x);
            whole.residuals.extend(part.residuals);
            whole.relative_residuals.extend(part.relative_residuals);
            whole.verdicts.extend(part.verdicts);
            whole.steps = whole.steps.max(part.steps);
            whole.work += part.work;
            whole.work.reads = reads;
        }
        whole.x = Tensor::cat(points, 0);
        whole
    }

    /// Whether every row is solved.
    pub fn is_solved(&self) -> bool {
        self.failed().next().is_none()
    }

    /// The rows that are not solved, with their relative residuals.
    pub fn failed(&self) -> impl Iterator<Item = (usize, f64)> {
        let rows = self.verdicts.iter().zip(&self.relative_residuals);
        rows.enumerate()
            .filter(|(_, (verdict, _))| **verdict != Verdict::Solved)
            .map(|(row, (_, residual))| (row, *residual))
    }

    /// The same with the rows that are not solved looked for again: `search` gets their points and their numbers.
    #[cfg(feature = "flex")]
    fn completed(mut self, search: impl FnOnce(Tensor<2>, &[usize]) -> Self) -> Self {
        let failed: Vec<usize> = self.failed().map(|(row, _)| row).collect();
        if failed.is_empty() {
            return self;
        }
        let found = search(newton::rows::select(&self.x, &failed), &failed);
        // Each row from its place among the first, or behind them among the second.
        let first = self.verdicts.len();
        let mut from: Vec<usize> = (0..first).collect();
        for (place, row) in failed.into_iter().enumerate() {
            from[row] = first + place;
            self.residuals[row] = found.residuals[place];
            self.relative_residuals[row] = found.relative_residuals[place];
            self.verdicts[row] = found.verdicts[place];
        }
        self.x = newton::rows::select(&Tensor::cat(vec![self.x, found.x], 0), &from);
        self.steps += found.steps;
        self.work += found.work;
        self
    }

    /// The points, or which rows have none.
    fn whole(self, settings: &InverseSettings) -> Result<Inverse, InverseError> {
        let mut failed: Vec<(usize, f64)> = self.failed().collect();
        if failed.is_empty() {
            return Ok(Inverse {
                x: self.x,
                residuals: self.residuals,
                steps: self.steps,
            });
        }
        failed.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        Err(InverseError {
            failed,
            batch: self.verdicts.len(),
            tolerance: settings.tolerance,
            steps: self.steps,
        })
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
    /// Points `x` with `f(x) = y`, row by row, from `start` on or from 0.
    ///
    /// A row that is solved, or cannot be, is left where it is and costs nothing more; the others
    /// go on without it. Where `start` is not finite, or the field there, the row starts at 0.
    ///
    /// # Shapes
    /// `y`, `start`: `[batch, dim]`.
    ///
    /// # Panics
    /// If the shapes or the element types of `y` and `start` differ.
    pub fn solve(
        &self,
        y: Tensor<2>,
        start: Option<Tensor<2>>,
        settings: &InverseSettings,
    ) -> Solution {
        let field = self.untracked();
        #[cfg(feature = "flex")]
        if y.dims()[0] > 0
            && on_flex(&y)
            && let Some(jacobian) = field.dense_jacobian()
        {
            assert_dim(&y, self.dim());
            let start = start.unwrap_or_else(|| y.zeros_like());
            assert_eq!(y.dims(), start.dims(), "a starting point for each value");
            assert_eq!(y.dtype(), start.dtype(), "values and starting points");
            let copy = || self.untracked();
            let found = dense::solve_in_pieces(copy, &jacobian, [&y, &start], settings);
            return found.completed(|x, rows| {
                let y = newton::rows::select(&y, rows);
                newton::solve(&field, y, Some(x), settings, None)
            });
        }
        newton::solve(&field, y, start, settings, None)
    }

    /// The same field, of which nothing is recorded.
    fn untracked(&self) -> Self {
        Self::new(self.field.clone().no_grad(), self.modulus())
    }

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
        self.solve(y, None, settings).whole(settings)
    }
}

impl<F: MonotoneField + Potential + Module> StronglyMonotone<F> {
    /// As [`solve`](Self::solve), where a step may also lower the convex function `F(x) − ⟨y, x⟩`,
    /// whose minimum it is.
    ///
    /// # Panics
    /// If the shapes or the element types of `y` and `start` differ.
    pub fn solve_by_potential(
        &self,
        y: Tensor<2>,
        start: Option<Tensor<2>>,
        settings: &InverseSettings,
    ) -> Solution {
        let field = self.untracked();
        newton::solve(&field, y, start, settings, Some(&|x| field.potential(x)))
    }

    /// The conjugate `F*(y) = ⟨x, y⟩ − F(x)` at `x = f⁻¹(y)`, `[batch]`; its gradient is `x`.
    ///
    /// # Errors
    /// As [`inverse`](Self::inverse).
    pub fn conjugate(
        &self,
        y: Tensor<2>,
        settings: &InverseSettings,
    ) -> Result<Tensor<1>, InverseError> {
        let found = self.solve_by_potential(y.clone(), None, settings);
        let x = found.whole(settings)?.x;
        Ok(row_dot(x.clone(), y) - self.potential(x))
    }
}
