//! Writing a run folder.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::metrics::MetricsLog;
use super::weights::write_weights;
use super::write::{write, write_json};
use super::{RunError, Summary};
use crate::data::Contents;
use crate::data::file::DataFacts;
use crate::experiment::Experiment;
use crate::files::UNFINISHED;
use crate::registry::Network;

/// A run folder that is being written; no other process can write it meanwhile.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    metrics: MetricsLog,
    /// Held until the folder is dropped; the system lets go of it if the process dies.
    _lock: File,
}

impl RunFolder {
    /// Name of the resolved experiment.
    pub const CONFIG: &str = "config.toml";
    /// Name of the best weights.
    pub const WEIGHTS: &str = "weights.bpk";
    /// Name of the validation log.
    pub const METRICS: &str = "metrics.jsonl";
    /// Name of the result.
    pub const SUMMARY: &str = "summary.json";
    /// Name of what `gradnet tune` chose.
    pub const TUNED: &str = "tuned.json";
    /// Name of the folder of checkpoints.
    pub const CHECKPOINTS: &str = "checkpoint";
    /// Name of the facts about the data file of a run that learns from one.
    pub const DATA: &str = "data.json";
    /// Name of the file that a running training holds a lock on.
    pub const LOCK: &str = ".lock";

    /// Makes the folder and opens its files.
    ///
    /// # Errors
    /// If the folder holds anything and `overwrite` is not set, if it holds anything but a run in any case, if another
    /// process writes it, or if it cannot be written.
    pub fn create(path: &Path, experiment: &Experiment, overwrite: bool) -> Result<Self, RunError> {
        fs::create_dir_all(path)
            .map_err(|error| RunError::io("use as a run folder", path, error))?;
        let occupied = Self::is_occupied(path)?;
        // A folder of other files gets no lock file. One that has it may be in use, which says more than that it is not
        // empty.
        if occupied && !path.join(Self::LOCK).exists() {
            Self::replaceable(path, overwrite)?;
        }
        let lock = Self::lock(path)?;
        if occupied {
            Self::replaceable(path, overwrite)?;
            Self::clear(path)?;
        }
        write(&path.join(Self::CONFIG), experiment.to_toml().as_bytes())?;
        Self::with_lock(path, lock)
    }

    /// Makes the folder of a network that was not trained here: no validation log, which is how it is told from a run
    /// that can go on.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_untrained(
        path: &Path,
        experiment: &Experiment,
        overwrite: bool,
    ) -> Result<Self, RunError> {
        let folder = Self::create(path, experiment, overwrite)?;
        let metrics = path.join(Self::METRICS);
        fs::remove_file(&metrics).map_err(|error| RunError::io("remove", &metrics, error))?;
        Ok(folder)
    }

    /// Opens the folder of a run that shall go on.
    ///
    /// # Errors
    /// If another process writes the folder, or if it cannot be written.
    pub fn reopen(path: &Path) -> Result<Self, RunError> {
        let lock = Self::lock(path)?;
        Self::remove_unfinished(path);
        Self::with_lock(path, lock)
    }

    fn with_lock(path: &Path, lock: File) -> Result<Self, RunError> {
        Ok(Self {
            path: path.into(),
            metrics: MetricsLog::open(path.join(Self::METRICS))?,
            _lock: lock,
        })
    }

    /// Whether [`create`](Self::create) would be refused for what the folder holds.
    ///
    /// # Errors
    /// The refusal.
    pub fn check(path: &Path, overwrite: bool) -> Result<(), RunError> {
        match path.join(Self::LOCK).exists() {
            true => Ok(()),
            false => Self::check_contents(path, overwrite),
        }
    }

    /// Whether [`create`](Self::create) would be refused if nobody else used the folder.
    ///
    /// # Errors
    /// The refusal.
    pub fn check_contents(path: &Path, overwrite: bool) -> Result<(), RunError> {
        match path.is_dir() && Self::is_occupied(path)? {
            true => Self::replaceable(path, overwrite),
            false => Ok(()),
        }
    }

    /// Takes the folder for this process.
    fn lock(path: &Path) -> Result<File, RunError> {
        let file = path.join(Self::LOCK);
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&file)
            .map_err(|error| RunError::io("write", &file, error))?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(TryLockError::WouldBlock) => Err(RunError::Busy { path: path.into() }),
            Err(TryLockError::Error(error)) => Err(RunError::io("lock", &file, error)),
        }
    }

    /// Whether the folder holds anything but what a process leaves that died before it wrote its config.
    fn is_occupied(path: &Path) -> Result<bool, RunError> {
        let failed = |error| RunError::io("use as a run folder", path, error);
        for entry in fs::read_dir(path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let name = name.to_string_lossy();
            if name != Self::LOCK && !name.starts_with(UNFINISHED) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Refuses to replace what the folder holds, unless it is a run and `overwrite` is set.
    fn replaceable(path: &Path, overwrite: bool) -> Result<(), RunError> {
        let is_run = path.join(Self::CONFIG).is_file();
        if is_run && overwrite {
            return Ok(());
        }
        Err(RunError::Occupied {
            path: path.into(),
            contents: if is_run {
                "a run"
            } else {
                "files that are not a run's"
            },
            replaceable: is_run,
        })
    }

    /// Removes what processes that died in the middle of a write left beside the files; it takes up room and does no
    /// other harm.
    fn remove_unfinished(path: &Path) {
        for folder in [path.into(), path.join(Self::CHECKPOINTS)] {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
    }

    /// Removes an older run, and nothing but what a run writes; its config last, so that the folder stays a run until
    /// it is empty.
    fn clear(path: &Path) -> Result<(), RunError> {
        Self::remove_unfinished(path);
        let checkpoints = path.join(Self::CHECKPOINTS);
        let mut removed = vec![(checkpoints.clone(), fs::remove_dir_all(&checkpoints))];
        for name in [
            Self::SUMMARY,
            Self::WEIGHTS,
            Self::METRICS,
            Self::TUNED,
            Self::DATA,
            Self::CONFIG,
        ] {
            let file = path.join(name);
            removed.push((file.clone(), fs::remove_file(file)));
        }
        for (file, result) in removed {
            match result {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(RunError::io("remove", &file, error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file of the best weights.
    pub fn weights(&self) -> PathBuf {
        self.path.join(Self::WEIGHTS)
    }

    /// Replaces the weights.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_weights(&self, network: Network) -> Result<(), RunError> {
        write_weights(&self.weights(), network)
    }

    /// Writes how the data file of a run was split and scaled.
    pub(crate) fn write_facts(run: &Path, facts: &DataFacts) -> Result<(), RunError> {
        write_json(&run.join(Self::DATA), facts)
    }

    /// Writes what the folders held that a run learns from.
    pub(crate) fn write_contents(run: &Path, contents: &Contents) -> Result<(), RunError> {
        write_json(&run.join(Self::DATA), contents)
    }

    /// The validation log.
    pub(crate) fn metrics(&mut self) -> &mut MetricsLog {
        &mut self.metrics
    }

    /// Writes the result.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_summary(&self, summary: &Summary) -> Result<(), RunError> {
        write_json(&self.path.join(Self::SUMMARY), summary)
    }
}
