//! The networks by name, as config files and the command line know them.
//!
//! [`NetworkConfig`] is a network's settings as a config file holds them, sized by a width or a parameter budget;
//! [`Network`] is the network built, with a [`LinearPart`] around it where a task asks for one. The networks themselves
//! are `gradnet-core`'s.
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

#[macro_use]
mod declare;
mod error;
mod images;
mod linear_part;
mod monotone;
mod network;
mod networks;
mod noise_weights;
mod released;
mod released_arrays;
mod released_kernels;
mod released_names;
mod released_ridge;
mod settings;
mod size;
mod units;

pub use error::RegistryError;
pub(crate) use images::MOST_CONCAVE;
pub use images::{DEFAULT_SIDE, Lifted};
pub use linear_part::{LinearPart, with_values};
pub use monotone::MonotoneNetwork;
pub use network::Network;
pub use networks::{Entry, NetworkConfig, Registered, registry};
pub use noise_weights::NoiseWeights;
pub use released::{ReleasedError, ReleasedModular, ReleasedState};
pub use released_names::{RELEASED, ReleasedDifference, released_difference};
pub use settings::{
    BaselineSettings, CascadeSettings, DifferenceSettings, HamiltonianSettings,
    IcgnSampledSettings, IcgnSettings, IcnnSettings, MlpSettings, ModularSettings,
    NeuralCascadeSettings, NeuralSettings, PatchCascadeSettings, PatchModularSettings,
    PatchRidgeSettings, PatchWeakRidgeSettings, PositivePartSettings, QuadraticSettings,
    RidgeSettings, SigmoidModulesSettings, SingleSettings, SoftmaxSettings, SymmetricPartSettings,
    TransformedSettings,
};
pub use size::Size;
pub use units::{Curves, PatchUnits};
