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
//!
//! Bounds of `f16` and `bf16` networks are computed in `f32`, and each is widened by what rounding
//! can take from it (`fragile_numbers::lipschitz_bounds_hold_in_every_element_type`). They bound
//! the field that the weights stand for; what evaluating it in few digits adds is in the margin of
//! [`SmoothComplement`].

mod complement;
mod composed;
mod slopes;

pub use complement::SmoothComplement;
pub use slopes::{LipschitzActivation, LipschitzBlock};

use crate::field::VectorField;
use crate::kernel::widened;
use crate::tied::TiedNetwork;
use burn::module::Module;
use burn::tensor::{DType, Tensor};

/// Squarings of the Gram matrix.
const SQUARINGS: i32 = 7;

/// A field with a Lipschitz bound computed from its weights.
///
/// Shells have one where their activation is a [`LipschitzActivation`], and so have sums, differences, combinations,
/// translations and linear parts of such fields, whose bounds add up. Networks that weigh a field by a function of its
/// potential, take maxima of quadratics or jump have none: their Jacobians grow without limit.
pub trait LipschitzField: VectorField {
    /// A number `L`, `[1]`, with `‖f(x) − f(y)‖ ≤ L ‖x − y‖` for all points; in `f32` for narrower
    /// weights.
    fn lipschitz_bound(&self) -> Tensor<1>;
}

impl<A: LipschitzActivation + Module> LipschitzField for TiedNetwork<A> {
    fn lipschitz_bound(&self) -> Tensor<1> {
        let weight = widened(self.weight.val());
        let [hidden, _] = weight.dims();
        let slopes = self.activation.slope_bounds(hidden).transpose();
        // Each factor near 1, so that the Gram matrix overflows or vanishes only where the bound
        // does.
        let (weight, size) = normalised(weight);
        let (slopes, steepest) = normalised(slopes);
        let gram = weight.clone().transpose().matmul(weight * slopes);
        let bound = schatten_bound(gram) * size.clone() * steepest * size;
        for_rounding(bound, hidden, self.weight.val().dtype())
    }
}

/// A bound that comes of sums of `terms` products, widened by the largest relative error of such a
/// sum and, for narrower weights, by what rounding them after a sign constraint can add.
fn for_rounding(bound: Tensor<1>, terms: usize, stored: DType) -> Tensor<1> {
    let computed = bound.dtype();
    let mut margin = (terms + OTHER_ROUNDINGS) as f64 * epsilon(computed);
    if stored != computed {
        margin += WEIGHT_ROUNDINGS * epsilon(stored);
    }
    bound * (1.0 + margin)
}

/// Factors of a slope that may be rounded, in epsilons.
const WEIGHT_ROUNDINGS: f64 = 8.0;

/// Roundings of a bound beside those of its sums.
const OTHER_ROUNDINGS: usize = 64;

/// The distance from 1 to the next number of a float type.
fn epsilon(dtype: DType) -> f64 {
    dtype
        .finfo()
        .map_or(f64::from(f32::EPSILON), |info| info.epsilon)
}

/// A matrix over its largest entry, and that entry, `[1]`; a matrix of zeros as it is, and 0.
fn normalised(matrix: Tensor<2>) -> (Tensor<2>, Tensor<1>) {
    let largest = matrix.clone().max_abs();
    let is_zero = largest.clone().equal_elem(0.0);
    let divisor = largest.clone().mask_fill(is_zero, 1.0);
    (matrix / divisor.unsqueeze(), largest)
}

/// `‖G^(2^k)‖_F^(2^-k) ≥ ‖G‖₂` of a symmetric matrix, scaled before each squaring so that nothing
/// overflows.
fn schatten_bound(gram: Tensor<2>) -> Tensor<1> {
    let norm = |matrix: &Tensor<2>| matrix.clone().square().sum().clamp_min(1e-30).sqrt();
    let (mut matrix, largest) = normalised(gram);
    let mut log_norm = Tensor::zeros([1], (&matrix.device(), matrix.dtype()));
    for squaring in 0..SQUARINGS {
        let size = norm(&matrix);
        log_norm = log_norm + size.clone().log() / f64::from(squaring).exp2();
        matrix = matrix / size.unsqueeze();
        matrix = matrix.clone().matmul(matrix);
    }
    let logarithm = log_norm + norm(&matrix).log() / f64::from(SQUARINGS).exp2();
    logarithm.exp() * largest
}
