//! Writing a run folder.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use burn::module::Module;
use gradnet_core::network::Network;
use serde::{Deserialize, Serialize};

use super::{RunError, Summary};
use crate::experiment::Experiment;

/// A run folder that is being written.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    metrics: File,
}

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

    /// Makes the folder and opens its files.
    ///
    /// # Errors
    /// If the folder holds anything and `overwrite` is not set, if it holds anything but a run in any case, or if it cannot be written.
    pub fn create(path: &Path, experiment: &Experiment, overwrite: bool) -> Result<Self, RunError> {
        match fs::read_dir(path) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    Self::clear(path, overwrite)?;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(path).map_err(|error| RunError::io("create", path, error))?;
            }
            Err(error) => return Err(RunError::io("use as a run folder", path, error)),
        }
        let text = toml::to_string_pretty(experiment).map_err(|error| RunError::Damaged {
            path: path.join(Self::CONFIG),
            reason: error.to_string(),
        })?;
        write(&path.join(Self::CONFIG), text.as_bytes())?;
        let metrics = path.join(Self::METRICS);
        let metrics =
            File::create(&metrics).map_err(|error| RunError::io("create", &metrics, error))?;
        Ok(Self {
            path: path.into(),
            metrics,
        })
    }

    /// Removes an older run, and nothing but what a run writes.
    fn clear(path: &Path, overwrite: bool) -> Result<(), RunError> {
        let is_run = path.join(Self::CONFIG).is_file();
        if !is_run || !overwrite {
            return Err(RunError::Occupied {
                path: path.into(),
                contents: if is_run {
                    "a run"
                } else {
                    "files that are not a run's"
                },
                replaceable: is_run,
            });
        }
        let files = [Self::SUMMARY, Self::WEIGHTS, Self::METRICS];
        let removed = files.map(|name| (name, fs::remove_file(path.join(name))));
        let folder = (
            Self::CHECKPOINTS,
            fs::remove_dir_all(path.join(Self::CHECKPOINTS)),
        );
        for (name, result) in removed.into_iter().chain([folder]) {
            match result {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(RunError::io("remove", &path.join(name), error));
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
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".writing-")
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_data()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
