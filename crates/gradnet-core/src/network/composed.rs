//! Networks that the theorems make of single layers: differences (Thm. 2) and transformed sums of ridges
//! (Thm. 5, Thm. 6).

use super::architecture::{
    Architecture, Builds, settings_with_scalar_units, sized_by_width_or_parameters,
};
use super::error::{NetworkError, count_from};
use super::single::{GradNet, MGradNet, MGradNetSoftmax, SingleConfig, SoftmaxConfig};
use crate::combine::{Difference, FreeTransformation, SoftplusTransformation, Transformed};
use crate::source::ParameterSource;
use serde::{Deserialize, Serialize};

/// The difference of two scaled softmax networks (Thm. 2): dense in the gradients of L-smooth functions.
pub type GradNetDifference = Difference<MGradNetSoftmax, MGradNetSoftmax>;
/// `γ(G(x) + β) g(x)` around one layer, `γ` a scalar network (Thm. 5).
pub type GradNetTransformed = Transformed<GradNet, FreeTransformation>;
/// The same around a monotone layer, `γ` nonnegative and nondecreasing (Thm. 6).
pub type MGradNetTransformed = Transformed<MGradNet, SoftplusTransformation>;

/// Settings of the difference of two scaled softmax networks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DifferenceConfig {
    /// Hidden units of each of the two networks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget of both, instead of the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
}

impl Architecture for DifferenceConfig {
    sized_by_width_or_parameters!();

    fn count(&self, dim: usize, width: usize) -> usize {
        2 * SoftmaxConfig::default().count(dim, width)
    }

    fn check(&self, _dim: usize) -> Result<(), NetworkError> {
        Ok(())
    }
}

impl Builds<GradNetDifference> for DifferenceConfig {
    fn build(&self, dim: usize, width: usize, source: &mut ParameterSource) -> GradNetDifference {
        let mut part = || SoftmaxConfig::default().build(dim, width, source);
        Difference::new(part(), part())
    }
}

settings_with_scalar_units! {
    /// Settings of the transformed single layers; layer and transformation have one scalar function.
    TransformedConfig {
        /// Hidden units of the layer.
        width,
        /// Scalar units of the transformation.
        units
    }
}

impl TransformedConfig {
    fn layer(&self) -> SingleConfig {
        SingleConfig {
            activation: self.activation,
            ..Default::default()
        }
    }
}

impl Architecture for TransformedConfig {
    sized_by_width_or_parameters!();

    /// The layer; `u`, `v` and a bias of each unit of `γ`; `β`.
    fn count(&self, dim: usize, width: usize) -> usize {
        self.layer().count(dim, width) + 3 * self.units + 1
    }

    fn check(&self, _dim: usize) -> Result<(), NetworkError> {
        count_from("units", self.units, 1)
    }
}

impl Builds<GradNetTransformed> for TransformedConfig {
    fn build(&self, dim: usize, width: usize, source: &mut ParameterSource) -> GradNetTransformed {
        let layer: GradNet = self.layer().build(dim, width, source);
        let gamma = FreeTransformation::new(self.units, self.activation, source);
        Transformed::new(layer, gamma, source)
    }
}

impl Builds<MGradNetTransformed> for TransformedConfig {
    fn build(&self, dim: usize, width: usize, source: &mut ParameterSource) -> MGradNetTransformed {
        let layer: MGradNet = self.layer().build(dim, width, source);
        let gamma = SoftplusTransformation::new(self.units, self.activation, source);
        Transformed::new(layer, gamma, source)
    }
}
