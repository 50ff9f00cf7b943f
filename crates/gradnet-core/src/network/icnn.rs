//! The gradient of an input convex neural network (Amos, Xu, Kolter, 2017):
//!
//! ```text
//! p_1 = A_0 x + a_0,  p_{k+1} = B_k z_k + b_k + A_k x + a_k,  z_k = softplus(p_k),  F(x) = p_{K+1}
//! ∇F(x) = Σ_k A_kᵀ δ_{k+1},   δ_{K+1} = 1,   δ_k = (B_kᵀ δ_{k+1}) ⊙ s'(p_k)
//! ```
//!
//! with `B_k ≥ 0`, so that every `p_k` is convex in `x`: softplus is convex and nondecreasing. Every linear
//! map has a bias of its own, redundant ones included, as the count of 109 parameters at `d = 2` asks.

use super::config::network_configs;
use super::error::{NetworkError, check_size, count_from};
use super::mlp::DenseLayer;
use crate::activation::ScalarFunction;
use crate::dense_jacobian::{DenseJacobian, Parts, add_matrices, squares};
use crate::field::{GradientField, MonotoneField, Potential, VectorField, assert_dim};
use crate::host::host;
use crate::kernel::{on_flex, product};
use crate::laplacian::{Laplacian, Trace, trace_by_products};
use crate::sign::{NonNegative, Sign};
use crate::source::ParameterSource;
use burn::module::{Module, Param};
use burn::tensor::{Tensor, TensorData};

const SOFTPLUS: ScalarFunction = ScalarFunction::Softplus;

/// One layer after the first: `p = B z + b + A x + a`, `B ≥ 0`.
#[derive(Module, Debug)]
pub struct IcnnLayer {
    /// The stored `B`, `[outputs, hidden]`, used through softplus.
    pub hidden_weight: Param<Tensor<2>>,
    /// `b`, `[outputs]`.
    pub hidden_bias: Param<Tensor<1>>,
    /// `A` and `a`: the path from the input.
    pub skip: DenseLayer,
}

/// An input convex network with softplus activations, evaluated through its input gradient.
#[derive(Module, Debug)]
pub struct Icnn {
    /// `A_0`, `a_0`.
    pub first: DenseLayer,
    /// The layers after the first; the last has one output, the potential.
    pub layers: Vec<IcnnLayer>,
}

network_configs! {
    /// Settings of [`Icnn`], the gradient of an input convex network (the baseline \[36\]): monotone.
    ///
    /// ```text
    /// f = ∇F,   F(x) = p_{K+1},   p_1 = A_0 x + a_0
    /// p_{k+1} = B_k softplus(p_k) + b_k + A_k x + a_k,   B_k ≥ 0,   k = 1, …, K
    /// ```
    ///
    /// # Shapes
    /// - `A_k`: `[width, dim]`; `B_k`: `[width, width]`; `a_k`, `b_k`: `[width]`; the last ones have one row
    /// - the field: `[batch, dim] -> [batch, dim]`; its potential: `[batch, dim] -> [batch]`
    pub struct IcnnConfig => Icnn;

    fields {
        /// The dimension of the points.
        pub dim: usize,
        /// Units of each hidden layer.
        #[config(default = 32)]
        pub width: usize,
        /// Hidden layers `K`, 2 in the paper.
        #[config(default = 2)]
        pub layers: usize,
    }
    architecture {
        fn check(&self) -> Result<(), NetworkError> {
            check_size(self.dim, self.width)?;
            count_from("layers", self.layers, 1)
        }

        fn num_params(&self) -> usize {
            let layer = |outputs: usize| outputs * (self.width + 1 + self.dim + 1);
            self.width * (self.dim + 1) + (self.layers - 1) * layer(self.width) + layer(1)
        }

        fn build(&self, source: &mut ParameterSource) -> Self::Network {
            let Self { dim, width, layers } = *self;
            let outputs = |layer| if layer == layers { 1 } else { width };
            Icnn {
                first: DenseLayer::uniform([width, dim], source),
                layers: (1..=layers)
                    .map(|layer| IcnnLayer::new([outputs(layer), width, dim], source))
                    .collect(),
            }
        }
    }
}

impl IcnnLayer {
    /// `A` as PyTorch's linear layer; `B` uniform with mean `1/hidden`, so that a layer of positive
    /// weights starts as an average and the gradient neither grows nor vanishes with the width.
    fn new([outputs, hidden, dim]: [usize; 3], source: &mut ParameterSource) -> Self {
        Self {
            hidden_weight: source.nonnegative([outputs, hidden], 2.0 / hidden as f64),
            hidden_bias: source.linear([outputs], hidden),
            skip: DenseLayer::uniform([outputs, dim], source),
        }
    }

    /// `B`.
    fn weight(&self) -> Tensor<2> {
        NonNegative::constrain(self.hidden_weight.val())
    }

    fn forward(&self, z: Tensor<2>, x: Tensor<2>) -> Tensor<2> {
        z.matmul(self.weight().transpose())
            + self.hidden_bias.val().unsqueeze()
            + self.skip.forward(x)
    }
}

impl Icnn {
    /// The pre-activations `p_1, …, p_{K+1}`.
    fn pre_activations(&self, x: Tensor<2>) -> Vec<Tensor<2>> {
        assert_dim(&x, self.dim());
        let mut p = vec![self.first.forward(x.clone())];
        for (layer, index) in self.layers.iter().zip(0..) {
            let z = SOFTPLUS.value(p[index].clone());
            p.push(layer.forward(z, x.clone()));
        }
        p
    }
}

impl VectorField for Icnn {
    fn dim(&self) -> usize {
        self.first.weight.dims()[1]
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let mut gradient = x.zeros_like();
        let p = self.pre_activations(x);
        let mut delta = p[self.layers.len()].ones_like();
        for (layer, p) in self.layers.iter().zip(p).rev() {
            gradient = gradient + layer.skip.transposed(delta.clone());
            delta = delta.matmul(layer.weight()) * SOFTPLUS.derivative(p);
        }
        gradient + self.first.transposed(delta)
    }

    /// The tangent of the reverse pass; the last `δ` is constant.
    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        assert_dim(&v, self.dim());
        let mut product = x.zeros_like();
        let p = self.pre_activations(x);
        let mut p_dot = vec![self.first.tangent(v.clone())];
        for (layer, index) in self.layers.iter().zip(0..) {
            let z_dot = SOFTPLUS.derivative(p[index].clone()) * p_dot[index].clone();
            let through = z_dot.matmul(layer.weight().transpose());
            p_dot.push(through + layer.skip.tangent(v.clone()));
        }

        let mut delta = p[self.layers.len()].ones_like();
        let mut delta_dot = delta.zeros_like();
        for (layer, (p, p_dot)) in self.layers.iter().zip(p.into_iter().zip(p_dot)).rev() {
            product = product + layer.skip.transposed(delta_dot.clone());
            let (q, q_dot) = (
                delta.matmul(layer.weight()),
                delta_dot.matmul(layer.weight()),
            );
            let slope = SOFTPLUS.derivative(p.clone());
            delta_dot = q_dot * slope.clone() + q.clone() * SOFTPLUS.second_derivative(p) * p_dot;
            delta = q * slope;
        }
        product + self.first.transposed(delta_dot)
    }

    fn dense_jacobian(&self) -> Option<DenseJacobian> {
        if !on_flex(&self.first.weight.val()) {
            return None;
        }
        let (field, dim) = (self.clone(), self.dim());
        let first = squares(self.first.weight.val());
        let deeper: Vec<_> = self.layers.iter().map(IcnnLayer::weight).collect();
        Some(DenseJacobian::new(dim, move |x| {
            let [points, _] = x.dims();
            let found = field.hessians(x, &first, &deeper);
            let width = found.len() / points.max(1);
            vec![Parts {
                triangles: TensorData::new(found, [points, width]),
                squares: Vec::new(),
            }]
        }))
    }
}

impl Icnn {
    /// `Σ_k Jᵀ_{p_k} diag(B_kᵀ δ_{k+1} ⊙ s''(p_k)) J_{p_k}`, lower triangles; `first` has those of the squares of
    /// the first layer's rows, `weights` are the `B_k`.
    fn hessians(&self, x: Tensor<2>, first: &Tensor<2>, weights: &[Tensor<2>]) -> Vec<f64> {
        let [rows, dim] = x.dims();
        let p = self.pre_activations(x);
        // The weights of the squares, the last layer's first.
        let mut curvatures = Vec::new();
        let mut delta = p[self.layers.len()].ones_like();
        for (weight, p) in weights.iter().zip(&p).rev() {
            let q = delta.matmul(weight.clone());
            curvatures.push(q.clone() * SOFTPLUS.second_derivative(p.clone()));
            delta = q * SOFTPLUS.derivative(p.clone());
        }
        let curvature = curvatures.pop().expect("an ICNN has layers");
        let mut found = host(product(curvature, first.clone()));
        // J_{p_k}, `[rows, units, dim]`.
        let mut jacobian = self.first.weight.val().unsqueeze_dim::<3>(0);
        for (index, curvature) in curvatures.into_iter().rev().enumerate() {
            let slopes = SOFTPLUS.derivative(p[index].clone());
            let [_, units] = slopes.dims();
            let bent = jacobian * slopes.reshape([rows, units, 1]);
            // One product: the units of all rows and directions side by side.
            let bent = bent.swap_dims(0, 1).reshape([units, rows * dim]);
            let weight = weights[index].clone();
            let [outputs, _] = weight.dims();
            let through = weight.matmul(bent).reshape([outputs, rows, dim]);
            let skip = self.layers[index].skip.weight.val();
            jacobian = through.swap_dims(0, 1) + skip.unsqueeze_dim::<3>(0);
            let weighed = jacobian.clone() * curvature.reshape([rows, outputs, 1]);
            let more = host(weighed.swap_dims(1, 2).matmul(jacobian.clone()));
            add_matrices(&more, dim, &mut found);
        }
        found
    }
}

impl GradientField for Icnn {}
impl MonotoneField for Icnn {}

impl Potential for Icnn {
    fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        self.pre_activations(x)
            .pop()
            .expect("an ICNN has layers")
            .squeeze_dim(1)
    }
}

/// By products: no closed form of the trace is cheaper.
impl Laplacian for Icnn {
    fn laplacian(&self, x: Tensor<2>) -> Tensor<1> {
        trace_by_products(self, x)
    }

    fn trace(&self) -> Trace {
        Trace::Products
    }
}
