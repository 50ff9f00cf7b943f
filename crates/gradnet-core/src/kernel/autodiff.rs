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

/// Registers the gradients of those parents that want one.
macro_rules! register {
    ($backend:ty, $gradients:expr, $parents:expr, ($($value:expr),+ $(,)?)) => {
        for (parent, value) in $parents.into_iter().zip([$($value),+]) {
            if let Some(parent) = parent {
                $gradients.register::<$backend>(parent.id, value);
            }
        }
    };
}

/// Runs an operation on the primitives of its inputs and records `$step`, which keeps them for its backward pass.
macro_rules! record {
    ($step:expr, $backend:ty, $strategy:ty, [$($input:ident),+], |$($primitive:ident),+| $run:expr) => {{
        let nodes = [$($input.node()),+];
        $(let $primitive = $input.into_primitive();)+
        match Backward::<$backend, _>::prepare::<$strategy>($step, nodes).compute_bound().stateful() {
            OpsKind::Tracked(step) => {
                let state = ($($primitive.clone(),)+);
                step.finish(state, $run)
            }
            OpsKind::UnTracked(step) => step.finish($run),
        }
    }};
}

/// The backward step of a cascade of a fixed function.
#[derive(Debug)]
struct CascadeFixed(FixedFunction);

impl<B: BackwardKernels> Backward<B, 4> for CascadeFixed {
    type State = (
        FloatTensor<B>,
        FloatTensor<B>,
        FloatTensor<B>,
        FloatTensor<B>,
    );

    fn backward(
        self,
        ops: Ops<Self::State, 4>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let (w, alpha, beta, bias) = ops.state;
        let gradient = gradients.consume::<B>(&ops.node);
        let (w, alpha, beta, bias) =
            B::cascade_fixed_backward(w, alpha, beta, bias, gradient, self.0);
        register!(B, gradients, ops.parents, (w, alpha, beta, bias));
    }
}

/// The backward step of a cascade of a learned function.
#[derive(Debug)]
struct CascadeLearned;

impl<B: BackwardKernels> Backward<B, 6> for CascadeLearned {
    type State = (
        FloatTensor<B>,
        FloatTensor<B>,
        FloatTensor<B>,
        FloatTensor<B>,
        FloatTensor<B>,
        FloatTensor<B>,
    );

    fn backward(
        self,
        ops: Ops<Self::State, 6>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let (w, alpha, beta, bias, a, b) = ops.state;
        let gradient = gradients.consume::<B>(&ops.node);
        let (w, alpha, beta, bias, a, b) =
            B::cascade_learned_backward(w, alpha, beta, bias, a, b, gradient);
        register!(B, gradients, ops.parents, (w, alpha, beta, bias, a, b));
    }
}

/// The backward step of scaled softmax modules.
#[derive(Debug)]
struct SoftmaxScaled;

impl<B: BackwardKernels> Backward<B, 3> for SoftmaxScaled {
    type State = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>);

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let (z, alpha, temperature) = ops.state;
        let gradient = gradients.consume::<B>(&ops.node);
        let (z, alpha, temperature) = B::softmax_scaled_backward(z, alpha, temperature, gradient);
        register!(B, gradients, ops.parents, (z, alpha, temperature));
    }
}

/// The backward step of softmax minus softmin modules.
#[derive(Debug)]
struct SoftmaxLearned;

impl<B: BackwardKernels> Backward<B, 5> for SoftmaxLearned {
    type State = (
        FloatTensor<B>,
        FloatTensor<B>,
        FloatTensor<B>,
        FloatTensor<B>,
        FloatTensor<B>,
    );

    fn backward(
        self,
        ops: Ops<Self::State, 5>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let (z, alpha, temperature, a, b) = ops.state;
        let gradient = gradients.consume::<B>(&ops.node);
        let (z, alpha, temperature, a, b) =
            B::softmax_learned_backward(z, alpha, temperature, a, b, gradient);
        register!(B, gradients, ops.parents, (z, alpha, temperature, a, b));
    }
}

/// The backward step of a linear spline on [−range, range].
#[derive(Debug)]
struct Spline(f64);

impl<B: BackwardKernels> Backward<B, 2> for Spline {
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let (z, coefficients) = ops.state;
        let gradient = gradients.consume::<B>(&ops.node);
        let (z, coefficients) = B::spline_backward(z, coefficients, gradient, self.0);
        register!(B, gradients, ops.parents, (z, coefficients));
    }
}

/// The backward step of log(1 + e^x).
#[derive(Debug)]
struct Softplus;

impl<B: BackwardKernels> Backward<B, 1> for Softplus {
    type State = (FloatTensor<B>,);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let (x,) = ops.state;
        let gradient = gradients.consume::<B>(&ops.node);
        let x = B::softplus_backward(x, gradient);
        register!(B, gradients, ops.parents, (x));
    }
}

/// The backward step of s W: ∂s = g Wᵀ, ∂W = sᵀ g.
#[derive(Debug)]
struct Product;

impl<B: Backend + ForwardKernels> Backward<B, 2> for Product {
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let (s, w) = ops.state;
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
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let (x, w) = ops.state;
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

    fn product(s: FloatTensor<Self>, w: FloatTensor<Self>) -> FloatTensor<Self> {
        record!(Product, B, C, [s, w], |s, w| B::product(s, w))
    }
}
