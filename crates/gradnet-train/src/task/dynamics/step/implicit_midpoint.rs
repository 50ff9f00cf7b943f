//! The implicit midpoint rule:
//!
//! ```text
//! x⁺ = x + h (S g(z) + B u),    z = (x + x⁺)/2
//! ```
//!
//! Hairer, Lubich, Wanner, "Geometric Numerical Integration", II.1. Symplectic for Hamilton's equations, of order 2; it
//! keeps quadratic energies exactly. `z` solves `z = x + h/2 (S g(z) + B u)`: by repeating the equation while that
//! converges fast (its rate is `h L/2`), else by Newton's method:
//!
//! ```text
//! A δ = x + h/2 (S g(z) + B u) − z,    A = I − h/2 S J_g(z),    z ← z + δ
//! ```
//!
//! `A v` is one closed-form product with `J_g`, and so is `Aᵀ v = v − h/2 J_g Sᵀ v`, because `J_g` is symmetric. If `h
//! L/2 < 1` with a Lipschitz constant `L` of `g`, `A` is invertible everywhere and `z` is unique.

use burn::module::Module;
use burn::tensor::Tensor;
use gradnet_core::VectorField;

use super::{Stage, linear};
use crate::task::dynamics::flow::Flow;

/// Steps at most: enough for 64 bits at the slowest rate that counts as fast.
const STEPS: usize = 16;

/// The equation is repeated while the change is below this part of the one before it.
const FAST: f64 = 0.1;

/// One step, with `drive` added to the velocity. Where Newton's method does not converge, the last iterate counts.
pub(super) fn step<F: VectorField + Module>(
    flow: &Flow<F>,
    x: Tensor<2>,
    h: Tensor<2>,
    drive: Option<&Tensor<2>>,
) -> (Tensor<2>, Vec<Stage>) {
    let half = h * 0.5;
    let tolerance = 4.0 * linear::epsilon(&x);
    let next = |z: Tensor<2>| x.clone() + half.clone() * flow.velocity(z, drive);
    let mut z = next(x.clone());
    let mut before = f64::INFINITY;
    for _ in 0..STEPS {
        let residual = next(z.clone()) - z.clone();
        let size = linear::largest(&residual);
        // Rounding ends the search as well: it does not get smaller any more.
        let scale = 1.0 + linear::largest(&z);
        if !size.is_finite()
            || size <= tolerance * scale
            || (size >= before && size <= 1e3 * tolerance * scale)
        {
            break;
        }
        let is_fast = size < FAST * before;
        before = size;
        z = z.clone()
            + match is_fast {
                true => residual,
                false => Newton {
                    flow,
                    z: &z,
                    half: &half,
                }
                .solve(residual),
            };
    }
    (z.clone() * 2.0 - x, vec![Stage::Implicit { at: z, half }])
}

/// `A = I − h/2 S J_g(z)` at the rows of `z`, known by its products.
pub(super) struct Newton<'a, F: Module> {
    pub(super) flow: &'a Flow<'a, F>,
    pub(super) z: &'a Tensor<2>,
    /// `h/2`, `[rows, 1]`.
    pub(super) half: &'a Tensor<2>,
}

impl<F: VectorField + Module> Newton<'_, F> {
    /// `A⁻¹ v`.
    pub(super) fn solve(&self, v: Tensor<2>) -> Tensor<2> {
        linear::solve(&|v| self.product(v), &|v| self.transposed(v), v)
    }

    /// `A⁻ᵀ v`.
    pub(super) fn solve_transposed(&self, v: Tensor<2>) -> Tensor<2> {
        linear::solve(&|v| self.transposed(v), &|v| self.product(v), v)
    }

    /// `A v`.
    fn product(&self, v: Tensor<2>) -> Tensor<2> {
        let curvature = self.flow.curvature(self.z.clone(), v.clone());
        v - self.half.clone() * self.flow.apply(curvature)
    }

    /// `Aᵀ v`.
    fn transposed(&self, v: Tensor<2>) -> Tensor<2> {
        let turned = self.flow.transposed(self.half.clone() * v.clone());
        v - self.flow.curvature(self.z.clone(), turned)
    }
}
