//! The shell around a LogSumExp of quadratics: a smooth maximum of convex quadratics.

use super::architecture::{Architecture, Builds, sized_by_width_or_parameters};
use super::error::{NetworkError, at_least};
use crate::activation::QuadraticLseActivation;
use crate::source::ParameterSource;
use crate::tied::TiedNetwork;
use serde::{Deserialize, Serialize};

/// The gradient of `LSE_k(t (‖W_k x + a_k‖²/2 + c_k))/t + ⟨b, x⟩`; monotone.
pub type MGradNetQuadratic = TiedNetwork<QuadraticLseActivation>;

/// Settings of the network around a LogSumExp of quadratics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuadraticConfig {
    /// Hidden units of each quadratic, the rank of its matrix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget, instead of the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
    /// Quadratics the maximum is taken over.
    pub blocks: usize,
    /// The temperature to begin with; it is learned.
    pub temperature: f64,
}

impl Default for QuadraticConfig {
    fn default() -> Self {
        Self {
            width: None,
            parameters: None,
            blocks: 3,
            temperature: 5.0,
        }
    }
}

impl Architecture for QuadraticConfig {
    sized_by_width_or_parameters!();

    /// For each block `W_k`, `a_k`, `c_k`; the temperature; `b`.
    fn count(&self, dim: usize, width: usize) -> usize {
        self.blocks * (width * (dim + 1) + 1) + 1 + dim
    }

    fn check(&self, _dim: usize) -> Result<(), NetworkError> {
        at_least("blocks", self.blocks, 1)?;
        if self.temperature.is_finite() && self.temperature > 0.0 {
            return Ok(());
        }
        Err(NetworkError::Invalid {
            field: "temperature",
            value: self.temperature.to_string(),
            requirement: "a finite number above 0".into(),
        })
    }
}

impl Builds<MGradNetQuadratic> for QuadraticConfig {
    fn build(&self, dim: usize, width: usize, source: &mut ParameterSource) -> MGradNetQuadratic {
        let activation = QuadraticLseActivation::new(self.blocks, self.temperature, source);
        TiedNetwork::new([self.blocks * width, dim], activation, source).with_biases(source)
    }
}
