//! The kernels of the CubeCL runtimes (wgpu, CUDA, ROCm), in `f32`: the same source for all of them.
//!
//! Tensors are read and written through their strides, so that views need no copy. Sums over the batch are added in
//! a fixed order, without atomic operations: a run on one device repeats to the bit.

mod adam;
mod cascade;
mod linear_spline;
mod mathematics;
mod softmax_modules;

use burn::backend::{TensorMetadata, tensor::FloatTensor};
use burn::tensor::Shape;
use burn_cubecl::{
    CubeBackend,
    kernel::into_contiguous,
    ops::numeric::{empty_device_contiguous_dtype, empty_device_dtype},
    tensor::CubeTensor,
};
use cubecl::{calculate_cube_count_elemwise, prelude::*};

use super::extension::{BackwardKernels, FixedFunction, ForwardKernels, UpdateKernels};

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

fn cascade_forward(
    w: CubeTensor,
    [alpha, beta, bias]: [CubeTensor; 3],
    learned: Option<[CubeTensor; 2]>,
    function: FixedFunction,
) -> CubeTensor {
    let output = like(&w);
    let elements = output.shape().num_elements();
    if elements == 0 {
        return output;
    }
    let layers = alpha.shape()[0];
    let is_learned = learned.is_some();
    let [a, b] = learned.unwrap_or_else(|| [alpha.clone(), alpha.clone()]);
    let (count, dim) = elementwise(&w, elements);
    cascade::forward::launch(
        &output.client,
        count,
        dim,
        w.into_tensor_arg(),
        alpha.into_tensor_arg(),
        beta.into_tensor_arg(),
        bias.into_tensor_arg(),
        a.into_tensor_arg(),
        b.into_tensor_arg(),
        output.clone().into_tensor_arg(),
        layers,
        function,
        is_learned,
    );
    output
}

fn cascade_backward(
    w: CubeTensor,
    [alpha, beta, bias]: [CubeTensor; 3],
    learned: Option<[CubeTensor; 2]>,
    gradient: CubeTensor,
    function: FixedFunction,
) -> ([CubeTensor; 4], Option<[CubeTensor; 2]>) {
    let layers = alpha.shape()[0];
    let [_, hidden] = w.shape().dims();
    let into_w = like(&w);
    let [into_alpha, into_beta, into_bias] = [like(&alpha), like(&beta), like(&bias)];
    let is_learned = learned.is_some();
    // Without learned parameters the kernel touches neither inputs nor outputs of theirs.
    let [into_a, into_b] = match &learned {
        Some([a, b]) => [like(a), like(b)],
        None => [
            of_shape(&alpha, [1, 1].into()),
            of_shape(&alpha, [1, 1].into()),
        ],
    };
    let [a, b] = learned.unwrap_or_else(|| [alpha.clone(), alpha.clone()]);
    cascade::backward::launch(
        &into_w.client,
        CubeCount::Static((hidden as u32).div_ceil(cascade::COLUMNS), 1, 1),
        CubeDim::new_2d(cascade::COLUMNS, cascade::ROWS),
        w.into_tensor_arg(),
        alpha.into_tensor_arg(),
        beta.into_tensor_arg(),
        bias.into_tensor_arg(),
        a.into_tensor_arg(),
        b.into_tensor_arg(),
        gradient.into_tensor_arg(),
        into_w.clone().into_tensor_arg(),
        into_alpha.clone().into_tensor_arg(),
        into_beta.clone().into_tensor_arg(),
        into_bias.clone().into_tensor_arg(),
        into_a.clone().into_tensor_arg(),
        into_b.clone().into_tensor_arg(),
        layers,
        function,
        is_learned,
    );
    (
        [into_w, into_alpha, into_beta, into_bias],
        is_learned.then_some([into_a, into_b]),
    )
}

fn softmax_forward(
    z: CubeTensor,
    [alpha, temperature]: [CubeTensor; 2],
    learned: Option<[CubeTensor; 2]>,
) -> CubeTensor {
    let output = like(&z);
    if output.shape().num_elements() == 0 {
        return output;
    }
    let is_learned = learned.is_some();
    let [a, b] = learned.unwrap_or_else(|| [alpha.clone(), alpha.clone()]);
    let (count, dim, across) = by_module(&z, alpha.shape()[0]);
    softmax_modules::forward::launch(
        &output.client,
        count,
        dim,
        z.into_tensor_arg(),
        alpha.into_tensor_arg(),
        temperature.into_tensor_arg(),
        a.into_tensor_arg(),
        b.into_tensor_arg(),
        output.clone().into_tensor_arg(),
        across,
        is_learned,
    );
    output
}

fn softmax_backward(
    z: CubeTensor,
    [alpha, temperature]: [CubeTensor; 2],
    learned: Option<[CubeTensor; 2]>,
    gradient: CubeTensor,
) -> ([CubeTensor; 3], Option<[CubeTensor; 2]>) {
    let [batch, _] = z.shape().dims();
    let modules = alpha.shape()[0];
    let is_learned = learned.is_some();
    let into_z = like(&z);
    let [into_alpha, into_temperature] = [like(&alpha), like(&temperature)];
    let [into_a, into_b] = [like(&alpha), like(&alpha)];
    let [a, b] = learned.unwrap_or_else(|| [alpha.clone(), alpha.clone()]);
    let sums = of_shape(&z, [batch, modules, 3].into());
    let (count, dim, across) = by_module(&z, modules);
    softmax_modules::backward::launch(
        &into_z.client,
        count,
        dim,
        z.into_tensor_arg(),
        alpha.clone().into_tensor_arg(),
        temperature.into_tensor_arg(),
        a.clone().into_tensor_arg(),
        b.clone().into_tensor_arg(),
        gradient.into_tensor_arg(),
        into_z.clone().into_tensor_arg(),
        sums.clone().into_tensor_arg(),
        across,
        is_learned,
    );
    softmax_modules::gather::launch(
        &into_z.client,
        CubeCount::Static(modules as u32, 1, 1),
        CubeDim::new_1d(softmax_modules::THREADS),
        sums.into_tensor_arg(),
        alpha.into_tensor_arg(),
        a.into_tensor_arg(),
        b.into_tensor_arg(),
        into_alpha.clone().into_tensor_arg(),
        into_temperature.clone().into_tensor_arg(),
        into_a.clone().into_tensor_arg(),
        into_b.clone().into_tensor_arg(),
        is_learned,
    );
    (
        [into_z, into_alpha, into_temperature],
        is_learned.then_some([into_a, into_b]),
    )
}

/// Knots per unit of length.
fn density(coefficients: &CubeTensor, range: f64) -> f32 {
    let [_, knots] = coefficients.shape().dims();
    ((knots - 1) as f64 / (2.0 * range)) as f32
}

impl ForwardKernels for CubeBackend {
    fn cascade_fixed(
        w: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        function: FixedFunction,
    ) -> FloatTensor<Self> {
        cascade_forward(w, [alpha, beta, bias], None, function)
    }

    fn cascade_learned(
        w: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        cascade_forward(w, [alpha, beta, bias], Some([a, b]), FixedFunction::Tanh)
    }

    fn softmax_scaled(
        z: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        temperature: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        softmax_forward(z, [alpha, temperature], None)
    }

    fn softmax_learned(
        z: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        temperature: FloatTensor<Self>,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        softmax_forward(z, [alpha, temperature], Some([a, b]))
    }

    fn spline(
        z: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        range: f64,
    ) -> FloatTensor<Self> {
        let output = like(&z);
        let elements = output.shape().num_elements();
        if elements == 0 {
            return output;
        }
        let density = density(&coefficients, range);
        let (count, dim) = elementwise(&z, elements);
        linear_spline::forward::launch(
            &output.client,
            count,
            dim,
            z.into_tensor_arg(),
            coefficients.into_tensor_arg(),
            output.clone().into_tensor_arg(),
            range as f32,
            density,
        );
        output
    }
}

impl BackwardKernels for CubeBackend {
    fn cascade_fixed_backward(
        w: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        function: FixedFunction,
    ) -> (
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
    ) {
        let (fixed, _) = cascade_backward(w, [alpha, beta, bias], None, gradient, function);
        fixed.into()
    }

    fn cascade_learned_backward(
        w: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> (
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
    ) {
        let fixed = [alpha, beta, bias];
        let found = cascade_backward(w, fixed, Some([a, b]), gradient, FixedFunction::Tanh);
        let ([w, alpha, beta, bias], Some([a, b])) = found else {
            unreachable!("a learned function has gradients")
        };
        (w, alpha, beta, bias, a, b)
    }

    fn softmax_scaled_backward(
        z: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        temperature: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (fixed, _) = softmax_backward(z, [alpha, temperature], None, gradient);
        fixed.into()
    }

    fn softmax_learned_backward(
        z: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        temperature: FloatTensor<Self>,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> (
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
    ) {
        let found = softmax_backward(z, [alpha, temperature], Some([a, b]), gradient);
        let ([z, alpha, temperature], Some([a, b])) = found else {
            unreachable!("softmax minus softmin has gradients")
        };
        (z, alpha, temperature, a, b)
    }

    fn spline_backward(
        z: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        range: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [_, hidden] = z.shape().dims();
        let (into_z, into_coefficients) = (like(&z), like(&coefficients));
        let density = density(&coefficients, range);
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
            range as f32,
            density,
        );
        (into_z, into_coefficients)
    }
}

impl UpdateKernels for CubeBackend {
    fn adam(
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        moment_1: FloatTensor<Self>,
        moment_2: FloatTensor<Self>,
        beta_1: f32,
        beta_2: f32,
        scale: f32,
        epsilon: f32,
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
            beta_1,
            beta_2,
            scale,
            epsilon,
        );
        (new, new_1, new_2)
    }
}
