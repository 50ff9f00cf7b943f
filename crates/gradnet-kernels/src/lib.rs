//! Fused operations on [Burn](https://burn.dev) tensors: the activations that cost more than the matrix products around
//! them. This crate knows no network.
//!
//! Written as tensor operations, a cascade of four layers passes over `[batch, hidden]` memory some forty times in a
//! training step. Each function here is one pass, with a backward derived by hand:
//!
//! | function | formula | where it stands |
//! |---|---|---|
//! | [`cascade`] | z_0 = β_0 w + b_0, z_{l+1} = β_{l+1} w + α_l f_l(z_l) + b_{l+1} | Eq. (16)-(17), Thm. 8, Cor. 8.1 |
//! | [`softmax_modules`] | α_m (a_m softmax(t_m z_m) − b_m softmax(−t_m z_m)) | Eq. (13)-(14), Thm. 1, Thm. 7, Cor. 7.1 |
//! | [`linear_spline`] | a learned piecewise linear function per unit | the ridge baselines RR and CRR |
//! | [`softplus`] | log(1 + e^x) | every nonnegative weight |
//! | [`product_transposed`], [`product`] | x Wᵀ, s W, gradients in the order of W | the two products of every tied network |
//! | [`tied_shell`] | σ(x Wᵀ + a) W | Eq. (1) around the first two, whole |
//! | [`patch_products`], [`patch_sums`] | ⟨w_c, P_i x⟩, Σ_i P_iᵀ Σ_c z_ic w_c | the two products of a convolutional tied shell |
//! | [`patches`], [`overlaps`] | P_i x, Σ_i P_iᵀ p_i | the lift of any field on patches |
//! | [`mean_squared_error`] | the mean of (y − t)² | the training loss |
//! | [`FusedAdam`] | a step of Adam | the optimizer of every run |
//!
//! The activations take *effective* parameters: a sign constraint is applied before, so that one kernel serves the
//! monotone and the free networks.
//!
//! Kernels exist for Flex (`f32` and `f64`, vectorised) and for the CubeCL runtimes (`f32`: wgpu, CUDA, ROCm). Any
//! other backend or element type runs the same formulas as Burn operations; so do the tests, which hold the kernels
//! against them (`tests`).
//!
//! `f16` and `bf16` are computed in `f32` and rounded once. A quantised operand is dequantised.
//! Operands of two float types are a programmer's error: every function here panics with the name
//! of the operand and both types.
//!
//! Without the feature `autodiff` there are no gradients and no optimizer: inference alone.

// Backward passes are compiled with the kernels, and then called by nobody.
#![cfg_attr(not(feature = "autodiff"), allow(dead_code))]

#[cfg(feature = "autodiff")]
mod adam;
mod cascade;
mod jacobian_vector;
mod linear_spline;
mod mean_squared_error;
mod operands;
mod operation;
mod patches;
pub mod portable;
mod product;
pub mod quadrature;
mod scalar;
mod shell;
mod softmax_modules;
mod softplus;
#[cfg(feature = "flex")]
mod triangles;

#[cfg(all(feature = "autodiff", any(feature = "flex", feature = "cube")))]
mod autodiff;
#[cfg(any(feature = "flex", feature = "cube"))]
mod backend;
#[cfg(feature = "cube")]
mod cube;
#[cfg(feature = "flex")]
mod flex;
#[cfg(all(test, feature = "autodiff"))]
mod tests;
#[cfg(feature = "flex")]
mod vectors;

#[cfg(feature = "autodiff")]
pub use adam::{FusedAdam, Moments};
pub use cascade::{Cascade, CascadeFunction, cascade};
pub use jacobian_vector::jacobian_vector;
pub use linear_spline::{Knots, linear_spline};
pub use mean_squared_error::mean_squared_error;
pub use operands::widened;
pub use patches::{overlaps, patch_products, patch_sums, patches};
pub use product::{product, product_transposed};
pub use scalar::ScalarFunction;
pub use shell::{FusedActivation, tied_shell};
pub use softmax_modules::{Mix, SoftmaxModules, softmax_maxima, softmax_modules};
pub use softplus::softplus;
#[cfg(feature = "flex")]
pub use triangles::Triangles;

use burn::{
    backend::DispatchDevice,
    tensor::{DType, Tensor},
};

/// Whether `has` holds for the device a tensor is computed on, autodiff or not, and its element type.
fn is_on<const D: usize>(
    tensor: &Tensor<D>,
    has: impl FnOnce(&DispatchDevice, DType) -> bool,
) -> bool {
    let device = tensor.device();
    match device.as_dispatch() {
        #[cfg(feature = "autodiff")]
        DispatchDevice::Autodiff(device) => has(device, tensor.dtype()),
        device => has(device, tensor.dtype()),
    }
}

/// Whether the device is Flex and has kernels for this element type.
#[cfg(feature = "flex")]
fn flex_has_kernels(device: &DispatchDevice, dtype: DType) -> bool {
    matches!(device, DispatchDevice::Flex(_)) && matches!(dtype, DType::F32 | DType::F64)
}

/// Whether a tensor is on Flex without autodiff, in a type that has kernels: for callers who go on with its numbers on
/// the host.
pub fn on_flex<const D: usize>(tensor: &Tensor<D>) -> bool {
    #[cfg(feature = "flex")]
    return flex_has_kernels(tensor.device().as_dispatch(), tensor.dtype());
    #[cfg(not(feature = "flex"))]
    {
        let _ = tensor;
        false
    }
}

/// Runs `work` on each piece, side by side where Flex has threads for them; the results in the order of the pieces.
pub fn side_by_side<P: Send, R: Send>(pieces: Vec<P>, work: impl Fn(P) -> R + Sync) -> Vec<R> {
    #[cfg(feature = "flex")]
    return flex::each_piece(pieces, work);
    #[cfg(not(feature = "flex"))]
    pieces.into_iter().map(work).collect()
}

/// Whether the backend of a tensor has kernels for its element type.
fn has_kernels<const D: usize>(tensor: &Tensor<D>) -> bool {
    is_on(tensor, |device, dtype| match device {
        #[cfg(feature = "flex")]
        DispatchDevice::Flex(_) => flex_has_kernels(device, dtype),
        #[cfg(feature = "cube")]
        DispatchDevice::Cube(_) => dtype == DType::F32,
        #[allow(unreachable_patterns)] // with Flex alone
        _ => false,
    })
}
