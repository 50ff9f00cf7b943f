//! Registered networks on patches, lifted to images.

use burn::module::Param;
use burn::tensor::Tensor;
use gradnet_core::activation::{SplineActivation, WeaklyIncreasing};
use gradnet_core::image::{
    GradientImageField, ImageField, ImagePotential, LipschitzImageField, PatchLift, RidgeLift,
};
use gradnet_core::network::{PatchGradNetC, PatchGradNetM, PatchMGradNetM};
use gradnet_core::sign::NonNegative;

use super::{Network, NetworkConfig, Registered};

/// Side of a patch where a config does not say it: 13, as of the released kernels.
pub const DEFAULT_SIDE: usize = 13;

/// The largest `λ μ ρ`: denoising with a `ρ`-weakly convex regularizer is convex up to 1.
pub(crate) const MOST_CONCAVE: f64 = 0.995;

impl NetworkConfig {
    /// The side of a patch as it is given, for the networks that live on patches.
    fn side(&self) -> Option<Option<usize>> {
        match self {
            Self::PatchRidge(settings) => Some(settings.size),
            Self::PatchWeakRidge(settings) => Some(settings.size),
            Self::PatchMGradNetM(settings) | Self::PatchGradNetM(settings) => Some(settings.size),
            Self::PatchGradNetC(settings) => Some(settings.size),
            _ => None,
        }
    }

    /// The side of a patch, where a config gives one.
    pub fn patch_size(&self) -> Option<usize> {
        self.side().flatten()
    }

    /// Whether a network with the settings `other` can begin with the weights of this one: it has the same, or is of
    /// weakly convex ridges and takes the kernels of convex ones.
    pub fn begins(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::PatchRidge(convex), Self::PatchWeakRidge(weak)) => {
                let sides = [convex.size, weak.size].map(|side| side.unwrap_or(DEFAULT_SIDE));
                convex.width == weak.width && sides[0] == sides[1]
            }
            _ => self == other,
        }
    }

    /// Pixels of a patch, for the networks that live on patches.
    pub fn patch_dim(&self) -> Option<usize> {
        let side = self.side()?.unwrap_or(DEFAULT_SIDE);
        Some(side.saturating_mul(side))
    }
}

impl Registered {
    /// This network with the weights of one that [begins](NetworkConfig::begins) it.
    pub(crate) fn begun(self, before: Self) -> Self {
        match (self, before) {
            (Self::PatchWeakRidge(mut weak), Self::PatchRidge(convex)) => {
                // The splines are of another kind, and want kernels of the size that they began with.
                let norm = |weight: &Param<Tensor<2>>| weight.val().square().sum().sqrt();
                let ratio = norm(&weak.field.weight) / norm(&convex.field.weight);
                let kernels = convex.field.weight.val() * ratio.unsqueeze();
                weak.field.weight = Param::from_tensor(kernels.detach());
                Self::PatchWeakRidge(weak)
            }
            (_, before) => before,
        }
    }
}

impl Network {
    /// The largest strength with which denoising is convex at scale 1; 1 for a convex regularizer.
    pub(crate) fn first_strength(&self) -> f64 {
        match self.lifted().map_or(0.0, |field| field.concavity()) {
            0.0 => 1.0,
            concavity => MOST_CONCAVE / concavity,
        }
    }

    /// The network as a field on images, for those that live on patches.
    pub fn lifted(&self) -> Option<Lifted<'_>> {
        match &self.registered {
            Registered::PatchRidge(network) => RidgeLift::new(network).map(Lifted::Ridge),
            Registered::PatchWeakRidge(network) => RidgeLift::new(network).map(Lifted::WeakRidge),
            Registered::PatchMGradNetM(network) => PatchLift::new(network).map(Lifted::MGradNetM),
            Registered::PatchGradNetM(network) => PatchLift::new(network).map(Lifted::GradNetM),
            Registered::PatchGradNetC(network) => PatchLift::new(network).map(Lifted::GradNetC),
            _ => None,
        }
    }
}

/// A registered network on patches, lifted to images.
pub enum Lifted<'n> {
    /// By convolutions with composed kernels.
    Ridge(RidgeLift<'n, SplineActivation<NonNegative>>),
    /// By convolutions with composed kernels.
    WeakRidge(RidgeLift<'n, SplineActivation<WeaklyIncreasing>>),
    /// Patch by patch.
    MGradNetM(PatchLift<'n, PatchMGradNetM>),
    /// Patch by patch.
    GradNetM(PatchLift<'n, PatchGradNetM>),
    /// Patch by patch.
    GradNetC(PatchLift<'n, PatchGradNetC>),
}

macro_rules! each {
    ($lifted:expr, $field:ident => $run:expr) => {
        match $lifted {
            Lifted::Ridge($field) => $run,
            Lifted::WeakRidge($field) => $run,
            Lifted::MGradNetM($field) => $run,
            Lifted::GradNetM($field) => $run,
            Lifted::GradNetC($field) => $run,
        }
    };
}

impl Lifted<'_> {
    /// A bound from below of the norm that the Lipschitz bound is from above of, by power iterations in 64 bits on
    /// images of one size; for ridges.
    pub fn lipschitz_power(&self, size: [usize; 2], iterations: usize) -> Option<f64> {
        match self {
            Self::Ridge(ridge) => Some(ridge.lipschitz_power(size, iterations)),
            Self::WeakRidge(ridge) => Some(ridge.lipschitz_power(size, iterations)),
            _ => None,
        }
    }
}

impl ImageField for Lifted<'_> {
    fn apply(&self, x: Tensor<3>) -> Tensor<3> {
        each!(self, field => field.apply(x))
    }

    fn derivative(&self, x: Tensor<3>, v: Tensor<3>) -> Tensor<3> {
        each!(self, field => field.derivative(x, v))
    }
}

impl GradientImageField for Lifted<'_> {}

impl ImagePotential for Lifted<'_> {
    fn energy(&self, x: Tensor<3>) -> Tensor<1> {
        each!(self, field => field.energy(x))
    }
}

impl LipschitzImageField for Lifted<'_> {
    fn lipschitz(&self) -> f64 {
        each!(self, field => field.lipschitz())
    }

    fn concavity(&self) -> f64 {
        match self {
            // Monotone by its type.
            Self::MGradNetM(_) => 0.0,
            field => each!(field, field => field.concavity()),
        }
    }

    fn concavity_gradient(&self) -> Option<Tensor<1>> {
        each!(self, field => field.concavity_gradient())
    }
}
