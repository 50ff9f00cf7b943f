//! One step of time: leapfrog for separable systems, the implicit midpoint rule for all others.
//!
//! Both are symplectic for Hamilton's equations and of order 2. A step leaves a trace of [`Stage`]s, in which it can be
//! differentiated without a graph: forwards along a direction ([`Stage::tangent`]), and backwards ([`Stage::adjoint`]),
//! where it tells with which weights `w` the gradient `g` at its point enters. The Jacobian of `g` is symmetric, so
//! both directions are its closed-form products.

mod implicit_midpoint;
mod leapfrog;
mod linear;

use burn::module::Module;
use burn::tensor::Tensor;
use gradnet_core::VectorField;

use self::implicit_midpoint::Newton;
use super::flow::Flow;
use super::kind::Kind;

/// A part of a step.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant)] // handles of tensors, a few hundred of them
pub enum Stage {
    /// `x ← x + weight ⊙ (S g(at) + drive)` with `at = seen ⊙ x`.
    Explicit {
        /// `at`, `[rows, dim]`.
        at: Tensor<2>,
        /// 1 for the coordinates that the field sees and 0 for the others, `[rows, dim]`.
        seen: Tensor<2>,
        /// The step, or 0 for the coordinates that rest, `[rows, dim]`.
        weight: Tensor<2>,
    },
    /// `x ← 2 z − x` with `z = x + half (S g(z) + drive)`.
    Implicit {
        /// `z`, `[rows, dim]`.
        at: Tensor<2>,
        /// Half of the step, `[rows, 1]`.
        half: Tensor<2>,
    },
}

/// The states after a step, and its trace.
///
/// # Shapes
/// `x`, `drive`: `[rows, dim]`; `h`: `[rows, 1]`, the step of each row.
pub fn step<F: VectorField + Module>(
    flow: &Flow<F>,
    x: Tensor<2>,
    h: Tensor<2>,
    drive: Option<&Tensor<2>>,
) -> (Tensor<2>, Vec<Stage>) {
    match flow.structure().kind {
        Kind::Separable => leapfrog::step(flow, x, h, drive),
        _ => implicit_midpoint::step(flow, x, h, drive),
    }
}

impl Stage {
    /// Where `g` was evaluated.
    pub fn at(&self) -> &Tensor<2> {
        match self {
            Self::Explicit { at, .. } | Self::Implicit { at, .. } => at,
        }
    }

    /// The same for `times` copies of its rows, one below the other.
    pub fn repeated(&self, times: usize) -> Self {
        let rows = |tensor: &Tensor<2>| tensor.clone().repeat_dim(0, times);
        match self {
            Self::Explicit { at, seen, weight } => Self::Explicit {
                at: rows(at),
                seen: rows(seen),
                weight: rows(weight),
            },
            Self::Implicit { at, half } => Self::Implicit {
                at: rows(at),
                half: rows(half),
            },
        }
    }

    /// The derivative of the stage along `direction`, `[rows, dim]`.
    pub fn tangent<F: VectorField + Module>(
        &self,
        flow: &Flow<F>,
        direction: Tensor<2>,
    ) -> Tensor<2> {
        match self {
            Self::Explicit { at, seen, weight } => {
                let along = seen.clone() * direction.clone();
                let bent = flow.apply(flow.curvature(at.clone(), along));
                direction + weight.clone() * bent
            }
            Self::Implicit { at, half } => {
                let matrix = Newton { flow, z: at, half };
                matrix.solve(direction.clone()) * 2.0 - direction
            }
        }
    }

    /// What a loss's derivative by the state after the stage makes of the state before it; and the weights `w` with
    /// which it moves with `g` itself: `dL = ⟨w, dg(at)⟩`.
    pub fn adjoint<F: VectorField + Module>(
        &self,
        flow: &Flow<F>,
        after: Tensor<2>,
    ) -> (Tensor<2>, Tensor<2>) {
        match self {
            Self::Explicit { at, seen, weight } => {
                let w = flow.transposed(weight.clone() * after.clone());
                let bent = seen.clone() * flow.curvature(at.clone(), w.clone());
                (after + bent, w)
            }
            Self::Implicit { at, half } => {
                let matrix = Newton { flow, z: at, half };
                let middle = matrix.solve_transposed(after.clone() * 2.0);
                let w = flow.transposed(half.clone() * middle.clone());
                (middle - after, w)
            }
        }
    }
}

#[cfg(test)]
mod tests;
