//! log(1 + e^x) of every number: how free parameters become nonnegative weights.
//!
//! A cascade constrains four tensors at each step. As tensor operations that is ten passes which call the C library once a
//! number; here it is one pass each way, ∂x = g / (1 + e^−x).

use burn::tensor::Tensor;

use super::operands::Operands;
use super::{has_kernels, portable};

/// log(1 + e^x), elementwise and differentiable, without overflow for any x.
///
/// It rises with x everywhere, up to the rounding of its last places. (Burn's `activation::softplus`
/// is the identity above 20, and falls there in `f64`.)
///
/// # Shapes
/// - `x`: any
/// - output: as `x`
pub fn softplus<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let (operands, x) = Operands::new("softplus", x);
    let run = if has_kernels(&x) {
        fused
    } else {
        portable::softplus
    };
    operands.rounded(run(x))
}

#[cfg(any(feature = "flex", feature = "wgpu", feature = "cuda", feature = "rocm"))]
fn fused<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    use super::extension::ForwardKernels;
    use burn::backend::Dispatch;

    Tensor::from_dispatch(Dispatch::softplus(x.into_dispatch()))
}

/// Without a backend that has kernels there is no other way.
#[cfg(not(any(feature = "flex", feature = "wgpu", feature = "cuda", feature = "rocm")))]
use portable::softplus as fused;
