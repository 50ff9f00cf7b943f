//! Gradient flows:
//!
//! ```text
//! dx/dt = −∇F(x),    S = −I = Sᵀ
//! ```
//!
//! `F` falls at the rate `‖∇F‖²`. With a monotone network `F` is convex, and then two solutions never move apart:
//! `d/dt ‖x − y‖²/2 = −⟨x − y, ∇F(x) − ∇F(y)⟩ ≤ 0`.

use burn::tensor::Tensor;

/// `−g`.
pub(super) fn apply(g: Tensor<2>) -> Tensor<2> {
    -g
}
