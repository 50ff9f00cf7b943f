//! The baseline network of Table III: a perceptron that outputs a vector field with no guarantee.

use super::config::network_configs;
use super::error::{NetworkError, check_size};
use super::mlp::DenseLayer;
use crate::activation::{ScalarFunction, smooth_or_jumps};
use crate::field::{VectorField, assert_dim};
use crate::laplacian::{Laplacian, Trace, trace_by_products};
use crate::source::ParameterSource;
use burn::module::{Module, Param};
use burn::tensor::Tensor;

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

network_configs! {
    /// Settings of [`BaselineNetwork`], a perceptron without guarantee (the baseline \[59\] of Table III):
    /// `f(x) = U s(W_2 s(W_1 x + b_1) + b_2)`.
    ///
    /// Weights start orthogonal, as those of the Hamiltonian network do.
    ///
    /// # Shapes
    /// - `W_1`: `[width, dim]`; `W_2`: `[width, width]`; `b_1`, `b_2`: `[width]`; `U`: `[dim, width]`
    /// - the field: `[batch, dim] -> [batch, dim]`
    pub struct BaselineNetworkConfig => BaselineNetwork;

    fields {
        /// The dimension of the points.
        pub dim: usize,
        /// Units of each of the two hidden layers.
        #[config(default = 100)]
        pub width: usize,
        /// `s`, the scalar function of the units.
        #[config(default = "ScalarFunction::Tanh")]
        pub activation: ScalarFunction,
    }
    architecture {
        fn check(&self) -> Result<(), NetworkError> {
            check_size(self.dim, self.width)
        }

        fn num_params(&self) -> usize {
            self.width * (self.dim + 1) + self.width * (self.width + 1) + self.width * self.dim
        }

        fn build(&self, source: &mut ParameterSource) -> Self::Network {
            BaselineNetwork {
                layers: vec![
                    DenseLayer::orthogonal([self.width, self.dim], source),
                    DenseLayer::orthogonal([self.width, self.width], source),
                ],
                output: source.orthogonal([self.dim, self.width]),
                function: self.activation,
            }
        }
    }
}

/// By products: no closed form of the trace is cheaper.
impl Laplacian for BaselineNetwork {
    fn laplacian(&self, x: Tensor<2>) -> Tensor<1> {
        trace_by_products(self, x)
    }

    fn trace(&self) -> Trace {
        smooth_or_jumps(Some(self.function)).max(Trace::Products)
    }
}
