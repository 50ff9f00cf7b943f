//! The kernels of the CubeCL runtimes (wgpu, CUDA, ROCm), in `f32`: the same source for all of them.
//!
//! Tensors are read and written through their strides, so that views need no copy. Sums over the batch are added in
//! a fixed order, without atomic operations: a run on one device repeats to the bit.

mod adam;
mod cascade;
mod launch;
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
    CubeBackend, kernel::into_contiguous, ops::numeric::empty_device_contiguous_dtype,
    tensor::CubeTensor,
};

use super::backend::{Derivatives, Operations, Tensors, Updates};
use super::operation::{Factors, Operation};
use launch::elementwise;

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
                cascade::cascade(w, kind.of(parameters))
            }
            Operation::SoftmaxModules(kind) => {
                let (z, parameters) = first(inputs);
                softmax_modules::softmax_modules(z, kind.of(parameters))
            }
            Operation::LinearSpline { range } => {
                let [z, coefficients] = exactly(inputs);
                linear_spline::linear_spline(z, coefficients, range)
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
                cascade::cascade_backward(w, kind.of(parameters), gradient)
            }
            Operation::SoftmaxModules(kind) => {
                let (z, parameters) = first(inputs);
                softmax_modules::softmax_modules_backward(z, kind.of(parameters), gradient)
            }
            Operation::LinearSpline { range } => {
                let [z, coefficients] = exactly(inputs);
                linear_spline::linear_spline_backward(z, coefficients, gradient, range)
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
