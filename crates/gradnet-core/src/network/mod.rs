//! The paper's named networks: their settings, parameter counts, initial values, and the registry.
//!
//! A network is described by settings such as [`CascadeConfig`], sized by a width or a parameter budget,
//! and built for a dimension:
//!
//! ```
//! use burn::module::Module;
//! use burn::tensor::Device;
//! use gradnet_core::ParameterSource;
//! use gradnet_core::network::{Architecture, Builds, CascadeConfig, MGradNetC, Size};
//!
//! let mut source = ParameterSource::new(&Device::flex(), 0);
//! let config = CascadeConfig::default().with_size(Size::Parameters(32 * 1024));
//! let network: MGradNetC = config.init(32, &mut source)?;
//! assert_eq!(network.num_params(), 32_740);
//! # Ok::<(), gradnet_core::network::NetworkError>(())
//! ```
//!
//! [`NetworkConfig`] and [`Network`] are the same by name at run time, for programs and config files.

mod architecture;
mod baseline;
mod cascade;
mod composed;
mod error;
mod linear;
mod modular;
mod neural;
mod quadratic;
mod registry;
mod released;
mod released_names;
mod ridge;
mod scalar;
mod single;

pub use architecture::{Architecture, Builds, Size};
pub use baseline::{BaselineConfig, BaselineNetwork};
pub use cascade::{CascadeConfig, GradNetC, MGradNetC, UnitFunction};
pub use composed::{
    DifferenceConfig, GradNetDifference, GradNetTransformed, MGradNetTransformed, TransformedConfig,
};
pub use error::NetworkError;
pub use linear::{
    CascadePositiveConfig, CascadeSymmetricConfig, GradNetCLinear, GradNetMLinear, MGradNetCLinear,
    MGradNetMLinear, ModularPositiveConfig, ModularSymmetricConfig, PositivePartConfig,
    SymmetricPartConfig,
};
pub use modular::{
    BlockActivation, GradNetM, MGradNetM, MGradNetMSigmoid, MGradNetMSoftplus, ModularConfig,
    SigmoidModulesConfig,
};
pub use neural::{
    GradNetCNeural, GradNetNeural, MGradNetCNeural, MGradNetNeural, NeuralCascadeConfig,
    NeuralConfig,
};
pub use quadratic::{MGradNetQuadratic, QuadraticConfig};
pub use registry::{Claim, Entry, Network, NetworkConfig, registry};
pub use released::{ReleasedError, ReleasedModular, ReleasedState};
pub use released_names::{ReleasedDifference, released_difference};
pub use ridge::{
    ConvexRidge, Icgn, IcgnConfig, IcgnMonteCarloConfig, IcgnSampled, Ridge, RidgeConfig,
};
pub use scalar::{HamiltonianConfig, IcnnConfig, MlpConfig};
pub use single::{GradNet, MGradNet, MGradNetSoftmax, SingleConfig, SoftmaxConfig};
