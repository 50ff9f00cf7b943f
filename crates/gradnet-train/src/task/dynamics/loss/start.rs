//! Starts fitted to their windows.
//!
//! ```text
//! x̂_0 = argmin_x S(x),    S(x) = Σ_{k=0..K} ‖Φ^k(x) − x_k‖²
//! ```
//!
//! by steps from the measured start, after Gauss, Newton, Levenberg and Marquardt: with `M_k = dΦ^k/dx`, from the
//! closed-form tangents of the steps,
//!
//! ```text
//! N = Σ_k M_kᵀ M_k,    (N + λ diag N) δ = Σ_k M_kᵀ (x_k − Φ^k(x)),    x ← x + δ where that makes S smaller
//! ```
//!
//! The damping `λ` is 0 at first. A step that does not make `S` smaller is taken back, and the next one is tried with
//! `λ = 1`, then 10, and so on; one that does divides `λ` by 10. Over long windows the undamped step from a noisy
//! start can lead far away.
//!
//! `M_0 = I`, so that `N` is at least the identity. Nothing is remembered: a start is a function of the field and the
//! window.

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use gradnet_core::VectorField;
use gradnet_core::analysis::host;
use nalgebra::{DMatrix, DVector};

use super::Rollout;
use super::rollout::{Followed, follow};
use crate::task::dynamics::coefficients::Coefficients;
use crate::task::dynamics::flow::Flow;
use crate::task::dynamics::window::Window;

/// The damping after the first step that is taken back, and what it is multiplied by after others.
const DAMPING: f64 = 1.0;
const FACTOR: f64 = 10.0;

/// A point with what the squares around it look like.
struct Squares {
    at: DVector<f64>,
    /// `S`.
    sum: f64,
    /// `N`.
    normal: DMatrix<f64>,
    /// `Σ_k M_kᵀ (x_k − Φ^k(x))`.
    right: DVector<f64>,
}

/// The best point of a row so far.
struct Row {
    best: Squares,
    damping: f64,
}

impl Row {
    /// Takes a point if it is better than the best.
    fn weigh(&mut self, found: Squares) {
        if found.sum < self.best.sum {
            self.best = found;
            self.damping /= FACTOR;
        } else {
            self.damping = (self.damping * FACTOR).max(DAMPING);
        }
    }

    /// The next point to try; the best where there is none.
    fn next(&self) -> DVector<f64> {
        let Squares {
            at, normal, right, ..
        } = &self.best;
        let mut damped = normal.clone();
        (0..at.len()).for_each(|axis| damped[(axis, axis)] *= 1.0 + self.damping);
        let step = damped.cholesky().map(|factor| factor.solve(right));
        match step.filter(|step| step.iter().all(|value| value.is_finite())) {
            Some(step) => at + step,
            None => at.clone(),
        }
    }
}

/// The starts of a window, `[rows, dim]`: none is worse than the measured one.
pub fn fit_starts<F: VectorField + Module>(
    flow: &Flow<F>,
    window: &Window,
    coefficients: &Coefficients,
    how: Rollout,
) -> Tensor<2> {
    let measured = window.states[0].clone();
    let mut rows: Vec<Row> = Vec::new();
    let mut start = measured.clone();
    for _ in 0..how.start_steps {
        let followed = follow(flow, start.clone(), window, coefficients, how.substeps);
        let found = squares(flow, start, &followed, window);
        match rows.is_empty() {
            true => rows.extend(found.map(|best| Row { best, damping: 0.0 })),
            false => rows
                .iter_mut()
                .zip(found)
                .for_each(|(row, found)| row.weigh(found)),
        }
        start = tensor(rows.iter().map(Row::next), &measured);
    }
    if rows.is_empty() {
        return measured;
    }
    let followed = follow(flow, start.clone(), window, coefficients, how.substeps);
    let sums = sums(&followed, window);
    let last = points(&start);
    let better = rows.iter().zip(last).zip(sums).map(|((row, last), sum)| {
        if sum < row.best.sum {
            last
        } else {
            row.best.at.clone()
        }
    });
    tensor(better, &measured)
}

/// The rows of points on the host.
fn points(x: &Tensor<2>) -> Vec<DVector<f64>> {
    let dim = x.dims()[1];
    let rows = host(x.clone());
    rows.chunks(dim).map(DVector::from_column_slice).collect()
}

fn tensor(points: impl Iterator<Item = DVector<f64>>, like: &Tensor<2>) -> Tensor<2> {
    let values: Vec<f64> = points.flat_map(|point| point.as_slice().to_vec()).collect();
    let data = TensorData::new(values, like.dims());
    Tensor::from_data(data, (&like.device(), like.dtype()))
}

/// `S` of each row.
fn sums(followed: &Followed, window: &Window) -> Vec<f64> {
    let mut sums = vec![0.0; window.states[0].dims()[0]];
    for (found, x) in followed.states.iter().zip(&window.states) {
        let squares = host((x.clone() - found.clone()).square().sum_dim(1));
        sums.iter_mut()
            .zip(squares)
            .for_each(|(sum, more)| *sum += more);
    }
    sums
}

/// The squares around each row of `start`, from which the states were followed.
fn squares<F: VectorField + Module>(
    flow: &Flow<F>,
    start: Tensor<2>,
    followed: &Followed,
    window: &Window,
) -> impl Iterator<Item = Squares> {
    let [rows, dim] = start.dims();
    // Direction j of every row, one block of rows below the other.
    let mut directions = vec![0.0; rows * dim * dim];
    (0..rows * dim).for_each(|place| directions[place * dim + place / rows] = 1.0);
    let data = TensorData::new(directions, [rows * dim, dim]);
    let mut tangents: Tensor<2> = Tensor::from_data(data, (&start.device(), start.dtype()));
    let mut normal = vec![DMatrix::<f64>::zeros(dim, dim); rows];
    let mut right = vec![DVector::<f64>::zeros(dim); rows];
    for k in 0..followed.states.len() {
        if k > 0 {
            for stage in &followed.stages[k - 1] {
                tangents = stage.repeated(dim).tangent(flow, tangents);
            }
        }
        let moved = host(tangents.clone());
        let error = host(window.states[k].clone() - followed.states[k].clone());
        for row in 0..rows {
            let matrix = DMatrix::from_fn(dim, dim, |i, j| moved[(j * rows + row) * dim + i]);
            right[row] += matrix.tr_mul(&DVector::from_column_slice(
                &error[row * dim..(row + 1) * dim],
            ));
            normal[row] += matrix.tr_mul(&matrix);
        }
    }
    let sums = sums(followed, window);
    let parts = points(&start).into_iter().zip(sums).zip(normal).zip(right);
    parts.map(|(((at, sum), normal), right)| Squares {
        at,
        sum,
        normal,
        right,
    })
}
