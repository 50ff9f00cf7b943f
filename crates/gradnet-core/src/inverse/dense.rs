//! Newton's method for `f(x) = y` with whole Jacobians on the host, each row of a batch for itself.
//!
//! ```text
//! J_f(x₀) p = y − f(x)          by a Cholesky factor of J, at x or at a point before it
//! x ← x + s p                   s the first of 1, 1/2, 1/4, … that lowers ‖y − f(x)‖
//! ```
//!
//! A factor is kept as long as each step with it takes the residual to a tenth, and is made anew
//! where a step does not (Shamanskii's method): the last steps of a row cost a value of the field
//! each. Eight are made side by side. A row that is done is computed no more. Rows that this leaves go to the search of
//! `inverse/newton`, from where they are.
//!
//! A batch is searched in pieces of rows, side by side where there are threads: a search has many small parts that
//! threads could not share.

use std::rc::Rc;

use burn::tensor::{Tensor, TensorData};

use super::{InverseSettings, Solution, Verdict, Work};
use crate::analysis::host;
use crate::dense_jacobian::DenseJacobian;
use crate::field::VectorField;
use crate::kernel::{Triangles, side_by_side};

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
    /// The Cholesky factors of the rows that have one: each row's place among eight.
    factors: Vec<Option<(Rc<Triangles>, usize)>>,
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
        factors: vec![None; rows],
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
        let found = jacobian.side_by_side(self.tensor(&self.some(&self.x, &due)));
        for (rows, mut triangles) in due.chunks(Triangles::COUNT).zip(found) {
            let is_definite = triangles.factor();
            let factors = Rc::new(triangles);
            for (lane, row) in rows
                .iter()
                .enumerate()
                .filter(|(lane, _)| is_definite[*lane])
            {
                self.factors[*row] = Some((factors.clone(), lane));
                self.factored[*row] = Factored::Here;
            }
        }
        open.retain(|row| self.factored[*row] != Factored::Nowhere);
    }

    /// The solutions `p` of `J p = y − f(x)` with the factors of some rows.
    fn directions(&self, rows: &[usize]) -> Vec<f64> {
        let mut directions = vec![0.0; rows.len() * self.dim];
        let places = rows.iter().enumerate().filter_map(|(i, row)| {
            let (factors, lane) = self.factors[*row].as_ref()?;
            Some((factors, *lane, i))
        });
        let mut places: Vec<_> = places.collect();
        places.sort_by_key(|(factors, lane, _)| (Rc::as_ptr(factors), *lane));
        let mut sides = vec![0.0; self.dim * Triangles::COUNT];
        for eight in places.chunk_by(|(a, ..), (b, ..)| Rc::ptr_eq(a, b)) {
            sides.fill(0.0);
            for (_, lane, i) in eight {
                let rest = &self.rest[rows[*i] * self.dim..][..self.dim];
                let of_lane = sides.iter_mut().skip(*lane).step_by(Triangles::COUNT);
                of_lane.zip(rest).for_each(|(side, rest)| *side = *rest);
            }
            eight[0].0.solve(&mut sides);
            for (_, lane, i) in eight {
                let direction = &mut directions[i * self.dim..][..self.dim];
                let of_lane = sides.iter().skip(*lane).step_by(Triangles::COUNT);
                direction
                    .iter_mut()
                    .zip(of_lane)
                    .for_each(|(entry, side)| *entry = *side);
            }
        }
        directions
    }

    /// One step of each row. A row whose kept factor leads nowhere gets a new one; a row whose own does is left.
    fn step(&mut self, open: &mut Vec<usize>, halvings: usize) {
        let directions = self.directions(open);
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
