//! One scalar function for every hidden unit, scaled: `σ(z) = α ⊙ s(z)`.
//!
//! The activation of Prop. 1 and 2 with the scaling of Thm. 3. `J_σ = diag(α s'(z))` is diagonal, hence
//! symmetric; with `α ≥ 0` and `s` nondecreasing it is positive semidefinite. `ψ(z) = Σ α_i ∫ s(z_i)`.

use super::ScalarFunction;
use super::{
    Activation, ActivationPotential, BlockDiagonalActivation, GradientActivation,
    MonotoneActivation,
};
use crate::field::row_dot;
use crate::sign::{NonNegative, Sign};
use crate::source::ParameterSource;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use core::marker::PhantomData;

/// `σ(z) = α ⊙ s(z)` with learned scales `α` of sign `S`.
#[derive(Module, Debug)]
pub struct ElementwiseActivation<S: Sign> {
    /// The stored scales, `[hidden]`.
    pub alpha: Param<Tensor<1>>,
    #[module(skip)]
    function: ScalarFunction,
    #[module(skip)]
    sign: PhantomData<S>,
}

impl<S: Sign> ElementwiseActivation<S> {
    /// `hidden` units, scales drawn as the released networks draw theirs: `U[0, 1)` before softplus
    /// where they are nonnegative, `U[-0.5, 0.5)` otherwise.
    pub fn new(hidden: usize, function: ScalarFunction, source: &mut ParameterSource) -> Self {
        Self {
            alpha: source.scale::<S, 1>([hidden]),
            function,
            sign: PhantomData,
        }
    }

    /// `s`.
    pub fn function(&self) -> ScalarFunction {
        self.function
    }

    fn scales(&self) -> Tensor<2> {
        S::constrain(self.alpha.val()).unsqueeze()
    }
}

impl<S: Sign> Activation for ElementwiseActivation<S> {
    fn forward(&self, z: Tensor<2>) -> Tensor<2> {
        self.function.value(z) * self.scales()
    }

    fn jacobian_vector(&self, z: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        self.function.derivative(z) * self.scales() * v
    }
}

impl<S: Sign> GradientActivation for ElementwiseActivation<S> {}
impl<S: Sign> BlockDiagonalActivation for ElementwiseActivation<S> {}
impl MonotoneActivation for ElementwiseActivation<NonNegative> {}

impl<S: Sign> ActivationPotential for ElementwiseActivation<S> {
    fn potential(&self, z: Tensor<2>) -> Tensor<1> {
        row_dot(self.function.antiderivative(z), self.scales())
    }
}
