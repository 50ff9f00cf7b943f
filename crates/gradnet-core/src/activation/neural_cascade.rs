//! The cascade with a small scalar network as the function of every unit of every layer:
//!
//! ```text
//! z_0 = β_0 ⊙ w + b_0
//! z_ℓ = β_ℓ ⊙ w + α_{ℓ-1} ⊙ s_{ℓ-1}(z_{ℓ-1}) + b_ℓ          ℓ = 1, …, L-1
//! σ(w) = α_{L-1} ⊙ s_{L-1}(z_{L-1})
//! ```
//!
//! Eq. (16)-(17) with the `s_ℓ` of Rem. 1 and Rem. 4, which the paper allows after Thm. 8 and Cor. 8.1 ("Cor. 8.1 also
//! permits the use of learned, elementwise mGradNet activations"). No unit sees another, so `J_σ` is diagonal (Thm. 8);
//! with nonnegative `α`, `β` and nondecreasing `s_ℓ` it is nonnegative (Cor. 8.1). Layers are counted as in
//! [`CascadedActivation`](super::CascadedActivation).

use super::neural::scalar_networks;
use super::{
    Activation, ActivationPotential, BlockDiagonalActivation, GradientActivation,
    MonotoneActivation, ScalarFunction,
};
use crate::kernel::portable::layers;
use crate::kernel::quadrature::ray_integral;
use crate::sign::{NonNegative, Sign};
use crate::source::ParameterSource;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use core::marker::PhantomData;

/// The cascade with `s_ℓi(z) = Σ_j u_ℓij s(v_ℓij z + γ_ℓij)`; `α`, `β`, `u` and `v` of sign `S`.
#[derive(Module, Debug)]
pub struct NeuralCascadedActivation<S: Sign> {
    /// The stored output scales of the layers, `[layers, hidden]`.
    pub alpha: Param<Tensor<2>>,
    /// The stored input scales of the layers, `[layers, hidden]`.
    pub beta: Param<Tensor<2>>,
    /// The biases of the layers, `[layers, hidden]`.
    pub bias: Param<Tensor<2>>,
    /// The stored output weights `u` of the scalar networks, `[layers, hidden, units]`.
    pub output: Param<Tensor<3>>,
    /// The stored input weights `v` of the scalar networks, `[layers, hidden, units]`.
    pub input: Param<Tensor<3>>,
    /// The biases `γ` of the scalar networks, `[layers, hidden, units]`.
    pub inner_bias: Param<Tensor<3>>,
    #[module(skip)]
    function: ScalarFunction,
    #[module(skip)]
    sign: PhantomData<S>,
}

impl<S: Sign> NeuralCascadedActivation<S> {
    /// `layers` layers of `hidden` units, each a scalar network of `units` units. Scales and biases start as those of
    /// [`CascadedActivation`](super::CascadedActivation), the scalar networks as those of
    /// [`NeuralActivation`](super::NeuralActivation).
    pub fn new(
        [layers, hidden, units]: [usize; 3],
        dim: usize,
        function: ScalarFunction,
        source: &mut ParameterSource,
    ) -> Self {
        let (scales, networks) = ([layers, hidden], [layers, hidden, units]);
        let (output, input) = scalar_networks::<S, 3>(networks, source);
        Self {
            alpha: source.scale::<S, 2>(scales),
            beta: source.scale::<S, 2>(scales),
            bias: source.cascade_bias(scales, dim),
            output,
            input,
            inner_bias: source.uniform(networks, -1.0, 1.0),
            function,
            sign: PhantomData,
        }
    }

    /// The scalar function `s` of the units of the scalar networks.
    pub fn function(&self) -> ScalarFunction {
        self.function
    }

    /// The output and, for the direction `v`, the slope along it: what one pass through the layers gives.
    fn pass(&self, w: Tensor<2>, v: Option<Tensor<2>>) -> (Tensor<2>, Option<Tensor<2>>) {
        let (alpha, beta) = (
            S::constrain(self.alpha.val()),
            S::constrain(self.beta.val()),
        );
        let (output, input) = (
            S::constrain(self.output.val()),
            S::constrain(self.input.val()),
        );
        let (bias, inner_bias) = (self.bias.val(), self.inner_bias.val());
        let row = |parameter: &Tensor<2>, layer| parameter.clone().narrow(0, layer, 1);
        let units = |parameter: &Tensor<3>, layer| parameter.clone().narrow(0, layer, 1);
        let sum = |terms: Tensor<3>| -> Tensor<2> { terms.sum_dim(2).squeeze_dim(2) };

        let mut slope = v.as_ref().map(Tensor::zeros_like);
        let value = layers(w, [&alpha, &beta, &bias], |layer, z| {
            let (u, v_inner) = (units(&output, layer), units(&input, layer));
            let inner: Tensor<3> =
                z.unsqueeze_dim::<3>(2) * v_inner.clone() + units(&inner_bias, layer);
            slope = slope.take().zip(v.clone()).map(|(slope, v)| {
                let along = row(&beta, layer) * v + slope;
                let steepness = self.function.derivative(inner.clone()) * u.clone() * v_inner;
                sum(steepness) * along * row(&alpha, layer)
            });
            sum(self.function.value(inner) * u)
        });
        (value, slope)
    }
}

impl<S: Sign> Activation for NeuralCascadedActivation<S> {
    fn forward(&self, w: Tensor<2>) -> Tensor<2> {
        self.pass(w, None).0
    }

    /// `D v` with the diagonal `D` of Eq. (19), carried through the layers beside the values.
    fn jacobian_vector(&self, w: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        let zero = v.zeros_like();
        self.pass(w, Some(v)).1.unwrap_or(zero)
    }
}

impl<S: Sign> GradientActivation for NeuralCascadedActivation<S> {}
impl<S: Sign> BlockDiagonalActivation for NeuralCascadedActivation<S> {}
impl MonotoneActivation for NeuralCascadedActivation<NonNegative> {}

impl<S: Sign> ActivationPotential for NeuralCascadedActivation<S> {
    /// By quadrature along the ray from 0, as for the other cascade.
    fn potential(&self, w: Tensor<2>) -> Tensor<1> {
        ray_integral(w, |t| self.forward(t))
            .sum_dim(1)
            .squeeze_dim(1)
    }
}
