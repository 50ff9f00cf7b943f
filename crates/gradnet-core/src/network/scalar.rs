//! The baselines that learn a scalar potential: ICNN, MLP, Hamiltonian network.

use super::architecture::{Architecture, Builds, sized_by_width_or_parameters};
use super::error::{NetworkError, count_from};
use crate::activation::ScalarFunction;
use crate::potential::{Icnn, PotentialMlp};
use crate::source::ParameterSource;
use serde::{Deserialize, Serialize};

/// Settings of the input convex neural network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IcnnConfig {
    /// Units of each hidden layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget, instead of the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
    /// Hidden layers, 2 in the paper.
    pub layers: usize,
}

impl Default for IcnnConfig {
    fn default() -> Self {
        Self {
            width: None,
            parameters: None,
            layers: 2,
        }
    }
}

impl Architecture for IcnnConfig {
    sized_by_width_or_parameters!();

    /// `A_0`, `a_0`; for each further layer `B`, `b`, `A`, `a`, the last with one output.
    fn count(&self, dim: usize, width: usize) -> usize {
        let layer = |outputs: usize| outputs * (width + 1 + dim + 1);
        width * (dim + 1) + (self.layers - 1) * layer(width) + layer(1)
    }

    fn check(&self, _dim: usize) -> Result<(), NetworkError> {
        count_from("layers", self.layers, 1)
    }
}

impl Builds<Icnn> for IcnnConfig {
    fn build(&self, dim: usize, width: usize, source: &mut ParameterSource) -> Icnn {
        Icnn::new([self.layers, width, dim], source)
    }
}

/// Settings of the MLP whose summed last layer is the potential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MlpConfig {
    /// Units of each layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget, instead of the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
    /// Hidden layers, 3 in the paper.
    pub layers: usize,
    /// The scalar function of the units; not stated in the paper.
    pub activation: ScalarFunction,
}

impl Default for MlpConfig {
    fn default() -> Self {
        Self {
            width: None,
            parameters: None,
            layers: 3,
            activation: ScalarFunction::Tanh,
        }
    }
}

impl Architecture for MlpConfig {
    sized_by_width_or_parameters!();

    fn count(&self, dim: usize, width: usize) -> usize {
        width * (dim + 1) + (self.layers - 1) * width * (width + 1)
    }

    fn check(&self, _dim: usize) -> Result<(), NetworkError> {
        count_from("layers", self.layers, 1)
    }
}

impl Builds<PotentialMlp> for MlpConfig {
    fn build(&self, dim: usize, width: usize, source: &mut ParameterSource) -> PotentialMlp {
        PotentialMlp::summed([self.layers, width, dim], self.activation, source)
    }
}

/// Settings of the Hamiltonian network of Greydanus, Dzamba, Yosinski (2019).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HamiltonianConfig {
    /// Units of each of the two hidden layers, 100 in the paper.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget, instead of the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
    /// The scalar function of the units.
    pub activation: ScalarFunction,
}

impl Default for HamiltonianConfig {
    fn default() -> Self {
        Self {
            width: None,
            parameters: None,
            activation: ScalarFunction::Tanh,
        }
    }
}

impl Architecture for HamiltonianConfig {
    sized_by_width_or_parameters!();

    fn count(&self, dim: usize, width: usize) -> usize {
        width * (dim + 1) + width * (width + 1) + width
    }

    fn check(&self, dim: usize) -> Result<(), NetworkError> {
        phase_space(dim)
    }
}

impl Builds<PotentialMlp> for HamiltonianConfig {
    fn build(&self, dim: usize, width: usize, source: &mut ParameterSource) -> PotentialMlp {
        PotentialMlp::hamiltonian([width, dim], self.activation, source)
    }
}

/// Phase space has as many momenta as positions.
fn phase_space(dim: usize) -> Result<(), NetworkError> {
    if dim.is_multiple_of(2) {
        return Ok(());
    }
    Err(NetworkError::Dimension {
        dim,
        requirement: "points (q, p) of phase space, an even dimension",
    })
}
