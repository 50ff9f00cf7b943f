//! `L x − f(x)`, monotone for any gradient field `f` with the Lipschitz bound `L` (Rem. 3).

use super::{LipschitzField, epsilon};
use crate::field::{GradientField, MonotoneField, Potential, VectorField, row_dot};
use burn::module::Module;
use burn::tensor::{DType, Tensor};

/// `L x − f(x)` with the Lipschitz bound `L` of `f`: monotone for any gradient field (Rem. 3).
///
/// `L` follows the weights through training. A margin covers rounding: one in ten thousand, and the
/// epsilon of the element type that the points have times `4 + √dim`, since a product with a
/// Jacobian is a sum of rounded terms.
#[derive(Module, Debug)]
pub struct SmoothComplement<F: Module> {
    /// `f`.
    pub field: F,
}

/// What rounding may take from a bound that is exact otherwise, whatever the element type.
const MARGIN: f64 = 1e-4;

impl<F: LipschitzField + GradientField + Module> SmoothComplement<F> {
    /// The complement of a gradient field.
    pub fn new(field: F) -> Self {
        Self { field }
    }

    /// `L`, `[1]`, in the element type of the bound.
    pub fn modulus(&self) -> Tensor<1> {
        let bound = self.field.lipschitz_bound();
        let dtype = bound.dtype();
        self.modulus_in(dtype, bound)
    }

    /// `L` as it stands beside points of an element type.
    fn modulus_in(&self, dtype: DType, bound: Tensor<1>) -> Tensor<1> {
        let roundings = 4.0 + (self.field.dim() as f64).sqrt();
        (bound * (1.0 + MARGIN + roundings * epsilon(dtype))).cast(dtype)
    }

    /// `L x`.
    fn stretched(&self, x: Tensor<2>) -> Tensor<2> {
        let modulus = self.modulus_in(x.dtype(), self.field.lipschitz_bound());
        x * modulus.unsqueeze()
    }
}

impl<F: LipschitzField + GradientField + Module> VectorField for SmoothComplement<F> {
    fn dim(&self) -> usize {
        self.field.dim()
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.stretched(x.clone()) - self.field.forward(x)
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        self.stretched(v.clone()) - self.field.jacobian_vector(x, v)
    }
}

impl<F: LipschitzField + GradientField + Module> GradientField for SmoothComplement<F> {}
impl<F: LipschitzField + GradientField + Module> MonotoneField for SmoothComplement<F> {}

impl<F: LipschitzField + Potential + Module> Potential for SmoothComplement<F> {
    fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        let quadratic = row_dot(self.stretched(x.clone()), x.clone()) * 0.5;
        quadratic - self.field.potential(x)
    }
}
