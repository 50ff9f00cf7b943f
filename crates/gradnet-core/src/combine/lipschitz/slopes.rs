//! How steep each activation can be, unit by unit.

use crate::activation::{
    Activation, BlockPotential, CascadedActivation, ElementwiseActivation, IcgnActivation,
    IcgnMonteCarlo, LearnedTanh, ModularActivation, NeuralActivation, NeuralCascadedActivation,
    One, ScalarFunction, SigmoidBlock, SoftmaxBlock, SplineActivation, SplineShape,
};
use crate::kernel::widened;
use crate::sign::Sign;
use burn::module::Param;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;

/// An activation with bounded slopes.
///
/// How tight the bound `s` is for each:
///
/// | activation | `s` | |
/// |---|---|---|
/// | [`ElementwiseActivation`] | `\|α\| sup s'` | met by every unit (by softplus in the limit `z → ∞`) |
/// | [`CascadedActivation`] | `s_ℓ = \|α_ℓ\| sup \|f_ℓ'\| (\|β_ℓ\| + s_{ℓ-1})` | met where all layers are at their steepest at once with one sign, as without biases; otherwise a product of suprema that are not taken together |
/// | [`NeuralActivation`] | `sup s' · max(Σ_j (u_j v_j)⁺, Σ_j (u_j v_j)⁻)` | met where all scalar units whose `u_j v_j` has the larger sum are at their steepest at once, the others flat; without biases if `u v` has one sign |
/// | [`NeuralCascadedActivation`] | that in each layer of the cascade | as these two |
/// | [`SplineActivation`] | the largest size of a slope, the two outer ones included | met by every unit |
/// | [`ModularActivation`], sigmoid, `ρ = 1` | `\|α\|/4` | met by every unit |
/// | [`ModularActivation`], softmax, `ρ = 1` | `\|α\| t/2` | met in the limit where two entries tie and the others are far below, at such a point for two units; a block is at this slope in one direction only, so the bound of the shell can exceed the Lipschitz constant by as much as the number of units |
/// | [`ModularActivation`], learned softmax, `ρ = 1` | `\|α\| t/2 · max(a⁺ + b⁺, a⁻ + b⁻)` | the same for weights of two signs; for weights of one sign met by two units and at most twice too large for more |
/// | [`IcgnActivation`] | 1/16 | met by every unit |
/// | [`IcgnMonteCarlo`] | `1/16 + 2 \|b\|/(25 √5)`, whatever the draws | met for `b = 0` |
///
/// There is no bound for `ρ ≠ 1` ([`SoftplusRho`](crate::activation::SoftplusRho),
/// [`AffineRho`](crate::activation::AffineRho): `ρ(φ)` grows with `φ` where `∇φ` still bends), for
/// [`QuadraticLseActivation`](crate::activation::QuadraticLseActivation) (between two quadratics the slope grows with
/// the square of the distance from their centres), nor for activations that jump.
pub trait LipschitzActivation: Activation {
    /// Numbers `s ≥ 0` with `−diag(s) ⪯ J_σ(z) ⪯ diag(s)` for all `z` in `R^hidden`, `[1, hidden]`;
    /// in `f32` for narrower parameters.
    fn slope_bounds(&self, hidden: usize) -> Tensor<2>;

    /// Numbers `r ≥ 0` with `−diag(r) ⪯ J_σ(z)` for all `z` in `R^hidden`, `[1, hidden]`: how steeply each unit falls.
    /// Never more than [`slope_bounds`](Self::slope_bounds), and 0 for a nondecreasing unit where this is known.
    fn fall_bounds(&self, hidden: usize) -> Tensor<2> {
        self.slope_bounds(hidden)
    }
}

/// A block potential with a bounded Hessian.
pub trait LipschitzBlock: BlockPotential {
    /// Numbers `c_m ≥ 0` with `−c_m I ⪯ H_{φ_m}(z) ⪯ c_m I` for all `z`, times the scales given; both `[modules]`.
    fn curvature_bounds(&self, scale: Tensor<1>) -> Tensor<1>;
}

/// A stored parameter as it is used, in `f32` where it is narrower.
fn used<S: Sign, const D: usize>(stored: &Param<Tensor<D>>) -> Tensor<D> {
    widened(S::constrain(stored.val()))
}

/// One row, `[units] -> [1, units]`.
fn row(values: Tensor<1>) -> Tensor<2> {
    values.unsqueeze()
}

/// `max(Σ x⁺, Σ x⁻)` over the last dimension, which stays with length 1: how far a sum of terms `x_j r_j` with
/// `0 ≤ r_j ≤ 1` can get from zero.
fn larger_part<const D: usize>(terms: Tensor<D>) -> Tensor<D> {
    let part = |terms| relu(terms).sum_dim(D - 1);
    part(terms.clone()).max_pair(part(-terms))
}

/// `s_ℓ = |α_ℓ| f_ℓ (|β_ℓ| + s_{ℓ-1})` with the steepest slopes `f_ℓ` of the functions of the layers: Eq. (19) term by
/// term. All `[layers, hidden]`; returns `[1, hidden]`.
fn cascade_slopes(alpha: Tensor<2>, beta: Tensor<2>, steepest: Tensor<2>) -> Tensor<2> {
    let [layers, hidden] = alpha.dims();
    let gain = alpha.abs() * steepest;
    let beta = beta.abs();
    let flat = Tensor::zeros([1, hidden], (&gain.device(), gain.dtype()));
    (0..layers).fold(flat, |slope, layer| {
        gain.clone().narrow(0, layer, 1) * (beta.clone().narrow(0, layer, 1) + slope)
    })
}

impl LearnedTanh {
    /// `sup |a (1 − tanh²) + b tanh²| = max(|a|, |b|)`, `[layers, hidden]`.
    fn steepest<S: Sign>(&self) -> Tensor<2> {
        let size = |stored| used::<S, 2>(stored).abs();
        size(&self.a).max_pair(size(&self.b))
    }
}

impl<S: Sign> LipschitzActivation for ElementwiseActivation<S> {
    fn slope_bounds(&self, _hidden: usize) -> Tensor<2> {
        row(used::<S, 1>(&self.alpha).abs()) * self.function().steepest()
    }
}

impl<S: Sign> LipschitzActivation for CascadedActivation<S> {
    fn slope_bounds(&self, _hidden: usize) -> Tensor<2> {
        let alpha = used::<S, 2>(&self.alpha);
        let steepest = match (&self.learned, self.fixed_function()) {
            (Some(learned), _) => learned.steepest::<S>(),
            (None, function) => alpha.ones_like() * function.map_or(1.0, ScalarFunction::steepest),
        };
        cascade_slopes(alpha, used::<S, 2>(&self.beta), steepest)
    }
}

impl<S: Sign> LipschitzActivation for NeuralActivation<S> {
    fn slope_bounds(&self, _hidden: usize) -> Tensor<2> {
        let products = used::<S, 2>(&self.output) * used::<S, 2>(&self.input);
        (larger_part(products) * self.function().steepest()).transpose()
    }
}

impl<S: Sign> LipschitzActivation for NeuralCascadedActivation<S> {
    fn slope_bounds(&self, _hidden: usize) -> Tensor<2> {
        let products = used::<S, 3>(&self.output) * used::<S, 3>(&self.input);
        let steepest = larger_part(products).squeeze_dim(2) * self.function().steepest();
        cascade_slopes(
            used::<S, 2>(&self.alpha),
            used::<S, 2>(&self.beta),
            steepest,
        )
    }
}

impl<S: SplineShape> LipschitzActivation for SplineActivation<S> {
    fn slope_bounds(&self, _hidden: usize) -> Tensor<2> {
        let slopes = self.slopes_of(widened(self.coefficients()));
        slopes.abs().max_dim(1).transpose()
    }

    fn fall_bounds(&self, _hidden: usize) -> Tensor<2> {
        let slopes = self.slopes_of(widened(self.coefficients()));
        relu(-slopes).max_dim(1).transpose()
    }
}

impl LipschitzActivation for IcgnActivation {
    /// `κ' = (s (1 − s))² ≤ 1/16`.
    fn slope_bounds(&self, _hidden: usize) -> Tensor<2> {
        row(widened(self.bias.val()).ones_like()) / 16.0
    }
}

impl LipschitzActivation for IcgnMonteCarlo {
    /// For every draw, with `g = (s (1 − s))²` and `u = τ w + b`:
    /// `|g(u) + (u − b) g'(u)| ≤ sup |g + u g'| + |b| sup |g'| = 1/16 + |b| 2/(25 √5)`.
    fn slope_bounds(&self, _hidden: usize) -> Tensor<2> {
        row(widened(self.bias.val()).abs()) * (2.0 / (25.0 * 5f64.sqrt())) + 1.0 / 16.0
    }
}

impl<P: LipschitzBlock, S: Sign> LipschitzActivation for ModularActivation<P, One, S> {
    fn slope_bounds(&self, hidden: usize) -> Tensor<2> {
        let alpha = used::<S, 1>(&self.alpha).abs();
        let [modules] = alpha.dims();
        let bounds: Tensor<2> = self.block.curvature_bounds(alpha).unsqueeze_dim(1);
        bounds.repeat_dim(1, hidden / modules).reshape([1, hidden])
    }
}

impl LipschitzBlock for SigmoidBlock {
    /// `H = diag(s (1 − s))`.
    fn curvature_bounds(&self, scale: Tensor<1>) -> Tensor<1> {
        scale * 0.25
    }
}

impl<S: Sign> LipschitzBlock for SoftmaxBlock<S> {
    /// `H = t (diag p − p pᵀ) ⪯ t/2 I` by Gershgorin's circles, whose right ends are `2 t p_i (1 − p_i)`.
    fn curvature_bounds(&self, scale: Tensor<1>) -> Tensor<1> {
        let half = scale * widened(self.temperatures()) * 0.5;
        match self.weights() {
            None => half,
            Some((a, b)) => {
                let pairs: Tensor<2> = Tensor::stack(vec![widened(a), widened(b)], 1);
                half * larger_part(pairs).squeeze_dim(1)
            }
        }
    }
}
