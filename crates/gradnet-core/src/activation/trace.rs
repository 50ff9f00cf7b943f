//! The trace that an activation's Jacobian has inside a tied shell, `tr(Wᵀ J_σ(z) W)`, in closed form.

use super::{
    Activation, CascadedActivation, ElementwiseActivation, IcgnActivation, IcgnMonteCarlo,
    NeuralActivation, NeuralCascadedActivation, ScalarFunction, SplineActivation, SplineShape,
};
use crate::laplacian::Trace;
use crate::sign::Sign;
use burn::tensor::Tensor;

/// An activation whose Jacobian has a trace in closed form inside a shell.
pub trait ActivationTrace: Activation {
    /// The traces `tr(Wᵀ J_σ(z) W)`.
    ///
    /// # Shapes
    /// `z`: `[batch, hidden]`, `weight`: `[hidden, dim]`; returns `[batch]`.
    fn shell_trace(&self, z: Tensor<2>, weight: Tensor<2>) -> Tensor<1>;

    /// [`Trace::Jumps`] where `J_σ` jumps, else [`Trace::Closed`].
    fn trace(&self) -> Trace {
        Trace::Closed
    }
}

/// An activation whose Jacobian is diagonal: `tr(Wᵀ J_σ W) = Σ_i σ_i'(z_i) ‖w_i‖²`.
pub trait DiagonalActivation: Activation {
    /// The scalar function of which it is made, if it is one of those that may have kinks.
    fn scalar_function(&self) -> Option<ScalarFunction> {
        None
    }
}

impl<A: DiagonalActivation> ActivationTrace for A {
    fn shell_trace(&self, z: Tensor<2>, weight: Tensor<2>) -> Tensor<1> {
        let slopes = self.jacobian_vector(z.clone(), z.ones_like());
        slopes.matmul(weight.square().sum_dim(1)).squeeze_dim(1)
    }

    fn trace(&self) -> Trace {
        smooth_or_jumps(self.scalar_function())
    }
}

/// How the trace of a field of units with this function is found, where it has a closed form.
pub(crate) fn smooth_or_jumps(function: Option<ScalarFunction>) -> Trace {
    match function {
        Some(ScalarFunction::Relu) => Trace::Jumps,
        _ => Trace::Closed,
    }
}

impl<S: Sign> DiagonalActivation for ElementwiseActivation<S> {
    fn scalar_function(&self) -> Option<ScalarFunction> {
        Some(self.function())
    }
}

impl<S: Sign> DiagonalActivation for CascadedActivation<S> {
    fn scalar_function(&self) -> Option<ScalarFunction> {
        self.fixed_function()
    }
}

impl<S: Sign> DiagonalActivation for NeuralActivation<S> {
    fn scalar_function(&self) -> Option<ScalarFunction> {
        Some(self.function())
    }
}

impl<S: Sign> DiagonalActivation for NeuralCascadedActivation<S> {
    fn scalar_function(&self) -> Option<ScalarFunction> {
        Some(self.function())
    }
}

impl DiagonalActivation for IcgnActivation {}
impl DiagonalActivation for IcgnMonteCarlo {}

/// Slopes of linear splines jump at the knots, as those of a rectifier do at its kink.
impl<S: SplineShape> DiagonalActivation for SplineActivation<S> {
    fn scalar_function(&self) -> Option<ScalarFunction> {
        Some(ScalarFunction::Relu)
    }
}
