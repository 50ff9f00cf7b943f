//! Products `J_σ(z) v` of an activation's Jacobian with vectors, on Flex in two passes over the units.
//!
//! Every activation with a fused form is a gradient, so that its Jacobian is symmetric and
//!
//! ```text
//! J_σ(z) v = J_σ(z)ᵀ v = ∇_z ⟨σ(z), v⟩,
//! ```
//!
//! which is what the pass backward of its kernel computes from `v`.

use burn::tensor::Tensor;

use super::FusedActivation;

/// `J_σ(z) v`, where there is a kernel: on Flex without autodiff, in `f32` and `f64`. The result is not differentiable,
/// so on an autodiff device there is none.
///
/// # Shapes
/// `z`, `v` and the result: `[batch, hidden]`.
///
/// # Panics
/// If the shapes disagree, or where the activation does.
pub fn jacobian_vector(
    z: &Tensor<2>,
    v: &Tensor<2>,
    activation: FusedActivation,
) -> Option<Tensor<2>> {
    assert_eq!(z.dims(), v.dims(), "z and v of a product with a Jacobian");
    activation.check(z.dims()[1]);
    #[cfg(feature = "flex")]
    if super::flex_has_kernels(z.device().as_dispatch(), z.dtype()) && v.dtype() == z.dtype() {
        let operation = super::operation::Operation::JacobianVector(activation.kind());
        let inputs = activation.after_both(z.clone(), v.clone());
        return Some(operation.run(inputs));
    }
    None
}
