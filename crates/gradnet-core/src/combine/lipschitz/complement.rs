//! `L x − f(x)`, monotone for any gradient field `f` with the Lipschitz bound `L` (Rem. 3).

use super::LipschitzField;
use crate::field::{GradientField, MonotoneField, Potential, VectorField};
use burn::module::Module;
use burn::tensor::Tensor;

/// `L x − f(x)` with the Lipschitz bound `L` of `f`: monotone for any gradient field (Rem. 3).
///
/// `L` follows the weights through training. Rounding of the bound is covered by a margin of one in ten
/// thousand.
#[derive(Module, Debug)]
pub struct SmoothComplement<F: Module> {
    /// `f`.
    pub field: F,
}

/// What rounding may take from a bound that is exact otherwise.
const MARGIN: f64 = 1.0 + 1e-4;

impl<F: LipschitzField + GradientField + Module> SmoothComplement<F> {
    /// The complement of a gradient field.
    pub fn new(field: F) -> Self {
        Self { field }
    }

    /// `L`, `[1]`.
    pub fn modulus(&self) -> Tensor<1> {
        self.field.lipschitz_bound() * MARGIN
    }
}

impl<F: LipschitzField + GradientField + Module> VectorField for SmoothComplement<F> {
    fn dim(&self) -> usize {
        self.field.dim()
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        x.clone() * self.modulus().unsqueeze() - self.field.forward(x)
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        v.clone() * self.modulus().unsqueeze() - self.field.jacobian_vector(x, v)
    }
}

impl<F: LipschitzField + GradientField + Module> GradientField for SmoothComplement<F> {}
impl<F: LipschitzField + GradientField + Module> MonotoneField for SmoothComplement<F> {}

impl<F: LipschitzField + Potential + Module> Potential for SmoothComplement<F> {
    fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        let quadratic = x.clone().square().sum_dim(1).squeeze_dim(1) * 0.5;
        quadratic * self.modulus() - self.field.potential(x)
    }
}
