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
use super::quadrature::ray_integral;
use super::{Activation, ActivationPotential, GradientActivation, MonotoneActivation};
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
        let output = if S::NONNEGATIVE {
            source.nonnegative(shape, 2.0 / units as f64)
        } else {
            source.linear(shape, units)
        };
        let input = if S::NONNEGATIVE {
            source.nonnegative(shape, 2.0)
        } else {
            source.uniform(shape, -1.0, 1.0)
        };
        Self {
            output,
            input,
            bias: source.uniform(shape, -1.0, 1.0),
            function,
            sign: PhantomData,
        }
    }

    /// `v_ij z_i + β_ij`, `[batch, hidden] -> [batch, hidden, units]`, and the weights `(u, v)`.
    fn inner(&self, z: Tensor<2>) -> (Tensor<3>, Tensor<3>, Tensor<3>) {
        let output = S::constrain(self.output.val()).unsqueeze();
        let input: Tensor<3> = S::constrain(self.input.val()).unsqueeze();
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
impl MonotoneActivation for NeuralActivation<NonNegative> {}

impl<S: Sign> ActivationPotential for NeuralActivation<S> {
    /// By quadrature along the ray from 0: `(u/v) ∫s` would divide by input weights that may vanish.
    fn potential(&self, z: Tensor<2>) -> Tensor<1> {
        ray_integral(z, |t| self.forward(t))
            .sum_dim(1)
            .squeeze_dim(1)
    }
}
