//! Why a task cannot be built.

use crate::device_check::DeviceFault;
use crate::files::FileError;
use crate::setting_error::SettingError;

/// Why a task cannot be built.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// The data file cannot be used.
    #[error(transparent)]
    Data(#[from] FileError),
    /// A setting is out of range.
    #[error(transparent)]
    Setting(#[from] SettingError),
}

impl TaskError {
    /// What the user can do about it.
    pub fn remedy(&self) -> &str {
        match self {
            Self::Data(error) => error.remedy(),
            Self::Setting(error) => error.remedy(),
        }
    }
}

impl From<TaskError> for DeviceFault {
    fn from(error: TaskError) -> Self {
        Self::Unbuilt {
            message: error.to_string(),
            remedy: error.remedy().into(),
        }
    }
}
