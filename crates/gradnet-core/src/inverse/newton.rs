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

use super::{InverseSettings, Solution, Verdict};
use crate::analysis::host;
use crate::combine::StronglyMonotone;
use crate::field::{MonotoneField, VectorField, assert_dim};
use burn::module::Module;
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

/// The part of the promised fall that a step must bring.
const ARMIJO: f64 = 1e-4;
/// Conjugate gradients stop when their own residual has fallen to this part, squared.
const INNER_GOAL: f64 = 1e-6;
/// Conjugate gradient steps at first; doubled when they do not take their residual to a tenth.
const FIRST_INNER_STEPS: usize = 16;

type Objective<'a> = &'a dyn Fn(Tensor<2>) -> Tensor<1>;

/// A row of the search.
#[derive(Clone, Copy)]
struct Row {
    /// Its number in the batch.
    number: usize,
    /// `max(1, ‖y‖)`.
    scale: f64,
    at: Measured,
    verdict: Option<Verdict>,
}

/// What the host knows of a row at a point.
#[derive(Clone, Copy)]
struct Measured {
    /// The largest entry of `r`.
    largest: f64,
    /// `‖r‖`.
    residual: f64,
    /// `F(x)` and `⟨y, x⟩`, or NaN without a potential.
    value: [f64; 2],
}

impl Measured {
    /// From the numbers of [`Search::measure`].
    fn new(numbers: &[f64]) -> Self {
        Self {
            largest: numbers[0],
            residual: numbers[0] * numbers[1].sqrt(),
            value: [numbers[2], numbers[3]],
        }
    }

    /// `F(x) − ⟨y, x⟩`.
    fn objective(&self) -> f64 {
        self.value[0] - self.value[1]
    }
}

/// Rows that are searched together.
struct Group {
    rows: Vec<Row>,
    y: Tensor<2>,
    x: Tensor<2>,
    residual: Tensor<2>,
}

struct Search<'a, F: Module> {
    field: &'a StronglyMonotone<F>,
    objective: Option<Objective<'a>>,
    settings: &'a InverseSettings,
    /// The epsilon of the element type.
    epsilon: f64,
    inner_steps: usize,
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
    finished.into_solution(y, steps)
}

/// A tensor of the same numbers with no history and no gradient.
fn quiet(tensor: Tensor<2>) -> Tensor<2> {
    tensor.detach().set_require_grad(false)
}

impl<F: MonotoneField + Module> Search<'_, F> {
    /// The rows at their starting points.
    fn begin(&self, y: Tensor<2>, start: Tensor<2>) -> Group {
        let (scales, _) = measured_rows(&y);
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
    fn measure(&self, y: &Tensor<2>, x: &Tensor<2>) -> (Tensor<2>, Vec<Measured>) {
        let (residual, numbers) = self.numbers(y, x);
        let found = host(numbers);
        let found = found.chunks_exact(4).map(Measured::new).collect();
        (residual, found)
    }

    /// `y − f(x)`, and the numbers of [`Measured`], `[rows, 4]`.
    fn numbers(&self, y: &Tensor<2>, x: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
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
    fn direction(&self, x: &Tensor<2>, residual: &Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let (_, largest) = measured_rows(residual);
        let start = residual.clone() / largest.clone();
        let mut solution = start.zeros_like();
        let mut rest = start.clone();
        let mut direction = start.clone();
        let first = dot(&start, &start);
        let mut square = first.clone();
        let goal = first.clone() * INNER_GOAL;
        let mut is_done = square.clone().equal_elem(0.0);
        for _ in 0..self.inner_steps {
            let image = self.field.jacobian_vector(x.clone(), direction.clone());
            let least = dot(&direction, &direction) * self.field.modulus();
            let length = dot(&direction, &image).max_pair(least);
            let length = quotient(square.clone(), length).mask_fill(is_done.clone(), 0.0);
            solution = solution + direction.clone() * length.clone();
            rest = rest - image * length;
            let next = dot(&rest, &rest);
            is_done = next.clone().lower_equal(goal.clone());
            let weight = quotient(next.clone(), square).mask_fill(is_done.clone(), 0.0);
            direction = rest.clone() + direction * weight;
            square = next;
        }
        let is_finite = solution.clone().abs().sum_dim(1).is_finite();
        let solution = start
            .clone()
            .mask_where(is_finite.expand(start.dims()), solution);
        let progress = vec![dot(&start, &solution), quotient(square, first)];
        (solution * largest, Tensor::cat(progress, 1))
    }
}

/// What is finished, in the order in which it was.
#[derive(Default)]
struct Finished {
    rows: Vec<Row>,
    points: Vec<Tensor<2>>,
}

impl Finished {
    /// Takes the rows that are done out of a group: all of them if `always`, else when they are
    /// half of it.
    fn gather(&mut self, group: &mut Group, always: bool) {
        let open: Vec<usize> = (0..group.rows.len())
            .filter(|i| group.rows[*i].verdict.is_none())
            .collect();
        let done = group.rows.len() - open.len();
        if done == 0 || (!always && !open.is_empty() && done < open.len()) {
            return;
        }
        let closed: Vec<usize> = (0..group.rows.len())
            .filter(|i| group.rows[*i].verdict.is_some())
            .collect();
        self.points.push(select(&group.x, &closed));
        self.rows.extend(closed.iter().map(|i| group.rows[*i]));
        group.rows = open.iter().map(|i| group.rows[*i]).collect();
        if !open.is_empty() {
            for tensor in [&mut group.x, &mut group.y, &mut group.residual] {
                *tensor = select(tensor, &open);
            }
        }
    }

    /// The rows in the order of the batch.
    fn into_solution(self, y: Tensor<2>, steps: usize) -> Solution {
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        order.sort_by_key(|i| self.rows[*i].number);
        let x = if self.points.is_empty() {
            y
        } else {
            select(&Tensor::cat(self.points, 0), &order)
        };
        let rows: Vec<Row> = order.iter().map(|i| self.rows[*i]).collect();
        Solution {
            x,
            residuals: rows.iter().map(|row| row.at.residual).collect(),
            relative_residuals: rows.iter().map(|row| row.at.residual / row.scale).collect(),
            verdicts: rows
                .iter()
                .map(|row| row.verdict.unwrap_or(Verdict::OutOfSteps))
                .collect(),
            steps,
        }
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

/// The inner products of the rows, `[rows, 1]`.
fn dot(a: &Tensor<2>, b: &Tensor<2>) -> Tensor<2> {
    (a.clone() * b.clone()).sum_dim(1)
}

/// `a / b`, and `a` where `b` is 0.
fn quotient(a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
    let is_zero = b.clone().equal_elem(0.0);
    a / b.mask_fill(is_zero, 1.0)
}

/// Some rows of a tensor.
fn select(rows: &Tensor<2>, which: &[usize]) -> Tensor<2> {
    let which: Vec<i64> = which.iter().map(|i| *i as i64).collect();
    let count = which.len();
    let device: Device = rows.device();
    let which = Tensor::<1, Int>::from_data(TensorData::new(which, [count]), &device);
    rows.clone().select(0, which)
}

/// A truth for each row, `[rows, dim]`.
fn mask_of(truths: &[bool], like: &Tensor<2>) -> Tensor<2, Bool> {
    let data = TensorData::new(truths.to_vec(), [truths.len(), 1]);
    Tensor::<2, Bool>::from_data(data, &like.device()).expand(like.dims())
}
