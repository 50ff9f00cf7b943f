//! A small scalar network for each hidden unit (Rem. 1, Rem. 4; Eq. (6) in the proof of Thm. 3; Lemma 5):
//!
//! ```text
//! σ_i(z) = Σ_j u_ij s(v_ij z_i + β_ij)
//! ```
//!
//! Elementwise, so the shell around it is a gradient field; with `u, v ≥ 0` every `σ_i` is nondecreasing and
//! the field monotone. With `s` a sigmoid these are dense in the continuous (nondecreasing) functions, so the
//! shells are dense in the gradients of sums of (convex) ridges (Thm. 3, Thm. 4).

use super::ScalarFunction;
use super::{
    Activation, ActivationPotential, BlockDiagonalActivation, GradientActivation,
    MonotoneActivation,
};
use crate::sign::{NonNegative, Sign};
use crate::source::ParameterSource;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use core::marker::PhantomData;

/// `σ_i(z) = Σ_j u_ij s(v_ij z_i + β_ij)`, `u` and `v` of sign `S`.
#[derive(Module, Debug)]
pub struct NeuralActivation<S: Sign> {
    /// The stored output weights `u`, `[hidden, units]`.
    pub output: Param<Tensor<2>>,
    /// The stored input weights `v`, `[hidden, units]`.
    pub input: Param<Tensor<2>>,
    /// `β`, `[hidden, units]`.
    pub bias: Param<Tensor<2>>,
    #[module(skip)]
    function: ScalarFunction,
    #[module(skip)]
    sign: PhantomData<S>,
}

/// Stored weights `(u, v)` of scalar networks, whose units are counted by the last dimension; output weights sum to
/// about one.
pub(super) fn scalar_networks<S: Sign, const D: usize>(
    shape: [usize; D],
    source: &mut ParameterSource,
) -> (Param<Tensor<D>>, Param<Tensor<D>>) {
    let units = shape[D - 1];
    if S::NONNEGATIVE {
        let output = source.nonnegative(shape, 2.0 / units as f64);
        (output, source.nonnegative(shape, 2.0))
    } else {
        let output = source.linear(shape, units);
        (output, source.uniform(shape, -1.0, 1.0))
    }
}

impl<S: Sign> NeuralActivation<S> {
    /// `units` scalar units for each of `hidden` hidden units.
    ///
    /// Biases from `U[-1, 1)` spread the units over the data; output weights sum to about one.
    pub fn new(
        [hidden, units]: [usize; 2],
        function: ScalarFunction,
        source: &mut ParameterSource,
    ) -> Self {
        let shape = [hidden, units];
        let (output, input) = scalar_networks::<S, 2>(shape, source);
        Self {
            output,
            input,
            bias: source.uniform(shape, -1.0, 1.0),
            function,
            sign: PhantomData,
        }
    }

    /// The scalar function `s` of the units.
    pub fn function(&self) -> ScalarFunction {
        self.function
    }

    /// The weights in use, `(u, v)`, each `[1, hidden, units]`.
    fn weights(&self) -> (Tensor<3>, Tensor<3>) {
        (
            S::constrain(self.output.val()).unsqueeze(),
            S::constrain(self.input.val()).unsqueeze(),
        )
    }

    /// `v_ij z_i + β_ij`, `[batch, hidden] -> [batch, hidden, units]`, and the weights `(u, v)`.
    fn inner(&self, z: Tensor<2>) -> (Tensor<3>, Tensor<3>, Tensor<3>) {
        let (output, input) = self.weights();
        let inner = z.unsqueeze_dim(2) * input.clone() + self.bias.val().unsqueeze();
        (inner, output, input)
    }
}

impl<S: Sign> Activation for NeuralActivation<S> {
    fn forward(&self, z: Tensor<2>) -> Tensor<2> {
        let (inner, output, _) = self.inner(z);
        (self.function.value(inner) * output)
            .sum_dim(2)
            .squeeze_dim(2)
    }

    fn jacobian_vector(&self, z: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        let (inner, output, input) = self.inner(z);
        let slope: Tensor<2> = (self.function.derivative(inner) * output * input)
            .sum_dim(2)
            .squeeze_dim(2);
        slope * v
    }
}

impl<S: Sign> GradientActivation for NeuralActivation<S> {}
impl<S: Sign> BlockDiagonalActivation for NeuralActivation<S> {}
impl MonotoneActivation for NeuralActivation<NonNegative> {}

impl<S: Sign> ActivationPotential for NeuralActivation<S> {
    /// `ψ(z) = Σ_ij (u_ij/v_ij) [S(v_ij z_i + β_ij) − S(β_ij)]` with the antiderivative `S' = s`, zero at the origin.
    /// The quotient is taken as `z_i` times a [mean](ScalarFunction::mean), so input weights may vanish.
    fn potential(&self, z: Tensor<2>) -> Tensor<1> {
        let (output, input) = self.weights();
        let z: Tensor<3> = z.unsqueeze_dim(2);
        let step = z.clone() * input;
        let start = step.zeros_like() + self.bias.val().unsqueeze();
        let means = self.function.mean(start, step);
        (means * output * z).sum_dim(2).sum_dim(1).flatten(0, 2)
    }
}
