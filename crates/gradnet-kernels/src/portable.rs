//! The fused operations in terms of Burn's own: for every backend and every element type.
//!
//! Backends without a kernel run these, and the tests hold the kernels against them: their derivative is Burn's,
//! so it shares nothing with the backward passes derived by hand.

use burn::tensor::{
    Int, Tensor,
    activation::{relu, softmax, tanh},
};

use super::CascadeFunction;

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
pub fn cascade(
    w: Tensor<2>,
    alpha: Tensor<2>,
    beta: Tensor<2>,
    bias: Tensor<2>,
    function: CascadeFunction,
) -> Tensor<2> {
    let [layers, _] = alpha.dims();
    let row = |parameter: &Tensor<2>, layer: usize| parameter.clone().narrow(0, layer, 1);
    let mut scaled: Option<Tensor<2>> = None;
    for layer in 0..layers {
        let affine = w.clone() * row(&beta, layer) + row(&bias, layer);
        let z = match scaled {
            Some(previous) => affine + previous,
            None => affine,
        };
        let value = match &function {
            CascadeFunction::Tanh => tanh(z),
            // Burn's sigmoid is computed in f32 on some backends, whatever the element type.
            CascadeFunction::Sigmoid => tanh(z * 0.5) * 0.5 + 0.5,
            CascadeFunction::Softplus => softplus(z),
            CascadeFunction::Relu => relu(z),
            CascadeFunction::Learned { a, b } => {
                let t = tanh(z.clone());
                t.clone() * row(a, layer) + (z - t) * row(b, layer)
            }
        };
        scaled = Some(value * row(&alpha, layer));
    }
    // The caller has checked that there is a layer.
    scaled.unwrap_or(w)
}

/// [`softmax_modules`](super::softmax_modules), unfused: the same arguments and shapes, without its checks.
pub fn softmax_modules(
    z: Tensor<2>,
    alpha: Tensor<1>,
    temperature: Tensor<1>,
    a: Option<Tensor<1>>,
    b: Option<Tensor<1>>,
    modules: usize,
) -> Tensor<2> {
    let [batch, hidden] = z.dims();
    let by_module = |parameter: Tensor<1>| parameter.reshape([1, modules, 1]);
    let u = z.reshape([batch, modules, hidden / modules]) * by_module(temperature);
    let mut sum = softmax(u.clone(), 2);
    if let Some(a) = a {
        sum = sum * by_module(a);
    }
    if let Some(b) = b {
        sum = sum - softmax(-u, 2) * by_module(b);
    }
    (sum * by_module(alpha)).reshape([batch, hidden])
}

/// [`linear_spline`](super::linear_spline), unfused: the same arguments and shapes, without its checks.
pub fn linear_spline(z: Tensor<2>, coefficients: Tensor<2>, range: f64) -> Tensor<2> {
    let [batch, hidden] = z.dims();
    let [_, knots] = coefficients.dims();
    let per_step = (knots - 1) as f64 / (2.0 * range);
    let position = (z + range) * per_step;
    let index = position
        .clone()
        .detach()
        .floor()
        .clamp(0.0, (knots - 2) as f64);
    let fraction = position - index.clone();
    let first = Tensor::<1, Int>::arange(0..hidden as i64, &index.device()) * knots as i64;
    let left = (index.int() + first.unsqueeze::<2>()).reshape([batch * hidden]);
    let table = coefficients.reshape([hidden * knots]);
    let value = |index: Tensor<1, Int>| table.clone().select(0, index).reshape([batch, hidden]);
    let low = value(left.clone());
    let high = value(left + 1);
    low.clone() + fraction * (high - low)
}
