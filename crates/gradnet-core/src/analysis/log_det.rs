//! The log-determinant of the Jacobian of a strongly monotone field, the density factor of a flow.
//!
//! | function | field | work for each point |
//! |---|---|---|
//! | [`log_det_jacobian`] | any | `dim` products, `O(dim³)` |
//! | [`StronglyMonotone::log_det_jacobian`] | `μ x + ` shell of `hidden` units in blocks | one product for each unit of a block, `O(n² (dim + hidden))` with `n = min(dim, hidden)` |
//! | [`log_det_jacobian_estimate`] | any, in large dimension | `probes · steps` products, no matrix |

use super::jacobian::jacobians;
use crate::activation::{BlockDiagonalActivation, MonotoneActivation};
use crate::combine::StronglyMonotone;
use crate::field::{MonotoneField, row_dot};
use crate::host::host;
use crate::tied::TiedNetwork;
use burn::module::{Module, ModuleDisplay};
use burn::tensor::{Tensor, TensorData};
use nalgebra::{DMatrix, DVector};
use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};

/// `ln det J_f(x)` at each row of `x`, exactly: one Jacobian and its Cholesky factor for each point, `O(dim³)`.
///
/// NaN where the Jacobian is not positive definite, which a strongly monotone field does not have.
pub fn log_det_jacobian(field: &impl MonotoneField, x: Tensor<2>) -> Vec<f64> {
    let log_det = |jacobian: &DMatrix<f64>| {
        let symmetric = (jacobian + jacobian.transpose()) * 0.5;
        log_det_positive(symmetric)
    };
    jacobians(field, x).iter().map(log_det).collect()
}

impl<A> StronglyMonotone<TiedNetwork<A>>
where
    A: MonotoneActivation + BlockDiagonalActivation + Module + ModuleDisplay,
{
    /// `ln det (μ I + Wᵀ D W)` at each row of `x`, exactly, from `W` and the blocks of `D = J_σ(W x + a)`.
    ///
    /// With `B = √D W` the determinant lemma gives the choice of the smaller matrix,
    ///
    /// ```text
    /// det(μ I + Bᵀ B) = μ^(dim − hidden) det(μ I + B Bᵀ)
    /// ```
    ///
    /// NaN where a value is not finite.
    ///
    /// # Shapes
    /// `x`: `[batch, dim]`; returns `batch` numbers.
    ///
    /// # Panics
    /// If the last dimension of `x` is not that of the field.
    pub fn log_det_jacobian(&self, x: Tensor<2>) -> Vec<f64> {
        let (weight, modulus) = (self.field.weight.val(), self.modulus());
        let [hidden, dim] = weight.dims();
        let weight = DMatrix::from_row_slice(hidden, dim, &host(weight));
        let (columns, width) = block_columns(&self.field.activation, self.field.hidden(x));
        let points = columns[0].len() / hidden;
        let log_det = |point: usize| {
            let mut factor = weight.clone();
            for start in (0..hidden).step_by(width) {
                let at = point * hidden + start;
                let block = DMatrix::from_fn(width, width, |i, j| columns[j][at + i]);
                let rows = square_root(block) * weight.rows(start, width);
                factor.rows_mut(start, width).copy_from(&rows);
            }
            let gram = if hidden < dim {
                &factor * factor.transpose()
            } else {
                factor.tr_mul(&factor)
            };
            let size = gram.nrows();
            let shifted = gram + DMatrix::identity(size, size) * modulus;
            log_det_positive(shifted) + (dim - size) as f64 * modulus.ln()
        };
        (0..points).map(log_det).collect()
    }
}

/// The columns of the blocks of `J_σ(z)`, number `j` of all blocks in the `j`-th list, `[batch, hidden]` row by row;
/// and the width of the blocks.
///
/// The product with a vector that has a one at place `j` of each block gives column `j` of each.
fn block_columns<A: BlockDiagonalActivation>(
    activation: &A,
    z: Tensor<2>,
) -> (Vec<Vec<f64>>, usize) {
    let [points, hidden] = z.dims();
    let width = activation.block_width(hidden);
    let column = |j: usize| {
        let ones = (0..hidden).map(|i| if i % width == j { 1.0 } else { 0.0 });
        let ones = TensorData::new(ones.collect::<Vec<f64>>(), [1, hidden]);
        let ones = Tensor::<2>::from_data(ones, (&z.device(), z.dtype()));
        host(activation.jacobian_vector(z.clone(), ones.expand([points, hidden])))
    };
    ((0..width).map(column).collect(), width)
}

/// `R` with `RᵀR = D` for a positive semidefinite `D`; what rounding makes negative is zero. NaN stays NaN.
fn square_root(block: DMatrix<f64>) -> DMatrix<f64> {
    if block.nrows() == 1 || !is_finite(&block) {
        return block.map(|value| if value < 0.0 { 0.0 } else { value.sqrt() });
    }
    let eigen = block.symmetric_eigen();
    let roots = eigen.eigenvalues.map(|value| value.max(0.0).sqrt());
    DMatrix::from_diagonal(&roots) * eigen.eigenvectors.transpose()
}

/// `ln det` of a symmetric positive definite matrix by Cholesky; NaN for any other.
fn log_det_positive(matrix: DMatrix<f64>) -> f64 {
    matrix.cholesky().map_or(f64::NAN, |factors| {
        let logarithms = factors.l_dirty().diagonal().map(f64::ln);
        2.0 * logarithms.sum()
    })
}

fn is_finite(matrix: &DMatrix<f64>) -> bool {
    matrix.iter().all(|value| value.is_finite())
}

/// Estimates of `ln det J_f`, one for each point.
#[derive(Clone, Debug, PartialEq)]
pub struct LogDetEstimate {
    /// The means over the probes.
    pub values: Vec<f64>,
    /// Their standard errors, from the spread of the probes: `deviation/√probes`. The error of the quadrature, common
    /// to all probes, is not in them.
    pub standard_errors: Vec<f64>,
}

/// An estimate of `ln det J_f(x) = tr ln J_f(x)` at each row of `x`, unbiased up to the quadrature, by stochastic
/// Lanczos quadrature: `probes` random sign vectors, `steps` products each, no Jacobian is formed.
///
/// The quadrature error falls geometrically with `steps`, at the rate of conjugate gradients on `J`; the
/// standard deviation over probes is at most `√2 ‖ln J − diag‖_F`.
///
/// # Panics
/// If `probes` is below 2 or `steps` is 0.
pub fn log_det_jacobian_estimate(
    field: &impl MonotoneField,
    x: Tensor<2>,
    probes: usize,
    steps: usize,
    seed: u64,
) -> LogDetEstimate {
    assert!(
        probes > 1 && steps > 0,
        "an estimate needs two probes and a step, not {probes} and {steps}"
    );
    let [points, dim] = x.dims();
    let mut generator = ChaCha12Rng::seed_from_u64(seed);
    let draws: Vec<Vec<f64>> = (0..probes)
        .map(|_| {
            let signs = (0..points * dim).map(|_| if generator.random() { 1.0 } else { -1.0 });
            let probe = TensorData::new(signs.collect::<Vec<f64>>(), [points, dim]);
            let probe = Tensor::<2>::from_data(probe, (&x.device(), x.dtype()));
            let quadratures = lanczos_log(field, &x, probe / (dim as f64).sqrt(), steps.min(dim));
            quadratures.iter().map(|value| value * dim as f64).collect()
        })
        .collect();
    let of_point = |point: usize| DVector::from_iterator(probes, draws.iter().map(|d| d[point]));
    let (values, standard_errors) = (0..points)
        .map(|point| {
            let draws = of_point(point);
            // nalgebra's variance divides by the number of draws; the unbiased one by one less.
            (
                draws.mean(),
                (draws.variance() / (probes - 1) as f64).sqrt(),
            )
        })
        .unzip();
    LogDetEstimate {
        values,
        standard_errors,
    }
}

/// `vᵀ ln(J) v` for unit vectors `v`, from the eigenvalues of the Lanczos matrices; all points at once.
fn lanczos_log(
    field: &impl MonotoneField,
    x: &Tensor<2>,
    start: Tensor<2>,
    steps: usize,
) -> Vec<f64> {
    let [points, _] = x.dims();
    let mut diagonals = vec![Vec::with_capacity(steps); points];
    let mut off_diagonals = vec![Vec::with_capacity(steps); points];
    let mut basis = vec![start];
    for step in 0..steps {
        let last = basis[step].clone();
        let mut next = field.jacobian_vector(x.clone(), last.clone());
        let alphas = host(row_dot(next.clone(), last));
        // Full reorthogonalisation: without it rounding brings converged directions back.
        for vector in &basis {
            let along = row_dot(next.clone(), vector.clone()).unsqueeze_dim(1);
            next = next - vector.clone() * along;
        }
        // Over its largest entry first: squares of small numbers vanish in 32 bits.
        let largest = next.clone().abs().max_dim(1);
        let largest = largest.clone().mask_fill(largest.equal_elem(0.0), 1.0);
        let next = next / largest.clone();
        let norm = next.clone().square().sum_dim(1).sqrt();
        let betas = host(norm.clone() * largest);
        for point in 0..points {
            diagonals[point].push(alphas[point]);
            off_diagonals[point].push(betas[point]);
        }
        // The norm is 0, of a vector of zeros, or at least 1.
        basis.push(next / norm.clamp_min(1.0));
    }
    diagonals
        .iter()
        .zip(&off_diagonals)
        .map(|(alphas, betas)| quadrature_log(alphas, betas))
        .collect()
}

/// `e₁ᵀ ln(T) e₁` of the tridiagonal matrix, cut where a beta vanishes: there the space is invariant.
fn quadrature_log(alphas: &[f64], betas: &[f64]) -> f64 {
    let scale = alphas[0].abs().max(f64::MIN_POSITIVE);
    let size = betas
        .iter()
        .position(|beta| *beta <= 1e-7 * scale)
        .map_or(alphas.len(), |index| index + 1);
    let mut matrix = DMatrix::from_diagonal(&DVector::from_row_slice(&alphas[..size]));
    for (index, beta) in betas[..size - 1].iter().enumerate() {
        matrix[(index, index + 1)] = *beta;
        matrix[(index + 1, index)] = *beta;
    }
    let eigen = matrix.symmetric_eigen();
    eigen
        .eigenvalues
        .iter()
        .zip(eigen.eigenvectors.row(0).iter())
        .map(|(value, weight)| weight * weight * value.ln())
        .sum()
}
