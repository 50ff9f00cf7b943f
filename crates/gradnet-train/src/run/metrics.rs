//! `metrics.jsonl`, the log of a run: a line a validation.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{RunError, Validation};

/// A line of `metrics.jsonl`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Steps done.
    pub step: usize,
    /// Mean loss over the steps since the line before.
    pub train_loss: Option<f64>,
    /// What chooses the weights.
    #[serde(flatten)]
    pub validation: Validation,
    /// Seconds since training began.
    pub elapsed_s: f64,
}

/// The log, open for writing.
#[derive(Debug)]
pub(crate) struct MetricsLog {
    path: PathBuf,
    file: File,
}

impl MetricsLog {
    /// Opens the log, which may be new; to be written at its start.
    pub(super) fn open(path: PathBuf) -> Result<Self, RunError> {
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        match opened {
            Ok(file) => Ok(Self { path, file }),
            Err(error) => Err(RunError::io("write", &path, error)),
        }
    }

    fn failed(&self) -> impl Fn(io::Error) -> RunError {
        |error| RunError::io("write", &self.path, error)
    }

    /// Adds a line.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(crate) fn append(&mut self, metrics: &Metrics) -> Result<(), RunError> {
        let mut line =
            serde_json::to_string(metrics).map_err(|error| self.failed()(error.into()))?;
        line.push('\n');
        let written = self.file.write_all(line.as_bytes());
        written.map_err(self.failed())
    }

    /// The log's length in bytes, all of them on the disk.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(crate) fn sync(&mut self) -> Result<u64, RunError> {
        self.file.sync_data().map_err(self.failed())?;
        let position = self.file.stream_position();
        position.map_err(self.failed())
    }

    /// Cuts the log back to its first `length` bytes, and to whole lines if it is shorter than that.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub(crate) fn rewind(&mut self, length: u64) -> Result<(), RunError> {
        let mut rewind = || -> io::Result<()> {
            let file = &mut self.file;
            let mut text = Vec::new();
            file.seek(SeekFrom::Start(0))?;
            Read::by_ref(file).take(length).read_to_end(&mut text)?;
            let whole = match text.iter().rposition(|byte| *byte == b'\n') {
                Some(end) => end as u64 + 1,
                None => 0,
            };
            file.set_len(whole)?;
            file.seek(SeekFrom::Start(whole))?;
            Ok(())
        };
        let rewound = rewind();
        rewound.map_err(self.failed())
    }
}

/// The lines of a log; none if there is no file, as for imported weights.
///
/// # Errors
/// If a line cannot be read.
pub(super) fn read(path: &Path) -> Result<Vec<Metrics>, RunError> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(|error| RunError::io("read", path, error))?,
    };
    // A process that died may have left half a line at the end.
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    text[..whole]
        .lines()
        .enumerate()
        .map(|(line, json)| {
            serde_json::from_str(json).map_err(|error| RunError::Damaged {
                path: path.into(),
                reason: format!("line {}: {error}", line + 1),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_cut_back_to_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        for (text, length, left) in [
            ("a\nb\nc\n", 4, "a\nb\n"),
            ("a\nb\nc", 100, "a\nb\n"),
            ("a\nb\n", 100, "a\nb\n"),
            ("a", 1, ""),
            ("a\n", 0, ""),
        ] {
            std::fs::write(&path, text).unwrap();
            let mut log = MetricsLog::open(path.clone()).unwrap();
            log.rewind(length).unwrap();
            let line = Metrics {
                step: 1,
                train_loss: None,
                validation: Validation::Decibels {
                    validation_db: -1.0,
                },
                elapsed_s: 0.0,
            };
            log.append(&line).unwrap();
            let found = std::fs::read_to_string(&path).unwrap();
            assert!(found.starts_with(left), "{found}");
            assert_eq!(found.lines().count(), left.lines().count() + 1, "{found}");
        }
    }
}
