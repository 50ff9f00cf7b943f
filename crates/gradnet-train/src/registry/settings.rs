//! The settings of the networks as config files hold them: a size, and what the library's settings have beside it.
//!
//! Unknown keys are refused and missing ones take the library's defaults; without a size there is no network.

use super::size::{Describes, Settings, Size};
use gradnet_core::activation::{ScalarFunction, TemperatureSchedule};
use gradnet_core::network::NetworkError;
use gradnet_core::network::{self, BlockActivation, UnitFunction};
use serde::{Deserialize, Serialize};

/// The two methods of [`Settings`] that only move the size.
macro_rules! sized_by_width_or_parameters {
    () => {
        fn sizes(&self) -> (Option<usize>, Option<usize>) {
            (self.width, self.parameters)
        }

        fn with_size(mut self, size: Size) -> Self {
            (self.width, self.parameters) = match size {
                Size::Width(width) => (Some(width), None),
                Size::Parameters(budget) => (None, Some(budget)),
            };
            self
        }
    };
}

/// Defines the settings of a family: its name, the library's settings of its networks, and what these have beside
/// dimension and width.
macro_rules! settings {
    ($name:ident $fields:tt => $first:ident $(, $other:ident)*) => {
        settings!(@struct $name $first $fields);
        settings!(@describes $name $first $fields);
        $(settings!(@describes $name $other $fields);)*
    };
    (@struct $name:ident $config:ident { $($(#[$attribute:meta])* $field:ident: $type:ty),* }) => {
        #[doc = concat!("[`network::", stringify!($config), "`] in a config file.")]
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// The network's width.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub width: Option<usize>,
            /// Parameter budget, instead of the width.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub parameters: Option<usize>,
            $(
                #[doc = concat!("[`network::", stringify!($config), "::", stringify!($field), "`].")]
                $(#[$attribute])*
                pub $field: $type,
            )*
        }

        impl Default for $name {
            fn default() -> Self {
                let config = network::$config::new(1);
                let network::$config { $($field,)* .. } = config;
                Self { width: None, parameters: None, $($field),* }
            }
        }

        impl Settings for $name {
            sized_by_width_or_parameters!();
        }
    };
    (@describes $name:ident $config:ident { $($(#[$attribute:meta])* $field:ident: $type:ty),* }) => {
        impl Describes<network::$config> for $name {
            fn config(&self, dim: usize, width: usize) -> network::$config {
                network::$config { dim, width, $($field: self.$field),* }
            }
        }
    };
}

settings!(CascadeSettings {
    layers: usize, activation: UnitFunction
} => MGradNetCConfig, GradNetCConfig);
settings!(ModularSettings {
    modules: usize, activation: BlockActivation
} => MGradNetMConfig, GradNetMConfig, MGradNetMSoftplusConfig);
settings!(SigmoidModulesSettings { modules: usize } => MGradNetMSigmoidConfig);
settings!(SoftmaxSettings {} => MGradNetSoftmaxConfig);
settings!(SingleSettings { activation: ScalarFunction } => MGradNetConfig, GradNetConfig);
settings!(DifferenceSettings {} => GradNetDifferenceConfig);
settings!(TransformedSettings {
    units: usize, activation: ScalarFunction
} => MGradNetTransformedConfig, GradNetTransformedConfig);
settings!(NeuralSettings {
    units: usize, activation: ScalarFunction
} => MGradNetNeuralConfig, GradNetNeuralConfig);
settings!(NeuralCascadeSettings {
    layers: usize, units: usize, activation: ScalarFunction
} => MGradNetCNeuralConfig, GradNetCNeuralConfig);
settings!(QuadraticSettings {
    blocks: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    rank: Option<usize>,
    temperature: TemperatureSchedule
} => MGradNetQuadraticConfig);
settings!(RidgeSettings {
    knots: usize,
    range: f64,
    #[serde(skip_serializing_if = "is_zero")]
    slope_penalty: f64
} => ConvexRidgeConfig, RidgeConfig);
settings!(IcnnSettings { layers: usize } => IcnnConfig);
settings!(IcgnSettings {} => IcgnConfig);
settings!(IcgnSampledSettings { nodes: usize } => IcgnSampledConfig);
settings!(MlpSettings { layers: usize, activation: ScalarFunction } => MlpConfig);
settings!(HamiltonianSettings { activation: ScalarFunction } => HamiltonianNetworkConfig);
settings!(BaselineSettings { activation: ScalarFunction } => BaselineNetworkConfig);

/// Defines the settings of networks on patches: their name, the library's settings, and what these have beside dimension and width.
macro_rules! patch_settings {
    ($name:ident $fields:tt => $first:ident $(, $other:ident)*) => {
        patch_settings!(@struct $name $first $fields);
        settings!(@describes $name $first $fields);
        $(settings!(@describes $name $other $fields);)*
    };
    (@struct $name:ident $config:ident { $($(#[$attribute:meta])* $field:ident: $type:ty),* }) => {
        #[doc = concat!("[`network::", stringify!($config), "`] in a config file.")]
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// Filters, or hidden units (of each module); `width` means the same.
            #[serde(rename = "filters", alias = "width", skip_serializing_if = "Option::is_none")]
            pub width: Option<usize>,
            /// Parameter budget, instead of the filters.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub parameters: Option<usize>,
            /// Pixels of a patch's side, an odd number; 13 unless given.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub size: Option<usize>,
            $(
                #[doc = concat!("[`network::", stringify!($config), "::", stringify!($field), "`].")]
                $(#[$attribute])*
                pub $field: $type,
            )*
        }

        impl Default for $name {
            fn default() -> Self {
                let config = network::$config::new(1);
                let network::$config { $($field,)* .. } = config;
                Self { width: None, parameters: None, size: None, $($field),* }
            }
        }

        impl Settings for $name {
            sized_by_width_or_parameters!();

            fn check(&self) -> Result<(), NetworkError> {
                check_side(self.size)
            }
        }
    };
}

patch_settings!(PatchRidgeSettings {
    knots: usize,
    range: f64,
    #[serde(skip_serializing_if = "is_zero")]
    slope_penalty: f64
} => PatchRidgeConfig);
patch_settings!(PatchModularSettings {
    modules: usize, activation: BlockActivation
} => PatchMGradNetMConfig, PatchGradNetMConfig);
patch_settings!(PatchCascadeSettings {
    layers: usize, activation: UnitFunction
} => PatchGradNetCConfig);

/// A patch has a middle pixel and is no whole picture.
fn check_side(side: Option<usize>) -> Result<(), NetworkError> {
    match side {
        Some(side) if side % 2 == 0 || !(3..=63).contains(&side) => Err(NetworkError::Invalid {
            field: "size",
            value: side.to_string(),
            requirement: "an odd number from 3 to 63".into(),
        }),
        _ => Ok(()),
    }
}

/// Nothing is written of a penalty that is not used: records from before it stay what they are.
#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes a reference
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

/// A monotone network and a linear part `VᵀV`, such as [`network::MGradNetCLinearConfig`], in a config file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[serde(bound(deserialize = "C: Default + Deserialize<'de>"))]
pub struct PositivePartSettings<C> {
    /// Width of the network beside the linear part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget of the whole, instead of the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
    /// [`network::MGradNetCLinearConfig::rank`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
    /// The other settings of the network beside the linear part; its size stands above.
    pub field: C,
}

/// A free network and a symmetric linear part, such as [`network::GradNetCLinearConfig`], in a config file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[serde(bound(deserialize = "C: Default + Deserialize<'de>"))]
pub struct SymmetricPartSettings<C> {
    /// Width of the network beside the linear part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget of the whole, instead of the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
    /// The other settings of the network beside the linear part; its size stands above.
    pub field: C,
}

/// The inner settings may not have a size of their own.
fn check_inner(field: &impl Settings) -> Result<(), NetworkError> {
    if let (None, None) = field.sizes() {
        return Ok(());
    }
    Err(NetworkError::Invalid {
        field: "field",
        value: "given a size of its own".into(),
        requirement: "without `width` and `parameters`, which stand one table above".into(),
    })
}

impl<C: Settings> Settings for PositivePartSettings<C> {
    sized_by_width_or_parameters!();

    fn check(&self) -> Result<(), NetworkError> {
        check_inner(&self.field)
    }
}

impl<C: Settings> Settings for SymmetricPartSettings<C> {
    sized_by_width_or_parameters!();

    fn check(&self) -> Result<(), NetworkError> {
        check_inner(&self.field)
    }
}

macro_rules! describes_linear_part {
    ($name:ident<$field:ident>: $config:ident $(, $rank:ident)?) => {
        impl Describes<network::$config> for $name<$field> {
            fn config(&self, dim: usize, width: usize) -> network::$config {
                network::$config { field: self.field.config(dim, width) $(, $rank: self.$rank)? }
            }
        }
    };
}

describes_linear_part!(PositivePartSettings<CascadeSettings>: MGradNetCLinearConfig, rank);
describes_linear_part!(PositivePartSettings<ModularSettings>: MGradNetMLinearConfig, rank);
describes_linear_part!(SymmetricPartSettings<CascadeSettings>: GradNetCLinearConfig);
describes_linear_part!(SymmetricPartSettings<ModularSettings>: GradNetMLinearConfig);
