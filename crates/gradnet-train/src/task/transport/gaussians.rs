//! `[transport.gaussians]`: two random Gaussians, whose optimal map is the affine Bures map in closed form.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;
use rand_distr::StandardNormal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bures::{Bures, symmetric_power};
use super::drawn::{DrawnPair, GaussianMixture, KnownMap};
use crate::data::{Stream, generator};

/// Settings of `[transport.gaussians]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GaussiansConfig {
    /// Dimension of the space. Default 2.
    #[schemars(extend("minimum" = 1, "maximum" = 1024))]
    pub dim: usize,
    /// Seed of the two Gaussians, so that runs of different seeds learn the same map. Default 0.
    #[schemars(extend("maximum" = i64::MAX))]
    pub seed: u64,
}

impl Default for GaussiansConfig {
    fn default() -> Self {
        Self { dim: 2, seed: 0 }
    }
}

impl GaussiansConfig {
    /// The pair, with the draws of a run of seed `seed`: covariances `A Aᵀ/(2 d) + I/4`, A with normal entries, and
    /// normal means.
    pub(super) fn pair(&self, seed: u64) -> DrawnPair {
        let mut random = generator(self.seed, Stream::Target, 0);
        let mut normal = || -> f64 { random.sample(StandardNormal) };
        let dim = self.dim;
        let mut gaussian = || {
            let mean = DVector::from_fn(dim, |_, _| 0.5 * normal());
            let root = DMatrix::from_fn(dim, dim, |_, _| normal());
            let covariance =
                &root * root.transpose() / (2.0 * dim as f64) + DMatrix::identity(dim, dim) * 0.25;
            (mean, covariance)
        };
        let ((from, p), (to, q)) = (gaussian(), gaussian());
        let gaussian = |mean: &DVector<f64>, covariance| GaussianMixture {
            weights: Vec::new(),
            centres: vec![mean.clone()],
            factors: vec![symmetric_power(covariance, 0.5)],
        };
        let (source, target) = (gaussian(&from, &p), gaussian(&to, &q));
        let map = Bures::of_moments((from, &p), (to, &q));
        DrawnPair::new(source, Box::new(map), seed).with_target(target)
    }
}

impl KnownMap for Bures {
    fn apply(&self, x: &[f64]) -> Vec<f64> {
        self.forward(x)
    }
}
