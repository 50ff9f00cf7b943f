//! Leapfrog (Störmer, Verlet), for `H = V(q) + T(p)`:
//!
//! ```text
//! p½ = p − h/2 V'(q),    q⁺ = q + h T'(p½),    p⁺ = p½ − h/2 V'(q⁺)
//! ```
//!
//! Hairer, Lubich, Wanner, "Geometric Numerical Integration", I.1.4. Symplectic, reversible, of order 2, explicit. The
//! field is looked at in `(q, 0)` or `(0, p)`, which is its separated part
//! ([`Separated`](gradnet_core::combine::Separated)) at half the cost.

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
    let positions = Tensor::cat(vec![ones.clone(), zeros.clone()], 1);
    let momenta = Tensor::cat(vec![zeros, ones], 1);
    let kick = (positions.clone(), momenta.clone() * (h.clone() * 0.5));
    let drift = (momenta, positions * h);
    let mut x = x;
    let mut trace = Vec::with_capacity(3);
    for (seen, weight) in [kick.clone(), drift, kick] {
        let at = x.clone() * seen.clone();
        x = x + weight.clone() * flow.velocity(at.clone(), drive);
        trace.push(Stage::Explicit { at, seen, weight });
    }
    (x, trace)
}
