//! The settings of the networks as config files hold them: a size, and what the library's settings have beside it.
//!
//! Unknown keys are refused and missing ones take the library's defaults; without a size there is no network.

use super::size::{Describes, Settings, Size};
use gradnet_core::activation::{ScalarFunction, TemperatureSchedule};
use gradnet_core::network::NetworkError;
use gradnet_core::network::{self, BlockActivation, UnitFunction};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// Hidden units, or those of each module; say this or `parameters`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub width: Option<usize>,
            /// Parameter budget: the widest network within so many numbers; say this or `width`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub parameters: Option<usize>,
            $(
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
    /// Activations in the cascade.
    layers: usize,
    /// The scalar function of the units.
    activation: UnitFunction
} => MGradNetCConfig, GradNetCConfig);
settings!(ModularSettings {
    /// Modules, whose sum is the field.
    modules: usize,
    /// The activation of the modules.
    activation: BlockActivation
} => MGradNetMConfig, GradNetMConfig, MGradNetMSoftplusConfig);
settings!(SigmoidModulesSettings {
    /// Modules, whose sum is the field.
    modules: usize
} => MGradNetMSigmoidConfig);
settings!(SoftmaxSettings {} => MGradNetSoftmaxConfig);
settings!(SingleSettings {
    /// The scalar function of the units.
    activation: ScalarFunction
} => MGradNetConfig, GradNetConfig);
settings!(DifferenceSettings {} => GradNetDifferenceConfig);
settings!(TransformedSettings {
    /// Scalar units of the transformation.
    units: usize,
    /// The scalar function of all units, those of the layer and those of the transformation.
    activation: ScalarFunction
} => MGradNetTransformedConfig, GradNetTransformedConfig);
settings!(NeuralSettings {
    /// Units of each scalar network.
    units: usize,
    /// The scalar function of those units.
    activation: ScalarFunction
} => MGradNetNeuralConfig, GradNetNeuralConfig);
settings!(NeuralCascadeSettings {
    /// Activations in the cascade.
    layers: usize,
    /// Units of each scalar network.
    units: usize,
    /// The scalar function of those units.
    activation: ScalarFunction
} => MGradNetCNeuralConfig, GradNetCNeuralConfig);
settings!(QuadraticSettings {
    /// Quadratic functions that the maximum is taken over.
    blocks: usize,
    /// Rows of the part that all quadratic functions share. Unless given the dimension, but at most 256.
    #[serde(skip_serializing_if = "Option::is_none")]
    rank: Option<usize>,
    /// How the temperature of the soft maximum rises over the run.
    temperature: TemperatureSchedule
} => MGradNetQuadraticConfig);
settings!(RidgeSettings {
    /// Knots of each spline, at least 2.
    knots: usize,
    /// The knots lie on [-range, range], in the units of `W x`.
    range: f64,
    /// Weight of the penalty on the changes of the splines' slopes, from 0.
    #[serde(skip_serializing_if = "is_zero")]
    #[schemars(extend("default" = 0.0))]
    slope_penalty: f64
} => ConvexRidgeConfig, RidgeConfig);
settings!(IcnnSettings {
    /// Hidden layers.
    layers: usize
} => IcnnConfig, IcnnQuadraticConfig);
settings!(IcgnSettings {} => IcgnConfig);
settings!(IcgnSampledSettings {
    /// Draws for each evaluation.
    nodes: usize
} => IcgnSampledConfig);
settings!(MlpSettings {
    /// Hidden layers.
    layers: usize,
    /// The scalar function of the units.
    activation: ScalarFunction
} => MlpConfig);
settings!(HamiltonianSettings {
    /// The scalar function of the units.
    activation: ScalarFunction
} => HamiltonianNetworkConfig);
settings!(BaselineSettings {
    /// The scalar function of the units.
    activation: ScalarFunction
} => BaselineNetworkConfig);

/// Defines the settings of networks on patches: their name, the library's settings, and what these have beside dimension and width.
macro_rules! patch_settings {
    ($name:ident $fields:tt => $first:ident $(, $other:ident)*) => {
        patch_settings!(@struct $name $first $fields);
        settings!(@describes $name $first $fields);
        $(settings!(@describes $name $other $fields);)*
    };
    (@struct $name:ident $config:ident { $($(#[$attribute:meta])* $field:ident: $type:ty),* }) => {
        #[doc = concat!("[`network::", stringify!($config), "`] in a config file.")]
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        #[schemars(transform = width_as_well)]
        pub struct $name {
            /// Filters, or hidden units of each module; `width` means the same. Say this or `parameters`.
            #[serde(rename = "filters", alias = "width", skip_serializing_if = "Option::is_none")]
            pub width: Option<usize>,
            /// Parameter budget: the most filters within so many numbers; say this or `filters`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub parameters: Option<usize>,
            /// Pixels of a patch's side, an odd number; 13 unless given.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub size: Option<usize>,
            $(
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
    /// Knots of each spline, at least 2.
    knots: usize,
    /// The knots lie on [-range, range], in the units of the filters' outputs.
    range: f64,
    /// Weight of the penalty on the changes of the splines' slopes, from 0.
    #[serde(skip_serializing_if = "is_zero")]
    #[schemars(extend("default" = 0.0))]
    slope_penalty: f64
} => PatchRidgeConfig);
patch_settings!(PatchModularSettings {
    /// Modules, whose sum is the field.
    modules: usize,
    /// The activation of the modules.
    activation: BlockActivation
} => PatchMGradNetMConfig, PatchGradNetMConfig);
patch_settings!(PatchCascadeSettings {
    /// Activations in the cascade.
    layers: usize,
    /// The scalar function of the units.
    activation: UnitFunction
} => PatchGradNetCConfig);

/// `width` says the same as `filters`.
fn width_as_well(schema: &mut Schema) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    if let Some(mut width) = properties.get("filters").cloned() {
        width["description"] = "Another word for `filters`.".into();
        properties.insert("width".into(), width);
    }
}

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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[serde(bound(deserialize = "C: Default + Deserialize<'de>"))]
#[schemars(bound = "C: Default + Serialize + JsonSchema")]
pub struct PositivePartSettings<C> {
    /// Hidden units of the network beside the linear part; say this or `parameters`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget of the whole; say this or `width`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
    /// Rows of `V` in the linear part `VᵀV x`. Unless given the dimension, but at most 256.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
    /// The other settings of the network beside the linear part; its size stands above.
    pub field: C,
}

/// A free network and a symmetric linear part, such as [`network::GradNetCLinearConfig`], in a config file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[serde(bound(deserialize = "C: Default + Deserialize<'de>"))]
#[schemars(bound = "C: Default + Serialize + JsonSchema")]
pub struct SymmetricPartSettings<C> {
    /// Hidden units of the network beside the linear part; say this or `parameters`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget of the whole; say this or `width`.
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
