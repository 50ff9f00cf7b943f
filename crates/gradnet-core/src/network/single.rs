//! The single-layer networks of Prop. 1 and 2 and of Thm. 1.

use super::architecture::{Architecture, Builds, sized_by_width_or_parameters};
use super::error::NetworkError;
use super::modular::{BlockActivation, MGradNetM, ModularConfig};
use crate::activation::{ElementwiseActivation, ScalarFunction};
use crate::sign::{Free, NonNegative, Sign};
use crate::source::ParameterSource;
use crate::tied::TiedNetwork;
use serde::{Deserialize, Serialize};

/// A single-layer gradient network, `Wᵀ [α ⊙ s(W x + a)] + b` (Prop. 1).
pub type GradNet = TiedNetwork<ElementwiseActivation<Free>>;
/// A single-layer monotone gradient network: `α ≥ 0` (Prop. 2).
pub type MGradNet = TiedNetwork<ElementwiseActivation<NonNegative>>;
/// A single-layer network with scaled softmax, `α Wᵀ softmax(t (W x + a)) + b` (Thm. 1): one module.
pub type MGradNetSoftmax = MGradNetM;

/// Settings of the single-layer networks with an elementwise activation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SingleConfig {
    /// Hidden units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget, instead of the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
    /// The scalar function of the units.
    pub activation: ScalarFunction,
}

impl Default for SingleConfig {
    fn default() -> Self {
        Self {
            width: None,
            parameters: None,
            activation: ScalarFunction::Tanh,
        }
    }
}

impl Architecture for SingleConfig {
    sized_by_width_or_parameters!();

    /// `W`, `a`, `α`, `b`.
    fn count(&self, dim: usize, width: usize) -> usize {
        width * (dim + 2) + dim
    }

    fn check(&self, _dim: usize) -> Result<(), NetworkError> {
        Ok(())
    }
}

impl<S: Sign> Builds<TiedNetwork<ElementwiseActivation<S>>> for SingleConfig {
    fn build(
        &self,
        dim: usize,
        width: usize,
        source: &mut ParameterSource,
    ) -> TiedNetwork<ElementwiseActivation<S>> {
        let activation = ElementwiseActivation::new(width, self.activation, source);
        TiedNetwork::new([width, dim], activation, source).with_biases(source)
    }
}

/// Settings of the single-layer network with scaled softmax.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SoftmaxConfig {
    /// Hidden units, the number `n` of affine functions in Lemma 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget, instead of the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
}

impl SoftmaxConfig {
    fn one_module(&self) -> ModularConfig {
        ModularConfig {
            width: self.width,
            parameters: self.parameters,
            modules: 1,
            activation: BlockActivation::Softmax,
        }
    }
}

impl Architecture for SoftmaxConfig {
    sized_by_width_or_parameters!();

    fn count(&self, dim: usize, width: usize) -> usize {
        self.one_module().count(dim, width)
    }

    fn check(&self, _dim: usize) -> Result<(), NetworkError> {
        Ok(())
    }
}

impl Builds<MGradNetSoftmax> for SoftmaxConfig {
    fn build(&self, dim: usize, width: usize, source: &mut ParameterSource) -> MGradNetSoftmax {
        self.one_module().build(dim, width, source)
    }
}
