//! Tensors read from their device.

use burn::tensor::Tensor;

/// The numbers of a tensor in `f64` on the host, row by row.
///
/// # Panics
/// If the device cannot be read.
pub fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor
        .try_into_vec_as::<f64>()
        .expect("a tensor can be read from its device")
}
