//! Adam on the device: one thread an element of contiguous arrays.

use cubecl::prelude::*;

/// The parameter and its moments after a step, into arrays of their own.
#[cube(launch)]
#[allow(clippy::too_many_arguments)]
pub(super) fn update(
    parameter: &Tensor<f32>,
    gradient: &Tensor<f32>,
    moment_1: &Tensor<f32>,
    moment_2: &Tensor<f32>,
    into_parameter: &mut Tensor<f32>,
    into_moment_1: &mut Tensor<f32>,
    into_moment_2: &mut Tensor<f32>,
    elements: usize,
    beta_1: f32,
    beta_2: f32,
    scale: f32,
    epsilon: f32,
) {
    let i = ABSOLUTE_POS;
    if i < elements {
        let g = gradient[i];
        let m = moment_1[i] * beta_1 + g * (1.0_f32 - beta_1);
        let v = moment_2[i] * beta_2 + g * g * (1.0_f32 - beta_2);
        // Without a second moment that is a normal number and without ε there is nothing to divide
        // by, and no step.
        let divisor = v.sqrt() + epsilon;
        let is_still = divisor < 1.084_202_2e-19_f32;
        let step = select(is_still, 0.0_f32, m) / select(is_still, 1.0_f32, divisor);
        into_parameter[i] = parameter[i] - scale * step;
        into_moment_1[i] = m;
        into_moment_2[i] = v;
    }
}
