//! The activation of the modular networks: a scaled softmax, or softmax minus softmin, in every block.

use burn::tensor::Tensor;

use super::portable;

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
/// If the shapes disagree or the columns of `z` do not divide into `modules` blocks.
pub fn softmax_modules(
    z: Tensor<2>,
    alpha: Tensor<1>,
    temperature: Tensor<1>,
    a: Option<Tensor<1>>,
    b: Option<Tensor<1>>,
    modules: usize,
) -> Tensor<2> {
    let [_, hidden] = z.dims();
    assert!(
        modules > 0 && hidden.is_multiple_of(modules),
        "{hidden} hidden units do not divide into {modules} modules"
    );
    let expect = |name: &str, dims: [usize; 1]| {
        assert_eq!(
            dims,
            [modules],
            "`{name}` of softmax modules must be [modules]"
        );
    };
    expect("alpha", alpha.dims());
    expect("temperature", temperature.dims());
    if let Some(a) = &a {
        expect("a", a.dims());
    }
    if let Some(b) = &b {
        expect("b", b.dims());
    }
    portable::softmax_modules(z, alpha, temperature, a, b, modules)
}
