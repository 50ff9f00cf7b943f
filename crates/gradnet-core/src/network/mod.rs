//! The paper's named networks and the baselines, each with its settings.
//!
//! As in Burn, a network `X` is built from an `XConfig`: `new` takes the dimension of the points, `with_…` everything
//! else, `init` a device. Settings that no network can have are an error of `try_init`.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use gradnet_core::VectorField;
//! use gradnet_core::network::MGradNetMConfig;
//!
//! let device = Device::flex();
//! let network = MGradNetMConfig::new(3).with_width(32).init(&device);
//! let y = network.forward(Tensor::zeros([5, 3], &device));
//! assert_eq!(y.dims(), [5, 3]);
//! ```
//!
//! Initial values come from Burn's generator, which [`Device::seed`](burn::tensor::Device::seed) seeds. `init_from`
//! takes them from a [`ParameterSource`](crate::ParameterSource), which gives the same numbers on every backend.

mod baseline;
mod cascade;
mod composed;
mod config;
mod error;
mod icnn;
mod icnn_quadratic;
mod linear;
mod mlp;
mod modular;
mod neural;
mod patch;
mod quadratic;
mod ridge;
mod single;

pub use baseline::{BaselineNetwork, BaselineNetworkConfig};
pub use cascade::{GradNetC, GradNetCConfig, MGradNetC, MGradNetCConfig, UnitFunction};
pub use composed::{
    GradNetDifference, GradNetDifferenceConfig, GradNetTransformed, GradNetTransformedConfig,
    MGradNetTransformed, MGradNetTransformedConfig,
};
pub use config::Architecture;
pub use error::NetworkError;
pub use icnn::{Icnn, IcnnConfig, IcnnLayer};
pub use icnn_quadratic::{IcnnQuadratic, IcnnQuadraticConfig, IcnnQuadraticLayer, QuadraticSkip};
pub use linear::{
    GradNetCLinear, GradNetCLinearConfig, GradNetMLinear, GradNetMLinearConfig, MGradNetCLinear,
    MGradNetCLinearConfig, MGradNetMLinear, MGradNetMLinearConfig,
};
pub use mlp::{DenseLayer, HamiltonianNetworkConfig, MlpConfig, PotentialMlp};
pub use modular::{
    BlockActivation, GradNetM, GradNetMConfig, MGradNetM, MGradNetMConfig, MGradNetMSigmoid,
    MGradNetMSigmoidConfig, MGradNetMSoftplus, MGradNetMSoftplusConfig, MGradNetSoftmax,
    MGradNetSoftmaxConfig,
};
pub use neural::{
    GradNetCNeural, GradNetCNeuralConfig, GradNetNeural, GradNetNeuralConfig, MGradNetCNeural,
    MGradNetCNeuralConfig, MGradNetNeural, MGradNetNeuralConfig,
};
pub use patch::{
    PatchGradNetC, PatchGradNetCConfig, PatchGradNetM, PatchGradNetMConfig, PatchMGradNetM,
    PatchMGradNetMConfig, PatchRidge, PatchRidgeConfig, PatchWeakRidge, PatchWeakRidgeConfig,
};
pub use quadratic::{MGradNetQuadratic, MGradNetQuadraticConfig};
pub use ridge::{
    ConvexRidge, ConvexRidgeConfig, Icgn, IcgnConfig, IcgnSampled, IcgnSampledConfig, Ridge,
    RidgeConfig, WeakRidge,
};
pub use single::{GradNet, GradNetConfig, MGradNet, MGradNetConfig};
