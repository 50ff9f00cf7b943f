//! GradNet-M and mGradNet-M: the shell around modules (Eq. (13)-(14), Thm. 7, Cor. 7.1).

use super::config::network_configs;
use super::error::{NetworkError, check_size, count_from};
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
/// A single-layer network with scaled softmax, `α Wᵀ softmax(t (W x + a)) + b` (Thm. 1): one module.
pub type MGradNetSoftmax = MGradNetM;

/// The activation of a module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BlockActivation {
    /// `softmax(t z)`.
    Softmax,
    /// `a softmax(t z) − b softmin(t z)` (App. B).
    #[default]
    Learned,
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

/// The shell around modules of softmax.
fn softmax_shell<R: Rho + Default, S: Sign>(
    shape: [usize; 3],
    activation: BlockActivation,
    source: &mut ParameterSource,
) -> TiedNetwork<ModularActivation<SoftmaxBlock<S>, R, S>> {
    let learned = activation == BlockActivation::Learned;
    let block = SoftmaxBlock::new(shape[0], learned, source);
    shell(shape, block, R::default(), source)
}

network_configs! {
    /// Settings of [`GradNetM`], a linear combination of softmax modules (Eq. (13)-(14), Thm. 7, App. B):
    ///
    /// ```text
    /// f(x) = Σ_m α_m W_mᵀ σ_m(W_m x + a_m) + b,   σ_m(z) = softmax(t_m z)                         softmax
    ///                                             σ_m(z) = c_m softmax(t_m z) − d_m softmax(−t_m z)   learned
    /// ```
    ///
    /// with temperatures `t_m > 0`.
    ///
    /// # Shapes
    /// - `W`: `[modules · width, dim]`; `a`: `[modules · width]`; `α`, `t`, `c`, `d`: `[modules]`; `b`: `[dim]`
    /// - the field: `[batch, dim] -> [batch, dim]`; its potential: `[batch, dim] -> [batch]`
    pub struct GradNetMConfig => GradNetM;

    /// Settings of [`MGradNetM`], the modules of [`GradNetMConfig`] with `α, c, d ≥ 0`: monotone (Cor. 7.1).
    ///
    /// # Shapes
    /// As those of [`GradNetMConfig`].
    ///
    /// ```
    /// use burn::module::Module;
    /// use burn::tensor::Device;
    /// use gradnet_core::network::{Architecture, MGradNetMConfig};
    ///
    /// let device = Device::flex();
    /// device.seed(42); // the same weights every time
    /// let config = MGradNetMConfig::new(3).with_width(32);
    /// let network = config.init(&device);
    /// assert_eq!(network.num_params(), config.num_params());
    /// ```
    pub struct MGradNetMConfig => MGradNetM;

    /// Settings of [`MGradNetMSoftplus`], the modules of [`MGradNetMConfig`] weighed by `ρ_m(φ_m) = softplus(φ_m)` of
    /// their own potential `φ_m`, where `∇φ_m = σ_m`: monotone (Cor. 7.1, first example).
    ///
    /// # Shapes
    /// As those of [`GradNetMConfig`].
    pub struct MGradNetMSoftplusConfig => MGradNetMSoftplus;

    fields {
        /// The dimension of the points.
        pub dim: usize,
        /// Hidden units of each module.
        #[config(default = 32)]
        pub width: usize,
        /// Modules, 4 as in the paper.
        #[config(default = 4)]
        pub modules: usize,
        /// The activation of the modules, learned by default.
        #[config(default = "BlockActivation::Learned")]
        pub activation: BlockActivation,
    }
    architecture {
        fn check(&self) -> Result<(), NetworkError> {
            check_size(self.dim, self.width)?;
            count_from("modules", self.modules, 1)
        }

        fn num_params(&self) -> usize {
            let scalars = match self.activation {
                BlockActivation::Softmax => 2,
                BlockActivation::Learned => 4,
            };
            self.modules * (self.width * (self.dim + 1) + scalars) + self.dim
        }

        fn build(&self, source: &mut ParameterSource) -> Self::Network {
            softmax_shell([self.modules, self.width, self.dim], self.activation, source)
        }
    }
}

network_configs! {
    /// Settings of [`MGradNetMSigmoid`], sigmoid modules weighed by an affine function of their own potential: monotone
    /// (Eq. (13)-(14), Cor. 7.1, second example):
    ///
    /// ```text
    /// f(x) = Σ_m α_m ρ_m(φ_m(z_m)) W_mᵀ sigmoid(z_m) + b,   z_m = W_m x + a_m
    /// φ_m(z) = Σ_i softplus(z_i),   ρ_m(s) = c_m s + d_m,   α, c, d ≥ 0
    /// ```
    ///
    /// # Shapes
    /// - `W`: `[modules · width, dim]`; `a`: `[modules · width]`; `α`, `c`, `d`: `[modules]`; `b`: `[dim]`
    /// - the field: `[batch, dim] -> [batch, dim]`; its potential: `[batch, dim] -> [batch]`
    pub struct MGradNetMSigmoidConfig => MGradNetMSigmoid;

    fields {
        /// The dimension of the points.
        pub dim: usize,
        /// Hidden units of each module.
        #[config(default = 32)]
        pub width: usize,
        /// Modules, 4 as in the paper's other networks.
        #[config(default = 4)]
        pub modules: usize,
    }
    architecture {
        fn check(&self) -> Result<(), NetworkError> {
            check_size(self.dim, self.width)?;
            count_from("modules", self.modules, 1)
        }

        fn num_params(&self) -> usize {
            self.modules * (self.width * (self.dim + 1) + 3) + self.dim
        }

        fn build(&self, source: &mut ParameterSource) -> Self::Network {
            let rho = AffineRho::new(self.modules, self.width, source);
            let block = SigmoidBlock::new(self.modules);
            shell([self.modules, self.width, self.dim], block, rho, source)
        }
    }
}

network_configs! {
    /// Settings of [`MGradNetSoftmax`], one layer of scaled softmax, dense in the gradients of convex functions (Prop.
    /// 2, Thm. 1): `f(x) = α Wᵀ softmax(t (W x + a)) + b` with `α, t > 0`.
    ///
    /// # Shapes
    /// - `W`: `[width, dim]`; `a`: `[width]`; `α`, `t`: `[1]`; `b`: `[dim]`
    /// - the field: `[batch, dim] -> [batch, dim]`; its potential: `[batch, dim] -> [batch]`
    pub struct MGradNetSoftmaxConfig => MGradNetSoftmax;

    fields {
        /// The dimension of the points.
        pub dim: usize,
        /// Hidden units, the number `n` of affine functions in Lemma 3.
        #[config(default = 32)]
        pub width: usize,
    }
    architecture {
        fn check(&self) -> Result<(), NetworkError> {
            check_size(self.dim, self.width)
        }

        fn num_params(&self) -> usize {
            self.width * (self.dim + 1) + 2 + self.dim
        }

        fn build(&self, source: &mut ParameterSource) -> Self::Network {
            softmax_shell([1, self.width, self.dim], BlockActivation::Softmax, source)
        }
    }
}
