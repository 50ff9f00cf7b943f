//! The settings of the networks as config files hold them: a size, and what the library's settings have beside it.
//!
//! Unknown keys are refused and missing ones take the library's defaults; without a size there is no network.

use super::size::{Describes, Settings, Size};
use gradnet_core::activation::{ScalarFunction, TemperatureSchedule};
use gradnet_core::network::{self, BlockActivation, UnitFunction};
use schemars::JsonSchema;
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
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// Hidden units, or those of each module; say this or `parameters`.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schemars(extend("minimum" = 1, "maximum" = 1 << 22))]
            pub width: Option<usize>,
            /// Parameter budget: the widest network within so many numbers; say this or `width`.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schemars(extend("minimum" = 1))]
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

mod linear;
mod patch;

pub use linear::*;
pub use patch::*;

settings!(CascadeSettings {
    /// Activations in the cascade.
    #[schemars(extend("minimum" = 1, "maximum" = 1 << 18))]
    layers: usize,
    /// The scalar function of the units.
    activation: UnitFunction
} => MGradNetCConfig, GradNetCConfig);
settings!(ModularSettings {
    /// Modules, whose sum is the field.
    #[schemars(extend("minimum" = 1, "maximum" = 1 << 18))]
    modules: usize,
    /// The activation of the modules.
    activation: BlockActivation
} => MGradNetMConfig, GradNetMConfig, MGradNetMSoftplusConfig);
settings!(SigmoidModulesSettings {
    /// Modules, whose sum is the field.
    #[schemars(extend("minimum" = 1, "maximum" = 1 << 18))]
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
    #[schemars(extend("minimum" = 1, "maximum" = 1 << 18))]
    units: usize,
    /// The scalar function of all units, those of the layer and those of the transformation.
    activation: ScalarFunction
} => MGradNetTransformedConfig, GradNetTransformedConfig);
settings!(NeuralSettings {
    /// Units of each scalar network.
    #[schemars(extend("minimum" = 1, "maximum" = 1 << 18))]
    units: usize,
    /// The scalar function of those units.
    activation: ScalarFunction
} => MGradNetNeuralConfig, GradNetNeuralConfig);
settings!(NeuralCascadeSettings {
    /// Activations in the cascade.
    #[schemars(extend("minimum" = 1, "maximum" = 1 << 18))]
    layers: usize,
    /// Units of each scalar network.
    #[schemars(extend("minimum" = 1, "maximum" = 1 << 18))]
    units: usize,
    /// The scalar function of those units.
    activation: ScalarFunction
} => MGradNetCNeuralConfig, GradNetCNeuralConfig);
settings!(QuadraticSettings {
    /// Quadratic functions that the maximum is taken over.
    #[schemars(extend("minimum" = 1, "maximum" = 1 << 18))]
    blocks: usize,
    /// Rows of the part that all quadratic functions share. Unless given the dimension, but at most 256.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minimum" = 1, "maximum" = 1 << 18))]
    rank: Option<usize>,
    /// Whether the shared part also has a learned multiple of the identity, for ranks below the dimension.
    #[serde(skip_serializing_if = "is_false")]
    isotropic: bool,
    /// How the temperature of the soft maximum rises over the run.
    temperature: TemperatureSchedule
} => MGradNetQuadraticConfig);
settings!(RidgeSettings {
    /// Knots of each spline, at least 4.
    #[schemars(extend("minimum" = 4, "maximum" = 1 << 18))]
    knots: usize,
    /// The knots lie on [-range, range], in the units of `W x`.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    range: f64,
    /// Weight of the penalty on the changes of the splines' slopes, from 0.
    #[serde(skip_serializing_if = "is_zero")]
    #[schemars(extend("default" = 0.0, "minimum" = 0.0))]
    slope_penalty: f64
} => ConvexRidgeConfig, RidgeConfig);
settings!(IcnnSettings {
    /// Hidden layers.
    #[schemars(extend("minimum" = 1, "maximum" = 1 << 18))]
    layers: usize
} => IcnnConfig, IcnnQuadraticConfig);
settings!(IcgnSettings {} => IcgnConfig);
settings!(IcgnSampledSettings {
    /// Draws for each evaluation.
    #[schemars(extend("minimum" = 1, "maximum" = 1 << 18))]
    nodes: usize
} => IcgnSampledConfig);
settings!(MlpSettings {
    /// Hidden layers.
    #[schemars(extend("minimum" = 1, "maximum" = 1 << 18))]
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

/// Nothing is written of a penalty that is not used: records from before it stay what they are.
#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes a reference
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

fn is_false(value: &bool) -> bool {
    !value
}
