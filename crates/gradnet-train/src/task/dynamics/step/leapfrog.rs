//! Leapfrog (Störmer, Verlet), for `H = V(q) + T(p)`:
//!
//! ```text
//! p½ = p − h/2 V'(q),    q⁺ = q + h T'(p½),    p⁺ = p½ − h/2 V'(q⁺)
//! ```
//!
//! Hairer, Lubich, Wanner, "Geometric Numerical Integration", I.1.4. Symplectic, reversible, of order 2, explicit.

use burn::module::Module;
use burn::tensor::Tensor;
use gradnet_core::VectorField;

use super::Stage;
use crate::task::dynamics::flow::Flow;

/// One step, with `drive` added to the velocity.
pub(super) fn step<F: VectorField + Module>(
    flow: &Flow<F>,
    x: Tensor<2>,
    h: Tensor<2>,
    drive: Option<&Tensor<2>>,
) -> (Tensor<2>, Vec<Stage>) {
    let n = x.dims()[1] / 2;
    let ones = x.clone().narrow(1, 0, n).ones_like();
    let zeros = ones.zeros_like();
    let kick = Tensor::cat(vec![zeros.clone(), ones.clone() * (h.clone() * 0.5)], 1);
    let drift = Tensor::cat(vec![ones * h, zeros], 1);
    let mut x = x;
    let mut trace = Vec::with_capacity(3);
    for weight in [kick.clone(), drift, kick] {
        let at = x.clone();
        x = x + weight.clone() * flow.velocity(at.clone(), drive);
        trace.push(Stage::Explicit { at, weight });
    }
    (x, trace)
}
