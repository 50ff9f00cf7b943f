//! What the launches of the kernels share: outputs, and threads for each element.

use burn::backend::TensorMetadata;
use burn::tensor::Shape;
use burn_cubecl::{ops::numeric::empty_device_dtype, tensor::CubeTensor};
use cubecl::{calculate_cube_count_elemwise, prelude::*};

use super::softmax_modules;

/// An output in the shape of an input.
pub(super) fn like(tensor: &CubeTensor) -> CubeTensor {
    of_shape(tensor, tensor.shape())
}

pub(super) fn of_shape(tensor: &CubeTensor, shape: Shape) -> CubeTensor {
    empty_device_dtype(
        tensor.client.clone(),
        tensor.device.clone(),
        shape,
        tensor.dtype,
    )
}

/// Threads and cubes for one thread an element.
pub(super) fn elementwise(tensor: &CubeTensor, elements: usize) -> (CubeCount, CubeDim) {
    let dim = CubeDim::new(&tensor.client, elements);
    let count = calculate_cube_count_elemwise(&tensor.client, elements, dim);
    (count, dim)
}

/// At most this many cubes along one axis: what every runtime allows.
const CUBES: u32 = 32 * 1024;

/// Threads and cubes for softmax modules, and the threads that share a module.
pub(super) fn by_module(z: &CubeTensor, modules: usize) -> (CubeCount, CubeDim, u32) {
    let [batch, hidden] = z.shape().dims();
    let width = (hidden / modules) as u32;
    let across = width.next_power_of_two().min(softmax_modules::THREADS);
    let blocks = (batch * modules) as u32;
    let cubes = blocks.div_ceil(softmax_modules::THREADS / across);
    let count = CubeCount::Static(cubes.min(CUBES), cubes.div_ceil(CUBES), 1);
    (count, CubeDim::new_1d(softmax_modules::THREADS), across)
}
