//! The product x Wᵀ, with a gradient of W that lies as W does.
//!
//! Differentiated as a matrix product with a transposed view, x Wᵀ has the gradient (xᵀ g)ᵀ, a view again, and adding it
//! to what the second product of a tied network, s W, leaves for the same W walks a million numbers across the grain
//! of memory. gᵀ x is the same matrix, in the order of W.

use burn::tensor::Tensor;

use super::has_kernels;

/// x Wᵀ: every row of `w` applied to every row of `x`.
///
/// Differentiable in both arguments; equal to `x.matmul(w.transpose())`.
///
/// # Shapes
/// - `x`: `[batch, dim]`
/// - `w`: `[hidden, dim]`
/// - output: `[batch, hidden]`
///
/// # Panics
/// If the second sizes differ.
pub fn product_transposed(x: Tensor<2>, w: Tensor<2>) -> Tensor<2> {
    if has_kernels(&x) {
        arranged(x, w)
    } else {
        x.matmul(w.transpose())
    }
}

#[cfg(any(feature = "flex", feature = "wgpu", feature = "cuda", feature = "rocm"))]
fn arranged(x: Tensor<2>, w: Tensor<2>) -> Tensor<2> {
    use super::extension::ForwardKernels;
    use burn::backend::Dispatch;

    let output = Dispatch::product_transposed(x.into_dispatch(), w.into_dispatch());
    Tensor::from_dispatch(output)
}

/// Without a backend that has kernels there is no other way.
#[cfg(not(any(feature = "flex", feature = "wgpu", feature = "cuda", feature = "rocm")))]
fn arranged(x: Tensor<2>, w: Tensor<2>) -> Tensor<2> {
    x.matmul(w.transpose())
}
