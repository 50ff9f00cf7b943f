//! Hamilton's equations around a gradient field on phase space.
//!
//! With points `x = (q, p)` in `R^{2n}` and a field `f = ∇H = (∂H/∂q, ∂H/∂p)`, Eq. (24) reads
//!
//! ```text
//! dq/dt = ∂H/∂p,    dp/dt = −∂H/∂q
//! ```
//!
//! Along its solutions `H` is constant, whatever `H` is. The field outputs `∇H` in the input's order;
//! the paper's "dq/dt, −dp/dt" is not the gradient of anything in `(q, p)`.

use crate::field::{GradientField, VectorField};
use burn::module::Module;
use burn::tensor::Tensor;

/// The Hamiltonian vector field `(∂H/∂p, −∂H/∂q)` of a gradient field `F` on phase space.
///
/// It is a vector field but no gradient: its Jacobian is `S H_H` with the antisymmetric matrix `S` of
/// phase space.
#[derive(Module, Debug)]
pub struct Hamiltonian<F: Module> {
    /// The gradient `∇H`, over points `(q, p)`.
    pub gradient: F,
}

impl<F: GradientField + Module> Hamiltonian<F> {
    /// The dynamics of the Hamiltonian with gradient `gradient`.
    ///
    /// # Panics
    /// If the dimension is odd: phase space has as many momenta as positions.
    pub fn new(gradient: F) -> Self {
        assert!(
            gradient.dim().is_multiple_of(2),
            "phase space has an even dimension, not {}",
            gradient.dim()
        );
        Self { gradient }
    }

    /// `(g_q, g_p) ↦ (g_p, −g_q)`.
    fn rotate(&self, g: Tensor<2>) -> Tensor<2> {
        let n = self.gradient.dim() / 2;
        Tensor::cat(vec![g.clone().narrow(1, n, n), -g.narrow(1, 0, n)], 1)
    }
}

impl<F: GradientField + Module> VectorField for Hamiltonian<F> {
    fn dim(&self) -> usize {
        self.gradient.dim()
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.rotate(self.gradient.forward(x))
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        self.rotate(self.gradient.jacobian_vector(x, v))
    }
}
