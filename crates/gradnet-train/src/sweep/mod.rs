//! Sweeps: a base config, lists of overrides, and seeds, trained cell by cell into one table.
//!
//! ```text
//! file  --expand-->  places (row x case), each with its cells (what is varied x seed), each a checked experiment
//!       --fill-->    a record a cell, found again by everything that decides its numbers
//!       --table-->   for each place the candidate that validated best, its numbers over the seeds, and the rows to compare with
//! ```
//!
//! The paper's tables are sweeps as well; `gradnet-experiments` gives them their own layout and the published numbers.
//!
//! Every candidate is trained with the first seed; the further seeds are those of the one whose validation was best.
//! Nothing is chosen by a test.

mod cell;
mod file;
mod filled;
mod identity;
mod jobs;
mod pace;
mod published;
mod record;
mod runner;
mod table;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::config::ConfigError;
use crate::run::{RunError, write_with_folder};
use crate::training::TrainError;

pub use cell::{Cell, Place, Shard};
pub use file::Sweep;
pub use filled::Filled;
pub use pace::Progress;
pub use record::{CellResult, Measure, Record, Store};
pub use runner::{Options, Silent, Watch, fill};
pub use table::Table;

/// Runs what a sweep lacks. Its records, run folders and the table as Markdown, CSV and JSON lie in the folder
/// `output`, the table so far after each cell. The table once it is whole; `None` while cells of other parts are
/// missing.
///
/// # Errors
/// See [`SweepError`].
pub fn run(
    sweep: &Sweep,
    output: &Path,
    options: &Options,
    watch: &dyn Watch,
) -> Result<Option<Table>, SweepError> {
    let store = Store::new(output.join("cells"), output.join("runs"));
    run_in(sweep, store, output, options, watch)
}

/// The same with records in a store, which may measure more of each run. What it measures joins the table if it is
/// [`Quantities`] by name.
///
/// [`Quantities`]: crate::task::Quantities
///
/// # Errors
/// See [`SweepError`].
pub fn run_in(
    sweep: &Sweep,
    store: Store,
    output: &Path,
    options: &Options,
    watch: &dyn Watch,
) -> Result<Option<Table>, SweepError> {
    let places = sweep.places()?;
    let written = || {
        let table = Table::new(sweep, &Filled::of(&places, &store)?);
        for (end, text) in table.files() {
            write_with_folder(&output.join(format!("table.{end}")), text.as_bytes())?;
        }
        Ok::<_, RunError>(table)
    };
    let so_far = || Ok(written()?.markdown());
    match fill(&places, &store, options, watch, &so_far)? {
        true => Ok(Some(written()?)),
        false => Ok(None),
    }
}

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
