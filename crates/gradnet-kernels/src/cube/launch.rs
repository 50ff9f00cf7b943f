//! Launches of the kernels: the shapes of their outputs, how many threads they get, and what stands for inputs they do not read.

use burn::backend::TensorMetadata;
use burn::tensor::Shape;
use burn_cubecl::{ops::numeric::empty_device_dtype, tensor::CubeTensor};
use cubecl::{calculate_cube_count_elemwise, prelude::*};

use super::{cascade, linear_spline, softmax_modules};
use crate::{Cascade, CascadeFunction, Knots, Mix, ScalarFunction, SoftmaxModules};

/// An output in the shape of an input.
fn like(tensor: &CubeTensor) -> CubeTensor {
    of_shape(tensor, tensor.shape())
}

fn of_shape(tensor: &CubeTensor, shape: Shape) -> CubeTensor {
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
fn by_module(z: &CubeTensor, modules: usize) -> (CubeCount, CubeDim, u32) {
    let [batch, hidden] = z.shape().dims();
    let width = (hidden / modules) as u32;
    let across = width.next_power_of_two().min(softmax_modules::THREADS);
    let blocks = (batch * modules) as u32;
    let cubes = blocks.div_ceil(softmax_modules::THREADS / across);
    let count = CubeCount::Static(cubes.min(CUBES), cubes.div_ceil(CUBES), 1);
    (count, CubeDim::new_1d(softmax_modules::THREADS), across)
}

/// The function of a cascade's kernels, whether it is learned, and a and b, which are read only then.
fn function(cascade: &Cascade<CubeTensor>) -> (ScalarFunction, bool, [CubeTensor; 2]) {
    match &cascade.function {
        CascadeFunction::Fixed(function) => {
            (*function, false, [(); 2].map(|()| cascade.alpha.clone()))
        }
        CascadeFunction::Learned { a, b } => (ScalarFunction::Tanh, true, [a.clone(), b.clone()]),
    }
}

pub(super) fn cascade(w: CubeTensor, cascade: Cascade<CubeTensor>) -> CubeTensor {
    let output = like(&w);
    let elements = output.shape().num_elements();
    if elements == 0 {
        return output;
    }
    let layers = cascade.alpha.shape()[0];
    let (function, learned, [a, b]) = function(&cascade);
    let (count, dim) = elementwise(&w, elements);
    cascade::forward::launch(
        &output.client,
        count,
        dim,
        w.into_tensor_arg(),
        cascade.alpha.into_tensor_arg(),
        cascade.beta.into_tensor_arg(),
        cascade.bias.into_tensor_arg(),
        a.into_tensor_arg(),
        b.into_tensor_arg(),
        output.clone().into_tensor_arg(),
        layers,
        function,
        learned,
    );
    output
}

pub(super) fn cascade_backward(
    w: CubeTensor,
    cascade: Cascade<CubeTensor>,
    gradient: CubeTensor,
) -> Vec<CubeTensor> {
    let layers = cascade.alpha.shape()[0];
    let [_, hidden] = w.shape().dims();
    let into_w = like(&w);
    let into = cascade.as_ref().map(|_, parameter| like(parameter));
    let (function, learned, [a, b]) = function(&cascade);
    // Without learned parameters the kernel does not touch theirs.
    let [into_a, into_b] = match &into.function {
        CascadeFunction::Learned { a, b } => [a.clone(), b.clone()],
        CascadeFunction::Fixed(_) => [(); 2].map(|()| of_shape(&w, [1, 1].into())),
    };
    cascade::backward::launch(
        &into_w.client,
        CubeCount::Static((hidden as u32).div_ceil(cascade::COLUMNS), 1, 1),
        CubeDim::new_2d(cascade::COLUMNS, cascade::ROWS),
        w.into_tensor_arg(),
        cascade.alpha.into_tensor_arg(),
        cascade.beta.into_tensor_arg(),
        cascade.bias.into_tensor_arg(),
        a.into_tensor_arg(),
        b.into_tensor_arg(),
        gradient.into_tensor_arg(),
        into_w.clone().into_tensor_arg(),
        into.alpha.clone().into_tensor_arg(),
        into.beta.clone().into_tensor_arg(),
        into.bias.clone().into_tensor_arg(),
        into_a.into_tensor_arg(),
        into_b.into_tensor_arg(),
        layers,
        function,
        learned,
    );
    [vec![into_w], into.into_list()].concat()
}

/// a and b of modules, read only if there are such.
fn mix(modules: &SoftmaxModules<CubeTensor>) -> [CubeTensor; 2] {
    match &modules.mix {
        Some(Mix { a, b }) => [a.clone(), b.clone()],
        None => [(); 2].map(|()| modules.alpha.clone()),
    }
}

pub(super) fn softmax_modules(z: CubeTensor, modules: SoftmaxModules<CubeTensor>) -> CubeTensor {
    let output = like(&z);
    if output.shape().num_elements() == 0 {
        return output;
    }
    let ([a, b], learned) = (mix(&modules), modules.mix.is_some());
    let (count, dim, across) = by_module(&z, modules.alpha.shape()[0]);
    softmax_modules::forward::launch(
        &output.client,
        count,
        dim,
        z.into_tensor_arg(),
        modules.alpha.into_tensor_arg(),
        modules.temperature.into_tensor_arg(),
        a.into_tensor_arg(),
        b.into_tensor_arg(),
        output.clone().into_tensor_arg(),
        across,
        learned,
    );
    output
}

pub(super) fn softmax_modules_backward(
    z: CubeTensor,
    modules: SoftmaxModules<CubeTensor>,
    gradient: CubeTensor,
) -> Vec<CubeTensor> {
    let [batch, _] = z.shape().dims();
    let count_of = modules.alpha.shape()[0];
    let into_z = like(&z);
    let into = modules.as_ref().map(|_, parameter| like(parameter));
    let ([a, b], learned) = (mix(&modules), modules.mix.is_some());
    let sums = of_shape(&z, [batch, count_of, 3].into());
    let (count, dim, across) = by_module(&z, count_of);
    softmax_modules::backward::launch(
        &into_z.client,
        count,
        dim,
        z.into_tensor_arg(),
        modules.alpha.clone().into_tensor_arg(),
        modules.temperature.into_tensor_arg(),
        a.clone().into_tensor_arg(),
        b.clone().into_tensor_arg(),
        gradient.into_tensor_arg(),
        into_z.clone().into_tensor_arg(),
        sums.clone().into_tensor_arg(),
        across,
        learned,
    );
    // Without a and b the kernel does not touch theirs.
    let [into_a, into_b] = match &into.mix {
        Some(Mix { a, b }) => [a.clone(), b.clone()],
        None => [(); 2].map(|()| like(&into.alpha)),
    };
    softmax_modules::gather::launch(
        &into_z.client,
        CubeCount::Static(count_of as u32, 1, 1),
        CubeDim::new_1d(softmax_modules::THREADS),
        sums.into_tensor_arg(),
        modules.alpha.into_tensor_arg(),
        a.into_tensor_arg(),
        b.into_tensor_arg(),
        into.alpha.clone().into_tensor_arg(),
        into.temperature.clone().into_tensor_arg(),
        into_a.into_tensor_arg(),
        into_b.into_tensor_arg(),
        learned,
    );
    [vec![into_z], into.into_list()].concat()
}

/// The range of the knots and their density.
fn knots(coefficients: &CubeTensor, range: f64) -> (f32, f32) {
    let [_, knots] = coefficients.shape().dims();
    (range as f32, Knots::new(knots, range).density() as f32)
}

pub(super) fn linear_spline(z: CubeTensor, coefficients: CubeTensor, range: f64) -> CubeTensor {
    let output = like(&z);
    let elements = output.shape().num_elements();
    if elements == 0 {
        return output;
    }
    let (range, density) = knots(&coefficients, range);
    let (count, dim) = elementwise(&z, elements);
    linear_spline::forward::launch(
        &output.client,
        count,
        dim,
        z.into_tensor_arg(),
        coefficients.into_tensor_arg(),
        output.clone().into_tensor_arg(),
        range,
        density,
    );
    output
}

pub(super) fn linear_spline_backward(
    z: CubeTensor,
    coefficients: CubeTensor,
    gradient: CubeTensor,
    range: f64,
) -> Vec<CubeTensor> {
    let [_, hidden] = z.shape().dims();
    let (into_z, into_coefficients) = (like(&z), like(&coefficients));
    let (range, density) = knots(&coefficients, range);
    let (count, dim) = elementwise(&z, hidden);
    linear_spline::backward::launch(
        &into_z.client,
        count,
        dim,
        z.into_tensor_arg(),
        coefficients.into_tensor_arg(),
        gradient.into_tensor_arg(),
        into_z.clone().into_tensor_arg(),
        into_coefficients.clone().into_tensor_arg(),
        range,
        density,
    );
    vec![into_z, into_coefficients]
}
