//! Linear splines on the device: one thread an element forward, one a hidden unit backward, which owns the gradient of
//! its coefficients and so needs no atomic additions.

use super::launch::{elementwise, like};
use crate::Knots;
use burn::backend::TensorMetadata;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// The knot to the left of a position, in 0..=knots − 2.
#[cube]
fn knot(position: f32, knots: usize) -> usize {
    let last = f32::cast_from(knots - 2);
    u32::cast_from(clamp(position.floor(), 0.0_f32, last)) as usize
}

/// Forward, one thread an element.
#[cube(launch)]
pub(super) fn forward(
    z: &Tensor<f32>,
    coefficients: &Tensor<f32>,
    output: &mut Tensor<f32>,
    range: f32,
    density: f32,
) {
    let hidden = output.shape(1);
    if ABSOLUTE_POS < output.shape(0) * hidden {
        let row = ABSOLUTE_POS / hidden;
        let unit = ABSOLUTE_POS % hidden;
        let knots = coefficients.shape(1);
        let position = (z[row * z.stride(0) + unit * z.stride(1)] + range) * density;
        let left = knot(position, knots);
        let fraction = position - f32::cast_from(left);
        let place = unit * coefficients.stride(0) + left * coefficients.stride(1);
        let low = coefficients[place];
        let high = coefficients[place + coefficients.stride(1)];
        let at_output = row * output.stride(0) + unit * output.stride(1);
        output[at_output] = low + fraction * (high - low);
    }
}

/// Backward, one thread a hidden unit.
#[cube(launch)]
#[allow(clippy::too_many_arguments)]
pub(super) fn backward(
    z: &Tensor<f32>,
    coefficients: &Tensor<f32>,
    gradient: &Tensor<f32>,
    into_z: &mut Tensor<f32>,
    into_coefficients: &mut Tensor<f32>,
    range: f32,
    density: f32,
) {
    let unit = ABSOLUTE_POS;
    if unit < into_z.shape(1) {
        let knots = coefficients.shape(1);
        let first = unit * into_coefficients.stride(0);
        let step = into_coefficients.stride(1);
        for i in 0..knots {
            into_coefficients[first + i * step] = 0.0_f32;
        }
        for row in 0..into_z.shape(0) {
            let position = (z[row * z.stride(0) + unit * z.stride(1)] + range) * density;
            let left = knot(position, knots);
            let fraction = position - f32::cast_from(left);
            let place = unit * coefficients.stride(0) + left * coefficients.stride(1);
            let slope = coefficients[place + coefficients.stride(1)] - coefficients[place];
            let g = gradient[row * gradient.stride(0) + unit * gradient.stride(1)];
            let at_into_z = row * into_z.stride(0) + unit * into_z.stride(1);
            into_z[at_into_z] = g * (slope * density);
            into_coefficients[first + left * step] += g * (1.0_f32 - fraction);
            into_coefficients[first + (left + 1) * step] += g * fraction;
        }
    }
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
    forward::launch(
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
    backward::launch(
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
