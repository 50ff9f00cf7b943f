//! The gradient of a multilayer perceptron with scalar output:
//!
//! ```text
//! a_0 = x,  p_k = W_k a_{k-1} + b_k,  a_k = s(p_k),  F(x) = uᵀ a_K          (u = 1 if there is no output layer)
//! ∇F(x) = W_1ᵀ δ_1,   δ_K = u ⊙ s'(p_K),   δ_k = (W_{k+1}ᵀ δ_{k+1}) ⊙ s'(p_k)
//! ```
//!
//! The MLP baseline of Table II sums its last layer; the Hamiltonian network (Greydanus et al., 2019) has a
//! linear output layer without bias. Both are gradient fields, with no convexity.
//!
//! Burn differentiates once, and training already needs that for the parameters. So `∇F` is written here as forward
//! tensor operations, a reverse pass derived by hand, and `H_F v` as the tangent of that pass; likewise in the ICNN.

use super::config::network_configs;
use super::error::{NetworkError, check_size, count_from};
use crate::activation::{ScalarFunction, smooth_or_jumps};
use crate::field::{GradientField, Potential, VectorField, assert_dim};
use crate::laplacian::{Laplacian, Trace, trace_by_products};
use crate::source::ParameterSource;
use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// An affine map `a ↦ W a + b`.
#[derive(Module, Debug)]
pub struct DenseLayer {
    /// `W`, `[outputs, inputs]`.
    pub weight: Param<Tensor<2>>,
    /// `b`, `[outputs]`.
    pub bias: Param<Tensor<1>>,
}

impl DenseLayer {
    /// PyTorch's linear layer: everything from `U(±1/√inputs)`.
    pub(crate) fn uniform([outputs, inputs]: [usize; 2], source: &mut ParameterSource) -> Self {
        Self {
            weight: source.linear([outputs, inputs], inputs),
            bias: source.linear([outputs], inputs),
        }
    }

    /// As the Hamiltonian networks do: orthogonal weights, biases from `U(±1/√inputs)`.
    pub(crate) fn orthogonal([outputs, inputs]: [usize; 2], source: &mut ParameterSource) -> Self {
        Self {
            weight: source.orthogonal([outputs, inputs]),
            bias: source.linear([outputs], inputs),
        }
    }

    pub(crate) fn forward(&self, a: Tensor<2>) -> Tensor<2> {
        self.tangent(a) + self.bias.val().unsqueeze()
    }

    /// `W a`.
    pub(crate) fn tangent(&self, a: Tensor<2>) -> Tensor<2> {
        a.matmul(self.weight.val().transpose())
    }

    /// `Wᵀ δ`.
    pub(crate) fn transposed(&self, delta: Tensor<2>) -> Tensor<2> {
        delta.matmul(self.weight.val())
    }
}

/// A scalar perceptron, evaluated through its input gradient.
#[derive(Module, Debug)]
pub struct PotentialMlp {
    /// The hidden layers, input first.
    pub layers: Vec<DenseLayer>,
    /// The output weights `u`, `[1, hidden]`; without them the scalar is the sum of the last layer.
    pub output: Option<Param<Tensor<2>>>,
    #[module(skip)]
    function: ScalarFunction,
}

network_configs! {
    /// Settings of [`PotentialMlp`] as the baseline MLP of Table II (App. A): the gradient of a perceptron whose last
    /// layer is summed.
    ///
    /// ```text
    /// f = ∇F,   F(x) = Σ_i a_Ki,   a_0 = x,   a_k = s(W_k a_{k−1} + b_k),   k = 1, …, K
    /// ```
    ///
    /// # Shapes
    /// - `W_1`: `[width, dim]`; the other `W_k`: `[width, width]`; `b_k`: `[width]`
    /// - the field: `[batch, dim] -> [batch, dim]`; its potential: `[batch, dim] -> [batch]`
    pub struct MlpConfig => PotentialMlp;

    fields {
        /// The dimension of the points.
        pub dim: usize,
        /// Units of each layer.
        #[config(default = 32)]
        pub width: usize,
        /// Hidden layers `K`, 3 in the paper.
        #[config(default = 3)]
        pub layers: usize,
        /// `s`, the scalar function of the units; not stated in the paper.
        #[config(default = "ScalarFunction::Tanh")]
        pub activation: ScalarFunction,
    }
    architecture {
        fn check(&self) -> Result<(), NetworkError> {
            check_size(self.dim, self.width)?;
            count_from("layers", self.layers, 1)
        }

        fn num_params(&self) -> usize {
            self.width * (self.dim + 1) + (self.layers - 1) * self.width * (self.width + 1)
        }

        fn build(&self, source: &mut ParameterSource) -> Self::Network {
            let inputs = |layer| if layer == 0 { self.dim } else { self.width };
            PotentialMlp {
                layers: (0..self.layers)
                    .map(|layer| DenseLayer::uniform([self.width, inputs(layer)], source))
                    .collect(),
                output: None,
                function: self.activation,
            }
        }
    }
}

network_configs! {
    /// Settings of [`PotentialMlp`] as a Hamiltonian network (Greydanus, Dzamba, Yosinski, 2019, the baseline \[59\]):
    /// the gradient of an energy on phase space.
    ///
    /// ```text
    /// f = ∇H,   H(q, p) = uᵀ s(W_2 s(W_1 x + b_1) + b_2),   x = (q, p)
    /// ```
    ///
    /// Weights start orthogonal, as that network's do. [`Hamiltonian`](crate::combine::Hamiltonian) makes dynamics of
    /// it.
    ///
    /// # Shapes
    /// - `W_1`: `[width, dim]`; `W_2`: `[width, width]`; `b_1`, `b_2`: `[width]`; `u`: `[1, width]`
    /// - the field: `[batch, dim] -> [batch, dim]`; its potential: `[batch, dim] -> [batch]`
    pub struct HamiltonianNetworkConfig => PotentialMlp;

    fields {
        /// The dimension of phase space, even: positions and momenta.
        pub dim: usize,
        /// Units of each of the two hidden layers, 100 in the paper.
        #[config(default = 100)]
        pub width: usize,
        /// `s`, the scalar function of the units.
        #[config(default = "ScalarFunction::Tanh")]
        pub activation: ScalarFunction,
    }
    architecture {
        fn check(&self) -> Result<(), NetworkError> {
            check_size(self.dim, self.width)?;
            if self.dim.is_multiple_of(2) {
                return Ok(());
            }
            Err(NetworkError::Dimension {
                dim: self.dim,
                requirement: "points (q, p) of phase space, an even dimension",
            })
        }

        fn num_params(&self) -> usize {
            self.width * (self.dim + 1) + self.width * (self.width + 1) + self.width
        }

        fn build(&self, source: &mut ParameterSource) -> Self::Network {
            PotentialMlp {
                layers: vec![
                    DenseLayer::orthogonal([self.width, self.dim], source),
                    DenseLayer::orthogonal([self.width, self.width], source),
                ],
                output: Some(source.orthogonal([1, self.width])),
                function: self.activation,
            }
        }
    }
}

impl PotentialMlp {
    /// The pre-activations `p_1, …, p_K`.
    fn pre_activations(&self, x: Tensor<2>) -> Vec<Tensor<2>> {
        assert_dim(&x, self.dim());
        let mut a = x;
        self.layers
            .iter()
            .map(|layer| {
                let p = layer.forward(a.clone());
                a = self.function.value(p.clone());
                p
            })
            .collect()
    }

    /// `u` for every point, `[batch, hidden]`.
    fn output_weights(&self, like: &Tensor<2>) -> Tensor<2> {
        match &self.output {
            Some(u) => u.val().expand(like.dims()),
            None => like.ones_like(),
        }
    }
}

impl VectorField for PotentialMlp {
    fn dim(&self) -> usize {
        self.layers[0].weight.dims()[1]
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let p = self.pre_activations(x);
        let upstream = self.output_weights(&p[p.len() - 1]);
        self.layers
            .iter()
            .zip(p)
            .rev()
            .fold(upstream, |upstream, (layer, p)| {
                layer.transposed(upstream * self.function.derivative(p))
            })
    }

    /// The tangent of the reverse pass: `δ̇_k = q̇_k ⊙ s'(p_k) + q_k ⊙ s''(p_k) ⊙ ṗ_k` with `q_k` the
    /// gradient that reaches layer `k`.
    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        assert_dim(&v, self.dim());
        let p = self.pre_activations(x);
        let mut a_dot = v;
        let p_dot: Vec<_> = self
            .layers
            .iter()
            .zip(&p)
            .map(|(layer, p)| {
                let p_dot = layer.tangent(a_dot.clone());
                a_dot = self.function.derivative(p.clone()) * p_dot.clone();
                p_dot
            })
            .collect();

        let q = self.output_weights(&p[p.len() - 1]);
        let q_dot = q.zeros_like();
        let (_, product) = self.layers.iter().zip(p.into_iter().zip(p_dot)).rev().fold(
            (q, q_dot),
            |(q, q_dot), (layer, (p, p_dot))| {
                let slope = self.function.derivative(p.clone());
                let bend = self.function.second_derivative(p) * p_dot;
                (
                    layer.transposed(q.clone() * slope.clone()),
                    layer.transposed(q_dot * slope + q * bend),
                )
            },
        );
        product
    }
}

impl GradientField for PotentialMlp {}

impl Potential for PotentialMlp {
    fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        let p = self.pre_activations(x);
        let last = p[p.len() - 1].clone();
        let u = self.output_weights(&last);
        (self.function.value(last) * u).sum_dim(1).squeeze_dim(1)
    }
}

/// By products: no closed form of the trace is cheaper.
impl Laplacian for PotentialMlp {
    fn laplacian(&self, x: Tensor<2>) -> Tensor<1> {
        trace_by_products(self, x)
    }

    fn trace(&self) -> Trace {
        smooth_or_jumps(Some(self.function)).max(Trace::Products)
    }
}
