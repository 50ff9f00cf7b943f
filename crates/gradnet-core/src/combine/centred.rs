//! `f(x − m)` with a learned centre `m`: a field seen from the middle of its data.
//!
//! The gradient of `F(x − m)`; a translation changes no Jacobian, so every guarantee of `f` stays. What it changes is
//! the training: around the origin of data that lies elsewhere, a quadratic and its linear term are nearly the same
//! function, and an optimizer that moves one coordinate at a time is slow to tell them apart.

use crate::dense_jacobian::DenseJacobian;
use crate::field::{GradientField, MonotoneField, Potential, VectorField, assert_dim};
use crate::laplacian::{Laplacian, Trace};
use crate::source::ParameterSource;
use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// `f(x − m)`.
#[derive(Module, Debug)]
pub struct Centred<F: Module> {
    /// `f`.
    pub field: F,
    /// `m`, `[dim]`.
    pub centre: Param<Tensor<1>>,
}

impl<F: VectorField + Module> Centred<F> {
    /// Looks at a field from `(centre, …, centre)` to begin with.
    pub fn new(field: F, centre: f64, source: &ParameterSource) -> Self {
        let dim = field.dim();
        Self {
            field,
            centre: source.constant([dim], centre),
        }
    }

    /// `x − m`.
    fn offset(&self, x: Tensor<2>) -> Tensor<2> {
        assert_dim(&x, self.dim());
        x - self.centre.val().unsqueeze()
    }
}

impl<F: VectorField + Module> VectorField for Centred<F> {
    fn dim(&self) -> usize {
        self.field.dim()
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.field.forward(self.offset(x))
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        self.field.jacobian_vector(self.offset(x), v)
    }

    fn dense_jacobian(&self) -> Option<DenseJacobian> {
        let centre = self.centre.val().unsqueeze::<2>();
        let of_field = self.field.dense_jacobian()?;
        Some(of_field.after(move |x| x - centre.clone()))
    }
}

impl<F: GradientField + Module> GradientField for Centred<F> {}
impl<F: MonotoneField + Module> MonotoneField for Centred<F> {}

impl<F: Potential + Module> Potential for Centred<F> {
    fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        self.field.potential(self.offset(x))
    }
}

impl<F: Laplacian + Module> Laplacian for Centred<F> {
    fn laplacian(&self, x: Tensor<2>) -> Tensor<1> {
        self.field.laplacian(self.offset(x))
    }

    fn trace(&self) -> Trace {
        self.field.trace()
    }
}
