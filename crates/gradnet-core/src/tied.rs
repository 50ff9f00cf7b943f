//! The tied shell: one weight matrix on both sides of an activation,
//!
//! ```text
//! f(x) = Wᵀ σ(W x + a) + b          F(x) = ψ(W x + a) + ⟨b, x⟩          J_f(x) = Wᵀ J_σ(W x + a) W
//! ```
//!
//! Eq. (1) of the paper, and the whole library: every network of the paper that outputs a gradient
//! directly is this shell around another `σ = ∇ψ`. `J_σ` symmetric makes `f` a gradient (Prop. 1),
//! `J_σ` positive semidefinite a monotone one (Prop. 2), so the shell inherits the guarantee of its
//! activation, whatever that is.

use crate::activation::{
    Activation, ActivationPotential, ActivationTrace, GradientActivation, MonotoneActivation,
};
use crate::dense_jacobian::DenseJacobian;
use crate::field::{GradientField, MonotoneField, Potential, VectorField, assert_dim, row_dot};
use crate::kernel::{FusedActivation, jacobian_vector, product, product_transposed, tied_shell};
use crate::laplacian::{Laplacian, Trace};
use crate::source::ParameterSource;
use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// `x ↦ Wᵀ σ(W x + a) + b` around an activation `A`; either bias may be left out.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use gradnet_core::activation::{ElementwiseActivation, ScalarFunction};
/// use gradnet_core::sign::NonNegative;
/// use gradnet_core::{MonotoneField, ParameterSource, TiedNetwork, VectorField};
///
/// fn needs_a_guarantee(field: &impl MonotoneField, x: Tensor<2>) -> Tensor<2> {
///     field.forward(x)
/// }
///
/// let device = Device::flex();
/// let mut source = ParameterSource::new(&device, 0);
/// let sigma = ElementwiseActivation::<NonNegative>::new(16, ScalarFunction::Tanh, &mut source);
/// let network = TiedNetwork::new([16, 3], sigma, &mut source).with_biases(&mut source);
/// let y = needs_a_guarantee(&network, Tensor::zeros([5, 3], &device));
/// assert_eq!(y.dims(), [5, 3]);
/// ```
#[derive(Module, Debug)]
pub struct TiedNetwork<A: Module> {
    /// `W`, `[hidden, dim]`.
    pub weight: Param<Tensor<2>>,
    /// `a`, `[hidden]`.
    pub hidden_bias: Option<Param<Tensor<1>>>,
    /// `b`, `[dim]`.
    pub output_bias: Option<Param<Tensor<1>>>,
    /// `σ`.
    pub activation: A,
}

impl<A: Module> TiedNetwork<A> {
    /// A shell without biases, `W` drawn from `U(±1/√dim)` as PyTorch's linear layer does.
    pub fn new([hidden, dim]: [usize; 2], activation: A, source: &mut ParameterSource) -> Self {
        Self {
            weight: source.linear([hidden, dim], dim),
            hidden_bias: None,
            output_bias: None,
            activation,
        }
    }

    /// With a hidden bias `a` drawn from `U(±1/√dim)`.
    pub fn with_hidden_bias(mut self, source: &mut ParameterSource) -> Self {
        let [hidden, dim] = self.weight.dims();
        self.hidden_bias = Some(source.linear([hidden], dim));
        self
    }

    /// With an output bias `b` drawn from `U(±1/√hidden)`.
    pub fn with_output_bias(mut self, source: &mut ParameterSource) -> Self {
        let [hidden, dim] = self.weight.dims();
        self.output_bias = Some(source.linear([dim], hidden));
        self
    }

    /// With both biases.
    pub fn with_biases(self, source: &mut ParameterSource) -> Self {
        self.with_hidden_bias(source).with_output_bias(source)
    }

    /// `W x + a`, `[batch, dim] -> [batch, hidden]`.
    pub(crate) fn hidden(&self, x: Tensor<2>) -> Tensor<2> {
        hidden(x, self.weight.val(), self.bias())
    }

    fn bias(&self) -> Option<Tensor<1>> {
        self.hidden_bias.as_ref().map(Param::val)
    }
}

/// `W x + a`.
fn hidden(x: Tensor<2>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<2> {
    assert_dim(&x, weight.dims()[1]);
    let z = product_transposed(x, weight);
    match bias {
        Some(bias) => z + bias.unsqueeze(),
        None => z,
    }
}

impl<A: Activation + Module> VectorField for TiedNetwork<A> {
    fn dim(&self) -> usize {
        self.weight.dims()[1]
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        assert_dim(&x, self.dim());
        let y = match self.activation.fused() {
            Some(fused) => tied_shell(x, self.weight.val(), self.bias(), fused),
            None => product(self.activation.forward(self.hidden(x)), self.weight.val()),
        };
        match &self.output_bias {
            Some(bias) => y + bias.val().unsqueeze(),
            None => y,
        }
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        assert_dim(&v, self.dim());
        let weight = self.weight.val();
        let along = product_transposed(v, weight.clone());
        let z = self.hidden(x);
        let fused = self.activation.fused();
        let fused = fused.and_then(|fused| jacobian_vector(&z, &along, fused));
        let bent = fused.unwrap_or_else(|| self.activation.jacobian_vector(z, along));
        product(bent, weight)
    }

    fn dense_jacobian(&self) -> Option<DenseJacobian> {
        let (weight, bias) = (self.weight.val(), self.bias());
        let of_hidden = match self.activation.fused()? {
            FusedActivation::SoftmaxModules(modules) => {
                DenseJacobian::of_softmax_modules(modules, weight.clone())?
            }
            FusedActivation::Cascade(_) => return None,
        };
        Some(of_hidden.after(move |x| hidden(x, weight.clone(), bias.clone())))
    }
}

impl<A: GradientActivation + Module> GradientField for TiedNetwork<A> {}
impl<A: MonotoneActivation + Module> MonotoneField for TiedNetwork<A> {}

impl<A: ActivationPotential + Module> Potential for TiedNetwork<A> {
    fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        let value = self.activation.potential(self.hidden(x.clone()));
        match &self.output_bias {
            Some(bias) => value + row_dot(x, bias.val().unsqueeze()),
            None => value,
        }
    }
}

impl<A: ActivationTrace + Module> Laplacian for TiedNetwork<A> {
    fn laplacian(&self, x: Tensor<2>) -> Tensor<1> {
        self.activation
            .shell_trace(self.hidden(x), self.weight.val())
    }

    fn trace(&self) -> Trace {
        self.activation.trace()
    }
}
