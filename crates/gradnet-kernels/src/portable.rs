//! The fused operations in terms of Burn's own: for every backend and every element type.
//!
//! Backends without a kernel run these, and the tests hold the kernels against them: their derivative is Burn's,
//! so it shares nothing with the backward passes derived by hand.

use burn::tensor::module::{conv_transpose2d, conv2d};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use burn::tensor::{Int, Tensor, activation::softmax};

use super::cascade::row;
use super::{Cascade, Knots, Mix, SoftmaxModules};

/// Beyond this, log(1 + e^z) is z in every element type, and up to here e^z is finite in `f32`.
const SOFTPLUS_IS_IDENTITY: f64 = 40.0;

/// [`mean_squared_error`](super::mean_squared_error), unfused.
pub fn mean_squared_error(y: Tensor<2>, t: Tensor<2>) -> Tensor<1> {
    let error = y - t;
    match error.shape().num_elements() {
        // The mean of nothing is 0/0; its sum is 0 and keeps the graph.
        0 => error.sum(),
        // Divided before it is added up, so that only a mean that is too large itself overflows.
        count => (error.clone() * (error * (1.0 / count as f64))).sum(),
    }
}

/// [`softplus`](super::softplus), unfused: max(x, log(1 + e^min(x, 40))).
///
/// Exponential, logarithm and maximum are nondecreasing, so the value falls nowhere but by the
/// rounding of the first two. max(x, 0) + log(1 + e^−|x|) would fall by a place wherever its second
/// term does.
pub fn softplus<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let bounded = x.clone().clamp_max(SOFTPLUS_IS_IDENTITY);
    x.max_pair(bounded.exp().log1p())
}

/// [`cascade`](super::cascade), unfused: the same arguments, shapes and panics, without its checks.
pub fn cascade(w: Tensor<2>, cascade: Cascade) -> Tensor<2> {
    let Cascade {
        alpha,
        beta,
        bias,
        function,
    } = cascade;
    layers(w, [&alpha, &beta, &bias], |layer, z| {
        function.value(layer, z)
    })
}

/// The recurrence of a cascade, with a function of the layer and its argument z_l.
///
/// # Shapes
/// - `w`, what the function is given and returns, output: `[batch, hidden]`
/// - α, β and the biases: `[layers, hidden]`
pub fn layers(
    w: Tensor<2>,
    [alpha, beta, bias]: [&Tensor<2>; 3],
    mut function: impl FnMut(usize, Tensor<2>) -> Tensor<2>,
) -> Tensor<2> {
    let [layers, _] = alpha.dims();
    let mut scaled: Option<Tensor<2>> = None;
    for layer in 0..layers {
        let affine = w.clone() * row(beta, layer) + row(bias, layer);
        let z = match scaled {
            Some(previous) => affine + previous,
            None => affine,
        };
        scaled = Some(function(layer, z) * row(alpha, layer));
    }
    // The caller has checked that there is a layer.
    scaled.unwrap_or(w)
}

/// [`softmax_modules`](super::softmax_modules), unfused: the same arguments and shapes, without its checks.
pub fn softmax_modules(z: Tensor<2>, modules: SoftmaxModules) -> Tensor<2> {
    let ([batch, hidden], [count]) = (z.dims(), modules.alpha.dims());
    let by_module = |parameter: Tensor<1>| parameter.reshape([1, count, 1]);
    let u = z.reshape([batch, count, hidden / count]) * by_module(modules.temperature);
    let mut sum = softmax(u.clone(), 2);
    if let Some(Mix { a, b }) = modules.mix {
        sum = sum * by_module(a) - softmax(-u, 2) * by_module(b);
    }
    (sum * by_module(modules.alpha)).reshape([batch, hidden])
}

/// [`linear_spline`](super::linear_spline), unfused: the same arguments and shapes, without its checks.
pub fn linear_spline(z: Tensor<2>, coefficients: Tensor<2>, range: f64) -> Tensor<2> {
    let [batch, hidden] = z.dims();
    let [_, knots] = coefficients.dims();
    let (piece, fraction) = Knots::new(knots, range).locate(z);
    let first = Tensor::<1, Int>::arange(0..hidden as i64, &fraction.device()) * knots as i64;
    let left = (piece + first.unsqueeze::<2>()).reshape([batch * hidden]);
    let table = coefficients.reshape([hidden * knots]);
    let value = |index: Tensor<1, Int>| table.clone().select(0, index).reshape([batch, hidden]);
    let low = value(left.clone());
    let high = value(left + 1);
    low.clone() + fraction * (high - low)
}

/// Kernels as the convolutions take them, `[count, k²] -> [count, 1, k, k]`, and `k`.
fn filters(kernels: Tensor<2>) -> (Tensor<4>, usize) {
    let [count, dim] = kernels.dims();
    let side = dim.isqrt();
    (kernels.reshape([count, 1, side, side]), side)
}

/// [`patch_products`](super::patch_products), by a convolution: the same arguments and shapes, without its checks.
pub fn patch_products(x: Tensor<3>, kernels: Tensor<2>) -> Tensor<2> {
    let [batch, height, width] = x.dims();
    let (filters, side) = filters(kernels);
    let [count, ..] = filters.dims();
    let options = ConvOptions::new([1, 1], [side / 2, side / 2], [1, 1], 1);
    let planes = conv2d(x.unsqueeze_dim::<4>(1), filters, None, options);
    planes
        .permute([0, 2, 3, 1])
        .reshape([batch * height * width, count])
}

/// [`patch_sums`](super::patch_sums), by a transposed convolution: the same arguments and shapes, without its checks.
pub fn patch_sums(
    rows: Tensor<2>,
    kernels: Tensor<2>,
    [batch, height, width]: [usize; 3],
) -> Tensor<3> {
    let (filters, side) = filters(kernels);
    let [count, ..] = filters.dims();
    let planes = rows
        .reshape([batch, height, width, count])
        .permute([0, 3, 1, 2]);
    let options = ConvTransposeOptions::new([1, 1], [side / 2, side / 2], [0, 0], [1, 1], 1);
    conv_transpose2d(planes, filters, None, options).squeeze_dim(1)
}
