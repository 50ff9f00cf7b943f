//! Released networks (PyTorch) as ours: their named arrays in, a network that computes the same out. Regularizers of
//! pictures are in `released_ridge.rs`.
//!
//! Where the released code differs from the paper's text (docs/deviations.md) the numbers are converted:
//!
//! ```text
//! theirs  z = β ⊙ (W x + b)            ours  z = β ⊙ W x + b'        b' = β ⊙ b, with β as it is used
//! theirs  a tanh u - b (u - tanh u)    ours  a tanh u + b' (u - tanh u)   b' = -b        (GradNet-C only)
//! theirs  layers 1, .., L-1, L-1       ours  layers 1, .., L              L is a copy of L-1   (GradNet-C only, learned functions)
//! ```
//!
//! | network | arrays |
//! |---|---|
//! | GradNet-C, mGradNet-C | `W` `[h, d]`, `bias.0` .. `bias.L` (the last one `[d]`), `alpha.l`, `beta.l`, and `nonlinearity.l.a`, `.b` where learned |
//! | GradNet-M, mGradNet-M | `mmgn_modules.m.W` `[h, d]`, `.b`, `.beta` (the temperature), `.act.a`, `.act.b` where learned; `alpha` `[M]`, `bias` `[d]` |
//!
//! Layers, modules and widths come from the names and the shapes. `tests/suite/golden.rs` compares outputs, Jacobians
//! and gradients with the released code's own.

use std::collections::BTreeMap;

use thiserror::Error;

use super::network::Network;
use super::networks::{NetworkConfig, Registered};
use super::released_arrays::Arrays;
use super::released_names::RELEASED;
use super::settings::{CascadeSettings, ModularSettings};
use super::size::Describes;
use gradnet_core::activation::{CascadedActivation, ModularActivation, One, SoftmaxBlock};
use gradnet_core::network::NetworkError;
use gradnet_core::network::{
    Architecture, BlockActivation, MGradNetCConfig, MGradNetMConfig, UnitFunction,
};
use gradnet_core::sign::{Free, NonNegative, Sign};
use gradnet_core::{ParameterSource, TiedNetwork};

/// The arrays of a released network, by name.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use gradnet_core::network::UnitFunction;
/// use gradnet_core::{ParameterSource, VectorField};
/// use gradnet_train::registry::{ReleasedError, ReleasedState};
///
/// // mGradNet-C with one layer of one unit in one dimension: softplus(0) tanh(softplus(0) (x + 0)) + 1.
/// let arrays = [("W", vec![1, 1], 1.0), ("alpha.0", vec![1], 0.0), ("beta.0", vec![1], 0.0), ("bias.0", vec![1], 0.0), ("bias.1", vec![1], 1.0)];
/// let state = ReleasedState::new(arrays.map(|(name, shape, value)| (name.to_owned(), shape, vec![value])));
/// let source = &mut ParameterSource::new(&Device::flex(), 0);
/// let (_, network) = state.network("mgradnet_c", UnitFunction::Tanh, source)?;
/// let y = network.forward(Tensor::zeros([1, 1], &Device::flex()));
/// assert_eq!(y.into_scalar::<f32>(), 1.0);
/// # Ok::<(), ReleasedError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReleasedState {
    arrays: BTreeMap<String, (Vec<usize>, Vec<f64>)>,
    noise: f64,
}

/// Why arrays are no released network.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ReleasedError {
    /// Only some networks were released.
    #[error("no weights of `{name}` were released, only of {}", RELEASED.join(", "))]
    NotReleased {
        /// The name asked for.
        name: String,
    },
    /// An array is not there.
    #[error("the array `{name}` is missing; there are: {}", known.join(", "))]
    Missing {
        /// The array.
        name: String,
        /// The arrays there are.
        known: Vec<String>,
    },
    /// An array is of another shape.
    #[error("the array `{name}` has shape {shape:?}, but {requirement}")]
    Shape {
        /// The array.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
        /// What it must be.
        requirement: String,
    },
    /// An array belongs to no part of the network.
    #[error("the array `{name}` belongs to no part of this network")]
    Unknown {
        /// The array.
        name: String,
    },
    /// An array holds a number that is not finite in 32 bits.
    #[error("the array `{name}` holds {value:e}, which is no finite number of 32 bits")]
    NotFinite {
        /// The array.
        name: String,
        /// The number.
        value: f64,
    },
    /// The regularizer was not learned for a noise level.
    #[error("it was learned for noise up to {highest} of 255, not for {level}")]
    Noise {
        /// The level asked for, of 255.
        level: f64,
        /// The highest, of 255.
        highest: f64,
    },
    /// The regularizer has a concave part.
    #[error("its `activation_ccv` was trained: it is weakly convex, and `patch_ridge` is convex")]
    NotConvex,
    /// The network cannot be built.
    #[error(transparent)]
    Network(#[from] NetworkError),
}

impl ReleasedState {
    /// Takes arrays: name, shape, and the numbers row by row.
    pub fn new(arrays: impl IntoIterator<Item = (String, Vec<usize>, Vec<f64>)>) -> Self {
        Self {
            arrays: arrays
                .into_iter()
                .map(|(name, shape, values)| (name, (shape, values)))
                .collect(),
            noise: 0.0,
        }
    }

    /// The same, for a regularizer that is another for each level of noise, of 255.
    pub fn at_noise(self, noise: f64) -> Self {
        Self { noise, ..self }
    }

    pub(super) fn noise(&self) -> f64 {
        self.noise
    }

    pub(super) fn arrays(&self) -> &BTreeMap<String, (Vec<usize>, Vec<f64>)> {
        &self.arrays
    }

    /// The registered network of that name with these weights, and its settings.
    ///
    /// `fixed` is the function of a cascade's units where the arrays hold no learned one; the arrays do not say which
    /// it was (as released: tanh).
    ///
    /// # Errors
    /// [`ReleasedError`] if the arrays are not those of this network.
    pub fn network(
        &self,
        name: &str,
        fixed: UnitFunction,
        source: &mut ParameterSource,
    ) -> Result<(NetworkConfig, Network), ReleasedError> {
        Ok(match name {
            "gradnet_c" => {
                let (config, network) = self.cascade::<Free>(fixed, source)?;
                (
                    NetworkConfig::GradNetC(config),
                    Registered::GradNetC(network).into(),
                )
            }
            "mgradnet_c" => {
                let (config, network) = self.cascade::<NonNegative>(fixed, source)?;
                (
                    NetworkConfig::MGradNetC(config),
                    Registered::MGradNetC(network).into(),
                )
            }
            "gradnet_m" => {
                let (config, network) = self.modular::<Free>(source)?;
                (
                    NetworkConfig::GradNetM(config),
                    Registered::GradNetM(network).into(),
                )
            }
            "mgradnet_m" => {
                let (config, network) = self.modular::<NonNegative>(source)?;
                (
                    NetworkConfig::MGradNetM(config),
                    Registered::MGradNetM(network).into(),
                )
            }
            "patch_ridge" => {
                let (config, network) = self.ridge(source)?;
                (
                    NetworkConfig::PatchRidge(config),
                    Registered::PatchRidge(network).into(),
                )
            }
            "patch_weak_ridge" => {
                let (config, network) = self.weak_ridge(source)?;
                (
                    NetworkConfig::PatchWeakRidge(config),
                    Registered::PatchWeakRidge(network).into(),
                )
            }
            _ => return Err(ReleasedError::NotReleased { name: name.into() }),
        })
    }

    /// GradNet-C or mGradNet-C, by the sign of `α` and `β`.
    ///
    /// # Errors
    /// [`ReleasedError`] if the arrays are not those of such a network.
    pub fn cascade<S: Sign>(
        &self,
        fixed: UnitFunction,
        source: &mut ParameterSource,
    ) -> Result<(CascadeSettings, TiedNetwork<CascadedActivation<S>>), ReleasedError> {
        let mut arrays = Arrays::new(&self.arrays)?;
        let (hidden, dim) = arrays.matrix_shape("W")?;
        let layers = arrays.count("alpha.");
        let learned = arrays.has("nonlinearity.");
        let config = CascadeSettings {
            width: Some(hidden),
            parameters: None,
            layers,
            activation: match (learned, fixed) {
                (true, _) => UnitFunction::Learned,
                (false, UnitFunction::Learned) => UnitFunction::Tanh,
                (false, fixed) => fixed,
            },
        };
        let mut stacked = |name: &str| -> Result<Vec<f64>, ReleasedError> {
            let mut all = Vec::new();
            for layer in 0..layers {
                all.extend(arrays.take(&name.replace("{}", &layer.to_string()), hidden)?);
            }
            Ok(all)
        };
        let (alpha, beta) = (stacked("alpha.{}")?, stacked("beta.{}")?);
        let bias = stacked("bias.{}")?.into_iter().zip(&beta);
        let bias = bias.map(|(b, beta)| b * used::<S>(*beta)).collect();
        let functions = match learned {
            true => Some((stacked("nonlinearity.{}.a")?, stacked("nonlinearity.{}.b")?)),
            false => None,
        };
        let weight = arrays.take("W", hidden * dim)?;
        let output_bias = arrays.take(&format!("bias.{layers}"), dim)?;
        arrays.finish()?;

        let shape = [layers, hidden];
        Describes::<MGradNetCConfig>::config(&config, dim, hidden).check()?;
        let mut activation = match config.activation.fixed() {
            Some(function) => CascadedActivation::fixed(shape, dim, function, source),
            None => CascadedActivation::learned(shape, dim, source),
        };
        activation.alpha = source.values(shape, alpha);
        activation.beta = source.values(shape, beta);
        activation.bias = source.values(shape, bias);
        if let (Some(learned), Some((a, b))) = (&mut activation.learned, functions) {
            learned.a = source.values(shape, released_layers::<S>(a, shape, 1.0));
            let sign = if S::NONNEGATIVE { 1.0 } else { -1.0 };
            learned.b = source.values(shape, released_layers::<S>(b, shape, sign));
        }
        let network = TiedNetwork {
            weight: source.values([hidden, dim], weight),
            hidden_bias: None,
            output_bias: Some(source.values([dim], output_bias)),
            activation,
        };
        Ok((config, network))
    }

    /// GradNet-M or mGradNet-M, by the sign of `α` and of the learned weights.
    ///
    /// # Errors
    /// [`ReleasedError`] if the arrays are not those of such a network.
    pub fn modular<S: Sign>(
        &self,
        source: &mut ParameterSource,
    ) -> Result<(ModularSettings, ReleasedModular<S>), ReleasedError> {
        let mut arrays = Arrays::new(&self.arrays)?;
        let (hidden, dim) = arrays.matrix_shape("mmgn_modules.0.W")?;
        let modules = arrays.count("mmgn_modules.");
        let learned = arrays.has("mmgn_modules.0.act.");
        let config = ModularSettings {
            width: Some(hidden),
            parameters: None,
            modules,
            activation: match learned {
                true => BlockActivation::Learned,
                false => BlockActivation::Softmax,
            },
        };
        let mut stacked = |name: &str, each: usize| -> Result<Vec<f64>, ReleasedError> {
            let mut all = Vec::new();
            for module in 0..modules {
                all.extend(arrays.take(&format!("mmgn_modules.{module}.{name}"), each)?);
            }
            Ok(all)
        };
        let weight = stacked("W", hidden * dim)?;
        let hidden_bias = stacked("b", hidden)?;
        let temperature = stacked("beta", 1)?;
        let mix = match learned {
            true => Some((stacked("act.a", 1)?, stacked("act.b", 1)?)),
            false => None,
        };
        let alpha = arrays.take("alpha", modules)?;
        let output_bias = arrays.take("bias", dim)?;
        arrays.finish()?;

        Describes::<MGradNetMConfig>::config(&config, dim, hidden).check()?;
        let units = modules * hidden;
        let mut block = SoftmaxBlock::new(modules, learned, source);
        block.temperature = source.values([modules], temperature);
        block.mix = mix.map(|(a, b)| (source.values([modules], a), source.values([modules], b)));
        let mut activation = ModularActivation::new(modules, block, One, source);
        activation.alpha = source.values([modules], alpha);
        let network = TiedNetwork {
            weight: source.values([units, dim], weight),
            hidden_bias: Some(source.values([units], hidden_bias)),
            output_bias: Some(source.values([dim], output_bias)),
            activation,
        };
        Ok((config, network))
    }
}

/// The shell that GradNet-M and mGradNet-M are.
pub type ReleasedModular<S> = TiedNetwork<ModularActivation<SoftmaxBlock<S>, One, S>>;

/// A stored scale as it is used.
fn used<S: Sign>(stored: f64) -> f64 {
    match S::NONNEGATIVE {
        true => stored.exp().ln_1p(),
        false => stored,
    }
}

/// The learned functions of the layers as the released forward pass uses them: the unconstrained one uses the last but
/// one twice.
fn released_layers<S: Sign>(values: Vec<f64>, [layers, hidden]: [usize; 2], sign: f64) -> Vec<f64> {
    (0..layers)
        .flat_map(|layer| {
            let layer = match S::NONNEGATIVE {
                true => layer,
                false => layer.min(layers.saturating_sub(2)),
            };
            &values[layer * hidden..(layer + 1) * hidden]
        })
        .map(|value| sign * value)
        .collect()
}
