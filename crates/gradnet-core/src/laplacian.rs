//! The Laplacian of a potential, the trace of its gradient's Jacobian:
//!
//! ```text
//! ΔF(x) = tr J_f(x)        for f = Wᵀ σ(W x + a) + b:    tr J_f(x) = tr(Wᵀ J_σ(W x + a) W)
//! ```
//!
//! Score matching needs it (Hyvärinen, JMLR 2005, Eq. (4)) and usually estimates it, since for most networks it takes a
//! product with the Jacobian for each dimension. For a tied shell it costs what the field costs: `Σ_i σ_i' ‖w_i‖²`
//! where the activation is elementwise, and the closed forms of [`ActivationTrace`](crate::activation::ActivationTrace)
//! for modules. All of it is made of operations that can be differentiated, so that a loss may contain it.
//! `tests/suite/laplacians.rs` of gradnet-train holds each against the sum of the Jacobian's diagonal, and gradients of
//! its parameters against central differences in 64 bits.

use crate::field::VectorField;
use burn::tensor::{IndexingUpdateOp, Int, Tensor};

/// How a field's Laplacian is found, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trace {
    /// In closed form, at the cost of the field.
    Closed,
    /// By a product with the Jacobian for each dimension.
    Products,
    /// The Jacobian jumps, as that of a piecewise linear field does: the trace has a value almost everywhere, but its
    /// derivative by the parameters does not see where the jumps are, and a loss that contains it is not minimised by
    /// following it.
    Jumps,
}

/// A field whose Laplacian, or trace of the Jacobian, can be part of a loss.
pub trait Laplacian: VectorField {
    /// The traces `tr J_f(x)`, which are `ΔF(x)` for `f = ∇F`.
    ///
    /// # Shapes
    /// `x`: `[batch, dim]`; returns `[batch]`.
    ///
    /// # Panics
    /// If the last dimension of `x` is not [`dim`](VectorField::dim).
    fn laplacian(&self, x: Tensor<2>) -> Tensor<1>;

    /// How they are found.
    fn trace(&self) -> Trace;
}

/// The traces of the Jacobian of any field, by `dim` products: `Σ_i ⟨e_i, J_f(x) e_i⟩`.
///
/// # Shapes
/// `x`: `[batch, dim]`; returns `[batch]`.
///
/// # Panics
/// If the last dimension of `x` is not the field's.
pub fn trace_by_products(field: &impl VectorField, x: Tensor<2>) -> Tensor<1> {
    let [batch, dim] = x.dims();
    let mut trace = Tensor::zeros([batch], (&x.device(), x.dtype()));
    for axis in 0..dim {
        let column = Tensor::<1, Int>::full([1], axis as i64, &x.device());
        let ones = Tensor::ones([batch, 1], (&x.device(), x.dtype()));
        let along = x
            .zeros_like()
            .select_assign(1, column, ones, IndexingUpdateOp::Add);
        let product = field.jacobian_vector(x.clone(), along);
        trace = trace + product.narrow(1, axis, 1).squeeze_dim(1);
    }
    trace
}
