//! The operands of one operation, in one element type.
//!
//! | operands | what happens |
//! |---|---|
//! | all `f32` or all `f64` | nothing |
//! | all `f16` or all `bf16` | the operation runs in `f32` and its result is rounded once |
//! | a quantised one beside floats | it is dequantised to their type, as in Burn's own operations |
//! | floats of two types | a panic that names the operand and both types |
//!
//! Casts are recorded on an autodiff device: gradients come back in the types of the operands.

use burn::tensor::{DType, Tensor};

/// The element type that an operation on numbers of this type runs in: `f32` for narrower ones.
pub(crate) fn wide(dtype: DType) -> DType {
    match dtype {
        DType::F16 | DType::BF16 => DType::F32,
        other => other,
    }
}

/// A tensor in the element type that operations on it run in, `f32` for narrower ones; a quantised one is dequantised.
pub fn widened<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    let tensor = tensor.dequantize();
    let dtype = wide(tensor.dtype());
    tensor.cast(dtype)
}

/// What the operands of an operation have in common.
pub(super) struct Operands {
    operation: &'static str,
    dtype: DType,
}

impl Operands {
    /// From the operand that decides, which is returned in the type that the operation runs in.
    pub(super) fn new<const D: usize>(
        operation: &'static str,
        first: Tensor<D>,
    ) -> (Self, Tensor<D>) {
        let first = first.dequantize();
        let dtype = first.dtype();
        (Self { operation, dtype }, first.cast(wide(dtype)))
    }

    /// Another operand, in the type that the operation runs in.
    ///
    /// # Panics
    /// If it is of another float type than the first.
    pub(super) fn with<const D: usize>(&self, name: &str, other: Tensor<D>) -> Tensor<D> {
        let other = if matches!(other.dtype(), DType::QFloat(_)) {
            other.dequantize().cast(self.dtype)
        } else {
            other
        };
        let (operation, found, expected) = (self.operation, other.dtype(), self.dtype);
        assert!(
            found == expected,
            "{operation}: `{name}` is {}, but the first operand is {}: cast one of them",
            found.name(),
            expected.name(),
        );
        other.cast(wide(self.dtype))
    }

    /// The result, in the type of the operands.
    pub(super) fn rounded<const D: usize>(&self, result: Tensor<D>) -> Tensor<D> {
        result.cast(self.dtype)
    }
}
