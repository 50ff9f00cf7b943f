//! The gradient of a multilayer perceptron with scalar output:
//!
//! ```text
//! a_0 = x,  p_k = W_k a_{k-1} + b_k,  a_k = s(p_k),  F(x) = uᵀ a_K          (u = 1 if there is no output layer)
//! ∇F(x) = W_1ᵀ δ_1,   δ_K = u ⊙ s'(p_K),   δ_k = (W_{k+1}ᵀ δ_{k+1}) ⊙ s'(p_k)
//! ```
//!
//! The MLP baseline of Table II sums its last layer; the Hamiltonian network (Greydanus et al., 2019) has a
//! linear output layer without bias. Both are gradient fields, with no convexity.

use crate::activation::ScalarFunction;
use crate::field::{GradientField, Potential, VectorField, assert_dim};
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

impl PotentialMlp {
    /// `layers` hidden layers of `hidden` units whose last is summed; PyTorch's initial values.
    ///
    /// # Panics
    /// If there is no layer.
    pub fn summed(
        [layers, hidden, dim]: [usize; 3],
        function: ScalarFunction,
        source: &mut ParameterSource,
    ) -> Self {
        assert!(layers > 0, "a perceptron needs a hidden layer, not 0");
        let inputs = |layer| if layer == 0 { dim } else { hidden };
        Self {
            layers: (0..layers)
                .map(|layer| DenseLayer::uniform([hidden, inputs(layer)], source))
                .collect(),
            output: None,
            function,
        }
    }

    /// Two hidden layers and a linear output without bias; orthogonal initial weights, as the
    /// Hamiltonian networks have.
    pub fn hamiltonian(
        [hidden, dim]: [usize; 2],
        function: ScalarFunction,
        source: &mut ParameterSource,
    ) -> Self {
        Self {
            layers: vec![
                DenseLayer::orthogonal([hidden, dim], source),
                DenseLayer::orthogonal([hidden, hidden], source),
            ],
            output: Some(source.orthogonal([1, hidden])),
            function,
        }
    }

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
