//! Activations `σ: R^h -> R^h`, the part of the shell that decides what a network can represent.
//!
//! A [tied shell](crate::TiedNetwork) `Wᵀ σ(W x + a) + b` is a gradient field when `σ = ∇ψ`
//! (Prop. 1), a monotone one when `ψ` is convex (Prop. 2). So an activation carries the guarantee,
//! as a type: [`GradientActivation`] when `J_σ` is symmetric, [`MonotoneActivation`] when it is
//! positive semidefinite too.
//!
//! | activation | `σ(z)` | paper |
//! |---|---|---|
//! | [`ElementwiseActivation`] | `α ⊙ s(z)`, `s` one of [`ScalarFunction`] | Prop. 1, 2, Thm. 3 |
//! | [`CascadedActivation`] | a deep scalar network for each unit | Eq. (16)-(17), Thm. 8, Cor. 8.1 |
//! | [`ModularActivation`] | `α_m ρ_m(φ_m(z_m)) ∇φ_m(z_m)` on blocks | Eq. (13)-(14), Thm. 7, Cor. 7.1 |
//! | [`NeuralActivation`] | a small scalar network for each unit | Rem. 1, Rem. 4, Thm. 3, Lemma 5 |
//! | [`NeuralCascadedActivation`] | the cascade with such networks as its functions | after Thm. 8, Cor. 8.1 |
//! | [`StepActivation`], [`HardmaxActivation`] | jumps: subgradients | Sec. V-D |
//! | [`QuadraticLseActivation`] | the gradient of a LogSumExp of quadratics | ours, after Lemma 3 |
//! | [`SplineActivation`] | a linear spline for each unit | the baselines CRR and RR, and WCRR |
//! | [`IcgnActivation`], [`IcgnMonteCarlo`] | `∫₀¹ s'(t z + b)² z dt` | the baseline ICGN |

mod block;
mod cascaded;
mod elementwise;
mod hard;
mod icgn;
mod modular;
mod neural;
mod neural_cascade;
mod quadratic;
mod rho;
mod soft_maximum;
mod spline;
mod spline_shape;
mod temperature;
mod trace;

pub use block::{BlockPotential, ConvexBlock, NonNegativeBlock, SigmoidBlock, SoftmaxBlock};
pub use cascaded::{CascadedActivation, LearnedTanh};
pub use elementwise::ElementwiseActivation;
pub use hard::{HardmaxActivation, StepActivation};
pub use icgn::{IcgnActivation, IcgnMonteCarlo};
pub use modular::ModularActivation;
pub use neural::NeuralActivation;
pub use neural_cascade::NeuralCascadedActivation;
pub use quadratic::QuadraticLseActivation;
pub use rho::{AffineRho, MonotoneRho, One, Rho, SoftplusRho};
pub use spline::SplineActivation;
pub use spline_shape::{SplineShape, WeaklyIncreasing};
pub use temperature::TemperatureSchedule;
pub(crate) use trace::smooth_or_jumps;
pub use trace::{ActivationTrace, DiagonalActivation};

use crate::kernel::FusedActivation;
pub use crate::kernel::ScalarFunction;
use burn::tensor::Tensor;

/// A differentiable map of hidden vectors, evaluated on batches.
pub trait Activation {
    /// The values `σ(z)`, `[batch, hidden] -> [batch, hidden]`.
    fn forward(&self, z: Tensor<2>) -> Tensor<2>;

    /// The form of the activation that a [tied shell](crate::TiedNetwork) has a kernel for, with the parameters in use.
    fn fused(&self) -> Option<FusedActivation> {
        None
    }

    /// The products `J_σ(z_i) v_i`, in closed form; all shapes `[batch, hidden]`.
    fn jacobian_vector(&self, z: Tensor<2>, v: Tensor<2>) -> Tensor<2>;
}

/// An activation with a symmetric Jacobian: `σ = ∇ψ` (Prop. 1).
pub trait GradientActivation: Activation {}

/// An activation with a positive semidefinite Jacobian: `ψ` is convex (Prop. 2).
pub trait MonotoneActivation: GradientActivation {}

/// An activation whose Jacobian is made of blocks on its diagonal, all of one width: what Jacobians of shells can be
/// assembled from with few products.
pub trait BlockDiagonalActivation: GradientActivation {
    /// The width of a block, a divisor of `hidden`; 1 for an elementwise activation, whose Jacobian is diagonal.
    fn block_width(&self, _hidden: usize) -> usize {
        1
    }
}

/// An activation whose potential can be evaluated.
pub trait ActivationPotential: GradientActivation {
    /// The values `ψ(z)` with `∇ψ = σ`, `[batch, hidden] -> [batch]`.
    fn potential(&self, z: Tensor<2>) -> Tensor<1>;
}
