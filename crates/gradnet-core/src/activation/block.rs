//! The potentials `φ_m` of the modules of GradNet-M, with `σ_m = ∇φ_m` (Thm. 7, Cor. 7.1).
//!
//! A hidden vector of `modules * width` units is read as `modules` blocks of `width`.

use super::soft_maximum::soft_maximum;
use crate::kernel::{
    FusedActivation, Mix, ScalarFunction, SoftmaxModules, softmax_maxima, softmax_modules, softplus,
};
use crate::sign::{NonNegative, Sign};
use crate::source::ParameterSource;
use burn::module::{Module, ModuleDisplay, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::{sigmoid, softmax};
use core::f64::consts::LN_2;
use core::marker::PhantomData;

/// A potential `φ_m` of one block of hidden units, for all modules at once.
pub trait BlockPotential: Module + ModuleDisplay + Sync {
    /// The values `φ_m(z_m)`, `[batch, modules, width] -> [batch, modules]`.
    fn value(&self, z: Tensor<3>) -> Tensor<2>;

    /// The values in two parts, `φ_m(z_m) = c_m + r_m(z_m)` with a constant `c_m`: differences of
    /// potentials are taken between the `r_m`, which do not lose digits where the constants are
    /// large.
    ///
    /// # Shapes
    /// `z`: `[batch, modules, width]`; returns `c`: `[1, modules]`, `r`: `[batch, modules]`.
    fn parts(&self, z: Tensor<3>) -> (Tensor<2>, Tensor<2>);

    /// The scaled gradients `c_m ∇φ_m(z_m)`.
    ///
    /// # Shapes
    /// `z`: `[batch, modules * width]`, `scale`: `[modules]`; returns the shape of `z`.
    fn scaled_gradient(&self, z: Tensor<2>, scale: Tensor<1>) -> Tensor<2>;

    /// [`scaled_gradient`](Self::scaled_gradient) as an activation that a shell has a kernel for.
    fn fused(&self, _scale: Tensor<1>) -> Option<FusedActivation> {
        None
    }

    /// The products `H_{φ_m}(z_m) v_m`, all shapes `[batch, modules, width]`.
    fn hessian_vector(&self, z: Tensor<3>, v: Tensor<3>) -> Tensor<3>;

    /// The traces `tr(W_mᵀ H_{φ_m}(z_m) W_m)`.
    ///
    /// # Shapes
    /// `z`: `[batch, modules, width]`, `weight`: `[modules, width, dim]`; returns `[batch, modules]`.
    fn hessian_trace(&self, z: Tensor<3>, weight: Tensor<3>) -> Tensor<2>;
}

/// `W_mᵀ v_m` for each module.
///
/// # Shapes
/// `v`: `[batch, modules, width]`, `weight`: `[modules, width, dim]`; returns `[batch, modules, dim]`.
pub(super) fn pulled_back(v: Tensor<3>, weight: Tensor<3>) -> Tensor<3> {
    v.swap_dims(0, 1).matmul(weight).swap_dims(0, 1)
}

/// `‖w_i‖²` for the rows of each module, `[modules, width, dim] -> [1, modules, width]`.
fn squared_rows(weight: Tensor<3>) -> Tensor<3> {
    let [modules, width, _] = weight.dims();
    weight.square().sum_dim(2).reshape([1, modules, width])
}

/// `tr(Wᵀ J_softmax(u) W) = Σ_i p_i ‖w_i‖² − ‖Wᵀ p‖²` with `p = softmax(u)`.
fn softmax_jacobian_trace(u: Tensor<3>, weight: Tensor<3>) -> Tensor<2> {
    let p = softmax(u, 2);
    let spread = (p.clone() * squared_rows(weight.clone())).sum_dim(2);
    let mean = pulled_back(p, weight).square().sum_dim(2);
    (spread - mean).squeeze_dim(2)
}

/// A block potential that is convex.
pub trait ConvexBlock: BlockPotential {}

/// A convex block potential that is nowhere negative.
pub trait NonNegativeBlock: ConvexBlock {}

/// Scaled LogSumExp, whose gradient is the softmax of Thm. 1 with temperature `t_m > 0`:
///
/// ```text
/// φ(z) = LSE(t z)/t                          ∇φ(z) = softmax(t z)                           fixed
/// φ(z) = a LSE(t z)/t + b LSE(−t z)/t        ∇φ(z) = a softmax(t z) − b softmax(−t z)       learned
/// ```
///
/// [`parts`](BlockPotential::parts) takes the constant `ln(width)/t`, times `a + b` where they are
/// learned, apart: what is left is the logarithm of a mean of exponentials, right at every
/// temperature.
///
/// The learned form is that of App. B; with `a, b ≥ 0` it is convex. The paper has no temperature in
/// Eq. (13)-(14); the released networks learn one, stored before softplus as all positive numbers here.
#[derive(Module, Debug)]
pub struct SoftmaxBlock<S: Sign> {
    /// The stored temperatures, `[modules]`.
    pub temperature: Param<Tensor<1>>,
    /// The stored weights `a` and `b`, each `[modules]`, where they are learned.
    pub mix: Option<(Param<Tensor<1>>, Param<Tensor<1>>)>,
    #[module(skip)]
    sign: PhantomData<S>,
}

impl<S: Sign> SoftmaxBlock<S> {
    /// Temperatures drawn from `U[0, 1)` before softplus and, if `learned`, `a = b = 0.5` as stored.
    pub fn new(modules: usize, learned: bool, source: &mut ParameterSource) -> Self {
        Self {
            temperature: source.uniform([modules], 0.0, 1.0),
            mix: learned.then(|| {
                (
                    source.constant([modules], 0.5),
                    source.constant([modules], 0.5),
                )
            }),
            sign: PhantomData,
        }
    }

    /// The modules of which this is the potential, scaled.
    fn modules(&self, alpha: Tensor<1>) -> SoftmaxModules {
        SoftmaxModules {
            alpha,
            temperature: self.temperatures(),
            mix: self.weights().map(|(a, b)| Mix { a, b }),
        }
    }

    /// `t > 0`, `[modules]`.
    pub(crate) fn temperatures(&self) -> Tensor<1> {
        softplus(self.temperature.val())
    }

    /// The weights in use, `(a, b)`, each `[modules]`.
    pub(crate) fn weights(&self) -> Option<(Tensor<1>, Tensor<1>)> {
        let (a, b) = self.mix.as_ref()?;
        Some((S::constrain(a.val()), S::constrain(b.val())))
    }
}

/// One number for each module, ready to multiply blocks `[batch, modules, width]`.
fn per_module(values: Tensor<1>) -> Tensor<3> {
    let [modules] = values.dims();
    values.reshape([1, modules, 1])
}

/// [`soft_maximum`] of each module of `sign z` for automatic differentiation, which needs its gradients and not forty
/// passes over the units: with `p = softmax(t sign z)` held fixed,
///
/// ```text
/// M = ln (Σ_i e^(t sign z_i)/n)/t,   ∂M/∂z = sign p,   ∂M/∂t = (⟨p, sign z⟩ − M)/t
/// ```
///
/// None where there is no kernel.
fn recorded_maximum(z: &Tensor<3>, t: &Tensor<1>, sign: f64) -> Option<Tensor<3>> {
    if !z.is_autodiff() {
        return None;
    }
    let [batch, modules, width] = z.dims();
    let least = z
        .dtype()
        .finfo()
        .map_or(f64::from(f32::MIN_POSITIVE), |info| info.min_positive);
    let t = t.clone().clamp_min(least);
    let temperature = t.clone().without_autodiff();
    let units = z.clone().without_autodiff();
    let units = units.reshape([batch, modules * width]);
    let signed = temperature.clone() * sign;
    let [value, mean] = softmax_maxima(&units, &signed)?;
    let softmax = SoftmaxModules {
        alpha: signed.full_like(sign),
        temperature: signed,
        mix: None,
    };
    let p = softmax_modules(units, softmax).reshape([batch, modules, width]);
    let [t, temperature]: [Tensor<2>; 2] = [t, temperature].map(Tensor::unsqueeze);
    let slope = (mean.clone() - value.clone()) / temperature.clone();
    let fixed = (t - temperature) * slope + (value - mean);
    Some((z.clone() * p).sum_dim(2) + fixed.unsqueeze_dim(2))
}

/// `J_softmax(u) v = p ⊙ (v − ⟨p, v⟩)` with `p = softmax(u)`.
fn softmax_jacobian_vector(u: Tensor<3>, v: Tensor<3>) -> Tensor<3> {
    let p = softmax(u, 2);
    let mean = (p.clone() * v.clone()).sum_dim(2);
    p * (v - mean)
}

impl<S: Sign> BlockPotential for SoftmaxBlock<S> {
    fn value(&self, z: Tensor<3>) -> Tensor<2> {
        let (constant, rest) = self.parts(z);
        constant + rest
    }

    fn parts(&self, z: Tensor<3>) -> (Tensor<2>, Tensor<2>) {
        let [_, _, width] = z.dims();
        let t = self.temperatures();
        let per_piece = t.clone().recip() * (width as f64).ln();
        let maximum = |sign: f64| {
            let recorded = recorded_maximum(&z, &t, sign);
            recorded.unwrap_or_else(|| soft_maximum(z.clone() * sign, per_module(t.clone())))
        };
        let (constant, rest) = match self.weights() {
            None => (per_piece, maximum(1.0)),
            Some((a, b)) => {
                let up = maximum(1.0) * per_module(a.clone());
                let down = maximum(-1.0) * per_module(b.clone());
                (per_piece * (a + b), up + down)
            }
        };
        (constant.unsqueeze(), rest.squeeze_dim(2))
    }

    fn scaled_gradient(&self, z: Tensor<2>, scale: Tensor<1>) -> Tensor<2> {
        softmax_modules(z, self.modules(scale))
    }

    fn fused(&self, scale: Tensor<1>) -> Option<FusedActivation> {
        Some(FusedActivation::SoftmaxModules(self.modules(scale)))
    }

    fn hessian_vector(&self, z: Tensor<3>, v: Tensor<3>) -> Tensor<3> {
        let t = per_module(self.temperatures());
        let u = z * t.clone();
        let product = match self.weights() {
            None => softmax_jacobian_vector(u, v),
            Some((a, b)) => {
                softmax_jacobian_vector(u.clone(), v.clone()) * per_module(a)
                    + softmax_jacobian_vector(-u, v) * per_module(b)
            }
        };
        product * t
    }

    /// `t [a tr_p + b tr_q]` with `p = softmax(t z)`, `q = softmax(−t z)`.
    fn hessian_trace(&self, z: Tensor<3>, weight: Tensor<3>) -> Tensor<2> {
        let t = self.temperatures();
        let u = z * per_module(t.clone());
        let trace = match self.weights() {
            None => softmax_jacobian_trace(u, weight),
            Some((a, b)) => {
                softmax_jacobian_trace(u.clone(), weight.clone()) * a.unsqueeze()
                    + softmax_jacobian_trace(-u, weight) * b.unsqueeze()
            }
        };
        trace * t.unsqueeze()
    }
}

impl ConvexBlock for SoftmaxBlock<NonNegative> {}

/// The sum of softplus, whose gradient is the elementwise sigmoid: `φ(z) = Σ_i softplus(z_i) ≥ 0`
/// (the second example after Cor. 7.1).
#[derive(Module, Debug)]
pub struct SigmoidBlock {
    modules: usize,
}

impl SigmoidBlock {
    /// For the given number of modules; it has no parameters.
    pub fn new(modules: usize) -> Self {
        Self { modules }
    }
}

impl BlockPotential for SigmoidBlock {
    fn value(&self, z: Tensor<3>) -> Tensor<2> {
        softplus(z).sum_dim(2).squeeze_dim(2)
    }

    /// `softplus z = ln 2 + z/2 + ln cosh(z/2)`.
    fn parts(&self, z: Tensor<3>) -> (Tensor<2>, Tensor<2>) {
        let [_, modules, width] = z.dims();
        let constant = Tensor::full([1, modules], width as f64 * LN_2, (&z.device(), z.dtype()));
        let half = z * 0.5;
        let rest = half.clone() + ScalarFunction::Tanh.antiderivative(half);
        (constant, rest.sum_dim(2).squeeze_dim(2))
    }

    fn scaled_gradient(&self, z: Tensor<2>, scale: Tensor<1>) -> Tensor<2> {
        let [batch, hidden] = z.dims();
        let blocks = z.reshape([batch, self.modules, hidden / self.modules]);
        (sigmoid(blocks) * per_module(scale)).reshape([batch, hidden])
    }

    fn hessian_vector(&self, z: Tensor<3>, v: Tensor<3>) -> Tensor<3> {
        ScalarFunction::Sigmoid.derivative(z) * v
    }

    fn hessian_trace(&self, z: Tensor<3>, weight: Tensor<3>) -> Tensor<2> {
        let slopes = ScalarFunction::Sigmoid.derivative(z) * squared_rows(weight);
        slopes.sum_dim(2).squeeze_dim(2)
    }
}

impl ConvexBlock for SigmoidBlock {}
impl NonNegativeBlock for SigmoidBlock {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::host;
    use burn::tensor::{Device, FloatDType};

    /// Value and gradients against those of the formula that automatic differentiation follows step by step.
    #[test]
    fn the_recorded_maximum_has_the_value_and_the_gradients_of_the_other() {
        let device = Device::flex().autodiff();
        let mut source = ParameterSource::new(&device, 3).with_dtype(FloatDType::F64);
        let z = source.normal([4, 2, 5], 0.0, 3.0).val();
        let t = source.uniform([2], 0.1, 2.0).val();
        let weights = source.normal([4, 2, 1], 0.0, 1.0).val().without_autodiff();
        let of = |value: Tensor<3>| {
            let gradients = (value.clone() * weights.clone()).sum().backward();
            let (of_z, of_t) = (z.grad(&gradients).unwrap(), t.grad(&gradients).unwrap());
            [host(value.without_autodiff()), host(of_z), host(of_t)].concat()
        };
        for sign in [1.0, -1.0] {
            let found = of(recorded_maximum(&z, &t, sign).unwrap());
            let expected = of(soft_maximum(z.clone() * sign, per_module(t.clone())));
            assert_eq!(found.len(), 8 + 40 + 2);
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-12, "{found} {expected}");
            }
        }
    }
}
