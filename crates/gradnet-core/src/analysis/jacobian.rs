//! Jacobians as matrices, and what is measured on them.

use crate::field::VectorField;
use burn::tensor::{DType, Tensor, TensorData};
use nalgebra::DMatrix;

/// The numbers of a tensor in `f64` on the host, row by row.
///
/// # Panics
/// If the device cannot be read.
pub fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor
        .try_into_vec_as::<f64>()
        .expect("a tensor can be read from its device")
}

/// The Jacobians of `field` at each row of `x`, from its closed-form products with the unit vectors.
///
/// # Shapes
/// `x`: `[points, dim]`; returns one `[dim, dim]` matrix for each point, `J[i][j] = ∂f_i/∂x_j`.
pub fn jacobians(field: &impl VectorField, x: Tensor<2>) -> Vec<DMatrix<f64>> {
    let [points, dim] = x.dims();
    let (device, dtype): (_, DType) = (x.device(), x.dtype());
    let identity = TensorData::new(
        DMatrix::<f64>::identity(dim, dim).as_slice().to_vec(),
        [dim, dim],
    );
    let directions = Tensor::<2>::from_data(identity, (&device, dtype));
    (0..points)
        .map(|point| {
            let x = x.clone().narrow(0, point, 1).repeat_dim(0, dim);
            let columns = host(field.jacobian_vector(x, directions.clone()));
            // Row j of the products is J e_j, column j of J; nalgebra stores columns one after another.
            DMatrix::from_vec(dim, dim, columns)
        })
        .collect()
}

/// `‖J − Jᵀ‖ / ‖J‖` in the Frobenius norm: 0 for a gradient field, 2 at most; 0 for `J = 0`.
pub fn relative_asymmetry(jacobian: &DMatrix<f64>) -> f64 {
    let norm = jacobian.norm();
    if norm == 0.0 {
        return 0.0;
    }
    (jacobian - jacobian.transpose()).norm() / norm
}

/// The smallest eigenvalue of the symmetric part `(J + Jᵀ)/2`, that is the minimum of `vᵀ J v` over unit
/// vectors: negative somewhere unless the field is monotone.
pub fn smallest_eigenvalue(jacobian: &DMatrix<f64>) -> f64 {
    let symmetric_part = (jacobian + jacobian.transpose()) * 0.5;
    symmetric_part.symmetric_eigenvalues().min()
}

/// The products `⟨f(x_i) − f(y_i), x_i − y_i⟩ / ‖x_i − y_i‖²` of Def. 3, one for each pair: nonnegative for
/// a monotone field, at least `μ` for a `μ`-strongly monotone one. Pairs of equal points give NaN.
///
/// # Shapes
/// `x`, `y`: `[pairs, dim]`.
pub fn monotonicity(field: &impl VectorField, x: Tensor<2>, y: Tensor<2>) -> Vec<f64> {
    let [pairs, dim] = x.dims();
    let values = field.forward(x.clone()) - field.forward(y.clone());
    let values = DMatrix::from_vec(dim, pairs, host(values));
    let steps = DMatrix::from_vec(dim, pairs, host(x)) - DMatrix::from_vec(dim, pairs, host(y));
    (0..pairs)
        .map(|pair| {
            let step = steps.column(pair);
            values.column(pair).dot(&step) / step.norm_squared()
        })
        .collect()
}
