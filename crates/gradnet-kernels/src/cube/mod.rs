//! The kernels of the CubeCL runtimes (wgpu, CUDA, ROCm), in `f32`: the same source for all of them.
//!
//! Tensors are read and written through their strides, so that views need no copy. Sums over the batch are added in
//! a fixed order, without atomic operations: a run on one device repeats to the bit.

mod adam;
mod cascade;
mod linear_spline;
mod mathematics;
mod softmax_modules;

use burn::backend::{
    Backend, TensorMetadata,
    ops::{ActivationOps, FloatTensorOps},
    tensor::FloatTensor,
};
use burn::tensor::Shape;
use burn_cubecl::{
    CubeBackend,
    kernel::into_contiguous,
    ops::numeric::{empty_device_contiguous_dtype, empty_device_dtype},
    tensor::CubeTensor,
};
use cubecl::{calculate_cube_count_elemwise, prelude::*};

use super::backend::{Derivatives, Operations, Tensors, Updates};
use super::operation::{Factors, Operation};
use super::{Cascade, CascadeFunction, Knots, Mix, ScalarFunction, SoftmaxModules};

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
fn elementwise(tensor: &CubeTensor, elements: usize) -> (CubeCount, CubeDim) {
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

fn cascade(w: CubeTensor, cascade: Cascade<CubeTensor>) -> CubeTensor {
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

fn cascade_backward(
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

fn softmax_modules(z: CubeTensor, modules: SoftmaxModules<CubeTensor>) -> CubeTensor {
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

fn softmax_modules_backward(
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

fn linear_spline(z: CubeTensor, coefficients: CubeTensor, range: f64) -> CubeTensor {
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

fn linear_spline_backward(
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

/// log(1 + e^x) = max(x, 0) + log(1 + e^−|x|), by operations of the backend.
fn softplus<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let small = B::float_exp(B::float_neg(B::float_abs(x.clone())));
    B::float_add(B::relu(x), B::float_log1p(small))
}

fn mean_squared_error<B: Backend>(y: FloatTensor<B>, t: FloatTensor<B>) -> FloatTensor<B> {
    let error = B::float_sub(y, t);
    B::float_mean(B::float_mul(error.clone(), error))
}

/// The gradients of y and t.
fn mean_squared_error_backward<B: Backend>(
    y: FloatTensor<B>,
    t: FloatTensor<B>,
    gradient: FloatTensor<B>,
) -> Vec<FloatTensor<B>> {
    let shape = y.shape();
    let factor = 2.0 / shape.num_elements() as f64;
    let gradient = B::float_reshape(gradient, Shape::from(vec![1; shape.num_dims()]));
    let gradient = B::float_mul_scalar(gradient, factor.into());
    let into_y = B::float_mul(B::float_sub(y, t), B::float_expand(gradient, shape));
    vec![into_y.clone(), B::float_neg(into_y)]
}

/// The inputs, of which there are so many.
fn exactly<const N: usize>(inputs: Vec<CubeTensor>) -> [CubeTensor; N] {
    let count = inputs.len();
    inputs
        .try_into()
        .unwrap_or_else(|_| unreachable!("{count} inputs, not {N}"))
}

/// The first input, and the others.
fn first(inputs: Vec<CubeTensor>) -> (CubeTensor, impl Iterator<Item = CubeTensor>) {
    let mut inputs = inputs.into_iter();
    match inputs.next() {
        Some(first) => (first, inputs),
        None => unreachable!("no operation is without inputs"),
    }
}

impl Operations for CubeBackend {
    fn run(inputs: Tensors<Self>, operation: Operation) -> FloatTensor<Self> {
        let inputs = Vec::from(inputs);
        match operation {
            Operation::Cascade(kind) => {
                let (w, parameters) = first(inputs);
                cascade(w, kind.of(parameters))
            }
            Operation::SoftmaxModules(kind) => {
                let (z, parameters) = first(inputs);
                softmax_modules(z, kind.of(parameters))
            }
            Operation::LinearSpline { range } => {
                let [z, coefficients] = exactly(inputs);
                linear_spline(z, coefficients, range)
            }
            Operation::Softplus => softplus::<Self>(first(inputs).0),
            Operation::MeanSquaredError => {
                let [y, t] = exactly(inputs);
                mean_squared_error::<Self>(y, t)
            }
            Operation::Product => {
                let [s, w] = exactly(inputs);
                Self::float_matmul(s, w)
            }
            Operation::ProductTransposed => {
                let [x, w] = exactly(inputs);
                Self::float_matmul(x, Self::float_swap_dims(w, 0, 1))
            }
            other => unreachable!("{other:?} is composed of its parts here"),
        }
    }
}

impl Derivatives for CubeBackend {
    fn derivatives(
        inputs: Tensors<Self>,
        gradient: FloatTensor<Self>,
        operation: Operation,
    ) -> Tensors<Self> {
        let inputs = Vec::from(inputs);
        let found = match operation {
            Operation::Cascade(kind) => {
                let (w, parameters) = first(inputs);
                cascade_backward(w, kind.of(parameters), gradient)
            }
            Operation::SoftmaxModules(kind) => {
                let (z, parameters) = first(inputs);
                softmax_modules_backward(z, kind.of(parameters), gradient)
            }
            Operation::LinearSpline { range } => {
                let [z, coefficients] = exactly(inputs);
                linear_spline_backward(z, coefficients, gradient, range)
            }
            Operation::Softplus => {
                let slope = Self::sigmoid(first(inputs).0);
                vec![Self::float_mul(gradient, slope)]
            }
            Operation::MeanSquaredError => {
                let [y, t] = exactly(inputs);
                mean_squared_error_backward::<Self>(y, t, gradient)
            }
            other => unreachable!("{other:?} has its gradients elsewhere"),
        };
        found.into()
    }
}

impl Updates for CubeBackend {
    fn adam(
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        moment_1: FloatTensor<Self>,
        moment_2: FloatTensor<Self>,
        factors: Factors,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let output = || {
            empty_device_contiguous_dtype(
                parameter.client.clone(),
                parameter.device.clone(),
                parameter.shape(),
                parameter.dtype,
            )
        };
        let (new, new_1, new_2) = (output(), output(), output());
        let elements = parameter.shape().num_elements();
        if elements == 0 {
            return (new, new_1, new_2);
        }
        let (count, dim) = elementwise(&new, elements);
        adam::update::launch(
            &new.client,
            count,
            dim,
            into_contiguous(parameter).into_tensor_arg(),
            into_contiguous(gradient).into_tensor_arg(),
            into_contiguous(moment_1).into_tensor_arg(),
            into_contiguous(moment_2).into_tensor_arg(),
            new.clone().into_tensor_arg(),
            new_1.clone().into_tensor_arg(),
            new_2.clone().into_tensor_arg(),
            elements,
            factors.beta_1,
            factors.beta_2,
            factors.scale,
            factors.epsilon,
        );
        (new, new_1, new_2)
    }
}
