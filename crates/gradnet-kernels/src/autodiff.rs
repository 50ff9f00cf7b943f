//! The steps that the fused operations record on an autodiff device.

use burn::backend::{
    Autodiff, Backend,
    autodiff::{
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients,
        ops::{Backward, Ops, OpsKind},
    },
    tensor::FloatTensor,
};

use super::extension::{BackwardKernels, FixedFunction, ForwardKernels};

/// Runs an operation on the primitives of its inputs and records `$step`, which keeps them for its backward pass.
macro_rules! record {
    ($step:expr, $backend:ty, $strategy:ty, [$($input:ident),+], |$($primitive:ident),+| $run:expr) => {{
        let nodes = [$($input.node()),+];
        $(let $primitive = $input.into_primitive();)+
        match Backward::<$backend, _>::prepare::<$strategy>($step, nodes).compute_bound().stateful() {
            OpsKind::Tracked(step) => {
                let state = [$($primitive.clone()),+];
                step.finish(state, $run)
            }
            OpsKind::UnTracked(step) => step.finish($run),
        }
    }};
}

/// Declares the step of an operation, which one of [`BackwardKernels`] carries out, from the inputs and the gradient of the
/// output; it holds what else the kernel is told.
macro_rules! step {
    (
        $(#[$doc:meta])*
        $step:ident $(($told:ident: $kind:ty))?, $count:literal inputs [$($input:ident),+], $kernel:ident
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        struct $step $(($kind))?;

        impl<B: BackwardKernels> Backward<B, $count> for $step {
            type State = [FloatTensor<B>; $count];

            fn backward(
                self,
                ops: Ops<Self::State, $count>,
                gradients: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let [$($input),+] = ops.state;
                let gradient = gradients.consume::<B>(&ops.node);
                $(let Self($told) = self;)?
                #[allow(unused_parens)] // one gradient comes alone, several as a tuple
                let ($($input),+) = B::$kernel($($input,)+ gradient $(, $told)?);
                for (parent, value) in ops.parents.into_iter().zip([$($input),+]) {
                    if let Some(parent) = parent {
                        gradients.register::<B>(parent.id, value);
                    }
                }
            }
        }
    };
}

step!(
    /// Of a cascade of a fixed function.
    CascadeFixed(function: FixedFunction),
    4 inputs [w, alpha, beta, bias], cascade_fixed_backward
);

step!(
    /// Of a cascade of a learned function.
    CascadeLearned,
    6 inputs [w, alpha, beta, bias, a, b], cascade_learned_backward
);

step!(
    /// Of scaled softmax modules.
    SoftmaxScaled,
    3 inputs [z, alpha, temperature], softmax_scaled_backward
);

step!(
    /// Of softmax minus softmin modules.
    SoftmaxLearned,
    5 inputs [z, alpha, temperature, a, b], softmax_learned_backward
);

step!(
    /// Of a linear spline on [−range, range].
    Spline(range: f64),
    2 inputs [z, coefficients], spline_backward
);

step!(
    /// Of log(1 + e^x).
    Softplus,
    1 inputs [x], softplus_backward
);

/// The backward step of s W: ∂s = g Wᵀ, ∂W = sᵀ g.
#[derive(Debug)]
struct Product;

impl<B: Backend + ForwardKernels> Backward<B, 2> for Product {
    type State = [FloatTensor<B>; 2];

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let [s, w] = ops.state;
        let gradient = gradients.consume::<B>(&ops.node);
        let [parent_s, parent_w] = ops.parents;
        if let Some(parent) = parent_w {
            let into_w = B::product(B::float_swap_dims(s, 0, 1), gradient.clone());
            gradients.register::<B>(parent.id, into_w);
        }
        if let Some(parent) = parent_s {
            gradients.register::<B>(parent.id, B::product_transposed(gradient, w));
        }
    }
}

/// The backward step of x Wᵀ: ∂x = g W, ∂W = gᵀ x.
#[derive(Debug)]
struct ProductTransposed;

impl<B: Backend + ForwardKernels> Backward<B, 2> for ProductTransposed {
    type State = [FloatTensor<B>; 2];

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let [x, w] = ops.state;
        let gradient = gradients.consume::<B>(&ops.node);
        let [parent_x, parent_w] = ops.parents;
        // Data has no gradient, and its product is not small.
        if let Some(parent) = parent_x {
            gradients.register::<B>(parent.id, B::product(gradient.clone(), w));
        }
        if let Some(parent) = parent_w {
            let transposed = B::float_swap_dims(gradient, 0, 1);
            gradients.register::<B>(parent.id, B::product(transposed, x));
        }
    }
}

/// The backward step of the mean of (y − t)²: ∂y = 2 g (y − t) / n = −∂t.
#[derive(Debug)]
struct MeanSquaredError;

impl<B: BackwardKernels> Backward<B, 2> for MeanSquaredError {
    type State = [FloatTensor<B>; 2];

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let [y, t] = ops.state;
        let gradient = gradients.consume::<B>(&ops.node);
        let into_y = B::mean_squared_error_backward(y, t, gradient);
        let [parent_y, parent_t] = ops.parents;
        if let Some(parent) = parent_t {
            gradients.register::<B>(parent.id, B::float_neg(into_y.clone()));
        }
        if let Some(parent) = parent_y {
            gradients.register::<B>(parent.id, into_y);
        }
    }
}

impl<B, C> ForwardKernels for Autodiff<B, C>
where
    B: Backend + ForwardKernels + BackwardKernels,
    C: CheckpointStrategy,
{
    fn cascade_fixed(
        w: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        function: FixedFunction,
    ) -> FloatTensor<Self> {
        record!(
            CascadeFixed(function),
            B,
            C,
            [w, alpha, beta, bias],
            |w, alpha, beta, bias| B::cascade_fixed(w, alpha, beta, bias, function)
        )
    }

    fn cascade_learned(
        w: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        record!(
            CascadeLearned,
            B,
            C,
            [w, alpha, beta, bias, a, b],
            |w, alpha, beta, bias, a, b| B::cascade_learned(w, alpha, beta, bias, a, b)
        )
    }

    fn softmax_scaled(
        z: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        temperature: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        record!(
            SoftmaxScaled,
            B,
            C,
            [z, alpha, temperature],
            |z, alpha, temperature| B::softmax_scaled(z, alpha, temperature)
        )
    }

    fn softmax_learned(
        z: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        temperature: FloatTensor<Self>,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        record!(
            SoftmaxLearned,
            B,
            C,
            [z, alpha, temperature, a, b],
            |z, alpha, temperature, a, b| B::softmax_learned(z, alpha, temperature, a, b)
        )
    }

    fn spline(
        z: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        range: f64,
    ) -> FloatTensor<Self> {
        record!(Spline(range), B, C, [z, coefficients], |z, coefficients| {
            B::spline(z, coefficients, range)
        })
    }

    fn product_transposed(x: FloatTensor<Self>, w: FloatTensor<Self>) -> FloatTensor<Self> {
        record!(ProductTransposed, B, C, [x, w], |x, w| {
            B::product_transposed(x, w)
        })
    }

    fn softplus(x: FloatTensor<Self>) -> FloatTensor<Self> {
        record!(Softplus, B, C, [x], |x| B::softplus(x))
    }

    fn mean_squared_error(y: FloatTensor<Self>, t: FloatTensor<Self>) -> FloatTensor<Self> {
        record!(MeanSquaredError, B, C, [y, t], |y, t| {
            B::mean_squared_error(y, t)
        })
    }

    fn product(s: FloatTensor<Self>, w: FloatTensor<Self>) -> FloatTensor<Self> {
        record!(Product, B, C, [s, w], |s, w| B::product(s, w))
    }
}
