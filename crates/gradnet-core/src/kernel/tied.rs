//! The tied shell of Eq. (1) whole: both products with W and the activation between them as one operation.
//!
//! On Flex a group of hidden units goes all the way, from the rows of W through the activation and back through the same
//! rows, while they lie in the cache of one processor core; backward, ∂W = Sᵀ G + Dᵀ X is added where it lies (`flex::tied`). Elsewhere
//! the shell is composed of its parts, which are the other functions of this module.

use burn::tensor::Tensor;

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
/// If the shapes disagree or there is no layer or no unit.
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
    assert!(w.dims()[0] > 0, "a shell needs at least one hidden unit");
    #[cfg(feature = "flex")]
    if on_flex::applies(&x) {
        super::cascade::check(w.dims()[0], &alpha, &beta, &bias, &function);
        return on_flex::cascade(x, w, alpha, beta, bias, function);
    }
    let z = product_transposed(x, w.clone());
    product(cascade(z, alpha, beta, bias, function), w)
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
/// If the shapes disagree, there is no unit, or the rows of `w` do not divide into modules.
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
    assert!(hidden > 0, "a shell needs at least one hidden unit");
    assert_eq!(hidden_bias.dims(), [hidden], "the hidden bias of a shell");
    #[cfg(feature = "flex")]
    if on_flex::applies(&x) {
        let (a, b) = mix.as_ref().map(|(a, b)| (a, b)).unzip();
        super::softmax_modules::check(hidden, modules, &alpha, &temperature, a, b);
        return on_flex::softmax_modules(x, w, hidden_bias, alpha, temperature, mix);
    }
    let z = product_transposed(x, w.clone()) + hidden_bias.unsqueeze();
    let (a, b) = mix.unzip();
    product(softmax_modules(z, alpha, temperature, a, b, modules), w)
}

#[cfg(feature = "flex")]
mod on_flex {
    use burn::backend::{
        Autodiff, Backend, Dispatch, DispatchDevice, ExtensionType,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        backend_extension,
        tensor::FloatTensor,
    };
    use burn::tensor::{DType, Tensor};

    use crate::kernel::CascadeFunction;
    use crate::kernel::extension::FixedFunction;

    /// Whether the shell of a tensor's backend is one operation.
    pub(super) fn applies(x: &Tensor<2>) -> bool {
        let device = x.device();
        let device = match device.as_dispatch() {
            DispatchDevice::Autodiff(device) => device,
            device => device,
        };
        let element = matches!(x.dtype(), DType::F32 | DType::F64);
        element && matches!(device, DispatchDevice::Flex(_))
    }

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
        let activation = match function.into_fixed() {
            Ok(function) => TiedActivation::Cascade {
                alpha,
                beta,
                bias,
                function,
            },
            Err((a, b)) => TiedActivation::LearnedCascade {
                alpha,
                beta,
                bias,
                a: a.into_dispatch(),
                b: b.into_dispatch(),
            },
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
        let activation = match mix {
            None => TiedActivation::Softmax {
                hidden_bias,
                alpha,
                temperature,
            },
            Some((a, b)) => TiedActivation::LearnedSoftmax {
                hidden_bias,
                alpha,
                temperature,
                a: a.into_dispatch(),
                b: b.into_dispatch(),
            },
        };
        let y = Dispatch::tied(x.into_dispatch(), w.into_dispatch(), activation);
        Tensor::from_dispatch(y)
    }

    /// Which activation a shell has; its parameters follow in the order of [`TiedActivation`].
    #[derive(Clone, Copy, Debug)]
    pub(in crate::kernel) enum TiedKind {
        /// A cascade; the function is that of units without a and b.
        Cascade(FixedFunction),
        /// Softmax modules after a hidden bias.
        SoftmaxModules,
    }

    /// The activation of a shell with its effective parameters.
    #[derive(ExtensionType)]
    pub(in crate::kernel) enum TiedActivation<B: Backend> {
        Cascade {
            alpha: FloatTensor<B>,
            beta: FloatTensor<B>,
            bias: FloatTensor<B>,
            function: FixedFunction,
        },
        LearnedCascade {
            alpha: FloatTensor<B>,
            beta: FloatTensor<B>,
            bias: FloatTensor<B>,
            a: FloatTensor<B>,
            b: FloatTensor<B>,
        },
        Softmax {
            hidden_bias: FloatTensor<B>,
            alpha: FloatTensor<B>,
            temperature: FloatTensor<B>,
        },
        LearnedSoftmax {
            hidden_bias: FloatTensor<B>,
            alpha: FloatTensor<B>,
            temperature: FloatTensor<B>,
            a: FloatTensor<B>,
            b: FloatTensor<B>,
        },
    }

    impl<B: Backend> TiedActivation<B> {
        /// The three parameters that every activation has, and a and b where it learns them.
        #[allow(clippy::type_complexity)] // one tensor for each parameter, in their order
        pub(in crate::kernel) fn into_parts(
            self,
        ) -> (TiedKind, [FloatTensor<B>; 3], Option<[FloatTensor<B>; 2]>) {
            match self {
                Self::Cascade {
                    alpha,
                    beta,
                    bias,
                    function,
                } => (TiedKind::Cascade(function), [alpha, beta, bias], None),
                Self::LearnedCascade {
                    alpha,
                    beta,
                    bias,
                    a,
                    b,
                } => {
                    let kind = TiedKind::Cascade(FixedFunction::Tanh);
                    (kind, [alpha, beta, bias], Some([a, b]))
                }
                Self::Softmax {
                    hidden_bias,
                    alpha,
                    temperature,
                } => {
                    let parameters = [hidden_bias, alpha, temperature];
                    (TiedKind::SoftmaxModules, parameters, None)
                }
                Self::LearnedSoftmax {
                    hidden_bias,
                    alpha,
                    temperature,
                    a,
                    b,
                } => {
                    let parameters = [hidden_bias, alpha, temperature];
                    (TiedKind::SoftmaxModules, parameters, Some([a, b]))
                }
            }
        }
    }

    /// The shell as one operation, through Burn's dispatch on the tensor's device.
    #[backend_extension(Flex, Autodiff)]
    pub(in crate::kernel) trait TiedKernels: Backend {
        /// σ(x Wᵀ + a) W.
        fn tied(
            x: FloatTensor<Self>,
            w: FloatTensor<Self>,
            #[extension_type] activation: TiedActivation<Self>,
        ) -> FloatTensor<Self>;
    }

    /// Both passes of the shell; `inputs` are x, W and the parameters of the activation.
    pub(in crate::kernel) trait TiedSteps: Backend {
        /// What the pass backward needs of the pass forward.
        type Hidden: Clone + core::fmt::Debug + Send + 'static;

        fn tied_forward(
            inputs: &[FloatTensor<Self>],
            kind: TiedKind,
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
        let (output, hidden) = B::tied_forward(&inputs, kind);
        match step.compute_bound().stateful() {
            OpsKind::Tracked(step) => step.finish((inputs, hidden), output),
            OpsKind::UnTracked(step) => step.finish(output),
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
