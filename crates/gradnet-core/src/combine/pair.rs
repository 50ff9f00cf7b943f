//! Sums and differences of two fields of any kinds (Rem. 2, Rem. 6, Thm. 2).

use crate::field::{GradientField, MonotoneField, Potential, VectorField};
use crate::laplacian::{Laplacian, Trace};
use burn::module::Module;
use burn::tensor::Tensor;

/// `f + g`: a gradient if both are, monotone if both are.
#[derive(Module, Debug)]
pub struct Sum<F: Module, G: Module> {
    /// `f`.
    pub first: F,
    /// `g`.
    pub second: G,
}

/// `f − g`: a gradient field if both are, and with monotone scaled softmax networks on both sides dense
/// in the gradients of L-smooth functions (Thm. 2).
#[derive(Module, Debug)]
pub struct Difference<F: Module, G: Module> {
    /// `f`.
    pub first: F,
    /// `g`.
    pub second: G,
}

macro_rules! pair {
    ($pair:ident, $operator:tt) => {
        impl<F: VectorField + Module, G: VectorField + Module> $pair<F, G> {
            /// Puts two fields together.
            ///
            /// # Panics
            /// If their dimensions differ.
            pub fn new(first: F, second: G) -> Self {
                assert_eq!(first.dim(), second.dim(), "the two fields must have one dimension");
                Self { first, second }
            }
        }

        impl<F: VectorField + Module, G: VectorField + Module> VectorField for $pair<F, G> {
            fn dim(&self) -> usize {
                self.first.dim()
            }

            fn forward(&self, x: Tensor<2>) -> Tensor<2> {
                self.first.forward(x.clone()) $operator self.second.forward(x)
            }

            fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
                self.first.jacobian_vector(x.clone(), v.clone())
                    $operator self.second.jacobian_vector(x, v)
            }
        }

        impl<F: GradientField + Module, G: GradientField + Module> GradientField for $pair<F, G> {}

        impl<F: Potential + Module, G: Potential + Module> Potential
            for $pair<F, G>
        {
            fn potential(&self, x: Tensor<2>) -> Tensor<1> {
                self.first.potential(x.clone()) $operator self.second.potential(x)
            }
        }

        impl<F: Laplacian + Module, G: Laplacian + Module> Laplacian for $pair<F, G> {
            fn laplacian(&self, x: Tensor<2>) -> Tensor<1> {
                self.first.laplacian(x.clone()) $operator self.second.laplacian(x)
            }

            fn trace(&self) -> Trace {
                self.first.trace().max(self.second.trace())
            }
        }
    };
}

pair!(Sum, +);
pair!(Difference, -);

impl<F: MonotoneField + Module, G: MonotoneField + Module> MonotoneField for Sum<F, G> {}
