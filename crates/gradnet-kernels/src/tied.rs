//! The tied shell of Eq. (1) whole: both products with W and the activation between them as one operation.
//!
//! On Flex a group of hidden units goes all the way, from the rows of W through the activation and back through the same
//! rows, while they lie in the cache of one processor core; backward, ∂W = Sᵀ G + Dᵀ X is added where it lies (`flex::tied`). Elsewhere
//! the shell is composed of its parts, which are the other functions of this module.

use burn::tensor::Tensor;

#[cfg(feature = "flex")]
use super::is_on;
use super::operands::Operands;
use super::{CascadeFunction, cascade, product, product_transposed, softmax_modules};

#[cfg(feature = "flex")]
pub(super) use on_flex::{TiedActivation, TiedKernels, TiedKind, TiedSteps};

/// σ(x Wᵀ) W around the cascade σ: see [`cascade`] for the activation and its parameters.
///
/// Differentiable in every argument.
///
/// # Shapes
/// - `x`: `[batch, dim]`
/// - `w`: `[hidden, dim]`
/// - `alpha`, `beta`, `bias`, and the parameters of a learned function: `[layers, hidden]`
/// - output: `[batch, dim]`
///
/// # Panics
/// If the shapes or the float types disagree, or there is no layer or no unit.
pub fn tied_cascade(
    x: Tensor<2>,
    w: Tensor<2>,
    alpha: Tensor<2>,
    beta: Tensor<2>,
    bias: Tensor<2>,
    function: CascadeFunction,
) -> Tensor<2> {
    assert_eq!(
        x.dims()[1],
        w.dims()[1],
        "x and W of a shell must have one dimension"
    );
    super::cascade::check(w.dims()[0], &alpha, &beta, &bias, &function);
    let (operands, x) = Operands::new("tied cascade", x);
    let [w, alpha, beta, bias] = [("w", w), ("alpha", alpha), ("beta", beta), ("bias", bias)]
        .map(|(name, parameter)| operands.with(name, parameter));
    let function = function.operand(&operands);
    #[cfg(feature = "flex")]
    if is_on(&x, super::flex_has_kernels) {
        return operands.rounded(on_flex::cascade(x, w, alpha, beta, bias, function));
    }
    let z = product_transposed(x, w.clone());
    operands.rounded(product(cascade(z, alpha, beta, bias, function), w))
}

/// σ(x Wᵀ + a) W around softmax modules σ: see [`softmax_modules`] for the activation and its parameters.
///
/// Differentiable in every argument.
///
/// # Shapes
/// - `x`: `[batch, dim]`
/// - `w`: `[modules * width, dim]`
/// - `hidden_bias`: `[modules * width]`
/// - `alpha`, `temperature`: `[modules]`
/// - `mix`: the weights a of the softmax and b of the softmin, `[modules]` each; without them a = 1 and b = 0
/// - output: `[batch, dim]`
///
/// # Panics
/// If the shapes or the float types disagree, there is no unit, or the rows of `w` do not divide
/// into modules.
pub fn tied_softmax_modules(
    x: Tensor<2>,
    w: Tensor<2>,
    hidden_bias: Tensor<1>,
    alpha: Tensor<1>,
    temperature: Tensor<1>,
    mix: Option<(Tensor<1>, Tensor<1>)>,
) -> Tensor<2> {
    let ([hidden, dim], [modules]) = (w.dims(), alpha.dims());
    assert_eq!(
        x.dims()[1],
        dim,
        "x and W of a shell must have one dimension"
    );
    assert_eq!(hidden_bias.dims(), [hidden], "the hidden bias of a shell");
    let (a, b) = mix.as_ref().map(|(a, b)| (a, b)).unzip();
    super::softmax_modules::check(hidden, modules, &alpha, &temperature, a, b);
    let (operands, x) = Operands::new("tied softmax modules", x);
    let w = operands.with("w", w);
    let [hidden_bias, alpha, temperature] = [
        ("hidden_bias", hidden_bias),
        ("alpha", alpha),
        ("temperature", temperature),
    ]
    .map(|(name, parameter)| operands.with(name, parameter));
    let mix = mix.map(|(a, b)| (operands.with("a", a), operands.with("b", b)));
    #[cfg(feature = "flex")]
    if is_on(&x, super::flex_has_kernels) {
        let y = on_flex::softmax_modules(x, w, hidden_bias, alpha, temperature, mix);
        return operands.rounded(y);
    }
    let z = product_transposed(x, w.clone()) + hidden_bias.unsqueeze();
    let (a, b) = mix.unzip();
    operands.rounded(product(
        softmax_modules(z, alpha, temperature, a, b, modules),
        w,
    ))
}

#[cfg(feature = "flex")]
mod on_flex {
    use burn::backend::{Backend, Dispatch, ExtensionType, backend_extension, tensor::FloatTensor};
    use burn::tensor::Tensor;

    use crate::CascadeFunction;
    use crate::extension::FixedFunction;

    pub(super) fn cascade(
        x: Tensor<2>,
        w: Tensor<2>,
        alpha: Tensor<2>,
        beta: Tensor<2>,
        bias: Tensor<2>,
        function: CascadeFunction,
    ) -> Tensor<2> {
        let (alpha, beta) = (alpha.into_dispatch(), beta.into_dispatch());
        let bias = bias.into_dispatch();
        let parameters = [alpha, beta, bias];
        let activation = match function.into_fixed() {
            Ok(function) => TiedActivation::new(TiedKind::Cascade(function), parameters, None),
            Err((a, b)) => {
                let learned = [a, b].map(Tensor::into_dispatch);
                let kind = TiedKind::Cascade(FixedFunction::Tanh);
                TiedActivation::new(kind, parameters, Some(learned))
            }
        };
        let y = Dispatch::tied(x.into_dispatch(), w.into_dispatch(), activation);
        Tensor::from_dispatch(y)
    }

    pub(super) fn softmax_modules(
        x: Tensor<2>,
        w: Tensor<2>,
        hidden_bias: Tensor<1>,
        alpha: Tensor<1>,
        temperature: Tensor<1>,
        mix: Option<(Tensor<1>, Tensor<1>)>,
    ) -> Tensor<2> {
        let (hidden_bias, alpha) = (hidden_bias.into_dispatch(), alpha.into_dispatch());
        let temperature = temperature.into_dispatch();
        let parameters = [hidden_bias, alpha, temperature];
        let learned = mix.map(|(a, b)| [a, b].map(Tensor::into_dispatch));
        let activation = TiedActivation::new(TiedKind::SoftmaxModules, parameters, learned);
        let y = Dispatch::tied(x.into_dispatch(), w.into_dispatch(), activation);
        Tensor::from_dispatch(y)
    }

    /// Which activation a shell has, and with it what its parameters are.
    #[derive(Clone, Copy, Debug)]
    pub(crate) enum TiedKind {
        /// A cascade: α, β and the biases. The function is that of units without a and b.
        Cascade(FixedFunction),
        /// Softmax modules after a hidden bias: that bias, α and the temperatures.
        SoftmaxModules,
    }

    /// The activation of a shell: three effective parameters that each has, and a and b where it learns them.
    #[derive(ExtensionType)]
    pub(crate) enum TiedActivation<B: Backend> {
        Fixed {
            kind: TiedKind,
            first: FloatTensor<B>,
            second: FloatTensor<B>,
            third: FloatTensor<B>,
        },
        Learned {
            kind: TiedKind,
            first: FloatTensor<B>,
            second: FloatTensor<B>,
            third: FloatTensor<B>,
            a: FloatTensor<B>,
            b: FloatTensor<B>,
        },
    }

    impl<B: Backend> TiedActivation<B> {
        fn new(
            kind: TiedKind,
            [first, second, third]: [FloatTensor<B>; 3],
            learned: Option<[FloatTensor<B>; 2]>,
        ) -> Self {
            match learned {
                None => Self::Fixed {
                    kind,
                    first,
                    second,
                    third,
                },
                Some([a, b]) => Self::Learned {
                    kind,
                    first,
                    second,
                    third,
                    a,
                    b,
                },
            }
        }

        /// The parameters in the order of [`TiedKind`], a and b apart.
        #[allow(clippy::type_complexity)] // one tensor for each parameter, in their order
        pub(crate) fn into_parts(
            self,
        ) -> (TiedKind, [FloatTensor<B>; 3], Option<[FloatTensor<B>; 2]>) {
            match self {
                Self::Fixed {
                    kind,
                    first,
                    second,
                    third,
                } => (kind, [first, second, third], None),
                Self::Learned {
                    kind,
                    first,
                    second,
                    third,
                    a,
                    b,
                } => (kind, [first, second, third], Some([a, b])),
            }
        }
    }

    /// The shell as one operation, through Burn's dispatch on the tensor's device.
    #[backend_extension(Flex, Autodiff: cfg(feature = "autodiff"))]
    pub(crate) trait TiedKernels: Backend {
        /// σ(x Wᵀ + a) W.
        fn tied(
            x: FloatTensor<Self>,
            w: FloatTensor<Self>,
            #[extension_type] activation: TiedActivation<Self>,
        ) -> FloatTensor<Self>;
    }

    /// Both passes of the shell; `inputs` are x, W and the parameters of the activation.
    pub(crate) trait TiedSteps: Backend {
        /// What the pass backward needs of the pass forward.
        type Hidden: Clone + core::fmt::Debug + Send + 'static;

        /// The output, and if `keep` what the pass backward needs.
        fn tied_forward(
            inputs: &[FloatTensor<Self>],
            kind: TiedKind,
            keep: bool,
        ) -> (FloatTensor<Self>, Self::Hidden);

        /// The gradients of x, if it is asked for, and of the other inputs.
        fn tied_backward(
            inputs: &[FloatTensor<Self>],
            kind: TiedKind,
            hidden: &Self::Hidden,
            gradient: FloatTensor<Self>,
            into_x: bool,
        ) -> (Option<FloatTensor<Self>>, Vec<FloatTensor<Self>>);
    }

    #[cfg(feature = "autodiff")]
    mod recorded {
        use burn::backend::{
            Autodiff,
            autodiff::{
                checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
                grads::Gradients,
                ops::{Backward, Ops, OpsKind},
            },
            tensor::FloatTensor,
        };

        use super::{TiedActivation, TiedKernels, TiedKind, TiedSteps};

        /// The backward step of a shell.
        #[derive(Debug)]
        struct Tied(TiedKind);

        impl<B: TiedSteps, const N: usize> Backward<B, N> for Tied {
            type State = ([FloatTensor<B>; N], B::Hidden);

            fn backward(
                self,
                ops: Ops<Self::State, N>,
                gradients: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let (inputs, hidden) = ops.state;
                let gradient = gradients.consume::<B>(&ops.node);
                let mut parents = ops.parents.into_iter();
                let parent_x = parents.next().flatten();
                let into_x = parent_x.is_some();
                let (x, others) = B::tied_backward(&inputs, self.0, &hidden, gradient, into_x);
                let found =
                    std::iter::once((parent_x, x)).chain(parents.zip(others.into_iter().map(Some)));
                for (parent, value) in found {
                    if let (Some(parent), Some(value)) = (parent, value) {
                        gradients.register::<B>(parent.id, value);
                    }
                }
            }
        }

        fn record<B: TiedSteps, C: CheckpointStrategy, const N: usize>(
            inputs: [FloatTensor<Autodiff<B, C>>; N],
            kind: TiedKind,
        ) -> FloatTensor<Autodiff<B, C>> {
            let nodes = inputs.each_ref().map(|input| input.node());
            let inputs = inputs.map(|input| input.into_primitive());
            let step = Backward::<B, N>::prepare::<C>(Tied(kind), nodes);
            match step.compute_bound().stateful() {
                OpsKind::Tracked(step) => {
                    let (output, hidden) = B::tied_forward(&inputs, kind, true);
                    step.finish((inputs, hidden), output)
                }
                OpsKind::UnTracked(step) => step.finish(B::tied_forward(&inputs, kind, false).0),
            }
        }

        impl<B: TiedKernels + TiedSteps, C: CheckpointStrategy> TiedKernels for Autodiff<B, C> {
            fn tied(
                x: FloatTensor<Self>,
                w: FloatTensor<Self>,
                activation: TiedActivation<Self>,
            ) -> FloatTensor<Self> {
                let (kind, [p, q, r], learned) = activation.into_parts();
                match learned {
                    None => record::<B, C, 5>([x, w, p, q, r], kind),
                    Some([a, b]) => record::<B, C, 7>([x, w, p, q, r, a, b], kind),
                }
            }
        }
    }
}
