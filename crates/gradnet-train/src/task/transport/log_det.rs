//! `ln det J_f`, differentiable in the weights.
//!
//! ```text
//! ∂θ ln det J = tr(J⁻¹ ∂θJ)
//! ```
//!
//! J is built from one closed-form product with each unit vector, which automatic differentiation follows; its Cholesky
//! factor is found on the host, in 64 bits, and gives the value and `J⁻¹`. The work for each point is `dim` products
//! and `O(dim³)`.

use burn::tensor::{Tensor, TensorData};
use gradnet_core::VectorField;
use gradnet_core::analysis::host;
use nalgebra::DMatrix;

use super::density::with_gradient;
use crate::registry::Network;

/// Coordinates at most of a field whose log-determinant is asked for.
pub(super) const MOST_COORDINATES: usize = 64;

/// `ln det J_f` at the rows of `x`, `[rows]`, differentiable in the weights; NaN where rounding leaves J not positive
/// definite.
pub(super) fn log_det(field: &Network, x: Tensor<2>) -> Tensor<1> {
    let dim = field.dim();
    let jacobians = jacobians(field, x);
    let (values, inverses) = factored(&host(jacobians.clone()), dim);
    with_gradient(values, inverses, jacobians)
}

/// The Jacobians at the rows of `x`, each a row of `dim²` numbers.
fn jacobians(field: &Network, x: Tensor<2>) -> Tensor<2> {
    let [rows, dim] = x.dims();
    let units = DMatrix::<f64>::identity(dim, dim);
    let units = TensorData::new(units.as_slice().to_vec(), [dim, dim]);
    let units = Tensor::<2>::from_data(units, (&x.device(), x.dtype()));
    let points = x.repeat_dim(1, dim).reshape([rows * dim, dim]);
    let products = field.jacobian_vector(points, units.repeat_dim(0, rows));
    products.reshape([rows, dim * dim])
}

/// `ln det` and the inverse of each matrix; NaN where it is not positive definite.
pub(super) fn factored(matrices: &[f64], dim: usize) -> (Vec<f64>, Vec<f64>) {
    let mut values = Vec::with_capacity(matrices.len() / (dim * dim));
    let mut inverses = Vec::with_capacity(matrices.len());
    for matrix in matrices.chunks_exact(dim * dim) {
        let matrix = DMatrix::from_row_slice(dim, dim, matrix);
        match ((&matrix + matrix.transpose()) * 0.5).cholesky() {
            Some(factors) => {
                let logarithms = factors.l_dirty().diagonal().map(f64::ln);
                values.push(2.0 * logarithms.sum());
                inverses.extend(factors.inverse().iter());
            }
            None => {
                values.push(f64::NAN);
                inverses.extend(std::iter::repeat_n(f64::NAN, dim * dim));
            }
        }
    }
    (values, inverses)
}
