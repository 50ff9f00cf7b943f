//! Why an experiment cannot be run, in the words of its file.

use crate::files::FileError;
use crate::registry::RegistryError;
use crate::setting_error::SettingError;

/// What to do about a network that cannot be built.
pub(crate) const NETWORK_REMEDY: &str =
    "change the setting, or choose another network (`gradnet list networks` lists them)";

/// Why an experiment cannot be run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// A value outside what its key allows.
    #[error("`{key}` is {value}, but it {requirement}")]
    Invalid {
        /// Dotted path of the key, as in the config file.
        key: String,
        /// The value found.
        value: String,
        /// What a value must satisfy ("must be greater than 0").
        requirement: String,
        /// What to write instead.
        remedy: String,
    },
    /// A key that must be there is not.
    #[error("`{key}` is missing")]
    Missing {
        /// Dotted path of the key, as in the config file.
        key: String,
        /// What to add.
        remedy: String,
    },
    /// The network cannot be built as described, or not for this target.
    #[error("[{key}] {error}")]
    Network {
        /// Dotted path of the network's table, or of the key at fault in it.
        key: String,
        /// What the network says.
        error: RegistryError,
    },
    /// The data file cannot be used.
    #[error("{error}")]
    Data {
        /// Dotted path of the setting that names it.
        key: String,
        /// What is wrong with the file.
        error: FileError,
    },
}

impl ExperimentError {
    /// Dotted path of the offending key, for instance `train.learning_rate`.
    pub fn key(&self) -> &str {
        match self {
            Self::Invalid { key, .. }
            | Self::Missing { key, .. }
            | Self::Network { key, .. }
            | Self::Data { key, .. } => key,
        }
    }

    /// What the user can do about it.
    pub fn remedy(&self) -> &str {
        match self {
            Self::Invalid { remedy, .. } | Self::Missing { remedy, .. } => remedy,
            Self::Network { .. } => NETWORK_REMEDY,
            Self::Data { error, .. } => error.remedy(),
        }
    }

    /// A setting out of range in the table `table`.
    pub(crate) fn setting(table: &str, error: SettingError) -> Self {
        match error {
            SettingError::Invalid {
                field,
                value,
                requirement,
                remedy,
            } => Self::Invalid {
                key: format!("{table}.{field}"),
                value,
                requirement,
                remedy,
            },
        }
    }

    pub(crate) fn network(name: &str, error: RegistryError) -> Self {
        // A dimension that does not suit is a property of the pair: the network's table is where it is put right.
        let key = match error.field() {
            Some(field) => format!("network.{name}.{field}"),
            None => format!("network.{name}"),
        };
        Self::Network { key, error }
    }
}
