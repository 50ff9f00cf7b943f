//! `p(x) = Σ_k w_k N(x; m_k, C_k)`, written in the config.

use nalgebra::{DMatrix, DVector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{MOST_COMPONENTS, normalised};
use crate::settings::{ExperimentError, require};
use crate::task::transport::drawn::GaussianMixture;

/// Gaussians with weights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["means", "covariances"]))]
pub struct MixtureDensityConfig {
    /// Weights, in any scale. Default: all alike.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub weights: Vec<f64>,
    /// The mean of each.
    pub means: Vec<Vec<f64>>,
    /// The covariance matrix of each, row by row: symmetric and positive definite.
    pub covariances: Vec<Vec<Vec<f64>>>,
}

impl MixtureDensityConfig {
    pub(super) fn check(&self, key: &str) -> Result<(), ExperimentError> {
        let count = self.means.len();
        let dim = self.means.first().map_or(0, Vec::len);
        let even = |rows: &[Vec<f64>]| rows.iter().all(|row| row.len() == dim);
        require(
            (1..=MOST_COMPONENTS).contains(&count)
                && dim > 0
                && even(&self.means)
                && self.means.iter().flatten().all(|m| m.is_finite()),
            &format!("{key}.means"),
            format!("{:?}", self.means),
            "must be between 1 and 4096 points with the same number of coordinates",
            "write for instance means = [[-1.0, 0.0], [1.0, 0.0]]",
        )?;
        let weights = format!("{key}.weights");
        let positive = self.weights.iter().all(|w| *w > 0.0 && w.is_finite());
        require(
            (self.weights.is_empty() || self.weights.len() == count) && positive,
            &weights,
            format!("{:?}", self.weights),
            "must be numbers greater than 0, one for each mean",
            "leave it out where all are alike",
        )?;
        require(
            self.covariances.len() == count,
            &format!("{key}.covariances"),
            format!("a list of {}", self.covariances.len()),
            "must be a list of one matrix for each mean",
            "write for instance covariances = [[[1.0, 0.0], [0.0, 1.0]]] for one mean in the plane",
        )?;
        for covariance in &self.covariances {
            let square = covariance.len() == dim && even(covariance);
            require(
                square && factor(covariance).is_some(),
                &format!("{key}.covariances"),
                format!("given the matrix {covariance:?}"),
                &format!(
                    "must have {dim} × {dim} matrices that are symmetric and positive definite"
                ),
                "the diagonal has the variances, and the eigenvalues must be greater than 0",
            )?;
        }
        Ok(())
    }

    pub(super) fn density(&self) -> GaussianMixture {
        GaussianMixture {
            weights: normalised(&self.weights),
            centres: self
                .means
                .iter()
                .map(|m| DVector::from_column_slice(m))
                .collect(),
            factors: self.covariances.iter().filter_map(|c| factor(c)).collect(),
        }
    }
}

/// The Cholesky factor of a square matrix; `None` if it is not symmetric and positive definite.
fn factor(matrix: &[Vec<f64>]) -> Option<DMatrix<f64>> {
    let dim = matrix.len();
    let matrix = DMatrix::from_fn(dim, dim, |i, j| matrix[i][j]);
    let symmetric = (&matrix - matrix.transpose()).amax() <= 1e-9 * matrix.amax();
    let factor = matrix.cholesky().filter(|_| symmetric)?.l();
    factor
        .iter()
        .all(|entry| entry.is_finite())
        .then_some(factor)
}
