//! Why a task cannot be built.

use crate::files::FileError;
use crate::targets::TargetError;

/// Why a task cannot be built.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// The data file cannot be used.
    #[error(transparent)]
    Data(#[from] FileError),
    /// The formula cannot be built.
    #[error(transparent)]
    Target(#[from] TargetError),
}

impl TaskError {
    /// What the user can do about it.
    pub fn remedy(&self) -> &str {
        match self {
            Self::Data(error) => error.remedy(),
            Self::Target(error) => error.remedy(),
        }
    }
}
