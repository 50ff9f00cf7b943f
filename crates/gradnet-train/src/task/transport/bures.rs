//! The Bures map: the optimal affine map between two distributions, from their means and covariances.
//!
//! ```text
//! x ↦ n + A (x − m),   A = S^(−1/2) (S^(1/2) R S^(1/2))^(1/2) S^(−1/2)
//! ```
//!
//! with means m, n and covariances S, R of source and target: the optimal map where both are Gaussian (Gelbrich 1990;
//! Peyré and Cuturi, "Computational Optimal Transport", Rem. 2.31). A test checks `A S A = R` for a symmetric positive
//! definite `A`, which has one solution.

use nalgebra::{DMatrix, DVector};

use crate::measure::mean_and_covariance;

/// The part of a covariance's mean diagonal that is added to it: no direction is without any variance.
const RIDGE: f64 = 1e-6;

/// The affine map and its inverse.
#[derive(Clone, Debug)]
pub struct Bures {
    from: DVector<f64>,
    to: DVector<f64>,
    matrix: DMatrix<f64>,
    inverse: DMatrix<f64>,
}

impl Bures {
    /// The map between two samples, row after row.
    pub fn fit(x: &[f64], y: &[f64], dim: usize) -> Self {
        let ((from, p), (to, q)) = (moments(x, dim), moments(y, dim));
        Self::of_moments((from, &p), (to, &q))
    }

    /// The map between distributions of these means and positive definite covariances.
    pub(super) fn of_moments(
        (from, p): (DVector<f64>, &DMatrix<f64>),
        (to, q): (DVector<f64>, &DMatrix<f64>),
    ) -> Self {
        let (root, inverse_root) = (symmetric_power(p, 0.5), symmetric_power(p, -0.5));
        let between = symmetric_power(&(&root * q * &root), 0.5);
        let matrix = &inverse_root * between * &inverse_root;
        Self {
            from,
            to,
            inverse: symmetric_power(&matrix, -1.0),
            matrix,
        }
    }

    /// `A`.
    pub fn matrix(&self) -> &DMatrix<f64> {
        &self.matrix
    }

    /// `n − p A m`: what `p A x` lacks to take the mean m to the mean n.
    pub(super) fn offset(&self, part: f64) -> DVector<f64> {
        &self.to - &self.matrix * &self.from * part
    }

    /// The map at points, row after row.
    pub fn forward(&self, x: &[f64]) -> Vec<f64> {
        affine(x, &self.from, &self.matrix, &self.to)
    }

    /// Its inverse.
    pub fn backward(&self, y: &[f64]) -> Vec<f64> {
        affine(y, &self.to, &self.inverse, &self.from)
    }
}

/// `n + A (x − m)` for each row of `x`.
fn affine(x: &[f64], m: &DVector<f64>, a: &DMatrix<f64>, n: &DVector<f64>) -> Vec<f64> {
    let dim = m.len();
    // Points are columns here, which is how they lie in memory.
    let mut points = DMatrix::from_column_slice(dim, x.len() / dim, x);
    points.column_iter_mut().for_each(|mut point| point -= m);
    let mut images = a * points;
    images.column_iter_mut().for_each(|mut image| image += n);
    images.as_slice().to_vec()
}

/// Mean and covariance, the latter with the ridge.
pub(super) fn moments(points: &[f64], dim: usize) -> (DVector<f64>, DMatrix<f64>) {
    let (mean, mut covariance) = mean_and_covariance(points, dim);
    let ridge = (RIDGE * covariance.trace() / dim as f64).max(f64::MIN_POSITIVE);
    for i in 0..dim {
        covariance[(i, i)] += ridge;
    }
    (mean, covariance)
}

/// A power of a symmetric positive definite matrix; eigenvalues that rounding makes negative count as the smallest that
/// can be told from zero.
pub(super) fn symmetric_power(matrix: &DMatrix<f64>, power: f64) -> DMatrix<f64> {
    let symmetric = (matrix + matrix.transpose()) * 0.5;
    let eigen = symmetric.symmetric_eigen();
    let least = eigen.eigenvalues.amax() * 1e-14;
    let powers = eigen.eigenvalues.map(|value| value.max(least).powf(power));
    let scaled = DMatrix::from_fn(powers.len(), powers.len(), |i, j| {
        eigen.eigenvectors[(i, j)] * powers[j]
    });
    scaled * eigen.eigenvectors.transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definite(entries: [f64; 9]) -> DMatrix<f64> {
        let root = DMatrix::from_row_slice(3, 3, &entries);
        &root * root.transpose() + DMatrix::identity(3, 3) * 0.1
    }

    #[test]
    fn the_matrix_is_symmetric_positive_definite_and_takes_one_covariance_to_the_other() {
        let p = definite([1.0, 0.3, -0.2, 0.0, 0.8, 0.5, 0.4, 0.1, 1.3]);
        let q = definite([0.5, 0.0, 0.7, -0.6, 1.1, 0.2, 0.3, 0.9, 0.4]);
        let zero = DVector::zeros(3);
        let map = Bures::of_moments((zero.clone(), &p), (zero, &q));
        let a = map.matrix();
        assert!((a - a.transpose()).norm() < 1e-12);
        assert!(a.symmetric_eigenvalues().min() > 0.0);
        assert!((a * &p * a - &q).norm() < 1e-12);
    }

    /// In one dimension the map is `n + (σ_y/σ_x)(x − m)`: here m = 2, n = −1 and the ratio is 3.
    #[test]
    fn in_one_dimension_it_scales_by_the_deviations_and_leads_back() {
        let x = [1.0, 3.0, 2.0, 2.0];
        let y = x.map(|x| -1.0 + 3.0 * (x - 2.0));
        let map = Bures::fit(&x, &y, 1);
        for (found, expected) in map.forward(&[5.0]).iter().zip([8.0]) {
            assert!((found - expected).abs() < 1e-9, "{found}");
        }
        assert!((map.backward(&map.forward(&[0.7]))[0] - 0.7).abs() < 1e-12);
    }

    #[test]
    fn a_constant_column_gives_no_number_that_is_not_finite() {
        let map = Bures::fit(&[1.0, 5.0, 2.0, 5.0], &[0.0, 1.0, 1.0, 3.0], 2);
        assert!(map.matrix().iter().all(|a| a.is_finite()));
        assert!(map.forward(&[1.0, 5.0]).iter().all(|y| y.is_finite()));
    }
}
