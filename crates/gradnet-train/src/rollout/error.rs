//! Why there are no paths.

use std::path::PathBuf;

use crate::files::FileError;
use crate::run::RunError;

/// Why there are no paths.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RolloutError {
    /// The run cannot be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A time or a step that cannot be used.
    #[error("{option} is {value}, but it must be {requirement}")]
    Option {
        /// The option.
        option: &'static str,
        /// Its value.
        value: f64,
        /// What it must satisfy.
        requirement: String,
    },
    /// The friction or the inputs' matrix is found at the end of a training.
    #[error("{run} is not finished: its friction and what its inputs do are not known yet")]
    Unfinished {
        /// The run folder.
        run: String,
    },
    /// A path left all numbers.
    #[error("{}, row {row}: the path from there is not finite after time {time}", from.display())]
    NotFinite {
        /// The file with the starts.
        from: PathBuf,
        /// The row of the start, counted from 1.
        row: usize,
        /// The last time at which it was finite.
        time: f64,
    },
}

impl RolloutError {
    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Run(error) => error.remedy(),
            Self::File(error) => error.remedy().into(),
            Self::Option { .. } => "for example --until 20 --step 0.05".into(),
            Self::Unfinished { run } => format!("finish it first: `gradnet resume {run}`"),
            Self::NotFinite { .. } => {
                "lower --step, or start nearer to the paths the run was trained on".into()
            }
        }
    }
}
