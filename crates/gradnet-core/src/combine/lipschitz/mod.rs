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
//! So the bound is as tight as the slopes `s` are ([`LipschitzActivation`] says how tight each is) and as the sum over
//! units is: it is met where all units are at their steepest in one point, with one sign.
//! `combinations::half_of_a_lipschitz_bound_is_none_where_it_is_met` shows such a point for every activation.

mod complement;
mod composed;
mod slopes;

pub use complement::SmoothComplement;
pub use slopes::{LipschitzActivation, LipschitzBlock};

use crate::field::VectorField;
use crate::tied::TiedNetwork;
use burn::module::Module;
use burn::tensor::Tensor;

/// Squarings of the Gram matrix.
const SQUARINGS: i32 = 7;

/// A field with a Lipschitz bound computed from its weights.
///
/// Shells have one where their activation is a [`LipschitzActivation`], and so have sums, differences, combinations,
/// translations and linear parts of such fields, whose bounds add up. Networks that weigh a field by a function of its
/// potential, take maxima of quadratics or jump have none: their Jacobians grow without limit.
pub trait LipschitzField: VectorField {
    /// A number `L`, `[1]`, with `‖f(x) − f(y)‖ ≤ L ‖x − y‖` for all points, up to rounding.
    fn lipschitz_bound(&self) -> Tensor<1>;
}

impl<A: LipschitzActivation + Module> LipschitzField for TiedNetwork<A> {
    fn lipschitz_bound(&self) -> Tensor<1> {
        let weight = self.weight.val();
        let [hidden, _] = weight.dims();
        let scaled = weight.clone() * self.activation.slope_bounds(hidden).transpose();
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
