//! The modular activation of GradNet-M: a direct sum over blocks of hidden units,
//!
//! ```text
//! σ(z) = [α_1 ρ_1(φ_1(z_1)) ∇φ_1(z_1), …, α_M ρ_M(φ_M(z_M)) ∇φ_M(z_M)]
//! ψ(z) = Σ_m α_m (∫ρ_m)(φ_m(z_m))
//! ```
//!
//! Eq. (13)-(14) with the learned combination weights `α_m` of App. A; the shell's `W` stacks the `W_m`,
//! so that all modules are one matrix product each way. The Jacobian of a block,
//! `α [ρ'(φ) ∇φ ∇φᵀ + ρ(φ) H_φ]` (Eq. (15)), is symmetric (Thm. 7), and positive semidefinite for
//! `α ≥ 0`, convex `φ` and `ρ` nonnegative and nondecreasing (Cor. 7.1).
//!
//! The potential is known up to a constant, and the one chosen keeps its differences: with `φ_m =
//! c_m + r_m` it is `Σ_m α_m ∫ ρ_m` from `c_m` to `c_m + r_m` ([`BlockPotential::parts`]).

use super::block::{BlockPotential, ConvexBlock, pulled_back};
use super::rho::{MonotoneRho, Rho};
use super::{
    Activation, ActivationPotential, ActivationTrace, BlockDiagonalActivation, GradientActivation,
    MonotoneActivation,
};
use crate::field::row_dot;
use crate::kernel::FusedActivation;
use crate::sign::{NonNegative, Sign};
use crate::source::ParameterSource;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use core::marker::PhantomData;

/// The modular activation with block potentials `P`, weights `ρ` of kind `R`, and `α` of sign `S`.
#[derive(Module, Debug)]
pub struct ModularActivation<P: Module, R: Module, S: Sign> {
    /// The stored combination weights `α`, `[modules]`.
    pub alpha: Param<Tensor<1>>,
    /// The potentials `φ_m`.
    pub block: P,
    /// The functions `ρ_m`.
    pub rho: R,
    #[module(skip)]
    sign: PhantomData<S>,
}

impl<P: BlockPotential, R: Rho, S: Sign> ModularActivation<P, R, S> {
    /// Combination weights drawn as released: `U[0, 1)` before softplus where nonnegative, standard
    /// normal otherwise.
    pub fn new(modules: usize, block: P, rho: R, source: &mut ParameterSource) -> Self {
        Self {
            alpha: if S::NONNEGATIVE {
                source.uniform([modules], 0.0, 1.0)
            } else {
                source.normal([modules], 0.0, 1.0)
            },
            block,
            rho,
            sign: PhantomData,
        }
    }

    fn weights(&self) -> Tensor<1> {
        S::constrain(self.alpha.val())
    }

    fn blocks(&self, z: Tensor<2>) -> Tensor<3> {
        let [batch, hidden] = z.dims();
        let [modules] = self.alpha.dims();
        z.reshape([batch, modules, hidden / modules])
    }
}

impl<P: BlockPotential, R: Rho, S: Sign> Activation for ModularActivation<P, R, S> {
    fn forward(&self, z: Tensor<2>) -> Tensor<2> {
        if R::IS_ONE {
            return self.block.scaled_gradient(z, self.weights());
        }
        let shape = z.dims();
        let rho = self.rho.value(self.block.value(self.blocks(z.clone())));
        let gradient = self.blocks(self.block.scaled_gradient(z, self.weights()));
        (gradient * rho.unsqueeze_dim(2)).reshape(shape)
    }

    fn fused(&self) -> Option<FusedActivation> {
        if R::IS_ONE {
            self.block.fused(self.weights())
        } else {
            None
        }
    }

    /// `α [ρ'(φ) ⟨∇φ, v⟩ ∇φ + ρ(φ) H_φ v]` for each block (Eq. (15)).
    fn jacobian_vector(&self, z: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        let shape = z.dims();
        let [modules] = self.alpha.dims();
        let weights = self.weights();
        let blocks = self.blocks(z.clone());
        let v = self.blocks(v);
        let phi = self.block.value(blocks.clone());
        let gradient = self.blocks(self.block.scaled_gradient(z, weights.ones_like()));

        let along = (gradient.clone() * v.clone()).sum_dim(2);
        let rank_one = gradient * along * self.rho.derivative(phi.clone()).unsqueeze_dim(2);
        let curved = self.block.hessian_vector(blocks, v) * self.rho.value(phi).unsqueeze_dim(2);
        ((rank_one + curved) * weights.reshape([1, modules, 1])).reshape(shape)
    }
}

impl<P: BlockPotential, R: Rho, S: Sign> GradientActivation for ModularActivation<P, R, S> {}
impl<P: BlockPotential, R: Rho, S: Sign> BlockDiagonalActivation for ModularActivation<P, R, S> {
    fn block_width(&self, hidden: usize) -> usize {
        let [modules] = self.alpha.dims();
        hidden / modules
    }
}

impl<P: ConvexBlock, R: MonotoneRho<P>> MonotoneActivation
    for ModularActivation<P, R, NonNegative>
{
}

impl<P: BlockPotential, R: Rho, S: Sign> ActivationPotential for ModularActivation<P, R, S> {
    fn potential(&self, z: Tensor<2>) -> Tensor<1> {
        let (constant, rest) = self.block.parts(self.blocks(z));
        row_dot(
            self.rho.integral(constant, rest),
            self.weights().unsqueeze(),
        )
    }
}

impl<P: BlockPotential, R: Rho, S: Sign> ActivationTrace for ModularActivation<P, R, S> {
    /// `Σ_m α_m [ρ(φ) tr(W_mᵀ H_φ W_m) + ρ'(φ) ‖W_mᵀ ∇φ‖²]`: the trace of Eq. (15) in the shell.
    fn shell_trace(&self, z: Tensor<2>, weight: Tensor<2>) -> Tensor<1> {
        let [hidden, dim] = weight.dims();
        let weights = self.weights();
        let [modules] = weights.dims();
        let weight = weight.reshape([modules, hidden / modules, dim]);
        let blocks = self.blocks(z.clone());
        let mut trace = self.block.hessian_trace(blocks.clone(), weight.clone());
        if !R::IS_ONE {
            let phi = self.block.value(blocks);
            let gradient = self.block.scaled_gradient(z, weights.ones_like());
            let steepness = pulled_back(self.blocks(gradient), weight)
                .square()
                .sum_dim(2);
            trace = trace * self.rho.value(phi.clone())
                + steepness.squeeze_dim(2) * self.rho.derivative(phi);
        }
        row_dot(trace, weights.unsqueeze())
    }
}
