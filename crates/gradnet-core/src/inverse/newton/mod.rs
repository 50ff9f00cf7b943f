//! Newton's method for `f(x) = y`, each row of a batch for itself.
//!
//! ```text
//! J_f(x) p = r,  r = y − f(x)     p by conjugate gradients with closed-form products
//! x ← x + s p                     s the first of 1, 1/2, 1/4, … that lowers a merit function
//! ```
//!
//! The merit function is `F(x) − ⟨y, x⟩`, whose slope along `p` is `−⟨r, p⟩`, or `‖r‖`, whose slope
//! is `−‖r‖` (Armijo's rule with 1e-4). With a potential a step may lower either: far out the first
//! sees beyond kinks of `f`, near the solution rounding hides it, or the error of a quadrature, and
//! the second decides. Conjugate gradients may stop at any step: `⟨r, p⟩ > 0` and `⟨r, J p⟩ = ‖r‖²`
//! hold for each of their iterates, so `p` is a descent direction of both. They run on the residual
//! over its largest entry, so that no square overflows or vanishes, and with `⟨d, J d⟩ ≥ μ ‖d‖²`,
//! which strong monotonicity promises and rounding may break.
//!
//! A row that stops leaves the search. The rows that go on are gathered as soon as they are half of
//! what is computed, so that one hard row costs what one row costs. For each trial of a step the
//! host reads one small tensor.

pub(super) mod rows;

use super::conjugate_gradients::{Effort, conjugate_gradients, dot};
use super::{InverseSettings, Solution, Verdict, Work};
use crate::analysis::host;
use crate::combine::StronglyMonotone;
use crate::field::{MonotoneField, VectorField, assert_dim};
use burn::module::Module;
use burn::tensor::{Bool, Tensor, TensorData};
use rows::{Finished, Group, Measured, Row};

/// The part of the promised fall that a step must bring.
const ARMIJO: f64 = 1e-4;
/// Conjugate gradients stop when their own residual has fallen to this part, squared.
const INNER_GOAL: f64 = 1e-6;
/// Conjugate gradient steps at first; doubled when they do not take their residual to a tenth.
const FIRST_INNER_STEPS: usize = 16;

type Objective<'a> = &'a dyn Fn(Tensor<2>) -> Tensor<1>;

struct Search<'a, F: Module> {
    field: &'a StronglyMonotone<F>,
    objective: Option<Objective<'a>>,
    settings: &'a InverseSettings,
    /// The epsilon of the element type.
    epsilon: f64,
    inner_steps: usize,
    work: Work,
}

/// Solves `f(x) = y` from `start` on: see [`StronglyMonotone::solve`].
pub(super) fn solve<F: MonotoneField + Module>(
    field: &StronglyMonotone<F>,
    y: Tensor<2>,
    start: Option<Tensor<2>>,
    settings: &InverseSettings,
    objective: Option<Objective<'_>>,
) -> Solution {
    assert_dim(&y, field.dim());
    let y = quiet(y);
    let start = start.map_or_else(|| y.zeros_like(), quiet);
    assert_eq!(y.dims(), start.dims(), "a starting point for each value");
    assert_eq!(y.dtype(), start.dtype(), "values and starting points");
    let [batch, dim] = y.dims();
    let mut search = Search {
        field,
        objective,
        settings,
        epsilon: y.dtype().finfo().map_or(0.0, |info| info.epsilon),
        inner_steps: FIRST_INNER_STEPS.min(dim).min(settings.inner_steps).max(1),
        work: Work::default(),
    };
    let mut finished = Finished::default();
    let mut steps = 0;
    if batch > 0 {
        let mut group = search.begin(y.clone(), start);
        finished.gather(&mut group, true);
        while !group.rows.is_empty() && steps < settings.newton_steps {
            search.step(&mut group);
            steps += 1;
            finished.gather(&mut group, false);
        }
        for row in &mut group.rows {
            row.verdict.get_or_insert(Verdict::OutOfSteps);
        }
        finished.gather(&mut group, true);
    }
    finished.into_solution(y, steps, search.work)
}

/// A tensor of the same numbers with no history and no gradient.
fn quiet(tensor: Tensor<2>) -> Tensor<2> {
    tensor.detach().set_require_grad(false)
}

impl<F: MonotoneField + Module> Search<'_, F> {
    /// The rows at their starting points.
    fn begin(&mut self, y: Tensor<2>, start: Tensor<2>) -> Group {
        let (scales, _) = measured_rows(&y);
        self.work.reads += 1;
        let scales = host(scales);
        let is_finite = start.clone().is_finite();
        let start = start.clone().zeros_like().mask_where(is_finite, start);
        let (mut residual, mut found) = self.measure(&y, &start);
        let mut x = start;
        if found.iter().any(|found| !found.residual.is_finite()) {
            let zero = x.zeros_like();
            let (at_zero, found_at_zero) = self.measure(&y, &zero);
            let mut goes = vec![false; found.len()];
            for ((found, at_zero), goes) in found.iter_mut().zip(found_at_zero).zip(&mut goes) {
                if !found.residual.is_finite() && at_zero.residual.is_finite() {
                    (*found, *goes) = (at_zero, true);
                }
            }
            let mask = mask_of(&goes, &x);
            x = x.mask_where(mask.clone(), zero);
            residual = residual.mask_where(mask, at_zero);
        }
        let rows = scales.chunks_exact(2).zip(found).enumerate();
        let rows = rows.map(|(number, (scale, at))| {
            let mut row = Row {
                number,
                scale: (scale[0] * scale[1].sqrt()).max(1.0),
                at,
                verdict: None,
            };
            self.judge(&mut row);
            row
        });
        Group {
            rows: rows.collect(),
            y,
            x,
            residual,
        }
    }

    /// Whether a row is done where it is.
    fn judge(&self, row: &mut Row) {
        if !row.at.residual.is_finite() || !row.scale.is_finite() {
            row.verdict = Some(Verdict::NotFinite);
        } else if row.at.residual <= self.settings.tolerance * row.scale {
            row.verdict = Some(Verdict::Solved);
        }
    }

    /// `y − f(x)`, and what the host knows of it.
    fn measure(&mut self, y: &Tensor<2>, x: &Tensor<2>) -> (Tensor<2>, Vec<Measured>) {
        self.work.reads += 1;
        let (residual, numbers) = self.numbers(y, x);
        let found = host(numbers);
        let found = found.chunks_exact(4).map(Measured::new).collect();
        (residual, found)
    }

    /// `y − f(x)`, and the numbers of [`Measured`], `[rows, 4]`.
    fn numbers(&mut self, y: &Tensor<2>, x: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        self.work.values += x.dims()[0];
        let residual = y.clone() - self.field.forward(x.clone());
        let (sizes, _) = measured_rows(&residual);
        let values = match self.objective {
            Some(potential) => {
                let value: Tensor<2> = potential(x.clone()).unsqueeze_dim(1);
                Tensor::cat(vec![value, dot(y, x)], 1)
            }
            None => sizes.full_like(f64::NAN),
        };
        (residual, Tensor::cat(vec![sizes, values], 1))
    }

    /// One Newton step of every row that is not done.
    fn step(&mut self, group: &mut Group) {
        let (step, progress) = self.direction(&group.x, &group.residual);
        let device = group.x.device();
        let count = group.rows.len();
        let mut lengths: Vec<f64> = group
            .rows
            .iter()
            .map(|row| if row.verdict.is_some() { 0.0 } else { 1.0 })
            .collect();
        let mut promised = Vec::new();
        for trial in 0..=self.settings.halvings {
            let scale = TensorData::new(lengths.clone(), [count, 1]);
            let scale = Tensor::<2>::from_data(scale, (&device, group.x.dtype()));
            let next = group.x.clone() + step.clone() * scale;
            let (residual, numbers) = self.numbers(&group.y, &next);
            self.work.reads += 1;
            let found = if trial == 0 {
                let found = host(Tensor::cat(vec![numbers, progress.clone()], 1));
                let (found, progress): (Vec<_>, Vec<_>) =
                    found.chunks_exact(6).map(|row| row.split_at(4)).unzip();
                promised = self.promises(&group.rows, &progress);
                found.concat()
            } else {
                host(numbers)
            };
            let mut taken = vec![false; count];
            let found = found.chunks_exact(4).map(Measured::new);
            for (i, found) in found.enumerate() {
                let row = &mut group.rows[i];
                if lengths[i] == 0.0 {
                    continue;
                }
                if self.falls(row, &found, lengths[i], promised[i]) {
                    row.at = found;
                    self.judge(row);
                    (taken[i], lengths[i]) = (true, 0.0);
                } else {
                    lengths[i] /= 2.0;
                }
            }
            let mask = mask_of(&taken, &group.x);
            group.x = group.x.clone().mask_where(mask.clone(), next);
            group.residual = group.residual.clone().mask_where(mask, residual);
            if lengths.iter().all(|length| *length == 0.0) {
                return;
            }
        }
        for (row, length) in group.rows.iter_mut().zip(lengths) {
            if length > 0.0 {
                row.verdict = Some(Verdict::Stalled);
            }
        }
    }

    /// `⟨r, p⟩` of each row. More conjugate gradient steps next time, if some row has had too few.
    fn promises(&mut self, rows: &[Row], progress: &[&[f64]]) -> Vec<f64> {
        let open = |row: &Row| row.verdict.is_none();
        let is_short = rows
            .iter()
            .zip(progress)
            .any(|(row, progress)| open(row) && progress[1] > 1e-2);
        if is_short {
            self.inner_steps = (2 * self.inner_steps).min(self.settings.inner_steps);
        }
        let promised = rows.iter().zip(progress);
        promised
            .map(|(row, progress)| row.at.largest.powi(2) * progress[0])
            .collect()
    }

    /// Whether a step of this length to `next` lowers the merit function enough.
    fn falls(&self, row: &Row, next: &Measured, length: f64, promised: f64) -> bool {
        if !next.residual.is_finite() {
            return false;
        }
        if next.residual <= (1.0 - ARMIJO * length) * row.at.residual {
            return true;
        }
        // NaN without a potential, or where it has left the element type: no comparison holds.
        let change = next.objective() - row.at.objective();
        let values = row.at.value.iter().chain(&next.value);
        let rounding = 4.0 * self.epsilon * values.map(|value| value.abs()).sum::<f64>();
        change < -(ARMIJO * length * promised).max(rounding)
    }

    /// `p` with `J_f(x) p = r`, by conjugate gradients on all rows at once; and for each row,
    /// `[rows, 2]`, `⟨r, p⟩` over the square of the largest entry of `r`, and the part of `‖r‖²`
    /// that is left.
    ///
    /// Where a product is not finite `p` is `r`.
    fn direction(&mut self, x: &Tensor<2>, residual: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        self.work.products += x.dims()[0] * self.inner_steps;
        let (_, largest) = measured_rows(residual);
        let start = residual.clone() / largest.clone();
        let effort = Effort {
            steps: self.inner_steps,
            goal: INNER_GOAL,
            modulus: self.field.modulus(),
        };
        let product = |v| self.field.jacobian_vector(x.clone(), v);
        let found = conjugate_gradients(&product, start.clone(), effort);
        let is_finite = found.solution.clone().abs().sum_dim(1).is_finite();
        let solution = start
            .clone()
            .mask_where(is_finite.expand(start.dims()), found.solution);
        let progress = vec![dot(&start, &solution), found.left];
        (solution * largest, Tensor::cat(progress, 1))
    }
}

/// The largest entry of each row and the sum of the squares of the row over it, `[rows, 2]`; and
/// the first again, `[rows, 1]`, with 1 for a row of zeros. Neither overflows where the norm does
/// not.
fn measured_rows(rows: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let largest = rows.clone().max_abs_dim(1);
    let is_zero = largest.clone().equal_elem(0.0);
    let divisor = largest.clone().mask_fill(is_zero, 1.0);
    let scaled = rows.clone() / divisor.clone();
    (
        Tensor::cat(vec![largest, dot(&scaled, &scaled)], 1),
        divisor,
    )
}

/// A truth for each row, `[rows, dim]`.
fn mask_of(truths: &[bool], like: &Tensor<2>) -> Tensor<2, Bool> {
    let data = TensorData::new(truths.to_vec(), [truths.len(), 1]);
    Tensor::<2, Bool>::from_data(data, &like.device()).expand(like.dims())
}
