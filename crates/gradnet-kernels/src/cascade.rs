//! The cascade of Eq. (16)-(17): a deep scalar network per hidden unit, all of its layers in one pass.

use burn::tensor::Tensor;

use super::operands::Operands;
use super::{has_kernels, portable};

/// The scalar function f of every layer of a cascade.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant)] // one is made for each call and never stored
pub enum CascadeFunction {
    /// f(z) = tanh z.
    Tanh,
    /// f(z) = 1 / (1 + e^−z).
    Sigmoid,
    /// f(z) = log(1 + e^z).
    Softplus,
    /// f(z) = max(z, 0), whose derivative at 0 is taken as 0.
    Relu,
    /// f_l(z) = a_l tanh z + b_l (z − tanh z), learned per layer and hidden unit (Sec. VII).
    Learned {
        /// Weight of tanh z, `[layers, hidden]`.
        a: Tensor<2>,
        /// Weight of z − tanh z, `[layers, hidden]`.
        b: Tensor<2>,
    },
}

/// Evaluates the cascade of Eq. (16)-(17) on every hidden unit.
///
/// With f_l the function of layer l, and w one entry of the first argument,
///
/// z_0 = β_0 w + b_0, z_{l+1} = β_{l+1} w + α_l f_l(z_l) + b_{l+1}, result = α_{L−1} f_{L−1}(z_{L−1}).
///
/// Differentiable in `w` and in every parameter.
///
/// # Shapes
/// - `w`: `[batch, hidden]`, the products W x
/// - `alpha`, `beta`, `bias`, and the parameters of a learned function: `[layers, hidden]`
/// - output: `[batch, hidden]`
///
/// # Panics
/// If the shapes or the float types disagree, or there is no layer or no unit.
pub fn cascade(
    w: Tensor<2>,
    alpha: Tensor<2>,
    beta: Tensor<2>,
    bias: Tensor<2>,
    function: CascadeFunction,
) -> Tensor<2> {
    check(w.dims()[1], &alpha, &beta, &bias, &function);
    let (operands, w) = Operands::new("cascade", w);
    let [alpha, beta, bias] = [("alpha", alpha), ("beta", beta), ("bias", bias)]
        .map(|(name, parameter)| operands.with(name, parameter));
    let function = function.operand(&operands);
    let run = if has_kernels(&w) {
        fused
    } else {
        portable::cascade
    };
    operands.rounded(run(w, alpha, beta, bias, function))
}

impl CascadeFunction {
    /// The function with its parameters in the type of the other operands.
    pub(super) fn operand(self, operands: &Operands) -> Self {
        match self {
            Self::Learned { a, b } => Self::Learned {
                a: operands.with("a", a),
                b: operands.with("b", b),
            },
            fixed => fixed,
        }
    }
}

/// Panics unless the parameters are those of a cascade of `hidden` units.
pub(super) fn check(
    hidden: usize,
    alpha: &Tensor<2>,
    beta: &Tensor<2>,
    bias: &Tensor<2>,
    function: &CascadeFunction,
) {
    let [layers, _] = alpha.dims();
    assert!(
        layers > 0 && hidden > 0,
        "a cascade needs at least one layer and one hidden unit"
    );
    let expect = |name: &str, parameter: &Tensor<2>| {
        assert_eq!(
            parameter.dims(),
            [layers, hidden],
            "`{name}` of a cascade must be [layers, hidden]"
        );
    };
    expect("alpha", alpha);
    expect("beta", beta);
    expect("bias", bias);
    if let CascadeFunction::Learned { a, b } = function {
        expect("a", a);
        expect("b", b);
    }
}

#[cfg(any(feature = "flex", feature = "wgpu", feature = "cuda", feature = "rocm"))]
impl CascadeFunction {
    /// The function without parameters, or the parameters a and b of the learned one.
    pub(super) fn into_fixed(
        self,
    ) -> Result<super::extension::FixedFunction, (Tensor<2>, Tensor<2>)> {
        use super::extension::FixedFunction;

        Ok(match self {
            Self::Tanh => FixedFunction::Tanh,
            Self::Sigmoid => FixedFunction::Sigmoid,
            Self::Softplus => FixedFunction::Softplus,
            Self::Relu => FixedFunction::Relu,
            Self::Learned { a, b } => return Err((a, b)),
        })
    }
}

#[cfg(any(feature = "flex", feature = "wgpu", feature = "cuda", feature = "rocm"))]
fn fused(
    w: Tensor<2>,
    alpha: Tensor<2>,
    beta: Tensor<2>,
    bias: Tensor<2>,
    function: CascadeFunction,
) -> Tensor<2> {
    use super::extension::ForwardKernels;
    use burn::backend::Dispatch;

    let (w, alpha) = (w.into_dispatch(), alpha.into_dispatch());
    let (beta, bias) = (beta.into_dispatch(), bias.into_dispatch());
    let output = match function.into_fixed() {
        Ok(function) => Dispatch::cascade_fixed(w, alpha, beta, bias, function),
        Err((a, b)) => {
            let (a, b) = (a.into_dispatch(), b.into_dispatch());
            Dispatch::cascade_learned(w, alpha, beta, bias, a, b)
        }
    };
    Tensor::from_dispatch(output)
}

/// Without a backend that has kernels there is no other way.
#[cfg(not(any(feature = "flex", feature = "wgpu", feature = "cuda", feature = "rocm")))]
use portable::cascade as fused;
