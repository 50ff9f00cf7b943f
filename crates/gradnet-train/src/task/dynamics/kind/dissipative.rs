//! Hamilton's equations with friction on the momenta, a port-Hamiltonian system (van der Schaft, Jeltsema, 2014):
//!
//! ```text
//! dq/dt = ∂H/∂p,    dp/dt = −∂H/∂q − γ ∂H/∂p,    S = J − R,    R = [[0, 0], [0, γ I]],    γ ≥ 0
//! ```
//!
//! `dH/dt = −γ ‖∂H/∂p‖² ≤ 0`. One `γ` for all momenta; [`coefficients`](super::super::coefficients) finds it where it
//! is not given.

use burn::tensor::Tensor;

use super::halves;

/// `(g_p, −g_q − γ g_p)`.
pub(super) fn apply(g: Tensor<2>, friction: f64) -> Tensor<2> {
    let [q, p] = halves(g);
    Tensor::cat(vec![p.clone(), -q - p * friction], 1)
}

/// `(−w_p, w_q − γ w_p)`.
pub(super) fn transposed(w: Tensor<2>, friction: f64) -> Tensor<2> {
    let [q, p] = halves(w);
    Tensor::cat(vec![-p.clone(), q - p * friction], 1)
}
