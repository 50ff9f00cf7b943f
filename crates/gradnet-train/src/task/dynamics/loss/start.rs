//! Starts fitted to their windows.
//!
//! ```text
//! x̂_0 = argmin_x Σ_{k=0..K} ‖Φ^k(x) − x_k‖²
//! ```
//!
//! by Gauss-Newton steps from the measured start: with `M_k = dΦ^k/dx`, from the closed-form tangents of the steps,
//!
//! ```text
//! (Σ_k M_kᵀ M_k) δ = Σ_k M_kᵀ (x_k − Φ^k(x)),    x ← x + δ
//! ```
//!
//! `M_0 = I`, so the matrix is at least the identity. Nothing is remembered: a start is a function of the field and the window.

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use gradnet_core::VectorField;
use gradnet_core::analysis::host;
use nalgebra::{DMatrix, DVector};

use super::Rollout;
use super::rollout::follow;
use crate::task::dynamics::coefficients::Coefficients;
use crate::task::dynamics::flow::Flow;
use crate::task::dynamics::window::Window;

/// The starts of a window, `[rows, dim]`.
pub fn fit_starts<F: VectorField + Module>(
    flow: &Flow<F>,
    window: &Window,
    coefficients: &Coefficients,
    how: Rollout,
) -> Tensor<2> {
    let mut start = window.states[0].clone();
    for _ in 0..how.start_steps {
        start = start.clone() + correction(flow, start, window, coefficients, how.substeps);
    }
    start
}

/// One Gauss-Newton step. A row for which it is not finite stays.
fn correction<F: VectorField + Module>(
    flow: &Flow<F>,
    start: Tensor<2>,
    window: &Window,
    coefficients: &Coefficients,
    substeps: usize,
) -> Tensor<2> {
    let [rows, dim] = start.dims();
    let like = start.clone();
    let followed = follow(flow, start, window, coefficients, substeps);
    // Direction j of every row, one block of rows below the other.
    let mut directions = vec![0.0; rows * dim * dim];
    (0..rows * dim).for_each(|place| directions[place * dim + place / rows] = 1.0);
    let data = TensorData::new(directions, [rows * dim, dim]);
    let mut tangents: Tensor<2> = Tensor::from_data(data, (&like.device(), like.dtype()));
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
    let solved = normal.into_iter().zip(&right).flat_map(|(normal, right)| {
        let delta = normal.cholesky().map(|factor| factor.solve(right));
        let delta = delta.filter(|delta| delta.iter().all(|d| d.is_finite()));
        delta
            .unwrap_or_else(|| DVector::zeros(dim))
            .as_slice()
            .to_vec()
    });
    let data = TensorData::new(solved.collect::<Vec<f64>>(), [rows, dim]);
    Tensor::from_data(data, (&like.device(), like.dtype()))
}
