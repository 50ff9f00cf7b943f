//! The cascade on the device: one thread an element forward; backward, a column of threads shares a hidden unit and
//! adds its sums over the batch in shared memory, in a fixed order.
//!
//! The formulas are those of the Flex kernel: α_l f_l(z) = k_l u(z) + c_l z.

use std::f32::consts::FRAC_2_SQRT_PI;

use cubecl::prelude::*;

use super::launch::{elementwise, like, of_shape};
use super::mathematics::{sigmoid, softplus, tanh};
use crate::ScalarFunction;
use crate::{Cascade, CascadeFunction};
use burn::backend::TensorMetadata;
use burn_cubecl::tensor::CubeTensor;

/// Hidden units a cube of the backward pass works on, one a column of threads.
pub(super) const COLUMNS: u32 = 32;
/// Threads that share a hidden unit.
pub(super) const ROWS: u32 = 8;

/// u(z).
#[cube]
#[allow(unstable_name_collisions)] // CubeCL's erf
fn value(z: f32, #[comptime] function: ScalarFunction) -> f32 {
    match comptime!(function) {
        ScalarFunction::Tanh => tanh(z),
        ScalarFunction::Sigmoid => sigmoid(z),
        ScalarFunction::Softplus => softplus(z),
        ScalarFunction::Relu => max(z, 0.0_f32),
        ScalarFunction::Erf => z.erf(),
    }
}

/// u'(z), given u = u(z).
#[cube]
fn slope(z: f32, u: f32, #[comptime] function: ScalarFunction) -> f32 {
    match comptime!(function) {
        ScalarFunction::Tanh => 1.0_f32 - u * u,
        ScalarFunction::Sigmoid => u - u * u,
        ScalarFunction::Softplus => sigmoid(z),
        ScalarFunction::Relu => select(z > 0.0_f32, 1.0_f32, 0.0_f32),
        ScalarFunction::Erf => FRAC_2_SQRT_PI * (0.0_f32 - z * z).exp(),
    }
}

/// The element of a parameter for a layer and a unit.
#[cube]
fn at(parameter: &Tensor<f32>, #[comptime] layer: usize, unit: usize) -> f32 {
    parameter[layer * parameter.stride(0) + unit * parameter.stride(1)]
}

/// The argument z of a layer, from that of the whole cascade and the scaled value of the layer before.
#[cube]
fn argument(
    x: f32,
    before: f32,
    beta: &Tensor<f32>,
    bias: &Tensor<f32>,
    #[comptime] layer: usize,
    unit: usize,
) -> f32 {
    before + x * at(beta, layer, unit) + at(bias, layer, unit)
}

/// The scaled value of a layer, from z and u(z).
#[cube]
#[allow(clippy::too_many_arguments)]
fn scaled(
    z: f32,
    u: f32,
    alpha: &Tensor<f32>,
    a: &Tensor<f32>,
    b: &Tensor<f32>,
    #[comptime] layer: usize,
    unit: usize,
    #[comptime] learned: bool,
) -> f32 {
    let mut y = u;
    if comptime!(learned) {
        y = u * at(a, layer, unit) + (z - u) * at(b, layer, unit);
    }
    at(alpha, layer, unit) * y
}

/// Forward, one thread an element of the output. `a` and `b` are read only if `learned`.
#[cube(launch)]
#[allow(clippy::too_many_arguments)]
pub(super) fn forward(
    w: &Tensor<f32>,
    alpha: &Tensor<f32>,
    beta: &Tensor<f32>,
    bias: &Tensor<f32>,
    a: &Tensor<f32>,
    b: &Tensor<f32>,
    output: &mut Tensor<f32>,
    #[comptime] layers: usize,
    #[comptime] function: ScalarFunction,
    #[comptime] learned: bool,
) {
    let hidden = output.shape(1);
    if ABSOLUTE_POS < output.shape(0) * hidden {
        let row = ABSOLUTE_POS / hidden;
        let unit = ABSOLUTE_POS % hidden;
        let x = w[row * w.stride(0) + unit * w.stride(1)];
        let mut y = 0.0_f32;
        #[unroll]
        for layer in 0..layers {
            let z = argument(x, y, beta, bias, layer, unit);
            let u = value(z, function);
            y = scaled(z, u, alpha, a, b, layer, unit, learned);
        }
        let at_output = row * output.stride(0) + unit * output.stride(1);
        output[at_output] = y;
    }
}

/// Adds what the threads of a column hold; the first thread of the column gets the sum.
#[cube]
fn add_column(shared: &mut Shared<[f32]>, value: f32) -> f32 {
    let here = UNIT_POS_Y * COLUMNS + UNIT_POS_X;
    sync_cube();
    shared[here as usize] = value;
    sync_cube();
    let mut sum = 0.0_f32;
    if UNIT_POS_Y == 0 {
        for row in 0..ROWS {
            sum += shared[(row * COLUMNS + UNIT_POS_X) as usize];
        }
    }
    sum
}

/// Backward, one cube for [`COLUMNS`] hidden units. Gradients of `a` and `b` are written only if `learned`.
#[cube(launch)]
#[allow(clippy::too_many_arguments)]
pub(super) fn backward(
    w: &Tensor<f32>,
    alpha: &Tensor<f32>,
    beta: &Tensor<f32>,
    bias: &Tensor<f32>,
    a: &Tensor<f32>,
    b: &Tensor<f32>,
    gradient: &Tensor<f32>,
    into_w: &mut Tensor<f32>,
    into_alpha: &mut Tensor<f32>,
    into_beta: &mut Tensor<f32>,
    into_bias: &mut Tensor<f32>,
    into_a: &mut Tensor<f32>,
    into_b: &mut Tensor<f32>,
    #[comptime] layers: usize,
    #[comptime] function: ScalarFunction,
    #[comptime] learned: bool,
) {
    let batch = into_w.shape(0);
    let hidden = into_w.shape(1);
    let column = (CUBE_POS_X * COLUMNS + UNIT_POS_X) as usize;
    let inside = column < hidden;
    // Threads past the last unit work on it too, on no rows: all must reach the barriers.
    let unit = min(column, hidden - 1);

    let mut u = Array::<f32>::new(layers);
    let mut rest = Array::<f32>::new(layers);
    let mut slopes = Array::<f32>::new(layers);
    let mut sum_u = Array::<f32>::new(layers);
    let mut sum_rest = Array::<f32>::new(layers);
    let mut sum_w = Array::<f32>::new(layers);
    let mut sum = Array::<f32>::new(layers);
    #[unroll]
    for layer in 0..layers {
        sum_u[layer] = 0.0_f32;
        sum_rest[layer] = 0.0_f32;
        sum_w[layer] = 0.0_f32;
        sum[layer] = 0.0_f32;
    }

    let mut row = UNIT_POS_Y as usize;
    if !inside {
        row = batch;
    }
    while row < batch {
        let x = w[row * w.stride(0) + unit * w.stride(1)];
        let mut y = 0.0_f32;
        #[unroll]
        for layer in 0..layers {
            let z = argument(x, y, beta, bias, layer, unit);
            let value = value(z, function);
            let derivative = slope(z, value, function);
            let scale = at(alpha, layer, unit);
            u[layer] = value;
            y = scaled(z, value, alpha, a, b, layer, unit, learned);
            if comptime!(learned) {
                let a = at(a, layer, unit);
                let b = at(b, layer, unit);
                rest[layer] = z - value;
                slopes[layer] = scale * (a * derivative + b * (1.0_f32 - derivative));
            } else {
                slopes[layer] = scale * derivative;
            }
        }
        let mut e = gradient[row * gradient.stride(0) + unit * gradient.stride(1)];
        let mut total = 0.0_f32;
        #[unroll]
        for i in 0..layers {
            let layer = comptime!(layers - 1 - i);
            sum_u[layer] += e * u[layer];
            if comptime!(learned) {
                sum_rest[layer] += e * rest[layer];
            }
            e *= slopes[layer];
            sum_w[layer] += e * x;
            sum[layer] += e;
            total += e * at(beta, layer, unit);
        }
        let at_into_w = row * into_w.stride(0) + unit * into_w.stride(1);
        into_w[at_into_w] = total;
        row += ROWS as usize;
    }

    let mut shared = Shared::<[f32]>::new_slice(comptime!((COLUMNS * ROWS) as usize));
    let writes = inside && UNIT_POS_Y == 0;
    #[unroll]
    for layer in 0..layers {
        let s = add_column(&mut shared, sum_u[layer]);
        let w_total = add_column(&mut shared, sum_w[layer]);
        let total = add_column(&mut shared, sum[layer]);
        let place = layer * into_alpha.stride(0) + unit * into_alpha.stride(1);
        if comptime!(learned) {
            let t = add_column(&mut shared, sum_rest[layer]);
            if writes {
                let scale = at(alpha, layer, unit);
                into_alpha[place] = at(a, layer, unit) * s + at(b, layer, unit) * t;
                into_a[place] = scale * s;
                into_b[place] = scale * t;
            }
        } else if writes {
            into_alpha[place] = s;
        }
        if writes {
            into_beta[place] = w_total;
            into_bias[place] = total;
        }
    }
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
    forward::launch(
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
    backward::launch(
        &into_w.client,
        CubeCount::Static((hidden as u32).div_ceil(COLUMNS), 1, 1),
        CubeDim::new_2d(COLUMNS, ROWS),
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
