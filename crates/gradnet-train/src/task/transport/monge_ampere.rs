//! The residual of the Monge-Ampère equation, for two densities that are known.
//!
//! ```text
//! q(f(x)) det J_f(x) = p(x)
//! L(f) = E_P |ln det J_f(x) − log p(x) + log q(f(x))|
//! ```
//!
//! The equation holds everywhere for the Brenier map alone among gradients of convex functions, so `L ≥ 0` vanishes
//! there and nowhere else (Chaudhari, Pranav and Moura, "GradNetOT", 2025). It bounds `KL(P ‖ p_f) = E_P [log p − log
//! q(f) − ln det J_f]` from above.

use burn::tensor::{Tensor, TensorData};

use super::drawn::GaussianMixture;
use super::likelihood::surprise;
use crate::registry::Network;

/// `L` of a batch, `[1]`, differentiable in the weights; `log_p` are the log densities of its rows.
pub(super) fn monge_ampere(
    field: &Network,
    x: Tensor<2>,
    log_p: Vec<f64>,
    q: &GaussianMixture,
) -> Tensor<1> {
    let [rows, _] = x.dims();
    let log_p = TensorData::new(log_p, [rows]);
    let log_p = Tensor::<1>::from_data(log_p, (&x.device(), x.dtype()));
    (surprise(field, x, q) + log_p).abs().mean()
}
