//! The cascade: a deep scalar network for each hidden unit, seen as one elementwise activation.
//!
//! With `w = W x` the layers of Eq. (16)-(17) are
//!
//! ```text
//! z_0 = β_0 ⊙ w + b_0
//! z_ℓ = β_ℓ ⊙ w + α_{ℓ-1} ⊙ s(z_{ℓ-1}) + b_ℓ          ℓ = 1, …, L-1
//! σ(w) = α_{L-1} ⊙ s(z_{L-1})
//! ```
//!
//! No unit sees another, so `J_σ` is diagonal and the shell around it is a gradient field (Thm. 8);
//! with `α, β ≥ 0` and a nondecreasing `s` it is a monotone one (Cor. 8.1). The paper counts layers
//! from 0 in `β` and from 1 in `α`; here layer `ℓ` owns `α_ℓ`, `β_ℓ`, `b_ℓ` and `s_ℓ`, and `L` is the
//! number of activations (the released `num_layers`).

use super::ScalarFunction;
use super::{
    Activation, ActivationPotential, BlockDiagonalActivation, GradientActivation,
    MonotoneActivation,
};
use crate::kernel::portable::layers;
use crate::kernel::quadrature::ray_integral;
use crate::kernel::{Cascade, CascadeFunction, FusedActivation, cascade};
use crate::sign::{NonNegative, Sign};
use crate::source::ParameterSource;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use core::marker::PhantomData;

/// The cascade of Eq. (16)-(17); scales `α`, `β` of sign `S`.
///
/// [`ActivationPotential`] integrates along the ray from 0, since no closed form is known; the error is
/// far below that of `f32` where the cascade is smooth on the scale of a sixteenth of `|w|`
/// (the bound stands in the source; `tests/suite/properties.rs` of gradnet-train holds the gradient against it).
#[derive(Module, Debug)]
pub struct CascadedActivation<S: Sign> {
    /// The stored output scales of the layers, `[layers, hidden]`.
    pub alpha: Param<Tensor<2>>,
    /// The stored input scales of the layers, `[layers, hidden]`.
    pub beta: Param<Tensor<2>>,
    /// The biases of the layers, `[layers, hidden]`.
    pub bias: Param<Tensor<2>>,
    /// The learned function of every unit, where it is not fixed.
    pub learned: Option<LearnedTanh>,
    #[module(skip)]
    fixed: ScalarFunction,
    #[module(skip)]
    sign: PhantomData<S>,
}

/// The learned scalar function `s(u) = a tanh u + b (u − tanh u)` of every unit of every layer
/// (App. B); with `a, b ≥ 0` it is nondecreasing, as `s' = a (1 − tanh²) + b tanh²`.
#[derive(Module, Debug)]
pub struct LearnedTanh {
    /// The stored weights of `tanh u`, `[layers, hidden]`.
    pub a: Param<Tensor<2>>,
    /// The stored weights of `u − tanh u`, `[layers, hidden]`.
    pub b: Param<Tensor<2>>,
}

impl LearnedTanh {
    /// As released: `a = b = 1/hidden` as stored, in every layer.
    fn new(shape: [usize; 2], source: &ParameterSource) -> Self {
        let value = 1.0 / shape[1] as f64;
        Self {
            a: source.constant(shape, value),
            b: source.constant(shape, value),
        }
    }
}

impl<S: Sign> CascadedActivation<S> {
    /// A cascade with one fixed function, initialised as released: `α`, `β` as in
    /// [`ElementwiseActivation`](super::ElementwiseActivation), the first bias `U(±1/√dim)`, later ones
    /// `U(±1/√hidden)`.
    pub fn fixed(
        [layers, hidden]: [usize; 2],
        dim: usize,
        function: ScalarFunction,
        source: &mut ParameterSource,
    ) -> Self {
        let shape = [layers, hidden];
        Self {
            alpha: source.scale::<S, 2>(shape),
            beta: source.scale::<S, 2>(shape),
            bias: source.cascade_bias(shape, dim),
            learned: None,
            fixed: function,
            sign: PhantomData,
        }
    }

    /// A cascade with a learned function in every unit of every layer.
    pub fn learned(shape: [usize; 2], dim: usize, source: &mut ParameterSource) -> Self {
        Self {
            learned: Some(LearnedTanh::new(shape, source)),
            ..Self::fixed(shape, dim, ScalarFunction::Tanh, source)
        }
    }

    /// The fixed function of the units, unless it is learned.
    pub fn fixed_function(&self) -> Option<ScalarFunction> {
        self.learned.is_none().then_some(self.fixed)
    }

    /// The parameters in use, constrained.
    fn cascade(&self) -> Cascade {
        Cascade {
            alpha: S::constrain(self.alpha.val()),
            beta: S::constrain(self.beta.val()),
            bias: self.bias.val(),
            function: match &self.learned {
                Some(learned) => CascadeFunction::Learned {
                    a: S::constrain(learned.a.val()),
                    b: S::constrain(learned.b.val()),
                },
                None => CascadeFunction::Fixed(self.fixed),
            },
        }
    }
}

impl<S: Sign> Activation for CascadedActivation<S> {
    fn forward(&self, w: Tensor<2>) -> Tensor<2> {
        cascade(w, self.cascade())
    }

    fn fused(&self) -> Option<FusedActivation> {
        Some(FusedActivation::Cascade(self.cascade()))
    }

    /// `D v` with the diagonal `D` of Eq. (19), accumulated layer by layer.
    fn jacobian_vector(&self, w: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        let cascade = self.cascade();
        let row = |parameter: &Tensor<2>, layer| parameter.clone().narrow(0, layer, 1);
        let mut slope = w.zeros_like();
        let parameters = [&cascade.alpha, &cascade.beta, &cascade.bias];
        layers(w, parameters, |layer, z| {
            let (value, derivative) = cascade.function.with_derivative(layer, z);
            let along = row(&cascade.beta, layer) + slope.clone();
            slope = row(&cascade.alpha, layer) * derivative * along;
            value
        });
        slope * v
    }
}

impl<S: Sign> GradientActivation for CascadedActivation<S> {}
impl<S: Sign> BlockDiagonalActivation for CascadedActivation<S> {}
impl MonotoneActivation for CascadedActivation<NonNegative> {}

impl<S: Sign> ActivationPotential for CascadedActivation<S> {
    fn potential(&self, w: Tensor<2>) -> Tensor<1> {
        ray_integral(w, |t| self.forward(t))
            .sum_dim(1)
            .squeeze_dim(1)
    }
}
