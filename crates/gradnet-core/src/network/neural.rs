//! Single-layer networks whose units are scalar networks (Rem. 1, Rem. 4, Eq. (6)).

use super::architecture::{Architecture, Builds, sized_by_width_or_parameters};
use super::error::{NetworkError, at_least};
use crate::activation::{NeuralActivation, ScalarFunction};
use crate::sign::{Free, NonNegative, Sign};
use crate::source::ParameterSource;
use crate::tied::TiedNetwork;
use serde::{Deserialize, Serialize};

/// A sum of ridges with learned profiles: the gradient network of Rem. 1.
pub type GradNetNeural = TiedNetwork<NeuralActivation<Free>>;
/// A sum of convex ridges with learned profiles: the monotone network of Rem. 4.
pub type MGradNetNeural = TiedNetwork<NeuralActivation<NonNegative>>;

/// Settings of the single-layer networks with neural activations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NeuralConfig {
    /// Hidden units, one scalar network each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget, instead of the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
    /// Units of each scalar network, `m_i` in the proof of Thm. 3.
    pub units: usize,
    /// The scalar function `s` of those units.
    pub activation: ScalarFunction,
}

impl Default for NeuralConfig {
    fn default() -> Self {
        Self {
            width: None,
            parameters: None,
            units: 8,
            activation: ScalarFunction::Tanh,
        }
    }
}

impl Architecture for NeuralConfig {
    sized_by_width_or_parameters!();

    /// `W`; `u`, `v`, `β` of each unit; `b`. The biases `β` serve as hidden biases.
    fn count(&self, dim: usize, width: usize) -> usize {
        width * (dim + 3 * self.units) + dim
    }

    fn check(&self, _dim: usize) -> Result<(), NetworkError> {
        at_least("units", self.units, 1)
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
