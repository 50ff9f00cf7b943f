//! The settings of a network beside a linear part.

use super::{CascadeSettings, Describes, ModularSettings, Settings, Size};
use gradnet_core::network::{self, NetworkError};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A monotone network and a linear part `VᵀV`, such as [`network::MGradNetCLinearConfig`], in a config file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[serde(bound(deserialize = "C: Default + Deserialize<'de>"))]
#[schemars(bound = "C: Default + Serialize + JsonSchema")]
pub struct PositivePartSettings<C> {
    /// Hidden units of the network beside the linear part; say this or `parameters`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minimum" = 1, "maximum" = 1 << 22))]
    pub width: Option<usize>,
    /// Parameter budget of the whole; say this or `width`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minimum" = 1))]
    pub parameters: Option<usize>,
    /// Rows of `V` in the linear part `VᵀV x`. Unless given the dimension, but at most 256.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minimum" = 1, "maximum" = 1 << 18))]
    pub rank: Option<usize>,
    /// The other settings of the network beside the linear part; its size stands above.
    #[schemars(transform = without_size)]
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
    #[schemars(extend("minimum" = 1, "maximum" = 1 << 22))]
    pub width: Option<usize>,
    /// Parameter budget of the whole; say this or `width`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minimum" = 1))]
    pub parameters: Option<usize>,
    /// The other settings of the network beside the linear part; its size stands above.
    #[schemars(transform = without_size)]
    pub field: C,
}

/// The size of the inner network stands above.
fn without_size(schema: &mut Schema) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, _| name != "width" && name != "parameters");
    }
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
