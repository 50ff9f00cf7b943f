//! The training loss, one pass each way.
//!
//! As tensor operations, a difference, its square, their mean and the derivatives of the three pass over the batch
//! eight times, and no other work of a step can go on meanwhile.

use burn::tensor::Tensor;

use super::operands::Operands;
use super::operation::Operation;
use super::{has_kernels, portable};

/// The mean over batch and coordinates of (y − t)², `[1]`; 0 for a batch without rows, which has no
/// error.
///
/// Differentiable in both arguments. The mean of squares that a sum in `f32` could not hold is
/// right as long as it is itself a number of `f32`.
///
/// # Shapes
/// - `y`, `t`: `[batch, dim]`
/// - output: `[1]`
///
/// # Panics
/// If the shapes or the float types differ.
pub fn mean_squared_error(y: Tensor<2>, t: Tensor<2>) -> Tensor<1> {
    assert_eq!(y.dims(), t.dims(), "an output and what it should be");
    let (operands, y) = Operands::new("mean squared error", y);
    let t = operands.with("t", t);
    let has_rows = y.shape().num_elements() > 0;
    let loss = if has_rows && has_kernels(&y) {
        Operation::MeanSquaredError.run(vec![y.into_dispatch(), t.into_dispatch()])
    } else {
        portable::mean_squared_error(y, t)
    };
    operands.rounded(loss)
}
