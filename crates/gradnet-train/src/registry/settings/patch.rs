//! The settings of networks on patches of pictures.

use super::{Describes, Settings, Size, is_zero};
use gradnet_core::network::{self, BlockActivation, NetworkError, UnitFunction};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Defines the settings of networks on patches: their name, the library's settings, and what these have beside
/// dimension and width.
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
            #[schemars(extend("minimum" = 1, "maximum" = 1 << 22))]
            pub width: Option<usize>,
            /// Parameter budget: the most filters within so many numbers; say this or `filters`.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schemars(extend("minimum" = 1))]
            pub parameters: Option<usize>,
            /// Pixels of a patch's side, an odd number; 13 unless given.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schemars(extend("minimum" = 3, "maximum" = 63))]
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
    /// Knots of each spline, at least 4.
    #[schemars(extend("minimum" = 4, "maximum" = 1 << 18))]
    knots: usize,
    /// The knots lie on [-range, range], in the units of the filters' outputs.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    range: f64,
    /// Weight of the penalty on the changes of the splines' slopes, from 0.
    #[serde(skip_serializing_if = "is_zero")]
    #[schemars(extend("default" = 0.0, "minimum" = 0.0))]
    slope_penalty: f64
} => PatchRidgeConfig);
patch_settings!(PatchWeakRidgeSettings {
    /// Knots of each spline, at least 4.
    #[schemars(extend("minimum" = 4, "maximum" = 1 << 18))]
    knots: usize,
    /// The knots lie on [-range, range], in the units of the filters' outputs.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    range: f64,
    /// Falling slopes are learned in units of this, which is small beside the rises: a number above 0 and at most 1.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1.0))]
    rho: f64,
    /// Weight of the penalty on the changes of the splines' slopes, from 0.
    #[serde(skip_serializing_if = "is_zero")]
    #[schemars(extend("default" = 0.0, "minimum" = 0.0))]
    slope_penalty: f64
} => PatchWeakRidgeConfig);
patch_settings!(PatchModularSettings {
    /// Modules, whose sum is the field.
    #[schemars(extend("minimum" = 1, "maximum" = 1 << 18))]
    modules: usize,
    /// The activation of the modules.
    activation: BlockActivation
} => PatchMGradNetMConfig, PatchGradNetMConfig);
patch_settings!(PatchCascadeSettings {
    /// Activations in the cascade.
    #[schemars(extend("minimum" = 1, "maximum" = 1 << 18))]
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
