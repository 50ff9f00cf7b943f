//! Patches of images against kernels, and back: the two products of a convolutional tied shell.
//!
//! ```text
//! products:  z_ic = ⟨w_c, P_i x⟩          sums:  y = Σ_i P_iᵀ Σ_c z_ic w_c
//! ```
//!
//! `P_i` cuts the `k × k` patch around pixel `i` out of an image, with zeros beyond the border. Each is the adjoint of
//! the other, and so each is what the other's backward pass needs. On Flex a strip of an image is unrolled into columns
//! that stay in the cache of one core, and multiplied there (`flex::patches`); elsewhere these are Burn's convolutions.

use burn::tensor::Tensor;

use super::operands::Operands;
use super::operation::Operation;
use super::portable;

/// Whether the backend of a tensor has kernels for patches: Flex alone.
fn has_patches(x: &Tensor<3>) -> bool {
    #[cfg(feature = "flex")]
    return super::is_on(x, super::flex_has_kernels);
    #[cfg(not(feature = "flex"))]
    {
        let _ = x;
        false
    }
}

/// Panics unless `dim` is the square of an odd number, its side.
fn side_of(dim: usize) -> usize {
    let side = dim.isqrt();
    assert!(
        side * side == dim && side % 2 == 1,
        "a kernel has an odd side, so that it has a middle, but there are {dim} pixels"
    );
    side
}

/// The products `⟨w_c, P_i x⟩` of all kernels with all patches, a row for each pixel.
///
/// Differentiable in both arguments.
///
/// # Shapes
/// - `x`: `[batch, height, width]`
/// - `kernels`: `[count, k²]`
/// - output: `[batch · height · width, count]`
///
/// # Panics
/// If `k` is even or the float types differ.
pub fn patch_products(x: Tensor<3>, kernels: Tensor<2>) -> Tensor<2> {
    side_of(kernels.dims()[1]);
    let (operands, x) = Operands::new("patch products", x);
    let kernels = operands.with("kernels", kernels);
    let rows = match has_patches(&x) {
        true => Operation::PatchProducts.run(vec![x.into_dispatch(), kernels.into_dispatch()]),
        false => portable::patch_products(x, kernels),
    };
    operands.rounded(rows)
}

/// The adjoint of [`patch_products`]: `Σ_i P_iᵀ Σ_c z_ic w_c`.
///
/// Differentiable in both arguments.
///
/// # Shapes
/// - `rows`: `[batch · height · width, count]`
/// - `kernels`: `[count, k²]`
/// - output: `[batch, height, width]`
///
/// # Panics
/// If `k` is even, the number of rows is another, or the float types differ.
pub fn patch_sums(
    rows: Tensor<2>,
    kernels: Tensor<2>,
    [batch, height, width]: [usize; 3],
) -> Tensor<3> {
    side_of(kernels.dims()[1]);
    assert_eq!(
        rows.dims()[0],
        batch * height * width,
        "a row for each pixel"
    );
    let (operands, rows) = Operands::new("patch sums", rows);
    let kernels = operands.with("kernels", kernels);
    let like: Tensor<3> = rows.clone().unsqueeze();
    let images = match has_patches(&like) {
        true => {
            let inputs = vec![rows.into_dispatch(), kernels.into_dispatch()];
            Operation::PatchSums { height, width }.run(inputs)
        }
        false => portable::patch_sums(rows, kernels, [batch, height, width]),
    };
    operands.rounded(images)
}

/// The patches `P_i x` themselves, a row for each pixel.
///
/// Differentiable.
///
/// # Shapes
/// - `x`: `[batch, height, width]`
/// - output: `[batch · height · width, side²]`
///
/// # Panics
/// If `side` is even.
pub fn patches(x: Tensor<3>, side: usize) -> Tensor<2> {
    side_of(side * side);
    let (operands, x) = Operands::new("patches", x);
    let rows = match has_patches(&x) {
        true => Operation::Patches { side }.run(vec![x.into_dispatch()]),
        false => {
            let units = Tensor::<2>::eye(side * side, &x.device()).cast(x.dtype());
            portable::patch_products(x, units)
        }
    };
    operands.rounded(rows)
}

/// The adjoint of [`patches`]: `Σ_i P_iᵀ p_i`, each patch added where it was cut out.
///
/// Differentiable.
///
/// # Shapes
/// - `rows`: `[batch · height · width, side²]`
/// - output: `[batch, height, width]`
///
/// # Panics
/// If the side is even or the number of rows is another.
pub fn overlaps(rows: Tensor<2>, [batch, height, width]: [usize; 3]) -> Tensor<3> {
    let [count, dim] = rows.dims();
    let side = side_of(dim);
    assert_eq!(count, batch * height * width, "a row for each pixel");
    let (operands, rows) = Operands::new("overlaps", rows);
    let like: Tensor<3> = rows.clone().unsqueeze();
    let images = match has_patches(&like) {
        true => {
            let operation = Operation::Overlaps {
                side,
                height,
                width,
            };
            operation.run(vec![rows.into_dispatch()])
        }
        false => {
            let units = Tensor::<2>::eye(dim, &rows.device()).cast(rows.dtype());
            portable::patch_sums(rows, units, [batch, height, width])
        }
    };
    operands.rounded(images)
}
