//! The activation of the modular networks: a scaled softmax, or softmax minus softmin, in every block.

use burn::tensor::Tensor;

use super::operands::Operands;
use super::{has_kernels, portable};

/// Evaluates the softmax activations of all modules, stacked along the last axis.
///
/// Block m of the output is α_m (a_m softmax(t_m z_m) − b_m softmax(−t_m z_m)); without `a` its a_m is 1, without `b`
/// its b_m is 0. Its Jacobian is α_m t_m (a_m J(t_m z_m) + b_m J(−t_m z_m)), J(u) = diag(s) − s sᵀ with
/// s = softmax(u): symmetric, and PSD where α, t, a, b ≥ 0 (Thm. 1, Cor. 7.1).
///
/// Differentiable in every argument.
///
/// # Shapes
/// - `z`: `[batch, modules * width]`, the blocks z_m side by side
/// - `alpha`, `temperature`, `a`, `b`: `[modules]`
/// - output: `[batch, modules * width]`
///
/// # Panics
/// If the shapes or the float types disagree, there is no unit, or the columns of `z` do not divide
/// into `modules` blocks.
pub fn softmax_modules(
    z: Tensor<2>,
    alpha: Tensor<1>,
    temperature: Tensor<1>,
    a: Option<Tensor<1>>,
    b: Option<Tensor<1>>,
    modules: usize,
) -> Tensor<2> {
    check(
        z.dims()[1],
        modules,
        &alpha,
        &temperature,
        a.as_ref(),
        b.as_ref(),
    );
    let (operands, z) = Operands::new("softmax modules", z);
    let alpha = operands.with("alpha", alpha);
    let temperature = operands.with("temperature", temperature);
    let a = a.map(|a| operands.with("a", a));
    let b = b.map(|b| operands.with("b", b));
    let run = if has_kernels(&z) {
        fused
    } else {
        portable::softmax_modules
    };
    operands.rounded(run(z, alpha, temperature, a, b, modules))
}

/// Panics unless the parameters are those of `modules` modules of `hidden` units in all.
pub(super) fn check(
    hidden: usize,
    modules: usize,
    alpha: &Tensor<1>,
    temperature: &Tensor<1>,
    a: Option<&Tensor<1>>,
    b: Option<&Tensor<1>>,
) {
    assert!(
        modules > 0 && hidden > 0 && hidden.is_multiple_of(modules),
        "{hidden} hidden units are not {modules} modules of one size, one unit or more"
    );
    let named = [
        ("alpha", Some(alpha)),
        ("temperature", Some(temperature)),
        ("a", a),
        ("b", b),
    ];
    for (name, parameter) in named {
        if let Some(parameter) = parameter {
            assert_eq!(
                parameter.dims(),
                [modules],
                "`{name}` of softmax modules must be [modules]"
            );
        }
    }
}

#[cfg(any(feature = "flex", feature = "wgpu", feature = "cuda", feature = "rocm"))]
fn fused(
    z: Tensor<2>,
    alpha: Tensor<1>,
    temperature: Tensor<1>,
    a: Option<Tensor<1>>,
    b: Option<Tensor<1>>,
    _modules: usize,
) -> Tensor<2> {
    use super::extension::ForwardKernels;
    use burn::backend::Dispatch;

    let (a, b) = match (a, b) {
        (None, None) => {
            let (z, alpha) = (z.into_dispatch(), alpha.into_dispatch());
            let output = Dispatch::softmax_scaled(z, alpha, temperature.into_dispatch());
            return Tensor::from_dispatch(output);
        }
        (Some(a), None) => {
            let zeros = a.zeros_like();
            (a, zeros)
        }
        (None, Some(b)) => (b.ones_like(), b),
        (Some(a), Some(b)) => (a, b),
    };
    Tensor::from_dispatch(Dispatch::softmax_learned(
        z.into_dispatch(),
        alpha.into_dispatch(),
        temperature.into_dispatch(),
        a.into_dispatch(),
        b.into_dispatch(),
    ))
}

/// Without a backend that has kernels there is no other way.
#[cfg(not(any(feature = "flex", feature = "wgpu", feature = "cuda", feature = "rocm")))]
use portable::softmax_modules as fused;
