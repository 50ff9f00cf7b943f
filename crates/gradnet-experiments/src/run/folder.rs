//! Writing a run folder.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use burn::module::Module;
use gradnet_core::network::Network;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::{RunError, Summary};
use crate::data::file::DataFacts;
use crate::experiment::Experiment;

/// A run folder that is being written; no other process can write it meanwhile.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    metrics: File,
    /// Held until the folder is dropped; the system lets go of it if the process dies.
    _lock: File,
}

/// How the names of files begin that are not yet whole.
const UNFINISHED: &str = ".writing-";

/// A line of `metrics.jsonl`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Steps done.
    pub step: usize,
    /// Mean loss over the steps since the line before.
    pub train_loss: Option<f64>,
    /// Error on the validation points.
    pub validation_db: f64,
    /// Seconds since training began.
    pub elapsed_s: f64,
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
    /// Name of the folder of checkpoints.
    pub const CHECKPOINTS: &str = "checkpoint";
    /// Name of the facts about the data file of a run that learns from one.
    pub const DATA: &str = "data.json";
    /// Name of the file that a running training holds a lock on.
    pub const LOCK: &str = ".lock";

    /// Makes the folder and opens its files.
    ///
    /// # Errors
    /// If the folder holds anything and `overwrite` is not set, if it holds anything but a run in any case, if another process writes it, or if
    /// it cannot be written.
    pub fn create(path: &Path, experiment: &Experiment, overwrite: bool) -> Result<Self, RunError> {
        fs::create_dir_all(path)
            .map_err(|error| RunError::io("use as a run folder", path, error))?;
        let occupied = Self::is_occupied(path)?;
        // A folder of other files gets no lock file. One that has it may be in use, which says more than that it is not empty.
        if occupied && !path.join(Self::LOCK).exists() {
            Self::replaceable(path, overwrite)?;
        }
        let lock = Self::lock(path)?;
        if occupied {
            Self::replaceable(path, overwrite)?;
            Self::clear(path)?;
        }
        write(&path.join(Self::CONFIG), experiment.to_toml().as_bytes())?;
        let metrics = path.join(Self::METRICS);
        let metrics =
            File::create(&metrics).map_err(|error| RunError::io("create", &metrics, error))?;
        Ok(Self {
            path: path.into(),
            metrics,
            _lock: lock,
        })
    }

    /// Makes the folder of a network that was not trained here: no validation log, which is how it is told from a run that can go on.
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
        let file = path.join(Self::METRICS);
        let metrics = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&file)
            .map_err(|error| RunError::io("write", &file, error))?;
        Ok(Self {
            path: path.into(),
            metrics,
            _lock: lock,
        })
    }

    /// Whether [`create`](Self::create) would be refused for what the folder holds.
    ///
    /// # Errors
    /// The refusal.
    pub fn check(path: &Path, overwrite: bool) -> Result<(), RunError> {
        match path.is_dir() && !path.join(Self::LOCK).exists() && Self::is_occupied(path)? {
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

    /// Removes what processes that died in the middle of a write left beside the files; it takes up room and does no other harm.
    fn remove_unfinished(path: &Path) {
        for folder in [path.into(), path.join(Self::CHECKPOINTS)] {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
    }

    /// Removes an older run, and nothing but what a run writes; its config last, so that the folder stays a run until it is empty.
    fn clear(path: &Path) -> Result<(), RunError> {
        Self::remove_unfinished(path);
        let checkpoints = path.join(Self::CHECKPOINTS);
        let mut removed = vec![(checkpoints.clone(), fs::remove_dir_all(&checkpoints))];
        for name in [
            Self::SUMMARY,
            Self::WEIGHTS,
            Self::METRICS,
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
        let path = self.weights();
        let bytes = network
            .into_record()
            .into_bytes()
            .map_err(|error| RunError::io("write", &path, io::Error::other(error)))?;
        write(&path, &bytes)
    }

    /// Writes how the data file of a run was split and scaled.
    pub(crate) fn write_facts(run: &Path, facts: &DataFacts) -> Result<(), RunError> {
        let path = run.join(Self::DATA);
        let mut text = serde_json::to_string_pretty(facts)
            .map_err(|error| RunError::io("write", &path, error.into()))?;
        text.push('\n');
        write(&path, text.as_bytes())
    }

    /// Adds a line to the validation log.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn append_metrics(&mut self, metrics: &Metrics) -> Result<(), RunError> {
        let failed = |error| RunError::io("write", &self.path.join(Self::METRICS), error);
        let mut line = serde_json::to_string(metrics).map_err(|error| failed(error.into()))?;
        line.push('\n');
        self.metrics.write_all(line.as_bytes()).map_err(failed)
    }

    /// The length of the validation log in bytes, all of them on the disk.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn sync_metrics(&mut self) -> Result<u64, RunError> {
        let failed = |error| RunError::io("write", &self.path.join(Self::METRICS), error);
        self.metrics.sync_data().map_err(failed)?;
        self.metrics.stream_position().map_err(failed)
    }

    /// Cuts the validation log back to its first `length` bytes, and to whole lines if it is shorter than that.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub fn rewind_metrics(&mut self, length: u64) -> Result<(), RunError> {
        let file = self.path.join(Self::METRICS);
        let mut rewind = || -> io::Result<()> {
            let mut text = Vec::new();
            self.metrics.seek(SeekFrom::Start(0))?;
            (&self.metrics).take(length).read_to_end(&mut text)?;
            let whole = match text.iter().rposition(|byte| *byte == b'\n') {
                Some(end) => end as u64 + 1,
                None => 0,
            };
            self.metrics.set_len(whole)?;
            self.metrics.seek(SeekFrom::Start(whole))?;
            Ok(())
        };
        rewind().map_err(|error| RunError::io("write", &file, error))
    }

    /// Writes the result.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_summary(&self, summary: &Summary) -> Result<(), RunError> {
        let path = self.path.join(Self::SUMMARY);
        let mut text = serde_json::to_string_pretty(summary)
            .map_err(|error| RunError::io("write", &path, error.into()))?;
        text.push('\n');
        write(&path, text.as_bytes())
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    write_atomically(path, bytes).map_err(|error| RunError::io("write", path, error))
}

/// Writes a file beside its place and moves it there: a crash leaves the old contents or the new.
///
/// # Errors
/// The system's error; the file is then as it was.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = file_beside(path)?;
    file.write_all(bytes)?;
    file.as_file().sync_data()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A new file in the folder of `path`, to be moved to `path` when it is whole; with the rights that files get here by default.
///
/// # Errors
/// The system's error.
pub(crate) fn file_beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    // A temporary file is private otherwise, which a result should not be. The user's mask is applied to this.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder.unwrap_or(Path::new(".")))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_written_whole_has_the_rights_of_any_other_file() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, plain) = (folder.path().join("whole"), folder.path().join("plain"));
        write_atomically(&whole, b"contents").unwrap();
        fs::write(&plain, b"contents").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&whole), mode(&plain));
        assert_eq!(fs::read(&whole).unwrap(), b"contents");
    }

    #[test]
    fn a_log_is_cut_back_to_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(RunFolder::METRICS);
        for (text, length, left) in [
            ("a\nb\nc\n", 4, "a\nb\n"),
            ("a\nb\nc", 100, "a\nb\n"),
            ("a\nb\n", 100, "a\nb\n"),
            ("a", 1, ""),
            ("a\n", 0, ""),
        ] {
            fs::write(&file, text).unwrap();
            let mut run = RunFolder::reopen(folder.path()).unwrap();
            run.rewind_metrics(length).unwrap();
            let line = Metrics {
                step: 1,
                train_loss: None,
                validation_db: -1.0,
                elapsed_s: 0.0,
            };
            run.append_metrics(&line).unwrap();
            let found = fs::read_to_string(&file).unwrap();
            assert!(found.starts_with(left), "{found}");
            assert_eq!(found.lines().count(), left.lines().count() + 1, "{found}");
        }
    }
}
