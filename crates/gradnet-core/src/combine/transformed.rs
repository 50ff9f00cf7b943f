//! Transformed gradients: `h(x) = γ(F(x) + β) f(x)` for a field `f = ∇F` with a known potential (Eq. (11)).
//!
//! `h = ∇ T(F(x) + β)` with `T' = γ`, and `J_h = γ' f fᵀ + γ J_f` is symmetric. Around sums of ridges such
//! fields are dense in the gradients of transformed sums of ridges (Thm. 5). With a convex `F` and `γ` nonnegative
//! and nondecreasing `h` is monotone (Thm. 6). The result has a potential again: transformations nest.

use crate::activation::{Activation, ActivationPotential, NeuralActivation, ScalarFunction};
use crate::field::{GradientField, MonotoneField, Potential, VectorField, row_dot};
use crate::kernel::quadrature::ray_integral;
use crate::kernel::softplus;
use crate::laplacian::{Laplacian, Trace};
use crate::sign::{Free, NonNegative};
use crate::source::ParameterSource;
use burn::module::{Module, ModuleDisplay, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;

/// A scalar function `γ: R -> R`; all shapes `[batch, 1]`.
pub trait Transformation: Module + ModuleDisplay + Sync {
    /// `γ(s)`.
    fn value(&self, s: Tensor<2>) -> Tensor<2>;
    /// `γ'(s)`.
    fn derivative(&self, s: Tensor<2>) -> Tensor<2>;
    /// An antiderivative of `γ`.
    fn antiderivative(&self, s: Tensor<2>) -> Tensor<2>;
}

/// A `γ` that is nonnegative and nondecreasing (Thm. 6).
pub trait MonotoneTransformation: Transformation {}

/// Any continuous `γ`: a scalar network (Thm. 5).
#[derive(Module, Debug)]
pub struct FreeTransformation {
    /// The network, one hidden unit.
    pub network: NeuralActivation<Free>,
}

/// `γ = softplus(τ)` with a nondecreasing scalar network `τ` (Lemma 7).
#[derive(Module, Debug)]
pub struct SoftplusTransformation {
    /// `τ`, one hidden unit.
    pub network: NeuralActivation<NonNegative>,
}

impl FreeTransformation {
    /// A network of `units` scalar units.
    pub fn new(units: usize, function: ScalarFunction, source: &mut ParameterSource) -> Self {
        Self {
            network: NeuralActivation::new([1, units], function, source),
        }
    }
}

impl SoftplusTransformation {
    /// A network of `units` scalar units.
    pub fn new(units: usize, function: ScalarFunction, source: &mut ParameterSource) -> Self {
        Self {
            network: NeuralActivation::new([1, units], function, source),
        }
    }
}

impl Transformation for FreeTransformation {
    fn value(&self, s: Tensor<2>) -> Tensor<2> {
        self.network.forward(s)
    }

    fn derivative(&self, s: Tensor<2>) -> Tensor<2> {
        let one = s.ones_like();
        self.network.jacobian_vector(s, one)
    }

    fn antiderivative(&self, s: Tensor<2>) -> Tensor<2> {
        self.network.potential(s).unsqueeze_dim(1)
    }
}

impl Transformation for SoftplusTransformation {
    fn value(&self, s: Tensor<2>) -> Tensor<2> {
        softplus(self.network.forward(s))
    }

    fn derivative(&self, s: Tensor<2>) -> Tensor<2> {
        let one = s.ones_like();
        sigmoid(self.network.forward(s.clone())) * self.network.jacobian_vector(s, one)
    }

    fn antiderivative(&self, s: Tensor<2>) -> Tensor<2> {
        ray_integral(s, |t| self.value(t))
    }
}

impl MonotoneTransformation for SoftplusTransformation {}

/// `γ(F(x) + β) f(x)` around a field with a potential.
#[derive(Module, Debug)]
pub struct Transformed<F: Module, G: Module> {
    /// `f = ∇F`.
    pub field: F,
    /// `γ`.
    pub transformation: G,
    /// `β`, `[1]`.
    pub bias: Param<Tensor<1>>,
}

impl<F: Potential + Module, G: Transformation> Transformed<F, G> {
    /// Transforms a field, with `β = 0` to begin with.
    pub fn new(field: F, transformation: G, source: &ParameterSource) -> Self {
        Self {
            field,
            transformation,
            bias: source.constant([1], 0.0),
        }
    }

    /// `F(x) + β`, `[batch, 1]`.
    fn shifted_potential(&self, x: Tensor<2>) -> Tensor<2> {
        (self.field.potential(x) + self.bias.val()).unsqueeze_dim(1)
    }
}

impl<F: Potential + Module, G: Transformation> VectorField for Transformed<F, G> {
    fn dim(&self) -> usize {
        self.field.dim()
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let weight = self.transformation.value(self.shifted_potential(x.clone()));
        self.field.forward(x) * weight
    }

    /// `γ' ⟨f, v⟩ f + γ J_f v`.
    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        let s = self.shifted_potential(x.clone());
        let f = self.field.forward(x.clone());
        let along = row_dot(f.clone(), v.clone()).unsqueeze_dim(1);
        let slope = self.transformation.derivative(s.clone());
        f * along * slope + self.field.jacobian_vector(x, v) * self.transformation.value(s)
    }
}

impl<F: Potential + Module, G: Transformation> GradientField for Transformed<F, G> {}
impl<F: MonotoneField + Potential + Module, G: MonotoneTransformation> MonotoneField
    for Transformed<F, G>
{
}

impl<F: Potential + Module, G: Transformation> Potential for Transformed<F, G> {
    fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        self.transformation
            .antiderivative(self.shifted_potential(x))
            .squeeze_dim(1)
    }
}

impl<F: Potential + Laplacian + Module, G: Transformation> Laplacian for Transformed<F, G> {
    /// `γ' ‖f‖² + γ tr J_f`.
    fn laplacian(&self, x: Tensor<2>) -> Tensor<1> {
        let s = self.shifted_potential(x.clone());
        let f = self.field.forward(x.clone());
        let steepness = row_dot(f.clone(), f);
        let slope: Tensor<1> = self.transformation.derivative(s.clone()).squeeze_dim(1);
        let weight: Tensor<1> = self.transformation.value(s).squeeze_dim(1);
        steepness * slope + self.field.laplacian(x) * weight
    }

    fn trace(&self) -> Trace {
        self.field.trace()
    }
}
