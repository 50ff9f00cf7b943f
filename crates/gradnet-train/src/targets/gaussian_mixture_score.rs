//! The score of a mixture of Gaussians: the gradient of its log density, which is not concave between distant
//! components.
//!
//! ```text
//! ln G(x) = ln sum_k (1/N) N(x; mu_k, Sigma),   mu_k ~ U[0.3, 0.7]^d,  Sigma = 2 sqrt(d) I
//! grad ln G(x) = sum_k r_k(x) (mu_k - x) / (2 sqrt d),  r = softmax_k(-|x - mu_k|^2 / (4 sqrt d))
//! ```
//!
//! Chaudhari, Pranav, Moura, IEEE TSP 2025, Eq. (23) with equal weights. The paper does not state N; 4 is our choice.
//! With means this close the score is linear to about -50 dB, which is why every table here also shows the best linear
//! map. Table II is normalised like (22), since the raw score has a mean square of -16.5 dB at every d. `target::tests`
//! compares the score with central differences of ln G.

use burn::tensor::{Device, FloatDType, Tensor, TensorData, activation::softmax};
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Target, config::check_dim, normalise};
use crate::backend;
use crate::data::{Stream, generator};
use crate::setting_error::SettingError;

/// Settings of (23): `[target.gaussian_mixture_score]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GaussianMixtureScoreConfig {
    /// Dimension of the cube. Default 32, the smallest of Table II.
    #[schemars(extend("minimum" = 1, "maximum" = 4096))]
    pub dim: usize,
    /// Number of Gaussians, N. Default 4; the paper does not say.
    #[schemars(extend("minimum" = 1, "maximum" = 4096))]
    pub components: usize,
    /// Seed of the means: part of the target, so that runs of different seeds learn the same field. Default 0.
    #[schemars(extend("maximum" = i64::MAX))]
    pub seed: u64,
    /// Divide by the mean gradient norm over 10,000 uniform points, so that predicting zero scores about 0 dB. Default
    /// true.
    pub normalise: bool,
}

impl Default for GaussianMixtureScoreConfig {
    fn default() -> Self {
        Self {
            dim: 32,
            components: 4,
            seed: 0,
            normalise: true,
        }
    }
}

impl GaussianMixtureScoreConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// If the dimension, the number of components or the seed is out of range.
    pub fn check(&self) -> Result<(), SettingError> {
        check_dim(self.dim, 1)?;
        if !(1..=4096).contains(&self.components) {
            return Err(SettingError::Invalid {
                field: "components",
                value: self.components.to_string(),
                requirement: "must be between 1 and 4096".into(),
                remedy: "leave it out: the default is 4".into(),
            });
        }
        // TOML's integers are 64-bit signed: a larger seed could not be written back to the run folder.
        if i64::try_from(self.seed).is_err() {
            return Err(SettingError::Invalid {
                field: "seed",
                value: self.seed.to_string(),
                requirement: "must be at most 9223372036854775807".into(),
                remedy: "choose a smaller seed, for instance 0".into(),
            });
        }
        Ok(())
    }
}

/// Eq. (23) on a device.
#[derive(Clone, Debug)]
pub struct GaussianMixtureScore {
    /// Means less the cube's centre, `[components, dim]`: about the centre, single precision keeps its digits.
    means: Tensor<2>,
    /// `|mean|^2 / 2` of each, `[1, components]`.
    half_squares: Tensor<2>,
    scale: f64,
}

impl GaussianMixtureScore {
    pub(super) fn new(
        config: &GaussianMixtureScoreConfig,
        device: &Device,
        dtype: FloatDType,
    ) -> Self {
        let mut target = Self::unscaled(config, device, dtype);
        if config.normalise {
            let host = backend::host(device);
            let on_host = Self::unscaled(config, &host, dtype);
            target.scale = 1.0 / normalise::mean_gradient_norm(&on_host, &host, dtype);
        }
        target
    }

    fn unscaled(config: &GaussianMixtureScoreConfig, device: &Device, dtype: FloatDType) -> Self {
        let mut random = generator(config.seed, Stream::Target, 0);
        let means: Vec<f64> = (0..config.components * config.dim)
            .map(|_| random.random_range(-0.2..0.2))
            .collect();
        let half_squares: Vec<f64> = means
            .chunks_exact(config.dim)
            .map(|mean| mean.iter().map(|m| m * m).sum::<f64>() / 2.0)
            .collect();
        Self {
            means: Tensor::from_data(
                TensorData::new(means, [config.components, config.dim]),
                (device, dtype.into()),
            ),
            half_squares: Tensor::from_data(
                TensorData::new(half_squares, [1, config.components]),
                (device, dtype.into()),
            ),
            scale: 1.0,
        }
    }

    /// The variance of every coordinate, `2 sqrt(d)`.
    fn variance(&self) -> f64 {
        2.0 * (self.dim() as f64).sqrt()
    }

    /// `(z . mu_k - |mu_k|^2/2) / variance` for `z = x - 1/2`: the log densities up to a term that all components
    /// share. `[points, components]`.
    fn logits(&self, z: Tensor<2>) -> Tensor<2> {
        (z.matmul(self.means.clone().transpose()) - self.half_squares.clone()) / self.variance()
    }
}

impl Target for GaussianMixtureScore {
    fn name(&self) -> &'static str {
        "gaussian_mixture_score"
    }

    fn dim(&self) -> usize {
        self.means.dims()[1]
    }

    fn convex(&self) -> bool {
        false
    }

    fn gradient(&self, x: Tensor<2>) -> Tensor<2> {
        let z = x - 0.5;
        let responsibilities = softmax(self.logits(z.clone()), 1);
        (responsibilities.matmul(self.means.clone()) - z) * (self.scale / self.variance())
    }

    fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        let z = x - 0.5;
        let logits = self.logits(z.clone());
        let largest = logits.clone().max_dim(1);
        let log_sum = (logits - largest.clone()).exp().sum_dim(1).log() + largest;
        let shared = z.square().sum_dim(1) / (2.0 * self.variance());
        let [components, dim] = self.means.dims();
        let constant = (components as f64).ln()
            + dim as f64 / 2.0 * (2.0 * std::f64::consts::PI * self.variance()).ln();
        ((log_sum - shared - constant) * self.scale).squeeze_dim(1)
    }
}
