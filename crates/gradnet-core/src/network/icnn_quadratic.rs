//! The gradient of an input convex neural network with quadratic skips (Korotin et al., "Wasserstein-2 generative
//! networks", ICLR 2021, the DenseICNN):
//!
//! ```text
//! q_k(x) = (Q_k x)² + A_k x + a_k                     the square entry by entry
//! p_1 = q_0(x),  p_{k+1} = B_k z_k + q_k(x),  z_k = softplus(p_k),  F(x) = p_{K+1}
//! ∇F(x) = Σ_k Q_kᵀ (2 Q_k x ⊙ δ_{k+1}) + A_kᵀ δ_{k+1},   δ_{K+1} = 1,   δ_k = (B_kᵀ δ_{k+1}) ⊙ s'(p_k)
//! ```
//!
//! with `B_k ≥ 0`. Every `q_k` is convex, and softplus is convex and nondecreasing: so every `p_k` is convex. `F` grows
//! as `|x|²` and its gradient as `|x|`, where a network of linear skips has a bounded gradient.

use super::config::network_configs;
use super::error::{NetworkError, check_size, count_from};
use super::mlp::DenseLayer;
use crate::activation::ScalarFunction;
use crate::field::{GradientField, MonotoneField, Potential, VectorField, assert_dim};
use crate::laplacian::{Laplacian, Trace, trace_by_products};
use crate::sign::{NonNegative, Sign};
use crate::source::ParameterSource;
use burn::module::{Module, Param};
use burn::tensor::Tensor;

const SOFTPLUS: ScalarFunction = ScalarFunction::Softplus;

/// `q(x) = (Q x)² + A x + a`.
#[derive(Module, Debug)]
pub struct QuadraticSkip {
    /// `Q`, `[outputs, dim]`.
    pub root: Param<Tensor<2>>,
    /// `A` and `a`.
    pub linear: DenseLayer,
}

/// One layer after the first: `p = B z + q(x)`, `B ≥ 0`.
#[derive(Module, Debug)]
pub struct IcnnQuadraticLayer {
    /// The stored `B`, `[outputs, hidden]`, used through softplus.
    pub hidden_weight: Param<Tensor<2>>,
    /// The path from the input.
    pub skip: QuadraticSkip,
}

/// An input convex network with softplus activations and quadratic skips, evaluated through its input gradient.
#[derive(Module, Debug)]
pub struct IcnnQuadratic {
    /// `q_0`.
    pub first: QuadraticSkip,
    /// The layers after the first; the last has one output, the potential.
    pub layers: Vec<IcnnQuadraticLayer>,
}

network_configs! {
    /// Settings of [`IcnnQuadratic`], the gradient of an input convex network with quadratic skips: monotone.
    ///
    /// ```text
    /// f = ∇F,   F(x) = p_{K+1},   p_1 = q_0(x),   q_k(x) = (Q_k x)² + A_k x + a_k
    /// p_{k+1} = B_k softplus(p_k) + q_k(x),   B_k ≥ 0,   k = 1, …, K
    /// ```
    ///
    /// # Shapes
    /// - `Q_k`, `A_k`: `[width, dim]`; `B_k`: `[width, width]`; `a_k`: `[width]`; the last ones have one row
    /// - the field: `[batch, dim] -> [batch, dim]`; its potential: `[batch, dim] -> [batch]`
    pub struct IcnnQuadraticConfig => IcnnQuadratic;

    fields {
        /// The dimension of the points.
        pub dim: usize,
        /// Units of each hidden layer.
        #[config(default = 32)]
        pub width: usize,
        /// Hidden layers `K`.
        #[config(default = 2)]
        pub layers: usize,
    }
    architecture {
        fn check(&self) -> Result<(), NetworkError> {
            check_size(self.dim, self.width)?;
            count_from("layers", self.layers, 1)
        }

        fn num_params(&self) -> usize {
            let skip = 2 * self.dim + 1;
            let layer = |outputs: usize| outputs * (self.width + skip);
            self.width * skip + (self.layers - 1) * layer(self.width) + layer(1)
        }

        fn build(&self, source: &mut ParameterSource) -> Self::Network {
            let Self { dim, width, layers } = *self;
            let outputs = |layer| if layer == layers { 1 } else { width };
            IcnnQuadratic {
                first: QuadraticSkip::new([width, dim], source),
                layers: (1..=layers)
                    .map(|layer| IcnnQuadraticLayer::new([outputs(layer), width, dim], source))
                    .collect(),
            }
        }
    }
}

impl QuadraticSkip {
    /// Everything from `U(±1/√dim)`, as PyTorch's linear layer.
    fn new([outputs, dim]: [usize; 2], source: &mut ParameterSource) -> Self {
        Self {
            root: source.linear([outputs, dim], dim),
            linear: DenseLayer::uniform([outputs, dim], source),
        }
    }

    /// `Q x`.
    fn roots(&self, x: Tensor<2>) -> Tensor<2> {
        x.matmul(self.root.val().transpose())
    }

    /// `q(x)` with the roots `Q x`.
    fn forward(&self, roots: Tensor<2>, x: Tensor<2>) -> Tensor<2> {
        roots.square() + self.linear.forward(x)
    }

    /// `J_q(x) v`, with the roots `Q x` and `Q v`.
    fn tangent(&self, roots: Tensor<2>, roots_dot: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        roots * roots_dot * 2.0 + self.linear.tangent(v)
    }

    /// `J_q(x)ᵀ δ`.
    fn transposed(&self, roots: Tensor<2>, delta: Tensor<2>) -> Tensor<2> {
        (roots * delta.clone() * 2.0).matmul(self.root.val()) + self.linear.transposed(delta)
    }

    /// The tangent of [`transposed`](Self::transposed).
    fn transposed_tangent(
        &self,
        [roots, roots_dot]: [Tensor<2>; 2],
        delta: Tensor<2>,
        delta_dot: Tensor<2>,
    ) -> Tensor<2> {
        let curved = (roots_dot * delta + roots * delta_dot.clone()) * 2.0;
        curved.matmul(self.root.val()) + self.linear.transposed(delta_dot)
    }
}

impl IcnnQuadraticLayer {
    /// `B` uniform with mean `1/hidden`, so that a layer of positive weights starts as an average.
    fn new([outputs, hidden, dim]: [usize; 3], source: &mut ParameterSource) -> Self {
        Self {
            hidden_weight: source.nonnegative([outputs, hidden], 2.0 / hidden as f64),
            skip: QuadraticSkip::new([outputs, dim], source),
        }
    }

    /// `B`.
    fn weight(&self) -> Tensor<2> {
        NonNegative::constrain(self.hidden_weight.val())
    }
}

impl IcnnQuadratic {
    /// The skips, the first layer's first.
    fn skips(&self) -> impl Iterator<Item = &QuadraticSkip> {
        std::iter::once(&self.first).chain(self.layers.iter().map(|layer| &layer.skip))
    }

    /// The roots `Q_0 x, …, Q_K x`.
    fn roots(&self, x: &Tensor<2>) -> Vec<Tensor<2>> {
        assert_dim(x, self.dim());
        self.skips().map(|skip| skip.roots(x.clone())).collect()
    }

    /// The pre-activations `p_1, …, p_{K+1}` with the roots at `x`.
    fn pre_activations(&self, x: Tensor<2>, roots: &[Tensor<2>]) -> Vec<Tensor<2>> {
        let mut p = vec![self.first.forward(roots[0].clone(), x.clone())];
        for (index, layer) in self.layers.iter().enumerate() {
            let z = SOFTPLUS.value(p[index].clone());
            let skipped = layer.skip.forward(roots[index + 1].clone(), x.clone());
            p.push(z.matmul(layer.weight().transpose()) + skipped);
        }
        p
    }
}

impl VectorField for IcnnQuadratic {
    fn dim(&self) -> usize {
        self.first.root.dims()[1]
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let roots = self.roots(&x);
        let p = self.pre_activations(x.clone(), &roots);
        let mut gradient = x.zeros_like();
        let mut delta = p[self.layers.len()].ones_like();
        let layers = self.layers.iter().zip(&roots[1..]);
        for ((layer, roots), p) in layers.zip(p).rev() {
            gradient = gradient + layer.skip.transposed(roots.clone(), delta.clone());
            delta = delta.matmul(layer.weight()) * SOFTPLUS.derivative(p);
        }
        gradient + self.first.transposed(roots[0].clone(), delta)
    }

    /// The tangent of the reverse pass; the last `δ` is constant.
    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        assert_dim(&v, self.dim());
        let roots = self.roots(&x);
        let p = self.pre_activations(x.clone(), &roots);
        let roots: Vec<[Tensor<2>; 2]> = roots
            .into_iter()
            .zip(self.skips())
            .map(|(roots, skip)| [roots, skip.roots(v.clone())])
            .collect();
        let skipped = self.skips().zip(&roots);
        let skipped: Vec<_> = skipped
            .map(|(skip, [roots, roots_dot])| {
                skip.tangent(roots.clone(), roots_dot.clone(), v.clone())
            })
            .collect();
        let mut p_dot = vec![skipped[0].clone()];
        for (layer, index) in self.layers.iter().zip(0..) {
            let z_dot = SOFTPLUS.derivative(p[index].clone()) * p_dot[index].clone();
            p_dot.push(z_dot.matmul(layer.weight().transpose()) + skipped[index + 1].clone());
        }

        let mut product = x.zeros_like();
        let mut delta = p[self.layers.len()].ones_like();
        let mut delta_dot = delta.zeros_like();
        let layers = self.layers.iter().zip(&roots[1..]);
        for ((layer, roots), (p, p_dot)) in layers.zip(p.into_iter().zip(p_dot)).rev() {
            let (at, at_dot) = (delta.clone(), delta_dot.clone());
            product = product + layer.skip.transposed_tangent(roots.clone(), at, at_dot);
            let (q, q_dot) = (
                delta.matmul(layer.weight()),
                delta_dot.matmul(layer.weight()),
            );
            let slope = SOFTPLUS.derivative(p.clone());
            delta_dot = q_dot * slope.clone() + q.clone() * SOFTPLUS.second_derivative(p) * p_dot;
            delta = q * slope;
        }
        let first = roots[0].clone();
        product + self.first.transposed_tangent(first, delta, delta_dot)
    }
}

impl GradientField for IcnnQuadratic {}
impl MonotoneField for IcnnQuadratic {}

impl Potential for IcnnQuadratic {
    fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        let roots = self.roots(&x);
        self.pre_activations(x, &roots)
            .pop()
            .expect("an ICNN has layers")
            .squeeze_dim(1)
    }
}

/// By products: no closed form of the trace is cheaper.
impl Laplacian for IcnnQuadratic {
    fn laplacian(&self, x: Tensor<2>) -> Tensor<1> {
        trace_by_products(self, x)
    }

    fn trace(&self) -> Trace {
        Trace::Products
    }
}
