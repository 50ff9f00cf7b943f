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

use super::quadrature::ray_integral;
use super::{
    Activation, ActivationPotential, GradientActivation, MonotoneActivation, NeuralActivation,
    ScalarFunction,
};
use crate::sign::{NonNegative, Sign};
use crate::source::ParameterSource;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use core::marker::PhantomData;

/// The cascade of neural activations; `α`, `β` and the weights inside the units of sign `S`.
#[derive(Module, Debug)]
pub struct NeuralCascadedActivation<S: Sign> {
    /// The stored output scales of the layers, `[layers, hidden]`.
    pub alpha: Param<Tensor<2>>,
    /// The stored input scales of the layers, `[layers, hidden]`.
    pub beta: Param<Tensor<2>>,
    /// The biases of the layers, `[layers, hidden]`.
    pub bias: Param<Tensor<2>>,
    /// `s_ℓ`, one activation a layer.
    pub functions: Vec<NeuralActivation<S>>,
    #[module(skip)]
    sign: PhantomData<S>,
}

impl<S: Sign> NeuralCascadedActivation<S> {
    /// `layers` layers of `hidden` units, each a scalar network of `units` units; scales and biases start as those of
    /// [`CascadedActivation`](super::CascadedActivation).
    pub fn new(
        [layers, hidden, units]: [usize; 3],
        dim: usize,
        function: ScalarFunction,
        source: &mut ParameterSource,
    ) -> Self {
        let shape = [layers, hidden];
        Self {
            alpha: source.scale::<S, 2>(shape),
            beta: source.scale::<S, 2>(shape),
            bias: source.cascade_bias(shape, dim),
            functions: (0..layers)
                .map(|_| NeuralActivation::new([hidden, units], function, source))
                .collect(),
            sign: PhantomData,
        }
    }

    /// The output and, for the direction `v`, the slope along it: what one pass through the layers gives.
    fn layers(&self, w: Tensor<2>, v: Option<Tensor<2>>) -> (Tensor<2>, Option<Tensor<2>>) {
        let (alpha, beta) = (
            S::constrain(self.alpha.val()),
            S::constrain(self.beta.val()),
        );
        let bias = self.bias.val();
        let row = |parameter: &Tensor<2>, layer| parameter.clone().narrow(0, layer, 1);
        let mut output = w.zeros_like();
        let mut slope = v.as_ref().map(Tensor::zeros_like);
        for (layer, function) in self.functions.iter().enumerate() {
            let z = row(&beta, layer) * w.clone() + output + row(&bias, layer);
            slope = slope.zip(v.clone()).map(|(slope, v)| {
                let inner = row(&beta, layer) * v + slope;
                function.jacobian_vector(z.clone(), inner) * row(&alpha, layer)
            });
            output = function.forward(z) * row(&alpha, layer);
        }
        (output, slope)
    }
}

impl<S: Sign> Activation for NeuralCascadedActivation<S> {
    fn forward(&self, w: Tensor<2>) -> Tensor<2> {
        self.layers(w, None).0
    }

    /// `D v` with the diagonal `D` of Eq. (19), carried through the layers beside the values.
    fn jacobian_vector(&self, w: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        let zero = v.zeros_like();
        self.layers(w, Some(v)).1.unwrap_or(zero)
    }
}

impl<S: Sign> GradientActivation for NeuralCascadedActivation<S> {}
impl MonotoneActivation for NeuralCascadedActivation<NonNegative> {}

impl<S: Sign> ActivationPotential for NeuralCascadedActivation<S> {
    /// By quadrature along the ray from 0, as for the other cascade.
    fn potential(&self, w: Tensor<2>) -> Tensor<1> {
        ray_integral(w, |t| self.forward(t))
            .sum_dim(1)
            .squeeze_dim(1)
    }
}
