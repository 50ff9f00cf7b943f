//! Networks whose units are scalar networks, in one layer (Rem. 1, Rem. 4, Eq. (6)) and in a cascade (after Thm. 8).

use super::architecture::{
    Architecture, Builds, settings_with_scalar_units, sized_by_width_or_parameters,
};
use super::error::{NetworkError, count_from};
use crate::activation::{NeuralActivation, NeuralCascadedActivation, ScalarFunction};
use crate::sign::{Free, NonNegative, Sign};
use crate::source::ParameterSource;
use crate::tied::TiedNetwork;
use serde::{Deserialize, Serialize};

/// A sum of ridges with learned profiles: the gradient network of Rem. 1.
pub type GradNetNeural = TiedNetwork<NeuralActivation<Free>>;
/// A sum of convex ridges with learned profiles: the monotone network of Rem. 4.
pub type MGradNetNeural = TiedNetwork<NeuralActivation<NonNegative>>;
/// GradNet-C whose units are scalar networks.
pub type GradNetCNeural = TiedNetwork<NeuralCascadedActivation<Free>>;
/// mGradNet-C whose units are nondecreasing scalar networks.
pub type MGradNetCNeural = TiedNetwork<NeuralCascadedActivation<NonNegative>>;

settings_with_scalar_units! {
    /// Settings of the single-layer networks with neural activations.
    NeuralConfig {
        /// Hidden units, one scalar network each.
        width,
        /// Units of each scalar network, `m_i` in the proof of Thm. 3.
        units
    }
}

impl Architecture for NeuralConfig {
    sized_by_width_or_parameters!();

    /// `W`; `u`, `v`, `β` of each unit; `b`. The biases `β` serve as hidden biases.
    fn count(&self, dim: usize, width: usize) -> usize {
        width * (dim + 3 * self.units) + dim
    }

    fn check(&self, _dim: usize) -> Result<(), NetworkError> {
        count_from("units", self.units, 1)
    }
}

impl<S: Sign> Builds<TiedNetwork<NeuralActivation<S>>> for NeuralConfig {
    fn build(
        &self,
        dim: usize,
        width: usize,
        source: &mut ParameterSource,
    ) -> TiedNetwork<NeuralActivation<S>> {
        let activation = NeuralActivation::new([width, self.units], self.activation, source);
        TiedNetwork::new([width, dim], activation, source).with_output_bias(source)
    }
}

/// Settings of the cascades with neural activations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NeuralCascadeConfig {
    /// Hidden units, each with a scalar network in every layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget, instead of the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
    /// Activations in the cascade.
    pub layers: usize,
    /// Units of each scalar network.
    pub units: usize,
    /// The scalar function of those units.
    pub activation: ScalarFunction,
}

impl Default for NeuralCascadeConfig {
    fn default() -> Self {
        Self {
            width: None,
            parameters: None,
            layers: 2,
            units: 4,
            activation: ScalarFunction::Tanh,
        }
    }
}

impl Architecture for NeuralCascadeConfig {
    sized_by_width_or_parameters!();

    /// `W`; for each layer and unit `α`, `β`, a bias and the three parameters of each scalar unit; `b`.
    fn count(&self, dim: usize, width: usize) -> usize {
        width * (dim + self.layers * (3 + 3 * self.units)) + dim
    }

    fn check(&self, _dim: usize) -> Result<(), NetworkError> {
        count_from("layers", self.layers, 1)?;
        count_from("units", self.units, 1)
    }
}

impl<S: Sign> Builds<TiedNetwork<NeuralCascadedActivation<S>>> for NeuralCascadeConfig {
    fn build(
        &self,
        dim: usize,
        width: usize,
        source: &mut ParameterSource,
    ) -> TiedNetwork<NeuralCascadedActivation<S>> {
        let shape = [self.layers, width, self.units];
        let activation = NeuralCascadedActivation::new(shape, dim, self.activation, source);
        TiedNetwork::new([width, dim], activation, source).with_output_bias(source)
    }
}
