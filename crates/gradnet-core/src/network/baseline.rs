//! The baseline network of Table III: a perceptron that outputs a vector field with no guarantee.

use super::architecture::{Architecture, Builds, sized_by_width_or_parameters};
use super::error::NetworkError;
use crate::activation::ScalarFunction;
use crate::field::{VectorField, assert_dim};
use crate::potential::DenseLayer;
use crate::source::ParameterSource;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// `f(x) = U s(W_2 s(W_1 x + b_1) + b_2)`: no gradient of anything, in general.
#[derive(Module, Debug)]
pub struct BaselineNetwork {
    /// The two hidden layers.
    pub layers: Vec<DenseLayer>,
    /// `U`, `[dim, hidden]`.
    pub output: Param<Tensor<2>>,
    #[module(skip)]
    function: ScalarFunction,
}

impl VectorField for BaselineNetwork {
    fn dim(&self) -> usize {
        self.output.dims()[0]
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        assert_dim(&x, self.dim());
        self.layers
            .iter()
            .fold(x, |a, layer| self.function.value(layer.forward(a)))
            .matmul(self.output.val().transpose())
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        assert_dim(&x, self.dim());
        assert_dim(&v, self.dim());
        let (_, tangent) = self.layers.iter().fold((x, v), |(a, a_dot), layer| {
            let p = layer.forward(a);
            let slope = self.function.derivative(p.clone());
            (self.function.value(p), slope * layer.tangent(a_dot))
        });
        tangent.matmul(self.output.val().transpose())
    }
}

/// Settings of the baseline network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BaselineConfig {
    /// Units of each of the two hidden layers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget, instead of the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
    /// The scalar function of the units.
    pub activation: ScalarFunction,
}

impl Default for BaselineConfig {
    fn default() -> Self {
        Self {
            width: None,
            parameters: None,
            activation: ScalarFunction::Tanh,
        }
    }
}

impl Architecture for BaselineConfig {
    sized_by_width_or_parameters!();

    fn count(&self, dim: usize, width: usize) -> usize {
        width * (dim + 1) + width * (width + 1) + width * dim
    }

    fn check(&self, _dim: usize) -> Result<(), NetworkError> {
        Ok(())
    }
}

impl Builds<BaselineNetwork> for BaselineConfig {
    /// Orthogonal initial weights, as the Hamiltonian networks have.
    fn build(&self, dim: usize, width: usize, source: &mut ParameterSource) -> BaselineNetwork {
        BaselineNetwork {
            layers: vec![
                DenseLayer::orthogonal([width, dim], source),
                DenseLayer::orthogonal([width, width], source),
            ],
            output: source.orthogonal([dim, width]),
            function: self.activation,
        }
    }
}
