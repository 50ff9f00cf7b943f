//! Lipschitz bounds from the weights, and the monotone complement `L x − f(x)` (Rem. 3).
//!
//! For the tied shell with `−diag(s) ⪯ J_σ ⪯ diag(s)` everywhere,
//!
//! ```text
//! ‖J_f(x)‖₂ = ‖Wᵀ J_σ W‖₂ ≤ ‖diag(√s) W‖₂² = ‖G‖₂,      G = Wᵀ diag(s) W
//! ```
//!
//! and `‖G‖₂ ≤ ‖G^(2^k)‖_F^(2^-k)`, the Schatten norm of order `2^(k+1)`, by `k` squarings of a `dim × dim` matrix.
//! It exceeds `‖G‖₂` by a factor of at most `dim^(2^-(k+1))`: 2.8 % at `dim = 1024` with the `k = 7` used here.
//! So the bound is as tight as the slopes `s` are; it is met by one layer of units with scales of one sign that
//! are all at their steepest in one point.

use crate::activation::{
    Activation, CascadedActivation, ElementwiseActivation, IcgnActivation, LearnedTanh,
    ScalarFunction,
};
use crate::field::{GradientField, MonotoneField, Potential, VectorField};
use crate::sign::Sign;
use crate::tied::TiedNetwork;
use burn::module::Module;
use burn::tensor::Tensor;

/// Squarings of the Gram matrix.
const SQUARINGS: i32 = 7;

/// An activation with bounded slopes.
pub trait LipschitzActivation: Activation {
    /// Numbers `s ≥ 0` with `−diag(s) ⪯ J_σ(z) ⪯ diag(s)` for all `z`, `[1, hidden]`.
    fn slope_bounds(&self) -> Tensor<2>;
}

/// A field with a Lipschitz bound computed from its weights.
pub trait LipschitzField: VectorField {
    /// A number `L`, `[1]`, with `‖f(x) − f(y)‖ ≤ L ‖x − y‖` for all points, up to rounding.
    fn lipschitz_bound(&self) -> Tensor<1>;
}

impl ScalarFunction {
    /// The supremum of `s'`.
    fn steepest(self) -> f64 {
        match self {
            Self::Sigmoid => 0.25,
            Self::Tanh | Self::Softplus | Self::Relu => 1.0,
        }
    }
}

impl<S: Sign> LipschitzActivation for ElementwiseActivation<S> {
    fn slope_bounds(&self) -> Tensor<2> {
        S::constrain(self.alpha.val()).abs().unsqueeze() * self.function().steepest()
    }
}

impl<S: Sign> LipschitzActivation for CascadedActivation<S> {
    /// `s_ℓ = |α_ℓ| sup|f_ℓ'| (|β_ℓ| + s_{ℓ-1})`, Eq. (19) term by term.
    fn slope_bounds(&self) -> Tensor<2> {
        let weights = |stored: Tensor<2>| S::constrain(stored).abs();
        let (alpha, beta) = (weights(self.alpha.val()), weights(self.beta.val()));
        let steepest = match (&self.learned, self.fixed_function()) {
            (Some(learned), _) => learned.steepest::<S>(),
            (None, function) => alpha.ones_like() * function.map_or(1.0, ScalarFunction::steepest),
        };
        let [layers, hidden] = alpha.dims();
        let row = |values: &Tensor<2>, layer| values.clone().narrow(0, layer, 1);
        let flat = Tensor::zeros([1, hidden], (&alpha.device(), alpha.dtype()));
        (0..layers).fold(flat, |slope, layer| {
            row(&alpha, layer) * row(&steepest, layer) * (row(&beta, layer) + slope)
        })
    }
}

impl LearnedTanh {
    /// `sup |a (1 − tanh²) + b tanh²| = max(|a|, |b|)`, `[layers, hidden]`.
    fn steepest<S: Sign>(&self) -> Tensor<2> {
        let (a, b) = (
            S::constrain(self.a.val()).abs(),
            S::constrain(self.b.val()).abs(),
        );
        a.max_pair(b)
    }
}

impl LipschitzActivation for IcgnActivation {
    /// `κ' = (s (1 − s))² ≤ 1/16`.
    fn slope_bounds(&self) -> Tensor<2> {
        self.bias.val().ones_like().unsqueeze() / 16.0
    }
}

impl<A: LipschitzActivation + Module> LipschitzField for TiedNetwork<A> {
    fn lipschitz_bound(&self) -> Tensor<1> {
        let weight = self.weight.val();
        let scaled = weight.clone() * self.activation.slope_bounds().transpose();
        schatten_bound(weight.transpose().matmul(scaled))
    }
}

/// `‖G^(2^k)‖_F^(2^-k) ≥ ‖G‖₂` of a symmetric matrix, scaled at each squaring so that nothing overflows.
fn schatten_bound(gram: Tensor<2>) -> Tensor<1> {
    let norm = |matrix: &Tensor<2>| matrix.clone().square().sum().sqrt().clamp_min(1e-30);
    let mut matrix = gram;
    let mut log_norm = Tensor::zeros([1], (&matrix.device(), matrix.dtype()));
    for squaring in 0..SQUARINGS {
        let size = norm(&matrix);
        log_norm = log_norm + size.clone().log() / f64::from(squaring).exp2();
        matrix = matrix / size.unsqueeze();
        matrix = matrix.clone().matmul(matrix);
    }
    (log_norm + norm(&matrix).log() / f64::from(SQUARINGS).exp2()).exp()
}

/// `L x − f(x)` with the Lipschitz bound `L` of `f`: monotone for any gradient field (Rem. 3).
///
/// `L` follows the weights through training. Rounding of the bound is covered by a margin of one in ten
/// thousand.
#[derive(Module, Debug)]
pub struct SmoothComplement<F: Module> {
    /// `f`.
    pub field: F,
}

/// What rounding may take from a bound that is exact otherwise.
const MARGIN: f64 = 1.0 + 1e-4;

impl<F: LipschitzField + GradientField + Module> SmoothComplement<F> {
    /// The complement of a gradient field.
    pub fn new(field: F) -> Self {
        Self { field }
    }

    /// `L`, `[1]`.
    pub fn modulus(&self) -> Tensor<1> {
        self.field.lipschitz_bound() * MARGIN
    }
}

impl<F: LipschitzField + GradientField + Module> VectorField for SmoothComplement<F> {
    fn dim(&self) -> usize {
        self.field.dim()
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        x.clone() * self.modulus().unsqueeze() - self.field.forward(x)
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        v.clone() * self.modulus().unsqueeze() - self.field.jacobian_vector(x, v)
    }
}

impl<F: LipschitzField + GradientField + Module> GradientField for SmoothComplement<F> {}
impl<F: LipschitzField + GradientField + Module> MonotoneField for SmoothComplement<F> {}

impl<F: LipschitzField + Potential + Module> Potential for SmoothComplement<F> {
    fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        let quadratic = x.clone().square().sum_dim(1).squeeze_dim(1) * 0.5;
        quadratic * self.modulus() - self.field.potential(x)
    }
}
