//! Activations with jumps, whose shells return subgradients (Sec. V-D, Def. 8):
//!
//! ```text
//! step     ψ(z) = Σ_i α_i max(z_i, 0)       σ(z) = α ⊙ [z > 0]
//! hardmax  ψ(z) = max_i z_i                 σ(z) = [z_i = max_j z_j], divided by the number of ties
//! ```
//!
//! Both `ψ` are convex and have kinks; `σ(z)` is their gradient off the kinks and an element of the subdifferential on
//! them, so the shell around `σ` gives an element of `∂F` everywhere: `F(y) ≥ F(x) + ⟨f(x), y − x⟩` for all `y`. The
//! hardmax is the limit of the scaled softmax of Thm. 1 for `t → ∞`, ties included. `J_σ` is zero off the kinks and is
//! given as zero on them. `tests/suite/subgradients.rs` holds both against the definition.

use super::{Activation, ActivationPotential, GradientActivation, MonotoneActivation};
use crate::field::row_dot;
use crate::sign::{NonNegative, Sign};
use crate::source::ParameterSource;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;

/// `α ⊙ [z > 0]` with `α ≥ 0`; at `z_i = 0` the subgradient 0.
#[derive(Module, Debug)]
pub struct StepActivation {
    /// The stored scales, `[hidden]`, used through softplus.
    pub alpha: Param<Tensor<1>>,
}

impl StepActivation {
    /// `hidden` units, scales drawn as those of [`ElementwiseActivation`](super::ElementwiseActivation).
    pub fn new(hidden: usize, source: &mut ParameterSource) -> Self {
        Self {
            alpha: source.scale::<NonNegative, 1>([hidden]),
        }
    }

    fn scales(&self) -> Tensor<2> {
        NonNegative::constrain(self.alpha.val()).unsqueeze()
    }
}

impl Activation for StepActivation {
    fn forward(&self, z: Tensor<2>) -> Tensor<2> {
        let dtype = z.dtype();
        z.greater_elem(0.0).float().cast(dtype) * self.scales()
    }

    fn jacobian_vector(&self, _z: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        v.zeros_like()
    }
}

impl GradientActivation for StepActivation {}
impl MonotoneActivation for StepActivation {}

impl ActivationPotential for StepActivation {
    fn potential(&self, z: Tensor<2>) -> Tensor<1> {
        row_dot(relu(z), self.scales())
    }
}

/// The largest entries of `z`, each by the same share of 1.
#[derive(Module, Debug)]
pub struct HardmaxActivation;

impl Activation for HardmaxActivation {
    fn forward(&self, z: Tensor<2>) -> Tensor<2> {
        let dtype = z.dtype();
        let shape = z.dims();
        let largest = z.clone().max_dim(1).expand(shape);
        let winners = z.greater_equal(largest).float().cast(dtype);
        winners.clone() / winners.sum_dim(1)
    }

    fn jacobian_vector(&self, _z: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        v.zeros_like()
    }
}

impl GradientActivation for HardmaxActivation {}
impl MonotoneActivation for HardmaxActivation {}

impl ActivationPotential for HardmaxActivation {
    fn potential(&self, z: Tensor<2>) -> Tensor<1> {
        z.max_dim(1).squeeze_dim(1)
    }
}
