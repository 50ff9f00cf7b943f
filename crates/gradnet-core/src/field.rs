//! Vector fields, and the guarantees a field can carry as types.
//!
//! A *gradient field* is a map `f = ∇F` for some potential `F` (Def. 1 of Chaudhari, Pranav, Moura,
//! "Gradient Networks", IEEE TSP 2025); a *monotone* one is the gradient of a convex potential
//! (Def. 2). For differentiable `f` on all of `R^d` the first means a symmetric Jacobian, the second
//! a symmetric positive semidefinite one. [`GradientField`] and [`MonotoneField`] carry no method
//! that could be got wrong: a type implements them only where a theorem of the paper says so, and
//! `tests/suite/properties.rs` of gradnet-train checks every registered network against its claim.

use burn::tensor::Tensor;

use crate::dense_jacobian::DenseJacobian;

/// A differentiable map `f: R^d -> R^d`, evaluated on batches of points.
pub trait VectorField {
    /// The dimension `d` of the points.
    fn dim(&self) -> usize;

    /// The values `f(x)`.
    ///
    /// # Shapes
    /// `x`: `[batch, dim]`; returns `[batch, dim]`.
    ///
    /// # Panics
    /// If the last dimension of `x` is not [`dim`](Self::dim).
    fn forward(&self, x: Tensor<2>) -> Tensor<2>;

    /// The products `J_f(x_i) v_i` of the Jacobian with one direction for each point, in closed form.
    ///
    /// # Shapes
    /// `x`, `v`: `[batch, dim]`; returns `[batch, dim]`.
    ///
    /// # Panics
    /// If the last dimension of `x` or `v` is not [`dim`](Self::dim).
    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2>;

    /// The whole Jacobians, where a gradient field has them for less than `dim` such products.
    fn dense_jacobian(&self) -> Option<DenseJacobian> {
        None
    }
}

/// A field that is the gradient of some potential: its Jacobian is symmetric wherever it has one (Def. 1).
///
/// Where a convex potential has a kink, the field is an element of its subdifferential there (Def. 8): shells around
/// [`StepActivation`](crate::activation::StepActivation) and
/// [`HardmaxActivation`](crate::activation::HardmaxActivation).
pub trait GradientField: VectorField {}

/// A gradient field of a convex potential: its Jacobian is positive semidefinite, so
/// `⟨f(x) − f(y), x − y⟩ ≥ 0` for all points (Def. 2, Def. 3).
///
/// The guarantee is the type's: what is only a gradient is refused where a monotone field is asked for.
///
/// ```compile_fail,E0277
/// fn monotone(_: &impl gradnet_core::MonotoneField) {}
/// fn refused(field: &gradnet_core::network::GradNetC) {
///     monotone(field)
/// }
/// ```
pub trait MonotoneField: GradientField {}

/// A gradient field whose potential can be evaluated, up to the constant that no gradient knows.
pub trait Potential: GradientField {
    /// The potential `F(x)` with `∇F = f`, with one additive constant for all points.
    ///
    /// # Shapes
    /// `x`: `[batch, dim]`; returns `[batch]`.
    ///
    /// # Panics
    /// If the last dimension of `x` is not [`dim`](VectorField::dim).
    fn potential(&self, x: Tensor<2>) -> Tensor<1>;
}

/// Panics with both numbers when points do not have the dimension of the field.
pub(crate) fn assert_dim(x: &Tensor<2>, dim: usize) {
    let [_, given] = x.dims();
    assert_eq!(
        given, dim,
        "the field is defined on R^{dim}, the points given have {given} coordinates"
    );
}

/// The inner products `⟨a_i, b_i⟩` of the rows of `a` and `b`, `[batch, n] -> [batch]`.
pub(crate) fn row_dot(a: Tensor<2>, b: Tensor<2>) -> Tensor<1> {
    (a * b).sum_dim(1).squeeze_dim(1)
}
