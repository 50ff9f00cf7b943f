//! Newton's method for `f(x) = y` with whole Jacobians on the host, each row of a batch for itself.
//!
//! ```text
//! J_f(x₀) p = y − f(x)          by a Cholesky factor of J, at x or at a point before it
//! x ← x + s p                   s the first of 1, 1/2, 1/4, … that lowers ‖y − f(x)‖
//! ```
//!
//! A factor is kept as long as each step with it takes the residual to a tenth, and is made anew
//! where a step does not (Shamanskii's method): the last steps of a row cost a value of the field
//! each. A row that is done is computed no more. Rows that this leaves go to the search of
//! `inverse/newton`, from where they are.
//!
//! A batch is searched in pieces of rows, side by side where there are threads: a search has many small parts that
//! threads could not share.

use burn::tensor::{Tensor, TensorData};

use super::{InverseSettings, Solution, Verdict, Work};
use crate::analysis::host;
use crate::dense_jacobian::DenseJacobian;
use crate::field::VectorField;
use crate::kernel::side_by_side;

/// The part of the promised fall that a step must bring.
const ARMIJO: f64 = 1e-4;
/// A factor is kept if a step takes the residual to this part.
const KEPT: f64 = 0.1;

struct Search<'a, F> {
    field: &'a F,
    /// Of which type and device the points are.
    like: Tensor<2>,
    dim: usize,
    y: Vec<f64>,
    x: Vec<f64>,
    /// `y − f(x)`, and its norm.
    rest: Vec<f64>,
    size: Vec<f64>,
    /// The Cholesky factors of the rows that have one.
    factors: Vec<f64>,
    factored: Vec<Factored>,
    work: Work,
}

/// Where a row's factor was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Factored {
    /// Nowhere: it has none.
    Nowhere,
    /// At the row's point.
    Here,
    /// At a point that it has left.
    Before,
}

/// Rows that are searched together.
const PIECE: usize = 128;

/// [`solve`] for the rows `[y, start]` in pieces, which depend on nothing but their number; `field` makes a copy of the
/// field for each.
pub(super) fn solve_in_pieces<F: VectorField + Send>(
    field: impl Fn() -> F,
    jacobian: &DenseJacobian,
    [y, start]: [&Tensor<2>; 2],
    settings: &InverseSettings,
) -> Solution {
    let [rows, _] = y.dims();
    let pieces = (0..rows).step_by(PIECE).map(|first| {
        let piece = |of: &Tensor<2>| of.clone().narrow(0, first, PIECE.min(rows - first));
        (field(), piece(y), piece(start))
    });
    let found = side_by_side(pieces.collect(), |(field, y, start)| {
        solve(&field, jacobian, &y, start, settings)
    });
    Solution::joined(found)
}

/// Solves as many rows as it can from `start` on; a row it leaves has the verdict `OutOfSteps`.
fn solve(
    field: &impl VectorField,
    jacobian: &DenseJacobian,
    y: &Tensor<2>,
    start: Tensor<2>,
    settings: &InverseSettings,
) -> Solution {
    let [rows, dim] = y.dims();
    let mut search = Search {
        field,
        like: y.clone(),
        dim,
        y: host(y.clone()),
        x: host(start),
        rest: vec![0.0; rows * dim],
        size: vec![f64::INFINITY; rows],
        factors: vec![0.0; rows * dim * (dim + 1) / 2],
        factored: vec![Factored::Nowhere; rows],
        work: Work::default(),
    };
    let scales = search.y.chunks_exact(dim.max(1)).map(norm);
    let scales: Vec<f64> = scales.map(|norm| norm.max(1.0)).collect();
    let mut open: Vec<usize> = (0..rows).collect();
    search.begin(&open);
    let is_solved = |search: &Search<_>, row: usize| {
        search.size[row].is_finite() && search.size[row] <= settings.tolerance * scales[row]
    };
    let mut steps = 0;
    while steps < settings.newton_steps {
        open.retain(|row| search.size[*row].is_finite() && !is_solved(&search, *row));
        if open.is_empty() {
            break;
        }
        search.factor(jacobian, &mut open);
        search.step(&mut open, settings.halvings);
        steps += 1;
    }
    let verdicts = (0..rows).map(|row| match is_solved(&search, row) {
        true => Verdict::Solved,
        false => Verdict::OutOfSteps,
    });
    Solution {
        verdicts: verdicts.collect(),
        relative_residuals: search
            .size
            .iter()
            .zip(&scales)
            .map(|(a, b)| a / b)
            .collect(),
        x: search.tensor(&search.x),
        residuals: search.size,
        steps,
        work: search.work,
    }
}

impl<F: VectorField> Search<'_, F> {
    /// Points on the device of the field, in the type of the values.
    fn tensor(&self, points: &[f64]) -> Tensor<2> {
        let data = TensorData::new(points.to_vec(), [points.len() / self.dim, self.dim]);
        Tensor::from_data(data, (&self.like.device(), self.like.dtype()))
    }

    /// Some rows of numbers that lie one row after another.
    fn some(&self, of: &[f64], rows: &[usize]) -> Vec<f64> {
        let rows = rows.iter().map(|row| &of[row * self.dim..][..self.dim]);
        rows.flatten().copied().collect()
    }

    /// `y − f(x)` of some rows at points `x`.
    fn residuals(&mut self, rows: &[usize], x: &[f64]) -> Vec<f64> {
        self.work.values += rows.len();
        self.work.reads += 1;
        let values = host(self.field.forward(self.tensor(x)));
        let y = self.some(&self.y, rows);
        y.iter().zip(values).map(|(y, value)| y - value).collect()
    }

    /// The residuals at the starting points.
    fn begin(&mut self, rows: &[usize]) {
        let x = std::mem::take(&mut self.x);
        self.rest = self.residuals(rows, &x);
        self.x = x;
        self.size = self.rest.chunks_exact(self.dim).map(norm).collect();
    }

    /// Factors the Jacobians of the rows that have none; a row where that fails is left.
    fn factor(&mut self, jacobian: &DenseJacobian, open: &mut Vec<usize>) {
        let due = open
            .iter()
            .copied()
            .filter(|row| self.factored[*row] == Factored::Nowhere);
        let due: Vec<usize> = due.collect();
        if due.is_empty() {
            return;
        }
        self.work.jacobians += due.len();
        self.work.reads += 1;
        let found = jacobian.at(self.tensor(&self.some(&self.x, &due)));
        let width = found.len() / due.len();
        for (row, triangle) in due.iter().zip(found.chunks_exact(width)) {
            let factor = &mut self.factors[row * width..][..width];
            factor.copy_from_slice(triangle);
            if cholesky(factor, self.dim) {
                self.factored[*row] = Factored::Here;
            }
        }
        open.retain(|row| self.factored[*row] != Factored::Nowhere);
    }

    /// One step of each row. A row whose kept factor leads nowhere gets a new one; a row whose own does is left.
    fn step(&mut self, open: &mut Vec<usize>, halvings: usize) {
        let width = self.dim * (self.dim + 1) / 2;
        let mut directions = self.some(&self.rest, open);
        for (row, direction) in open.iter().zip(directions.chunks_exact_mut(self.dim)) {
            solve_factored(&self.factors[row * width..][..width], direction);
        }
        // Which of the open rows have not been moved yet.
        let mut waiting: Vec<usize> = (0..open.len()).collect();
        let mut length = 1.0;
        for _ in 0..=halvings {
            let rows: Vec<usize> = waiting.iter().map(|i| open[*i]).collect();
            let mut next = self.some(&self.x, &rows);
            let steps = self.some(&directions, &waiting);
            let moved = next.iter_mut().zip(&steps);
            moved.for_each(|(x, step)| *x += length * step);
            let rests = self.residuals(&rows, &next);
            let mut left = Vec::new();
            let found = next
                .chunks_exact(self.dim)
                .zip(rests.chunks_exact(self.dim));
            for ((i, row), (x, rest)) in waiting.iter().zip(rows).zip(found) {
                let (before, size) = (self.size[row], norm(rest));
                // NaN where the field is not finite: no comparison holds.
                if size <= (1.0 - ARMIJO * length) * before {
                    self.x[row * self.dim..][..self.dim].copy_from_slice(x);
                    self.rest[row * self.dim..][..self.dim].copy_from_slice(rest);
                    self.size[row] = size;
                    self.factored[row] = match size <= KEPT * before {
                        true => Factored::Before,
                        false => Factored::Nowhere,
                    };
                } else if self.factored[row] == Factored::Before {
                    self.factored[row] = Factored::Nowhere;
                } else {
                    left.push(*i);
                }
            }
            waiting = left;
            if waiting.is_empty() {
                return;
            }
            length /= 2.0;
        }
        let stuck: Vec<usize> = waiting.iter().map(|i| open[*i]).collect();
        open.retain(|row| !stuck.contains(row));
    }
}

fn norm(row: &[f64]) -> f64 {
    row.iter().map(|entry| entry * entry).sum::<f64>().sqrt()
}

/// `⟨a, b⟩`, in an order that vectors of the processor can follow.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest = a.remainder().iter().zip(b.remainder());
    let rest: f64 = rest.map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// Turns a lower triangle of a symmetric matrix into its Cholesky factor; whether it is positive definite.
fn cholesky(triangle: &mut [f64], dim: usize) -> bool {
    for i in 0..dim {
        let (before, rest) = triangle.split_at_mut(i * (i + 1) / 2);
        let row = &mut rest[..=i];
        for j in 0..i {
            let other = &before[j * (j + 1) / 2..][..=j];
            row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
        }
        let square = row[i] - dot(&row[..i], &row[..i]);
        if square.is_nan() || square <= 0.0 {
            return false;
        }
        row[i] = square.sqrt();
    }
    true
}

/// Solves `L Lᵀ p = r` in place.
fn solve_factored(factor: &[f64], r: &mut [f64]) {
    let row = |i: usize| &factor[i * (i + 1) / 2..][..=i];
    for i in 0..r.len() {
        let row = row(i);
        r[i] = (r[i] - dot(&row[..i], &r[..i])) / row[i];
    }
    for i in (0..r.len()).rev() {
        let row = row(i);
        r[i] /= row[i];
        let (before, value) = r.split_at_mut(i);
        let entries = before.iter_mut().zip(row);
        entries.for_each(|(entry, factor)| *entry -= factor * value[0]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `L = [[2, 0, 0], [1, 3, 0], [-1, 0.5, 0.25]]` and `L Lᵀ`.
    #[test]
    fn a_triangle_is_factored_and_solved() {
        let factor = [2.0, 1.0, 3.0, -1.0, 0.5, 0.25];
        let full = [[2.0, 0.0, 0.0], [1.0, 3.0, 0.0], [-1.0, 0.5, 0.25]];
        let square = |i: usize, j: usize| -> f64 { (0..3).map(|k| full[i][k] * full[j][k]).sum() };
        let mut triangle: Vec<f64> = (0..3)
            .flat_map(|i| (0..=i).map(move |j| (i, j)))
            .map(|(i, j)| square(i, j))
            .collect();
        assert!(cholesky(&mut triangle, 3));
        for (found, expected) in triangle.iter().zip(factor) {
            assert!((found - expected).abs() < 1e-14, "{found} {expected}");
        }
        let p = [0.3, -2.0, 5.0];
        let mut r: Vec<f64> = (0..3)
            .map(|i| (0..3).map(|j| square(i, j) * p[j]).sum())
            .collect();
        solve_factored(&triangle, &mut r);
        for (found, expected) in r.iter().zip(p) {
            assert!((found - expected).abs() < 1e-11, "{found} {expected}");
        }
    }

    #[test]
    fn what_is_not_positive_definite_has_no_factor() {
        assert!(!cholesky(&mut [1.0, 2.0, 1.0], 2));
        assert!(!cholesky(&mut [f64::NAN, 0.0, 1.0], 2));
    }
}
