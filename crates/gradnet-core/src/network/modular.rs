//! GradNet-M and mGradNet-M: the shell around modules (Eq. (13)-(14), Thm. 7, Cor. 7.1).

use super::architecture::{Architecture, Builds, sized_by_width_or_parameters};
use super::error::{NetworkError, count_from};
use crate::activation::{
    AffineRho, BlockPotential, ModularActivation, One, Rho, SigmoidBlock, SoftmaxBlock, SoftplusRho,
};
use crate::sign::{Free, NonNegative, Sign};
use crate::source::ParameterSource;
use crate::tied::TiedNetwork;
use burn::module::Module;
use serde::{Deserialize, Serialize};

/// The modular gradient network of the paper's experiments: softmax modules, `ρ = 1` (Thm. 7).
pub type GradNetM = TiedNetwork<ModularActivation<SoftmaxBlock<Free>, One, Free>>;
/// The modular monotone gradient network of the paper's experiments (Cor. 7.1).
pub type MGradNetM = TiedNetwork<ModularActivation<SoftmaxBlock<NonNegative>, One, NonNegative>>;
/// mGradNet-M with `ρ = softplus` over LogSumExp (the first example after Cor. 7.1).
pub type MGradNetMSoftplus =
    TiedNetwork<ModularActivation<SoftmaxBlock<NonNegative>, SoftplusRho, NonNegative>>;
/// mGradNet-M with sigmoid modules and affine `ρ` (the second example after Cor. 7.1).
pub type MGradNetMSigmoid = TiedNetwork<ModularActivation<SigmoidBlock, AffineRho, NonNegative>>;

/// The activation of a module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockActivation {
    /// `softmax(t z)`.
    Softmax,
    /// `a softmax(t z) − b softmin(t z)` (App. B).
    #[default]
    Learned,
}

/// Settings of GradNet-M and mGradNet-M with softmax modules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModularConfig {
    /// Hidden units of each module.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget, instead of the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
    /// Modules, 4 as in the paper.
    pub modules: usize,
    /// The activation of the modules, learned by default.
    pub activation: BlockActivation,
}

impl Default for ModularConfig {
    fn default() -> Self {
        Self {
            width: None,
            parameters: None,
            modules: 4,
            activation: BlockActivation::default(),
        }
    }
}

impl Architecture for ModularConfig {
    sized_by_width_or_parameters!();

    /// For each module `W_m`, `b_m`, a temperature, `α_m` and the two weights of a learned activation; `b`.
    fn count(&self, dim: usize, width: usize) -> usize {
        let scalars = match self.activation {
            BlockActivation::Softmax => 2,
            BlockActivation::Learned => 4,
        };
        self.modules * (width * (dim + 1) + scalars) + dim
    }

    fn check(&self, _dim: usize) -> Result<(), NetworkError> {
        count_from("modules", self.modules, 1)
    }
}

/// Settings of mGradNet-M with sigmoid modules and affine `ρ`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SigmoidModulesConfig {
    /// Hidden units of each module.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget, instead of the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
    /// Modules, 4 as in the paper's other networks.
    pub modules: usize,
}

impl Default for SigmoidModulesConfig {
    fn default() -> Self {
        Self {
            width: None,
            parameters: None,
            modules: 4,
        }
    }
}

impl Architecture for SigmoidModulesConfig {
    sized_by_width_or_parameters!();

    /// For each module `W_m`, `b_m`, `α_m`, and the slope and offset of `ρ_m`; `b`.
    fn count(&self, dim: usize, width: usize) -> usize {
        self.modules * (width * (dim + 1) + 3) + dim
    }

    fn check(&self, _dim: usize) -> Result<(), NetworkError> {
        count_from("modules", self.modules, 1)
    }
}

/// The shell around `modules` blocks of `width` units.
fn shell<P: BlockPotential, R: Rho, S: Sign>(
    [modules, width, dim]: [usize; 3],
    block: P,
    rho: R,
    source: &mut ParameterSource,
) -> TiedNetwork<ModularActivation<P, R, S>>
where
    ModularActivation<P, R, S>: Module,
{
    let activation = ModularActivation::new(modules, block, rho, source);
    TiedNetwork::new([modules * width, dim], activation, source).with_biases(source)
}

impl ModularConfig {
    fn softmax_shell<R: Rho, S: Sign>(
        &self,
        dim: usize,
        width: usize,
        rho: R,
        source: &mut ParameterSource,
    ) -> TiedNetwork<ModularActivation<SoftmaxBlock<S>, R, S>> {
        let learned = self.activation == BlockActivation::Learned;
        let block = SoftmaxBlock::new(self.modules, learned, source);
        shell([self.modules, width, dim], block, rho, source)
    }
}

impl<S: Sign> Builds<TiedNetwork<ModularActivation<SoftmaxBlock<S>, One, S>>> for ModularConfig {
    fn build(
        &self,
        dim: usize,
        width: usize,
        source: &mut ParameterSource,
    ) -> TiedNetwork<ModularActivation<SoftmaxBlock<S>, One, S>> {
        self.softmax_shell(dim, width, One, source)
    }
}

impl Builds<MGradNetMSoftplus> for ModularConfig {
    fn build(&self, dim: usize, width: usize, source: &mut ParameterSource) -> MGradNetMSoftplus {
        self.softmax_shell(dim, width, SoftplusRho, source)
    }
}

impl Builds<MGradNetMSigmoid> for SigmoidModulesConfig {
    fn build(&self, dim: usize, width: usize, source: &mut ParameterSource) -> MGradNetMSigmoid {
        let rho = AffineRho::new(self.modules, width, source);
        let block = SigmoidBlock::new(self.modules);
        shell([self.modules, width, dim], block, rho, source)
    }
}
