//! log(1 + e^x) of every number: how free parameters become nonnegative weights.
//!
//! A cascade constrains four tensors at each step. As tensor operations that is ten passes which call the C library
//! once a number; here it is one pass each way, ∂x = g / (1 + e^−x).

use burn::tensor::Tensor;

use super::operands::Operands;
use super::operation::Operation;
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
    let y = if has_kernels(&x) {
        Operation::Softplus.run(vec![x.into_dispatch()])
    } else {
        portable::softplus(x)
    };
    operands.rounded(y)
}
