//! The folder of a run: what is written into it while the run goes, and the run read back from it.
//!
//! ```text
//! config.toml     the resolved experiment, which `gradnet train` runs again
//! weights.bpk     the weights that validated best (a Burn record, and a checksum of it at the end)
//! metrics.jsonl   a line a validation: step, train_loss, validation_db, elapsed_s
//! checkpoint/     the last two checkpoints, each one file with all that `gradnet resume` needs
//! data.json       for a run on a data file: how it was split and scaled; on folders: a digest of what they held
//! tuned.json      for a regularizer: what `gradnet tune` chose
//! summary.json    the result; a folder without it holds an unfinished run
//! .lock           held by the process that trains
//! ```
//!
//! Every file but `metrics.jsonl` is written beside its place and moved there, so that a crash leaves the old file or
//! the new one.

mod folder;
mod metrics;
mod open;
mod output;
mod score_table;
mod scores;
mod seal;
mod summary;
mod tuned;
mod verify;
mod weights;
mod write;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub use crate::files::{remove_unfinished, write_atomically};
pub use folder::RunFolder;
pub use metrics::Metrics;
pub use open::Run;
pub use output::check_output;
pub use score_table::{ScoreTable, better_rows};
pub use scores::{Scores, Validation};
pub(crate) use seal::{sealed, unsealed};
pub use summary::Summary;
pub use tuned::Tuned;
pub use verify::verify;
pub use write::write_with_folder;

use crate::config::ConfigError;
use crate::files::FileError;
use crate::nearest::nearest_file;
use crate::settings::NETWORK_REMEDY;

/// Why a run folder cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The folder holds an older run, or something else.
    #[error("{} already holds {contents}", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
        /// What is in it.
        contents: &'static str,
        /// Whether it may be replaced on request.
        replaceable: bool,
    },
    /// The folder holds no run.
    #[error("{} is not a run folder: {reason}", path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// The training has not begun, or somebody took the weights away.
    #[error("{} has no weights.bpk", path.display())]
    NoWeights {
        /// The folder.
        path: PathBuf,
    },
    /// The run learned something else than what is asked of it.
    #[error("{} is a run of the task {task}: {only}", path.display())]
    OtherTask {
        /// The folder.
        path: PathBuf,
        /// Its task.
        task: &'static str,
        /// What is asked of it, such as "only a score can be sampled".
        only: &'static str,
        /// How a run comes about of which it can be asked.
        remedy: &'static str,
    },
    /// Another process writes the folder.
    #[error("another gradnet is training in {}", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// The run cannot go on from any of its checkpoints.
    #[error("{} cannot go on: {reason}", path.display())]
    Checkpoint {
        /// The folder of the run.
        path: PathBuf,
        /// What is wrong with the last checkpoint.
        reason: String,
        /// What to do instead.
        remedy: String,
    },
    /// A file cannot be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// "write", "read" or "create".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// `config.toml` does not describe an experiment.
    #[error(transparent)]
    Config(Box<ConfigError>),
    /// What was asked for cannot be run.
    #[error(transparent)]
    Experiment(#[from] crate::experiment::ExperimentError),
    /// `weights.bpk` belongs to another network.
    #[error("the weights in {} do not fit the network of config.toml: {reason}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What Burn's reader found.
        reason: String,
    },
    /// The run was scored with another function than its weights are.
    #[error(
        "{} is of another version of gradnet: the run was scored with the Lipschitz bound {told:.4}, and its weights have \
         {found:.4} here",
        path.display()
    )]
    OtherMeaning {
        /// The file.
        path: PathBuf,
        /// The bound in `summary.json`.
        told: f64,
        /// That of the weights.
        found: f64,
    },
    /// A file of the run does not have the expected contents.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The data file of `config.toml` cannot be used.
    #[error(transparent)]
    Data(#[from] FileError),
    /// The network of `config.toml` cannot be built.
    #[error(transparent)]
    Network(#[from] crate::registry::RegistryError),
    /// The task of `config.toml` cannot be built.
    #[error(transparent)]
    Task(#[from] crate::task::TaskError),
    /// The device computes something else than the processor.
    #[error(transparent)]
    Device(#[from] crate::device_check::DeviceFault),
}

impl RunError {
    /// An error of the system: `action` is "write", "read" or "create".
    pub fn io(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            action,
            path: path.into(),
            source,
        }
    }

    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Occupied {
                path,
                replaceable: true,
                ..
            } if !path.join(RunFolder::SUMMARY).is_file() => format!(
                "go on with it by `gradnet resume {0}`, choose another folder with --output, or replace it with --overwrite",
                path.display()
            ),
            Self::Occupied {
                replaceable: true, ..
            } => "choose another folder with --output, or replace the run with --overwrite".into(),
            Self::Occupied { .. } => "choose another folder with --output".into(),
            Self::Config(error) => error
                .help()
                .unwrap_or("mend the run's config.toml, or restore it from a copy")
                .into(),
            Self::OtherMeaning { .. } => {
                "train it anew: the numbers in the file mean another function now".into()
            }
            Self::Data(error) => error.remedy().into(),
            Self::Experiment(error) => error.remedy().into(),
            Self::Network(_) => NETWORK_REMEDY.into(),
            Self::Task(error) => error.remedy().into(),
            Self::Device(error) => error.remedy().into(),
            Self::Busy { .. } => "wait until it ends, or choose another folder with --output".into(),
            Self::Checkpoint { remedy, .. } => remedy.clone(),
            Self::OtherTask { remedy, .. } => (*remedy).into(),
            Self::NotARun { path, .. } => meant(path),
            Self::NoWeights { path } => match path.join(RunFolder::SUMMARY).is_file() {
                true => "restore it from a copy, or train anew with the run's config.toml".into(),
                false => format!(
                    "it was stopped before its first step: `gradnet resume {}` trains it",
                    path.display()
                ),
            },
            Self::Weights { .. } | Self::Damaged { .. } => {
                "train again with the run's config.toml, or restore the file from a copy".into()
            }
            Self::Io { source, .. } => match source.kind() {
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                    "choose a folder you may write to with --output"
                }
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                    "free some space on that disk; a run that was going on then continues with `gradnet resume RUN`"
                }
                ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
                    "that is a file, or its path leads through one: choose another folder with --output"
                }
                ErrorKind::NotFound => "check that the folder and the file are still there",
                _ => "check the file and the disk it is on",
            }
            .into(),
        }
    }
}

/// The run folder that was probably meant.
fn meant(path: &Path) -> String {
    const SHOWN: usize = 3;
    let is_run = |path: &Path| path.join(RunFolder::CONFIG).is_file();
    let inside = std::fs::read_dir(path).into_iter().flatten().flatten();
    let inside = inside.map(|entry| entry.path()).filter(|path| is_run(path));
    let mut inside: Vec<_> = inside.map(|path| path.display().to_string()).collect();
    inside.sort();
    match (
        nearest_file(path, is_run),
        path.parent().filter(|folder| is_run(folder)),
    ) {
        _ if !inside.is_empty() => {
            let more = if inside.len() > SHOWN { ", .." } else { "" };
            let shown = inside[..inside.len().min(SHOWN)].join(", ");
            format!("name a run in it: {shown}{more}")
        }
        (_, Some(run)) => format!("name its folder: {}", run.display()),
        (Some(near), _) => format!("did you mean {}?", near.display()),
        _ => "name the folder that `gradnet train` wrote".into(),
    }
}
