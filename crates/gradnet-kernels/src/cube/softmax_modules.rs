//! Softmax modules on the device: a row of threads shares one module of one row of the batch.
//!
//! Their partial sums meet in shared memory; the sums over the batch are added by a second, small kernel, in a fixed
//! order.

use super::launch::{by_module, like, of_shape};
use crate::{Mix, SoftmaxModules};
use burn::backend::TensorMetadata;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// Threads of a cube.
pub(super) const THREADS: u32 = 64;

/// The largest of what `across` neighbouring threads hold, or their sum: one of them finds it, every one of them gets
/// it.
#[cube]
fn share(
    shared: &mut Shared<[f32]>,
    value: f32,
    #[comptime] across: u32,
    #[comptime] largest: bool,
) -> f32 {
    let first = UNIT_POS - UNIT_POS % across;
    sync_cube();
    shared[UNIT_POS as usize] = value;
    sync_cube();
    if UNIT_POS == first {
        let mut result = value;
        for i in 1..across {
            let other = shared[(first + i) as usize];
            if comptime!(largest) {
                result = max(result, other);
            } else {
                result += other;
            }
        }
        shared[first as usize] = result;
    }
    sync_cube();
    shared[first as usize]
}

/// Forward. A cube of [`THREADS`] works on `THREADS / across` modules of rows; `a`, `b` are read only if `learned`.
#[cube(launch)]
#[allow(clippy::too_many_arguments)]
pub(super) fn forward(
    z: &Tensor<f32>,
    alpha: &Tensor<f32>,
    temperature: &Tensor<f32>,
    a: &Tensor<f32>,
    b: &Tensor<f32>,
    output: &mut Tensor<f32>,
    #[comptime] across: u32,
    #[comptime] learned: bool,
) {
    let modules = alpha.shape(0);
    let width = output.shape(1) / modules;
    let cube = CUBE_POS_Y * CUBE_COUNT_X + CUBE_POS_X;
    let index = (cube * (THREADS / across) + UNIT_POS / across) as usize;
    let inside = index < output.shape(0) * modules;
    // Threads past the end repeat the first block without writing: all must reach the barriers.
    let index = select(inside, index, 0);
    let row = index / modules;
    let module = index % modules;
    let lane = (UNIT_POS % across) as usize;
    let step = across as usize;
    let mut shared = Shared::<[f32]>::new_slice(comptime!(THREADS as usize));

    let start = row * z.stride(0) + module * width * z.stride(1);
    let t = temperature[module * temperature.stride(0)];
    let mut high = z[start] * t;
    let mut low = high;
    let mut i = lane;
    while i < width {
        let u = z[start + i * z.stride(1)] * t;
        high = max(high, u);
        low = min(low, u);
        i += step;
    }
    let high = share(&mut shared, high, across, true);
    let mut low_shared = low;
    if comptime!(learned) {
        low_shared = -share(&mut shared, -low, across, true);
    }
    let mut sum = 0.0_f32;
    let mut sum_q = 0.0_f32;
    let mut i = lane;
    while i < width {
        let u = z[start + i * z.stride(1)] * t;
        sum += (u - high).exp();
        if comptime!(learned) {
            sum_q += (low_shared - u).exp();
        }
        i += step;
    }
    let sum = share(&mut shared, sum, across, false);
    let scale = alpha[module * alpha.stride(0)];
    let mut of_s = scale / sum;
    let mut of_q = 0.0_f32;
    if comptime!(learned) {
        of_s *= a[module * a.stride(0)];
        let sum_q = share(&mut shared, sum_q, across, false);
        of_q = scale * b[module * b.stride(0)] / sum_q;
    }
    if inside {
        let to = row * output.stride(0) + module * width * output.stride(1);
        let mut i = lane;
        while i < width {
            let u = z[start + i * z.stride(1)] * t;
            let mut y = (u - high).exp() * of_s;
            if comptime!(learned) {
                y -= (low_shared - u).exp() * of_q;
            }
            let at_output = to + i * output.stride(1);
            output[at_output] = y;
            i += step;
        }
    }
}

/// Backward: the gradient of z, and what each row adds to the sums of its modules, `sums[row, module, 3]`.
#[cube(launch)]
#[allow(clippy::too_many_arguments)]
pub(super) fn backward(
    z: &Tensor<f32>,
    alpha: &Tensor<f32>,
    temperature: &Tensor<f32>,
    a: &Tensor<f32>,
    b: &Tensor<f32>,
    gradient: &Tensor<f32>,
    into_z: &mut Tensor<f32>,
    sums: &mut Tensor<f32>,
    #[comptime] across: u32,
    #[comptime] learned: bool,
) {
    let modules = alpha.shape(0);
    let width = into_z.shape(1) / modules;
    let cube = CUBE_POS_Y * CUBE_COUNT_X + CUBE_POS_X;
    let index = (cube * (THREADS / across) + UNIT_POS / across) as usize;
    let inside = index < into_z.shape(0) * modules;
    let index = select(inside, index, 0);
    let row = index / modules;
    let module = index % modules;
    let lane = (UNIT_POS % across) as usize;
    let step = across as usize;
    let mut shared = Shared::<[f32]>::new_slice(comptime!(THREADS as usize));

    let start = row * z.stride(0) + module * width * z.stride(1);
    let start_g = row * gradient.stride(0) + module * width * gradient.stride(1);
    let t = temperature[module * temperature.stride(0)];
    let mut high = z[start] * t;
    let mut low = high;
    let mut i = lane;
    while i < width {
        let u = z[start + i * z.stride(1)] * t;
        high = max(high, u);
        low = min(low, u);
        i += step;
    }
    let high = share(&mut shared, high, across, true);
    let mut low_shared = low;
    if comptime!(learned) {
        low_shared = -share(&mut shared, -low, across, true);
    }
    let mut sum = 0.0_f32;
    let mut sum_q = 0.0_f32;
    let mut product = 0.0_f32;
    let mut product_q = 0.0_f32;
    let mut i = lane;
    while i < width {
        let u = z[start + i * z.stride(1)] * t;
        let g = gradient[start_g + i * gradient.stride(1)];
        let e = (u - high).exp();
        sum += e;
        product += g * e;
        if comptime!(learned) {
            let q = (low_shared - u).exp();
            sum_q += q;
            product_q += g * q;
        }
        i += step;
    }
    let per_sum = 1.0_f32 / share(&mut shared, sum, across, false);
    let average = share(&mut shared, product, across, false) * per_sum;
    let scale = alpha[module * alpha.stride(0)];
    let mut of_s = scale * per_sum;
    let mut of_q = 0.0_f32;
    let mut average_q = 0.0_f32;
    if comptime!(learned) {
        let per_sum_q = 1.0_f32 / share(&mut shared, sum_q, across, false);
        average_q = share(&mut shared, product_q, across, false) * per_sum_q;
        of_s *= a[module * a.stride(0)];
        of_q = scale * b[module * b.stride(0)] * per_sum_q;
    }
    let mut into_t = 0.0_f32;
    let to = row * into_z.stride(0) + module * width * into_z.stride(1);
    let mut i = lane;
    while i < width {
        let value = z[start + i * z.stride(1)];
        let u = value * t;
        let g = gradient[start_g + i * gradient.stride(1)];
        let mut into_u = (u - high).exp() * of_s * (g - average);
        if comptime!(learned) {
            into_u += (low_shared - u).exp() * of_q * (g - average_q);
        }
        into_t += value * into_u;
        if inside {
            let at_into_z = to + i * into_z.stride(1);
            into_z[at_into_z] = into_u * t;
        }
        i += step;
    }
    let into_t = share(&mut shared, into_t, across, false);
    if inside && lane == 0 {
        let place = row * sums.stride(0) + module * sums.stride(1);
        sums[place] = average;
        let at_sums = place + sums.stride(2);
        sums[at_sums] = average_q;
        let at_sums = place + 2 * sums.stride(2);
        sums[at_sums] = into_t;
    }
}

/// Adds the rows' sums, one cube a module, and makes the gradients of its parameters of them.
#[cube(launch)]
#[allow(clippy::too_many_arguments)]
pub(super) fn gather(
    sums: &Tensor<f32>,
    alpha: &Tensor<f32>,
    a: &Tensor<f32>,
    b: &Tensor<f32>,
    into_alpha: &mut Tensor<f32>,
    into_temperature: &mut Tensor<f32>,
    into_a: &mut Tensor<f32>,
    into_b: &mut Tensor<f32>,
    #[comptime] learned: bool,
) {
    let module = CUBE_POS_X as usize;
    let mut shared = Shared::<[f32]>::new_slice(comptime!(THREADS as usize));
    let mut s = 0.0_f32;
    let mut q = 0.0_f32;
    let mut t = 0.0_f32;
    let mut row = UNIT_POS as usize;
    while row < sums.shape(0) {
        let place = row * sums.stride(0) + module * sums.stride(1);
        s += sums[place];
        q += sums[place + sums.stride(2)];
        t += sums[place + 2 * sums.stride(2)];
        row += comptime!(THREADS as usize);
    }
    let s = share(&mut shared, s, THREADS, false);
    let q = share(&mut shared, q, THREADS, false);
    let t = share(&mut shared, t, THREADS, false);
    if UNIT_POS == 0 {
        into_temperature[module] = t;
        if comptime!(learned) {
            let scale = alpha[module * alpha.stride(0)];
            into_alpha[module] = a[module * a.stride(0)] * s - b[module * b.stride(0)] * q;
            into_a[module] = scale * s;
            into_b[module] = -scale * q;
        } else {
            into_alpha[module] = s;
        }
    }
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
    forward::launch(
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
    backward::launch(
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
    gather::launch(
        &into_z.client,
        CubeCount::Static(count_of as u32, 1, 1),
        CubeDim::new_1d(THREADS),
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
