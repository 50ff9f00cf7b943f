//! What a cell came to, as a JSON file.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Cell;
use super::identity::{Contents, Identity};
use crate::experiment::Experiment;
use crate::run::{RunError, Summary, write_atomically};

/// What a cell came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The label of its row.
    pub row: String,
    /// The name of its case.
    pub case: String,
    /// What was varied.
    pub candidate: Vec<(String, String)>,
    /// The experiment; a record of another one is not this cell's.
    pub experiment: Experiment,
    /// The result; none if the run diverged.
    pub result: Option<Summary>,
    /// Why there is none.
    pub failure: Option<String>,
    /// The version of the program.
    pub version: String,
    /// The version of what the program makes of an experiment.
    pub numbers: u32,
    /// Digests of the files that were read.
    #[serde(default, skip_serializing_if = "Contents::is_empty")]
    pub files: Contents,
    /// The processor and the number of threads the cell had.
    pub machine: String,
    /// The backend.
    pub backend: String,
    /// Seconds of the cell, test included.
    pub wall_s: f64,
}

impl Record {
    /// What the weights were chosen by; infinite where there are none.
    pub fn validation(&self) -> f64 {
        self.result
            .as_ref()
            .map_or(f64::INFINITY, |result| result.validation.value())
    }
}

/// Where the records of a sweep are.
#[derive(Clone, Debug)]
pub(super) struct Store {
    folder: PathBuf,
}

impl Store {
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Where a cell trains.
    pub(super) fn run(&self, cell: &Cell) -> PathBuf {
        self.folder.join("runs").join(cell.name())
    }

    fn path(&self, cell: &Cell) -> PathBuf {
        self.folder
            .join("cells")
            .join(format!("{}.json", cell.name()))
    }

    /// The cell's record, if there is one of the very same experiment on the same data; under the cell's present row and case.
    pub(super) fn load(&self, cell: &Cell) -> Result<Option<Record>, RunError> {
        let path = self.path(cell);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| RunError::io("read", &path, error))?,
        };
        let record: Record = serde_json::from_str(&text).map_err(|error| RunError::Damaged {
            path,
            reason: error.to_string(),
        })?;
        let identity = Identity::new(record.numbers, &record.experiment, &record.files);
        let same = identity == cell.identity();
        Ok(same.then(|| Record {
            row: cell.row.clone(),
            case: cell.case.clone(),
            candidate: cell.candidate.clone(),
            ..record
        }))
    }

    pub(super) fn save(&self, cell: &Cell, record: &Record) -> Result<(), RunError> {
        let text = serde_json::to_string_pretty(record);
        let text = text.map_err(|error| RunError::io("write", &self.path(cell), error.into()))?;
        self.write(&self.path(cell), &(text + "\n"))
    }

    /// Writes a file of the sweep's folder.
    pub(super) fn write(&self, path: &Path, text: &str) -> Result<(), RunError> {
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder).map_err(|error| RunError::io("create", folder, error))?;
        write_atomically(path, text.as_bytes()).map_err(|error| RunError::io("write", path, error))
    }

    /// The table's file with this ending.
    pub(super) fn table(&self, end: &str) -> PathBuf {
        self.folder.join(format!("table.{end}"))
    }
}
