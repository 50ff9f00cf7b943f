//! The tied shell of Eq. (1) whole: both products with W and the activation between them as one operation.
//!
//! On Flex a group of hidden units goes all the way, from the rows of W through the activation and back through the
//! same rows, while they lie in the cache of one processor core; backward, ∂W = Sᵀ G + Dᵀ X is added where it lies
//! (`flex::shell`). Elsewhere the shell is composed of its parts, which are the other functions of this crate.

use burn::tensor::Tensor;

use super::operands::Operands;
use super::operation::Operation;
use super::{Cascade, SoftmaxModules, cascade, product, product_transposed, softmax_modules};

/// An activation that a shell has a kernel for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FusedActivation<C = Tensor<2>, M = Tensor<1>> {
    /// A [`cascade`].
    Cascade(Cascade<C>),
    /// [`softmax_modules`].
    SoftmaxModules(SoftmaxModules<M>),
}

/// σ(x Wᵀ + a) W around an activation σ that has a fused form.
///
/// Differentiable in every argument.
///
/// # Shapes
/// - `x`: `[batch, dim]`
/// - `w`: `[hidden, dim]`
/// - `hidden_bias`: a, `[hidden]`; 0 without it
/// - output: `[batch, dim]`
///
/// # Panics
/// If the shapes or the float types disagree, or where the activation does.
pub fn tied_shell(
    x: Tensor<2>,
    w: Tensor<2>,
    hidden_bias: Option<Tensor<1>>,
    activation: FusedActivation,
) -> Tensor<2> {
    let [hidden, dim] = w.dims();
    let ([_, width], name) = (x.dims(), activation.name());
    assert_eq!(width, dim, "x and W of a shell must have one dimension");
    if let Some(bias) = &hidden_bias {
        assert_eq!(bias.dims(), [hidden], "the hidden bias of a shell");
    }
    activation.check(hidden);
    let (operands, x) = Operands::new(name, x);
    let w = operands.with("w", w);
    let bias = hidden_bias.map(|bias| operands.with("hidden_bias", bias));
    let activation = activation.operand(&operands);
    let y = if is_whole(&x, bias.is_some(), &activation) {
        let operation = Operation::Shell(activation.kind());
        operation.run(activation.after(x, w, bias))
    } else {
        let z = product_transposed(x, w.clone());
        let z = match bias {
            Some(bias) => z + bias.unsqueeze(),
            None => z,
        };
        product(activation.forward(z), w)
    };
    operands.rounded(y)
}

/// Whether a shell is one operation: on Flex, but for a cascade with a hidden bias, which networks of the paper do not
/// have: its layers have their own.
fn is_whole(x: &Tensor<2>, has_bias: bool, activation: &FusedActivation) -> bool {
    #[cfg(feature = "flex")]
    if super::is_on(x, super::flex_has_kernels) {
        return !has_bias || matches!(activation, FusedActivation::SoftmaxModules(_));
    }
    let _ = (x, has_bias, activation);
    false
}

impl FusedActivation {
    /// The values σ(z), all shapes `[batch, hidden]`.
    ///
    /// # Panics
    /// As [`cascade`] and [`softmax_modules`].
    pub fn forward(self, z: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Cascade(of) => cascade(z, of),
            Self::SoftmaxModules(of) => softmax_modules(z, of),
        }
    }

    /// What the shell around it is called.
    fn name(&self) -> &'static str {
        match self {
            Self::Cascade(_) => "tied cascade",
            Self::SoftmaxModules(_) => "tied softmax modules",
        }
    }

    pub(crate) fn check(&self, hidden: usize) {
        match self {
            Self::Cascade(of) => of.check(hidden),
            Self::SoftmaxModules(of) => of.check(hidden),
        }
    }

    fn operand(self, operands: &Operands) -> Self {
        match self {
            Self::Cascade(of) => Self::Cascade(of.map(|name, x| operands.with(name, x))),
            Self::SoftmaxModules(of) => {
                Self::SoftmaxModules(of.map(|name, x| operands.with(name, x)))
            }
        }
    }

    pub(crate) fn kind(&self) -> FusedActivation<(), ()> {
        match self {
            Self::Cascade(of) => FusedActivation::Cascade(of.kind()),
            Self::SoftmaxModules(of) => FusedActivation::SoftmaxModules(of.kind()),
        }
    }

    /// The parameters as inputs of an operation, after z and v.
    #[cfg(feature = "flex")]
    pub(crate) fn after_both(
        self,
        z: Tensor<2>,
        v: Tensor<2>,
    ) -> Vec<burn::backend::DispatchTensor> {
        match self {
            Self::Cascade(of) => of.after([z, v]),
            Self::SoftmaxModules(of) => of.after([z, v]),
        }
    }

    /// The inputs of the operation: x, W, for modules the hidden bias, the parameters.
    fn after(
        self,
        x: Tensor<2>,
        w: Tensor<2>,
        bias: Option<Tensor<1>>,
    ) -> Vec<burn::backend::DispatchTensor> {
        match self {
            Self::Cascade(of) => of.after([x, w]),
            Self::SoftmaxModules(of) => {
                let zeros = || Tensor::zeros([w.dims()[0]], (&x.device(), x.dtype()));
                let bias = bias.unwrap_or_else(zeros).into_dispatch();
                let mut inputs = of.after([x, w]);
                inputs.insert(2, bias);
                inputs
            }
        }
    }
}
