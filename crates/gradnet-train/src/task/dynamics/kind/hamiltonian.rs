//! Hamilton's equations, Eq. (24) of the paper:
//!
//! ```text
//! dq/dt = ∂H/∂p,    dp/dt = −∂H/∂q,    S = [[0, I], [−I, 0]],    Sᵀ = −S
//! ```
//!
//! `H` is constant along solutions, whatever `H` is, because `S` is antisymmetric: `dH/dt = ⟨∇H, S ∇H⟩ = 0`.

use burn::tensor::Tensor;

use super::halves;

/// `(g_p, −g_q)`.
pub(super) fn apply(g: Tensor<2>) -> Tensor<2> {
    let [q, p] = halves(g);
    Tensor::cat(vec![p, -q], 1)
}

/// `(−w_p, w_q)`.
pub(super) fn transposed(w: Tensor<2>) -> Tensor<2> {
    -apply(w)
}
