//! The log-determinant of the Jacobian of a strongly monotone field, the density factor of a flow.

use super::jacobian::{host, jacobians};
use crate::field::{MonotoneField, row_dot};
use burn::tensor::{Tensor, TensorData};
use nalgebra::{DMatrix, DVector};
use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};

/// `ln det J_f(x)` at each row of `x`, exactly: one Jacobian and its eigenvalues for each point, `O(dim³)`.
///
/// −∞ or NaN where the Jacobian is not positive definite, which a strongly monotone field does not have.
pub fn log_det_jacobian(field: &impl MonotoneField, x: Tensor<2>) -> Vec<f64> {
    let log_det = |jacobian: &DMatrix<f64>| {
        let symmetric = (jacobian + jacobian.transpose()) * 0.5;
        symmetric.symmetric_eigenvalues().map(f64::ln).sum()
    };
    jacobians(field, x).iter().map(log_det).collect()
}

/// An unbiased estimate up to the quadrature of `ln det J_f(x) = tr ln J_f(x)` at each row of `x`, by stochastic
/// Lanczos quadrature: `probes` random sign vectors, `steps` products each, no Jacobian is formed.
///
/// The quadrature error falls geometrically with `steps`, at the rate of conjugate gradients on `J`; the
/// standard deviation over probes is at most `√(2/probes) ‖ln J − diag‖_F`.
///
/// # Panics
/// If `probes` or `steps` is 0.
pub fn log_det_jacobian_estimate(
    field: &impl MonotoneField,
    x: Tensor<2>,
    probes: usize,
    steps: usize,
    seed: u64,
) -> Vec<f64> {
    assert!(
        probes > 0 && steps > 0,
        "an estimate needs a probe and a step, not {probes} and {steps}"
    );
    let [points, dim] = x.dims();
    let mut generator = ChaCha12Rng::seed_from_u64(seed);
    let mut sums = vec![0.0; points];
    for _ in 0..probes {
        let signs = (0..points * dim).map(|_| if generator.random() { 1.0 } else { -1.0 });
        let probe = TensorData::new(signs.collect::<Vec<f64>>(), [points, dim]);
        let probe = Tensor::<2>::from_data(probe, (&x.device(), x.dtype()));
        let quadratures = lanczos_log(field, &x, probe / (dim as f64).sqrt(), steps.min(dim));
        for (sum, quadrature) in sums.iter_mut().zip(quadratures) {
            *sum += quadrature * dim as f64 / probes as f64;
        }
    }
    sums
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
        let norm = next.clone().square().sum_dim(1).sqrt();
        let betas = host(norm.clone());
        for point in 0..points {
            diagonals[point].push(alphas[point]);
            off_diagonals[point].push(betas[point]);
        }
        basis.push(next / norm.clamp_min(1e-30));
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
