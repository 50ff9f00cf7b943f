//! `C f(C x)` with `C x = x − mean(x)`: a field that neither sees nor changes the mean of the coordinates.
//!
//! The gradient of `F(C x)`, since `C` is symmetric; `C` is a projection, so every guarantee and every Lipschitz bound
//! of `f` stays. A regularizer of image patches should not see their brightness.

use crate::field::{GradientField, MonotoneField, Potential, VectorField};
use crate::laplacian::{Laplacian, Trace};
use burn::module::Module;
use burn::tensor::Tensor;

/// `C f(C x)`.
#[derive(Module, Debug)]
pub struct MeanFree<F: Module> {
    /// `f`.
    pub field: F,
}

/// `C x` for every row, `[batch, dim] -> [batch, dim]`.
pub(crate) fn mean_free(x: Tensor<2>) -> Tensor<2> {
    let mean = x.clone().mean_dim(1);
    x - mean
}

impl<F: VectorField + Module> MeanFree<F> {
    /// The field `C f(C x)`.
    pub fn new(field: F) -> Self {
        Self { field }
    }
}

impl<F: VectorField + Module> VectorField for MeanFree<F> {
    fn dim(&self) -> usize {
        self.field.dim()
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        mean_free(self.field.forward(mean_free(x)))
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        mean_free(self.field.jacobian_vector(mean_free(x), mean_free(v)))
    }
}

impl<F: GradientField + Module> GradientField for MeanFree<F> {}
impl<F: MonotoneField + Module> MonotoneField for MeanFree<F> {}

impl<F: Potential + Module> Potential for MeanFree<F> {
    fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        self.field.potential(mean_free(x))
    }
}

impl<F: Laplacian + Module> Laplacian for MeanFree<F> {
    /// `tr(C J C) = tr J − ⟨1, J 1⟩/dim`.
    fn laplacian(&self, x: Tensor<2>) -> Tensor<1> {
        let dim = self.dim() as f64;
        let x = mean_free(x);
        let along = self.field.jacobian_vector(x.clone(), x.ones_like());
        let mean: Tensor<1> = along.sum_dim(1).squeeze_dim(1);
        self.field.laplacian(x) - mean / dim
    }

    fn trace(&self) -> Trace {
        self.field.trace()
    }
}
