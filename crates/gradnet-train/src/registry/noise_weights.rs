//! Strength and scale of a regularizer as learned functions of the noise level:
//!
//! ```text
//! λ(σ) = λ_m t^p,   μ(σ) = μ_m t^q,   t = (σ + σ₀)/(σ_m + σ₀)
//! ```
//!
//! Four numbers, of which the logarithms of `λ_m` and `μ_m` and the exponents are stored. They begin at `p = 1` and `q
//! = −1`, the contrast of one-step training; of one noise level `t` is 1, and the exponents stay.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use gradnet_core::ParameterSource;

use super::linear_part::with_values;

/// `λ(σ)` and `μ(σ)`.
#[derive(Module, Debug)]
pub struct NoiseWeights {
    /// `log λ_m` and `p`, `[2]`.
    pub strength: Param<Tensor<1>>,
    /// `log μ_m` and `q`, `[2]`.
    pub scale: Param<Tensor<1>>,
}

impl NoiseWeights {
    /// `λ_m = μ_m = 1`.
    pub fn new(source: &ParameterSource) -> Self {
        Self {
            strength: source.values([2], vec![0.0, 1.0]),
            scale: source.values([2], vec![0.0, -1.0]),
        }
    }

    /// With these `λ_m` and `μ_m`.
    pub fn with_middle(self, [strength, scale]: [f64; 2]) -> Self {
        Self {
            strength: with_values(self.strength, &[strength.ln(), 1.0]),
            scale: with_values(self.scale, &[scale.ln(), -1.0]),
        }
    }

    /// `λ` and `μ` where `t` is `ratios`, all `[batch, 1, 1]`.
    pub fn at(&self, ratios: Tensor<3>) -> [Tensor<3>; 2] {
        let logarithms = ratios.log();
        [&self.strength, &self.scale].map(|stored| {
            let stored: Tensor<3> = stored.val().reshape([2, 1, 1]);
            let middle = stored.clone().narrow(0, 0, 1);
            (logarithms.clone() * stored.narrow(0, 1, 1) + middle).exp()
        })
    }
}
