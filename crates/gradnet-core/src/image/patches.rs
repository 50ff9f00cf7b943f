//! The side of the patches that a dimension holds.

/// The side `k` of the patches that `R^dim` holds: the root of an odd square. A patch with an even side has no middle
/// pixel.
pub fn patch_side(dim: usize) -> Option<usize> {
    let side = dim.isqrt();
    (side * side == dim && side % 2 == 1).then_some(side)
}
