//! `g(x) = f(x) + μ x`: the gradient of a μ-strongly convex function, hence invertible (Rem. 5).

use crate::dense_jacobian::DenseJacobian;
use crate::field::{GradientField, MonotoneField, Potential, VectorField, row_dot};
use crate::laplacian::{Laplacian, Trace};
use burn::module::Module;
use burn::tensor::Tensor;

/// `f + μ x` with a fixed modulus `μ > 0`: `⟨g(x) − g(y), x − y⟩ ≥ μ ‖x − y‖²` for a monotone `f`.
#[derive(Module, Debug)]
pub struct StronglyMonotone<F: Module> {
    /// `f`.
    pub field: F,
    modulus: f64,
}

impl<F: MonotoneField + Module> StronglyMonotone<F> {
    /// Adds `μ x` to a monotone field.
    ///
    /// # Panics
    /// If `modulus` is not a positive number.
    pub fn new(field: F, modulus: f64) -> Self {
        assert!(
            modulus > 0.0 && modulus.is_finite(),
            "the modulus must be a positive number, not {modulus}"
        );
        Self { field, modulus }
    }

    /// `μ`.
    pub fn modulus(&self) -> f64 {
        self.modulus
    }
}

impl<F: MonotoneField + Module> VectorField for StronglyMonotone<F> {
    fn dim(&self) -> usize {
        self.field.dim()
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.field.forward(x.clone()) + x * self.modulus
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        self.field.jacobian_vector(x, v.clone()) + v * self.modulus
    }

    fn dense_jacobian(&self) -> Option<DenseJacobian> {
        Some(self.field.dense_jacobian()?.plus_identity(self.modulus))
    }
}

impl<F: MonotoneField + Module> GradientField for StronglyMonotone<F> {}
impl<F: MonotoneField + Module> MonotoneField for StronglyMonotone<F> {}

impl<F: MonotoneField + Potential + Module> Potential for StronglyMonotone<F> {
    fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        // Scaled before it is squared: only a value that is too large itself overflows.
        let quadratic = row_dot(x.clone() * (self.modulus / 2.0), x.clone());
        self.field.potential(x) + quadratic
    }
}

impl<F: MonotoneField + Laplacian + Module> Laplacian for StronglyMonotone<F> {
    fn laplacian(&self, x: Tensor<2>) -> Tensor<1> {
        self.field.laplacian(x) + self.modulus * self.dim() as f64
    }

    fn trace(&self) -> Trace {
        self.field.trace()
    }
}
