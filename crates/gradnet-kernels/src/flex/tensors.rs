//! Flex tensors as slices and matrices, and back.

use burn::backend::TensorMetadata;
use burn::tensor::{Shape, TensorData};
use burn_flex::FlexTensor;

use super::matrix::Matrix;
use crate::vectors;

/// An element type of Flex that has kernels.
pub(super) trait FlexElement: vectors::Element + burn::tensor::Element {
    /// The elements of a tensor that holds this type in order.
    fn slice(tensor: &FlexTensor) -> Option<&[Self]>;

    /// All elements of a tensor's memory, whatever part of it the tensor shows.
    fn storage(tensor: &FlexTensor) -> &[Self];

    /// All elements of a tensor's memory, to be written; copied first if another tensor shares it.
    fn memory(tensor: &mut FlexTensor) -> &mut [Self];
}

impl FlexElement for f32 {
    fn slice(tensor: &FlexTensor) -> Option<&[Self]> {
        tensor.as_slice()
    }

    fn storage(tensor: &FlexTensor) -> &[Self] {
        tensor.storage()
    }

    fn memory(tensor: &mut FlexTensor) -> &mut [Self] {
        tensor.storage_mut()
    }
}

impl FlexElement for f64 {
    fn slice(tensor: &FlexTensor) -> Option<&[Self]> {
        tensor.as_slice()
    }

    fn storage(tensor: &FlexTensor) -> &[Self] {
        tensor.storage()
    }

    fn memory(tensor: &mut FlexTensor) -> &mut [Self] {
        tensor.storage_mut()
    }
}

/// Picks the element type of a tensor; the public functions send no other here.
macro_rules! with_element {
    ($tensor:expr, $element:ident => $run:expr) => {
        match $tensor.dtype() {
            burn::tensor::DType::F32 => {
                type $element = f32;
                $run
            }
            burn::tensor::DType::F64 => {
                type $element = f64;
                $run
            }
            other => unreachable!("no kernel for {other:?}"),
        }
    };
}

pub(super) use with_element;

/// A tensor whose elements lie in order.
pub(super) struct Ordered(pub(super) FlexTensor);

impl Ordered {
    pub(super) fn new(tensor: &FlexTensor) -> Self {
        Self(tensor.to_contiguous())
    }

    pub(super) fn elements<E: FlexElement>(&self) -> &[E] {
        match E::slice(&self.0) {
            Some(elements) => elements,
            None => unreachable!("a contiguous tensor of another element type"),
        }
    }
}

/// A tensor that covers its memory in order, copied if it does not.
pub(super) fn whole(tensor: FlexTensor) -> FlexTensor {
    // The borrowing form holds a second reference, which would make the write copy.
    let ordered = tensor.to_contiguous();
    drop(tensor);
    ordered
}

/// A tensor of `elements`.
pub(super) fn tensor<E: FlexElement>(elements: Vec<E>, shape: impl Into<Shape>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(elements, shape.into()))
}

/// A tensor of `elements` in the shape of another.
pub(super) fn shaped<E: FlexElement>(elements: Vec<E>, like: &FlexTensor) -> FlexTensor {
    tensor(elements, like.shape())
}

/// The sizes of a two-dimensional tensor.
pub(super) fn sizes(tensor: &FlexTensor) -> (usize, usize) {
    let shape = tensor.shape();
    (shape[0], shape[1])
}

/// A tensor whose rows or columns lie in order, copied if neither do.
pub(super) fn in_lines(tensor: &FlexTensor) -> FlexTensor {
    let [rows, columns] = [0, 1].map(|axis| tensor.layout().strides()[axis]);
    if (rows >= 0 && columns == 1) || (rows == 1 && columns >= 0) {
        tensor.clone()
    } else {
        tensor.to_contiguous()
    }
}

/// Such a tensor as a matrix.
pub(super) fn matrix<E: FlexElement>(tensor: &FlexTensor) -> Matrix<'_, E> {
    let layout = tensor.layout();
    let (rows, columns) = sizes(tensor);
    let elements = &E::storage(tensor)[layout.start_offset()..];
    let [down, right] = [0, 1].map(|axis| layout.strides()[axis].unsigned_abs());
    if right == 1 {
        Matrix::with_step(elements, [rows, columns], down)
    } else {
        Matrix::with_step(elements, [columns, rows], right).transposed()
    }
}
