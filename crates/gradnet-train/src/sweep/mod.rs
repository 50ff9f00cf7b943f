//! Sweeps: a base config, lists of overrides, and seeds, trained cell by cell into one table.
//!
//! ```text
//! file  --expand-->  cells (row x case x what is varied x seed), each a checked experiment
//!       --run-->     a record a cell, found again by everything that decides its numbers
//!       --table-->   for each row and case the candidate that validated best, its numbers over the seeds, and the rows to compare with
//! ```
//!
//! Every candidate is trained with the first seed; the further seeds are those of the one whose validation was best. Nothing is chosen by a test.

mod cell;
mod file;
mod identity;
mod jobs;
mod record;
mod runner;
mod table;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use crate::config::ConfigError;
use crate::run::RunError;
use crate::training::TrainError;

pub use cell::{Cell, Shard};
pub use file::Sweep;
pub use identity::NUMBERS;
pub use jobs::{side_by_side, train_or_resume};
pub use record::Record;
pub use runner::{Options, Watch, run};
pub use table::Table;

/// Why a sweep did not finish. The cells done before are kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// The file does not describe a sweep.
    #[error("{}: {reason}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// A cell's config cannot be run.
    #[error("cell {cell}: {error}")]
    Config {
        /// The cell.
        cell: String,
        /// What is wrong with its config.
        error: Box<ConfigError>,
    },
    /// A cell failed in a way that is not a result.
    #[error("cell {cell}: {error}")]
    Cell {
        /// The cell.
        cell: String,
        /// What happened.
        error: Box<TrainError>,
    },
    /// A record or a table cannot be read or written.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The sweep was asked to stop.
    #[error("stopped after {done} of {total} cells")]
    Interrupted {
        /// Cells with a record.
        done: usize,
        /// Cells known to be needed.
        total: usize,
    },
    /// The threads of a job could not be started.
    #[error("cannot start the threads of a job: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

impl SweepError {
    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::File { remedy, .. } => remedy.clone(),
            Self::Config { error, .. } => error.help().unwrap_or("mend the sweep file").into(),
            Self::Cell { error, .. } => error.remedy(),
            Self::Run(error) => error.remedy(),
            Self::Interrupted { .. } => "the same command goes on from there".into(),
            Self::Threads(_) => "run the cells one after another with --jobs 1".into(),
        }
    }
}
