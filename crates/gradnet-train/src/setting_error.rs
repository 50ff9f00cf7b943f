//! A setting out of range, in words for whoever wrote it.

/// Why settings cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// A setting outside what it allows.
    #[error("`{field}` is {value}, but it {requirement}")]
    Invalid {
        /// The setting.
        field: &'static str,
        /// The value found.
        value: String,
        /// What a value must satisfy.
        requirement: String,
        /// What to write instead.
        remedy: String,
    },
}

impl SettingError {
    /// What the user can do about it.
    pub fn remedy(&self) -> &str {
        match self {
            Self::Invalid { remedy, .. } => remedy,
        }
    }
}
