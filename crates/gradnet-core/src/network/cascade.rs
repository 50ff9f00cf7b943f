//! GradNet-C and mGradNet-C: the shell around a cascade (Eq. (16)-(17), Thm. 8, Cor. 8.1).

use super::architecture::{Architecture, Builds, sized_by_width_or_parameters};
use super::error::{NetworkError, count_from};
use crate::activation::{CascadedActivation, ScalarFunction};
use crate::sign::{Free, NonNegative, Sign};
use crate::source::ParameterSource;
use crate::tied::TiedNetwork;
use serde::{Deserialize, Serialize};

/// The cascaded gradient network (Thm. 8).
pub type GradNetC = TiedNetwork<CascadedActivation<Free>>;
/// The cascaded monotone gradient network (Cor. 8.1).
pub type MGradNetC = TiedNetwork<CascadedActivation<NonNegative>>;

/// The scalar function of the units of a cascade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitFunction {
    /// `tanh`.
    Tanh,
    /// The logistic function.
    Sigmoid,
    /// `ln(1 + e^u)`.
    Softplus,
    /// `max(u, 0)`, a subgradient network.
    Relu,
    /// `a tanh u + b (u − tanh u)`, learned for each unit of each layer (App. B).
    #[default]
    Learned,
}

impl UnitFunction {
    /// The fixed function, unless it is learned.
    fn fixed(self) -> Option<ScalarFunction> {
        match self {
            Self::Tanh => Some(ScalarFunction::Tanh),
            Self::Sigmoid => Some(ScalarFunction::Sigmoid),
            Self::Softplus => Some(ScalarFunction::Softplus),
            Self::Relu => Some(ScalarFunction::Relu),
            Self::Learned => None,
        }
    }
}

/// Settings of GradNet-C and mGradNet-C.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CascadeConfig {
    /// Hidden units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget, instead of the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
    /// Activations in the cascade, 4 as released.
    pub layers: usize,
    /// The function of the units, learned by default.
    pub activation: UnitFunction,
}

impl Default for CascadeConfig {
    fn default() -> Self {
        Self {
            width: None,
            parameters: None,
            layers: 4,
            activation: UnitFunction::default(),
        }
    }
}

impl Architecture for CascadeConfig {
    sized_by_width_or_parameters!();

    /// `W`; for each layer and unit `α`, `β`, a bias and the two weights of a learned function; `b`.
    fn count(&self, dim: usize, width: usize) -> usize {
        let per_layer = if self.activation.fixed().is_some() {
            3
        } else {
            5
        };
        width * (dim + per_layer * self.layers) + dim
    }

    fn check(&self, _dim: usize) -> Result<(), NetworkError> {
        count_from("layers", self.layers, 1)
    }
}

impl<S: Sign> Builds<TiedNetwork<CascadedActivation<S>>> for CascadeConfig {
    fn build(
        &self,
        dim: usize,
        width: usize,
        source: &mut ParameterSource,
    ) -> TiedNetwork<CascadedActivation<S>> {
        let shape = [self.layers, width];
        let activation = match self.activation.fixed() {
            Some(function) => CascadedActivation::fixed(shape, dim, function, source),
            None => CascadedActivation::learned(shape, dim, source),
        };
        TiedNetwork::new([width, dim], activation, source).with_output_bias(source)
    }
}
