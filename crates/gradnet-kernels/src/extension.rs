//! What a backend with kernels implements: two traits behind Burn's backend extension.
//!
//! [`ForwardKernels`] is what the public functions call, through Burn's dispatch on the tensor's device; on an
//! autodiff device it records a step whose backward pass calls [`BackwardKernels`] of the backend underneath. Under
//! kernel fusion both run as opaque operations, hence the shapes stated beside each method. The derivatives are not
//! differentiable again: neither is Burn's autodiff.

#![allow(clippy::type_complexity)] // one gradient for each input, in their order

use burn::backend::{Backend, TensorMetadata, backend_extension, tensor::FloatTensor};
use burn::tensor::Shape;

/// A function of the cascade without parameters of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum FixedFunction {
    Tanh,
    Sigmoid,
    Softplus,
    Relu,
}

/// The fused operations. Arguments as in the public functions, shapes checked there.
#[backend_extension(
    Flex: cfg(feature = "flex"),
    Cube: cfg(any(feature = "wgpu", feature = "cuda", feature = "rocm")),
    Fusion: cfg(feature = "fusion"),
    Autodiff: cfg(feature = "autodiff"),
)]
pub(crate) trait ForwardKernels: Backend {
    /// A cascade of a fixed function.
    #[fusion(dtype = w, shape = w)]
    fn cascade_fixed(
        w: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        function: FixedFunction,
    ) -> FloatTensor<Self>;

    /// A cascade of a tanh z + b (z − tanh z).
    #[fusion(dtype = w, shape = w)]
    fn cascade_learned(
        w: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// α softmax(t z) in every block.
    #[fusion(dtype = z, shape = z)]
    fn softmax_scaled(
        z: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        temperature: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// α (a softmax(t z) − b softmax(−t z)) in every block.
    #[fusion(dtype = z, shape = z)]
    fn softmax_learned(
        z: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        temperature: FloatTensor<Self>,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// A linear spline a unit.
    #[fusion(dtype = z, shape = z)]
    fn spline(
        z: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        range: f64,
    ) -> FloatTensor<Self>;

    /// log(1 + e^x) = max(x, 0) + log(1 + e^−|x|).
    #[fusion(default)]
    fn softplus(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let small = Self::float_exp(Self::float_neg(Self::float_abs(x.clone())));
        Self::float_add(Self::relu(x), Self::float_log1p(small))
    }

    /// The mean of (y − t)², `[1]`.
    #[fusion(default)]
    fn mean_squared_error(y: FloatTensor<Self>, t: FloatTensor<Self>) -> FloatTensor<Self> {
        let error = Self::float_sub(y, t);
        Self::float_mean(Self::float_mul(error.clone(), error))
    }

    /// x Wᵀ.
    #[fusion(default)]
    fn product_transposed(x: FloatTensor<Self>, w: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::float_matmul(x, Self::float_swap_dims(w, 0, 1))
    }

    /// s W.
    #[fusion(default)]
    fn product(s: FloatTensor<Self>, w: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::float_matmul(s, w)
    }
}

/// The derivatives: each takes the inputs of its operation, then the gradient of the output, and returns the gradients
/// of the inputs in their order.
#[backend_extension(
    Flex: cfg(feature = "flex"),
    Cube: cfg(any(feature = "wgpu", feature = "cuda", feature = "rocm")),
    Fusion: cfg(feature = "fusion"),
)]
pub(crate) trait BackwardKernels: Backend {
    /// Of [`ForwardKernels::cascade_fixed`].
    #[fusion(meta = |w, alpha, beta, bias, _gradient, _function| {
        (w.clone(), alpha.clone(), beta.clone(), bias.clone())
    })]
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
    );

    /// Of [`ForwardKernels::cascade_learned`].
    #[fusion(meta = |w, alpha, beta, bias, a, b, _gradient| {
        (w.clone(), alpha.clone(), beta.clone(), bias.clone(), a.clone(), b.clone())
    })]
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
    );

    /// Of [`ForwardKernels::softmax_scaled`].
    #[fusion(meta = |z, alpha, temperature, _gradient| {
        (z.clone(), alpha.clone(), temperature.clone())
    })]
    fn softmax_scaled_backward(
        z: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        temperature: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// Of [`ForwardKernels::softmax_learned`].
    #[fusion(meta = |z, alpha, temperature, a, b, _gradient| {
        (z.clone(), alpha.clone(), temperature.clone(), a.clone(), b.clone())
    })]
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
    );

    /// Of [`ForwardKernels::softplus`].
    #[fusion(default)]
    fn softplus_backward(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::float_mul(gradient, Self::sigmoid(x))
    }

    /// Of [`ForwardKernels::mean_squared_error`]: the gradient of y alone, that of t is its negative.
    #[fusion(default)]
    fn mean_squared_error_backward(
        y: FloatTensor<Self>,
        t: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let shape = y.shape();
        let factor = 2.0 / shape.num_elements() as f64;
        let gradient = Self::float_reshape(gradient, Shape::from(vec![1; shape.num_dims()]));
        let gradient = Self::float_mul_scalar(gradient, factor.into());
        Self::float_mul(Self::float_sub(y, t), Self::float_expand(gradient, shape))
    }

    /// Of [`ForwardKernels::spline`].
    #[fusion(meta = |z, coefficients, _gradient, _range| (z.clone(), coefficients.clone()))]
    fn spline_backward(
        z: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        range: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// Updates of parameters, outside differentiation.
#[backend_extension(
    Flex: cfg(feature = "flex"),
    Cube: cfg(any(feature = "wgpu", feature = "cuda", feature = "rocm")),
    Fusion: cfg(feature = "fusion"),
)]
pub(crate) trait UpdateKernels: Backend {
    /// One step of Adam: the parameter and its moments after it. `scale` multiplies m, `epsilon` is added to √v.
    #[allow(clippy::too_many_arguments)]
    #[fusion(meta = |parameter, _gradient, moment_1, moment_2, _beta_1, _beta_2, _scale, _epsilon| {
        (parameter.clone(), moment_1.clone(), moment_2.clone())
    })]
    fn adam(
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        moment_1: FloatTensor<Self>,
        moment_2: FloatTensor<Self>,
        beta_1: f32,
        beta_2: f32,
        scale: f32,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}
