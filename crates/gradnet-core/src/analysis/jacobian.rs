//! Jacobians as matrices, and what is measured on them.

use crate::field::VectorField;
use crate::host::host;
use burn::tensor::{DType, Tensor, TensorData};
use nalgebra::DMatrix;

/// How much larger the rounding of a Jacobian may be than what one direction shows of it.
const ROUNDINGS: f64 = 32.0;

/// The Jacobians of `field` at each row of `x`, from its closed-form products with the unit
/// vectors.
///
/// # Shapes
/// `x`: `[points, dim]`; returns one `[dim, dim]` matrix for each point, `J[i][j] = ∂f_i/∂x_j`.
pub fn jacobians(field: &impl VectorField, x: Tensor<2>) -> Vec<DMatrix<f64>> {
    let dim = x.dims()[1];
    products(field, x, &DMatrix::identity(dim, dim))
}

/// `J D` at each row of `x` for the directions in the columns of `D`, from one call of the field
/// for each point.
fn products(
    field: &impl VectorField,
    x: Tensor<2>,
    directions: &DMatrix<f64>,
) -> Vec<DMatrix<f64>> {
    let [points, dim] = x.dims();
    let count = directions.ncols();
    let (device, dtype): (_, DType) = (x.device(), x.dtype());
    // nalgebra stores columns one after another: the rows of a tensor.
    let columns = TensorData::new(directions.as_slice().to_vec(), [count, dim]);
    let columns = Tensor::<2>::from_data(columns, (&device, dtype));
    (0..points)
        .map(|point| {
            let x = x.clone().narrow(0, point, 1).repeat_dim(0, count);
            let products = host(field.jacobian_vector(x, columns.clone()));
            DMatrix::from_vec(dim, count, products)
        })
        .collect()
}

/// A Jacobian and what rounding may have done to it.
pub(super) struct Measured {
    /// `J`.
    pub(super) matrix: DMatrix<f64>,
    /// The rounding of `J` in the Frobenius norm, from `J w − Σ wᵢ J eᵢ`, which is 0 for a linear
    /// map.
    pub(super) rounding: f64,
}

impl Measured {
    pub(super) fn is_finite(&self) -> bool {
        self.matrix.iter().all(|value| value.is_finite())
    }

    /// `‖J − Jᵀ‖`.
    pub(super) fn asymmetry(&self) -> f64 {
        (&self.matrix - self.matrix.transpose()).norm()
    }
}

/// [`jacobians`] with their rounding.
pub(super) fn measured_jacobians(field: &impl VectorField, x: Tensor<2>) -> Vec<Measured> {
    let dim = x.dims()[1];
    // Unequal weights of both signs, so that nothing cancels by the symmetry of the network; exact
    // in `f32`.
    let weight = |i: usize| [0.75, -1.0, 0.5, -0.625, 0.875][i % 5];
    let mut directions = DMatrix::identity(dim, dim + 1);
    let weights = DMatrix::from_fn(dim, 1, |i, _| weight(i));
    directions.set_column(dim, &weights.column(0));
    products(field, x, &directions)
        .into_iter()
        .map(|products| {
            let matrix = products.columns(0, dim).into_owned();
            let difference = products.column(dim) - (&matrix * &weights).column(0);
            let rounding = ROUNDINGS * difference.norm() * (dim as f64).sqrt() / weights.norm();
            Measured { matrix, rounding }
        })
        .collect()
}

/// The largest Frobenius norm, NaN if there is one.
pub(super) fn largest_norm(jacobians: &[Measured]) -> f64 {
    jacobians.iter().fold(0.0, |largest, jacobian| {
        let norm = jacobian.matrix.norm();
        if norm.is_nan() || norm > largest {
            norm
        } else {
            largest
        }
    })
}

/// `‖J − Jᵀ‖ / ‖J‖` in the Frobenius norm: 0 for a gradient field, 2 at most; 0 for `J = 0`.
pub fn relative_asymmetry(jacobian: &DMatrix<f64>) -> f64 {
    let norm = jacobian.norm();
    if norm == 0.0 {
        return 0.0;
    }
    (jacobian - jacobian.transpose()).norm() / norm
}

/// The smallest eigenvalue of the symmetric part `(J + Jᵀ)/2`, that is the minimum of `vᵀ J v` over
/// unit vectors: negative somewhere unless the field is monotone. NaN if a number of `J` is not
/// finite.
pub fn smallest_eigenvalue(jacobian: &DMatrix<f64>) -> f64 {
    if !jacobian.iter().all(|value| value.is_finite()) {
        return f64::NAN;
    }
    let symmetric_part = (jacobian + jacobian.transpose()) * 0.5;
    symmetric_part.symmetric_eigenvalues().min()
}

/// What a pair of points shows of a field.
pub(super) struct Pair {
    /// `⟨f(x) − f(y), x − y⟩ / ‖x − y‖²`.
    pub(super) product: f64,
    /// `‖f(x) − f(y)‖ / ‖x − y‖`.
    pub(super) slope: f64,
    /// `‖x‖ + ‖y‖`.
    pub(super) places: f64,
    /// `‖x − y‖`.
    pub(super) distance: f64,
}

/// The pairs of the rows of `x` and `y`, from one call of the field; equal points make no pair.
pub(super) fn paired(field: &impl VectorField, x: Tensor<2>, y: Tensor<2>) -> Vec<Pair> {
    all_pairs(field, x, y)
        .into_iter()
        .filter(|pair| pair.distance != 0.0)
        .collect()
}

fn all_pairs(field: &impl VectorField, x: Tensor<2>, y: Tensor<2>) -> Vec<Pair> {
    let [pairs, dim] = x.dims();
    let points = Tensor::cat(vec![x, y], 0);
    let values = DMatrix::from_vec(dim, 2 * pairs, host(field.forward(points.clone())));
    let points = DMatrix::from_vec(dim, 2 * pairs, host(points));
    (0..pairs)
        .map(|pair| {
            let other = pair + pairs;
            let step = points.column(pair) - points.column(other);
            let change = values.column(pair) - values.column(other);
            let distance = step.norm();
            Pair {
                product: change.dot(&step) / step.norm_squared(),
                slope: change.norm() / distance,
                places: points.column(pair).norm() + points.column(other).norm(),
                distance,
            }
        })
        .collect()
}

/// How far rounding alone moves the field at the rows of `x`: the largest sum of a unit of rounding
/// of `f(x)` and of what `f` changes when `x` moves by a few units.
pub(super) fn rounding(field: &impl VectorField, x: Tensor<2>, unit: f64) -> f64 {
    let [rows, dim] = x.dims();
    let moved = x.clone() * (1.0 + 4.0 * unit);
    let values = host(field.forward(Tensor::cat(vec![x, moved], 0)));
    let values = DMatrix::from_vec(dim, 2 * rows, values);
    (0..rows).fold(0.0, |largest, row| {
        let value = values.column(row);
        let error = unit * value.norm() + (values.column(row + rows) - value).norm();
        if error.is_nan() || error > largest {
            error
        } else {
            largest
        }
    })
}

/// The products `⟨f(x_i) − f(y_i), x_i − y_i⟩ / ‖x_i − y_i‖²` of Def. 3, one for each pair:
/// nonnegative for a monotone field, at least `μ` for a `μ`-strongly monotone one. Pairs of equal
/// points give NaN.
///
/// # Shapes
/// `x`, `y`: `[pairs, dim]`.
pub fn monotonicity(field: &impl VectorField, x: Tensor<2>, y: Tensor<2>) -> Vec<f64> {
    let pairs = all_pairs(field, x, y);
    pairs.iter().map(|pair| pair.product).collect()
}
