//! What the settings of all networks have in common: Burn's convention, and the seeded source beneath it.

use super::error::NetworkError;
use crate::source::ParameterSource;
use burn::config::Config;

/// The settings of a network, from which it is built.
///
/// Every implementation has `new`, `with_…` and `init(&device)` of its own, as Burn's layers have. This trait is what
/// code that is generic over the network asks for.
pub trait Architecture: Config + Clone {
    /// The network that is built.
    type Network;

    /// Whether a network can be built with these settings.
    ///
    /// # Errors
    /// [`NetworkError`] naming the setting, its value and what it must be.
    fn check(&self) -> Result<(), NetworkError>;

    /// The number of parameters, nondecreasing in the width; the settings must be [in order](Self::check).
    fn num_params(&self) -> usize;

    /// Builds the network; the settings must be [in order](Self::check).
    fn build(&self, source: &mut ParameterSource) -> Self::Network;
}

/// Defines the settings of one or more networks that share their fields, with what Burn's layers have: `new` with the
/// required fields, `with_…` for the others, `init`.
macro_rules! network_configs {
    (
        $($(#[$doc:meta])* pub struct $config:ident => $network:ty;)+
        fields $fields:tt
        architecture $methods:tt
    ) => {
        $($crate::network::config::network_configs! {
            @one $(#[$doc])* $config => $network; $fields $methods
        })+
    };
    (
        @one $(#[$doc:meta])* $config:ident => $network:ty;
        { $($fields:tt)* } { $($methods:tt)* }
    ) => {
        $(#[$doc])*
        #[derive(burn::config::Config, Debug, PartialEq)]
        pub struct $config { $($fields)* }

        impl $crate::network::Architecture for $config {
            type Network = $network;
            $($methods)*
        }

        impl $config {
            /// Builds the network on `device`, in its default precision.
            ///
            /// Initial values come from the generator that [`Device::seed`](burn::tensor::Device::seed) seeds.
            ///
            /// # Panics
            /// If no network can be built with these settings: see [`try_init`](Self::try_init).
            pub fn init(&self, device: &burn::tensor::Device) -> $network {
                self.try_init(device).unwrap_or_else(|error| panic!("{error}"))
            }

            /// Builds the network as [`init`](Self::init) does.
            ///
            /// # Errors
            /// [`NetworkError`](crate::network::NetworkError) naming the setting, its value and what it must be.
            pub fn try_init(
                &self,
                device: &burn::tensor::Device,
            ) -> Result<$network, $crate::network::NetworkError> {
                self.init_from(&mut $crate::ParameterSource::from_device(device))
            }

            /// Builds the network with initial values from `source`: the same on every backend, in the source's
            /// precision.
            ///
            /// # Errors
            /// As [`try_init`](Self::try_init).
            pub fn init_from(
                &self,
                source: &mut $crate::ParameterSource,
            ) -> Result<$network, $crate::network::NetworkError> {
                $crate::network::Architecture::check(self)?;
                Ok($crate::network::Architecture::build(self, source))
            }
        }
    };
}
pub(super) use network_configs;
