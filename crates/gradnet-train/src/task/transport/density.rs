//! Densities that are known: mixtures of Gaussians, with the gradient of their logarithm.

use std::f64::consts::TAU;

use burn::tensor::{Tensor, TensorData};
use gradnet_core::analysis::host;
use nalgebra::{DMatrix, DVector};

use super::bures::{moments, symmetric_power};
use super::drawn::GaussianMixture;

impl GaussianMixture {
    /// `N(0, I)`.
    pub(super) fn standard_normal(dim: usize) -> Self {
        Self {
            weights: Vec::new(),
            centres: vec![DVector::zeros(dim)],
            factors: vec![DMatrix::identity(dim, dim)],
        }
    }

    /// One Gaussian of the mean and the covariance of points, row after row.
    pub(super) fn fitted(points: &[f64], dim: usize) -> Self {
        let (mean, covariance) = moments(points, dim);
        Self {
            weights: Vec::new(),
            centres: vec![mean],
            factors: vec![symmetric_power(&covariance, 0.5)],
        }
    }

    /// `log p` at points row after row, and its gradient there; NaN where a component has no density.
    ///
    /// With the responsibilities `r_k = w_k p_k(x)/Σ w_j p_j(x)` the gradient is `−Σ r_k C_k⁻¹ (x − c_k)`.
    pub(super) fn log_density_and_score(&self, points: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let dim = self.dim();
        let x = DMatrix::from_column_slice(dim, points.len() / dim, points);
        let components = self.centres.iter().zip(&self.factors);
        let components: Vec<_> = components.map(|(c, l)| component(&x, c, l)).collect();
        let alike = vec![1.0 / components.len() as f64; components.len()];
        let weights = match self.weights.as_slice() {
            [] => &alike,
            weights => weights,
        };
        let weights: Vec<f64> = weights.iter().map(|weight| weight.ln()).collect();
        let mut values = Vec::with_capacity(x.ncols());
        let mut scores = Vec::with_capacity(points.len());
        for point in 0..x.ncols() {
            let logs = components.iter().zip(&weights);
            let logs = logs.map(|((logs, _), weight)| logs[point] + weight);
            let largest = logs.clone().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = logs.clone().map(|log| (log - largest).exp()).sum();
            let mut score = DVector::zeros(dim);
            for ((_, scores), log) in components.iter().zip(logs) {
                score += scores.column(point) * ((log - largest).exp() / sum);
            }
            values.push(largest + sum.ln());
            scores.extend(score.iter());
        }
        (values, scores)
    }

    /// `log p` at the rows of `y`, `[rows]`, with its gradient in whatever `y` comes of.
    pub(super) fn log_density(&self, y: Tensor<2>) -> Tensor<1> {
        let (values, scores) = self.log_density_and_score(&host(y.clone()));
        with_gradient(values, scores, y)
    }
}

/// `log N(x; c, L Lᵀ)` and its gradient at the columns of `x`.
fn component(
    x: &DMatrix<f64>,
    centre: &DVector<f64>,
    factor: &DMatrix<f64>,
) -> (Vec<f64>, DMatrix<f64>) {
    let mut away = x.clone();
    away.column_iter_mut().for_each(|mut point| point -= centre);
    let Some(cholesky) = (factor * factor.transpose()).cholesky() else {
        return (vec![f64::NAN; x.ncols()], away * f64::NAN);
    };
    let dim = centre.len() as f64;
    let log_root: f64 = cholesky.l_dirty().diagonal().map(f64::ln).sum();
    let scores = -cholesky.solve(&away);
    let logs = away.column_iter().zip(scores.column_iter());
    let logs = logs.map(|(a, s)| 0.5 * a.dot(&s) - log_root - 0.5 * dim * TAU.ln());
    (logs.collect(), scores)
}

/// Values known on the host, `[rows]`, whose derivatives in `at` are `slopes`, row after row: what automatic
/// differentiation sees of a function that it cannot follow.
pub(super) fn with_gradient(values: Vec<f64>, slopes: Vec<f64>, at: Tensor<2>) -> Tensor<1> {
    let [rows, columns] = at.dims();
    let options = (&at.device(), at.dtype());
    let values = Tensor::<1>::from_data(TensorData::new(values, [rows]), options);
    let slopes = Tensor::<2>::from_data(TensorData::new(slopes, [rows, columns]), options);
    // Zero, but for its derivative.
    let change = at.clone() - at.detach();
    values + (slopes * change).sum_dim(1).squeeze_dim(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixture() -> GaussianMixture {
        GaussianMixture {
            weights: Vec::new(),
            centres: vec![
                DVector::from_row_slice(&[1.0, -0.5]),
                DVector::from_row_slice(&[-1.0, 0.2]),
            ],
            factors: vec![
                DMatrix::from_row_slice(2, 2, &[0.5, 0.0, 0.3, 0.8]),
                DMatrix::from_row_slice(2, 2, &[1.1, -0.4, 0.0, 0.6]),
            ],
        }
    }

    /// Midpoints of a fine grid, on which both densities vanish at the edge.
    #[test]
    fn the_density_of_a_mixture_integrates_to_one_and_has_its_mean() {
        let (steps, width) = (400, 0.05);
        let at = |i: usize| (i as f64 + 0.5) * width - 10.0;
        let grid = (0..steps).flat_map(|i| (0..steps).flat_map(move |j| [at(i), at(j)]));
        let grid: Vec<f64> = grid.collect();
        let (logs, _) = mixture().log_density_and_score(&grid);
        let masses = logs.iter().map(|log| log.exp() * width * width);
        let total: f64 = masses.clone().sum();
        let first = grid
            .chunks_exact(2)
            .zip(masses)
            .map(|(x, mass)| x[1] * mass);
        let mean: f64 = first.sum();
        assert!((total - 1.0).abs() < 1e-6, "{total}");
        assert!((mean + 0.15).abs() < 1e-6, "{mean}");
    }

    #[test]
    fn the_score_is_that_of_central_differences() {
        let (mixture, x) = (mixture(), [0.3, -0.1]);
        let (_, score) = mixture.log_density_and_score(&x);
        for i in 0..2 {
            let at = |by: f64| {
                let mut moved = x;
                moved[i] += by;
                mixture.log_density_and_score(&moved).0[0]
            };
            let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((slope - score[i]).abs() < 1e-8, "{slope} {}", score[i]);
        }
    }
}
