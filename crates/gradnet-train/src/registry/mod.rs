//! The networks by name, as config files and the command line know them.
//!
//! [`NetworkConfig`] is a network's settings as a config file holds them, sized by a width or a parameter budget;
//! [`Network`] is the network built. The networks themselves are `gradnet-core`'s.
//!
//! ```
//! use burn::module::Module;
//! use burn::tensor::Device;
//! use gradnet_core::ParameterSource;
//! use gradnet_train::registry::{NetworkConfig, Size};
//!
//! let mut source = ParameterSource::new(&Device::flex(), 0);
//! let config = NetworkConfig::from_name("mgradnet_c")?.with_size(Size::Parameters(32 * 1024));
//! let network = config.init(32, &mut source)?;
//! assert_eq!(network.num_params(), 32_740);
//! # Ok::<(), gradnet_train::registry::RegistryError>(())
//! ```

mod error;
mod images;
mod networks;
mod released;
mod released_arrays;
mod released_names;
mod settings;
mod size;

pub use error::RegistryError;
pub use images::{DEFAULT_SIDE, Lifted};
pub use networks::{Entry, Network, NetworkConfig, registry};
pub use released::{ReleasedError, ReleasedModular, ReleasedState};
pub use released_names::{ReleasedDifference, released_difference};
pub use settings::{
    BaselineSettings, CascadeSettings, DifferenceSettings, HamiltonianSettings,
    IcgnSampledSettings, IcgnSettings, IcnnSettings, MlpSettings, ModularSettings,
    NeuralCascadeSettings, NeuralSettings, PatchCascadeSettings, PatchModularSettings,
    PatchRidgeSettings, PositivePartSettings, QuadraticSettings, RidgeSettings,
    SigmoidModulesSettings, SingleSettings, SoftmaxSettings, SymmetricPartSettings,
    TransformedSettings,
};
pub use size::Size;
