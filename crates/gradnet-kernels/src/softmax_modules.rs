//! The activation of the modular networks: a scaled softmax, or softmax minus softmin, in every block.

use burn::tensor::Tensor;

use super::operands::Operands;
use super::operation::{Operation, parameters};
use super::{has_kernels, portable};

/// The parameters of softmax modules, `[modules]` each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoftmaxModules<T = Tensor<1>> {
    /// Output scales α.
    pub alpha: T,
    /// Temperatures t.
    pub temperature: T,
    /// The weights of softmax and softmin; without them a = 1 and b = 0.
    pub mix: Option<Mix<T>>,
}

/// The weights of softmax and softmin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mix<T = Tensor<1>> {
    /// Weight a of the softmax.
    pub a: T,
    /// Weight b of the softmin.
    pub b: T,
}

/// Evaluates the softmax activations of all modules, stacked along the last axis.
///
/// Block m of the output is α_m (a_m softmax(t_m z_m) − b_m softmax(−t_m z_m)). Its Jacobian is
/// α_m t_m (a_m J(t_m z_m) + b_m J(−t_m z_m)), J(u) = diag(s) − s sᵀ with
/// s = softmax(u): symmetric, and PSD where α, t, a, b ≥ 0 (Thm. 1, Cor. 7.1).
///
/// Differentiable in every argument.
///
/// # Shapes
/// - `z`: `[batch, modules * width]`, the blocks z_m side by side
/// - every parameter: `[modules]`
/// - output: `[batch, modules * width]`
///
/// # Panics
/// If the shapes or the float types disagree, there is no unit, or the columns of `z` do not divide
/// into the modules.
pub fn softmax_modules(z: Tensor<2>, modules: SoftmaxModules) -> Tensor<2> {
    modules.check(z.dims()[1]);
    let (operands, z) = Operands::new("softmax modules", z);
    let modules = modules.map(|name, parameter| operands.with(name, parameter));
    let y = if has_kernels(&z) {
        let operation = Operation::SoftmaxModules(modules.kind());
        operation.run(modules.after([z]))
    } else {
        portable::softmax_modules(z, modules)
    };
    operands.rounded(y)
}

/// The smooth maximum `ln (Σ_i e^{t z_i}/n)/|t|` of each module and the average `sign(t) ⟨softmax(t z), z⟩` of its
/// units, where there is a kernel: on Flex without autodiff, in `f32` and `f64`. With a negative `t` they are those of
/// `−z`.
///
/// # Shapes
/// - `z`: `[batch, modules * width]`, the blocks side by side
/// - `temperatures`: `[modules]`
/// - the maxima and the averages: `[batch, modules]` each
///
/// # Panics
/// If the columns of `z` do not divide into the modules.
pub fn softmax_maxima(z: &Tensor<2>, temperatures: &Tensor<1>) -> Option<[Tensor<2>; 2]> {
    let ([batch, hidden], [modules]) = (z.dims(), temperatures.dims());
    assert!(
        modules > 0 && hidden > 0 && hidden.is_multiple_of(modules),
        "{hidden} hidden units are not {modules} modules of one size, one unit or more"
    );
    if !super::on_flex(z) || temperatures.dtype() != z.dtype() {
        return None;
    }
    let inputs = vec![
        z.clone().into_dispatch(),
        temperatures.clone().into_dispatch(),
    ];
    let both: Tensor<2> = Operation::SoftmaxMaxima.run(inputs);
    debug_assert_eq!(both.dims(), [batch, 2 * modules]);
    Some([0, modules].map(|first| both.clone().narrow(1, first, modules)))
}

impl<T> SoftmaxModules<T> {
    /// What `of` makes of each parameter, which it gets by name.
    pub(crate) fn map<U>(self, mut of: impl FnMut(&'static str, T) -> U) -> SoftmaxModules<U> {
        SoftmaxModules {
            alpha: of("alpha", self.alpha),
            temperature: of("temperature", self.temperature),
            mix: self.mix.map(|Mix { a, b }| Mix {
                a: of("a", a),
                b: of("b", b),
            }),
        }
    }

    /// The parameters by reference.
    pub(crate) fn as_ref(&self) -> SoftmaxModules<&T> {
        SoftmaxModules {
            alpha: &self.alpha,
            temperature: &self.temperature,
            mix: self.mix.as_ref().map(|Mix { a, b }| Mix { a, b }),
        }
    }
}

parameters!(SoftmaxModules);

impl SoftmaxModules {
    /// Panics unless the parameters are those of modules of `hidden` units in all.
    pub(crate) fn check(&self, hidden: usize) {
        let [modules] = self.alpha.dims();
        assert!(
            modules > 0 && hidden > 0 && hidden.is_multiple_of(modules),
            "{hidden} hidden units are not {modules} modules of one size, one unit or more"
        );
        self.as_ref().map(|name, parameter| {
            assert_eq!(
                parameter.dims(),
                [modules],
                "`{name}` of softmax modules must be [modules]"
            );
        });
    }
}
