//! All patches of an image against kernels, and the adjoint of that.

use burn::tensor::Tensor;
use burn::tensor::module::{conv_transpose2d, conv2d};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};

/// The side `k` of the patches that `R^dim` holds: the root of an odd square. A patch with an even side has no middle pixel.
pub fn patch_side(dim: usize) -> Option<usize> {
    let side = dim.isqrt();
    (side * side == dim && side % 2 == 1).then_some(side)
}

/// Kernels as the convolutions take them, `[count, k²] -> [count, 1, k, k]`.
fn filters(kernels: Tensor<2>) -> (Tensor<4>, usize) {
    let [count, dim] = kernels.dims();
    let side = dim.isqrt();
    (kernels.reshape([count, 1, side, side]), side)
}

/// The products `⟨w_c, P_i x⟩` of all kernels with all patches, a row for each patch.
///
/// # Shapes
/// `x`: `[batch, height, width]`; `kernels`: `[count, k²]`; returns `[batch · height · width, count]`.
pub(super) fn products(x: Tensor<3>, kernels: Tensor<2>) -> Tensor<2> {
    let [batch, height, width] = x.dims();
    let (filters, side) = filters(kernels);
    let [count, ..] = filters.dims();
    let options = ConvOptions::new([1, 1], [side / 2, side / 2], [1, 1], 1);
    let planes = conv2d(x.unsqueeze_dim::<4>(1), filters, None, options);
    planes
        .permute([0, 2, 3, 1])
        .reshape([batch * height * width, count])
}

/// The adjoint of [`products`]: `Σ_i P_iᵀ Σ_c z_ic w_c`.
///
/// # Shapes
/// `rows`: `[batch · height · width, count]`; `kernels`: `[count, k²]`; returns `[batch, height, width]`.
pub(super) fn sums(
    rows: Tensor<2>,
    kernels: Tensor<2>,
    [batch, height, width]: [usize; 3],
) -> Tensor<3> {
    let (filters, side) = filters(kernels);
    let [count, ..] = filters.dims();
    let planes = rows
        .reshape([batch, height, width, count])
        .permute([0, 3, 1, 2]);
    let options = ConvTransposeOptions::new([1, 1], [side / 2, side / 2], [0, 0], [1, 1], 1);
    conv_transpose2d(planes, filters, None, options).squeeze_dim(1)
}
