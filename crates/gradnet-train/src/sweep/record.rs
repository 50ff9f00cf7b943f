//! What a cell came to, as a JSON file.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use toml::Table;

use super::Cell;
use super::cell::varied;
use super::identity::{Contents, Identity};
use crate::experiment::Experiment;
use crate::run::{Run, RunError, RunFolder, Scores, Validation, write_with_folder};
use crate::task::Quantities;

/// What a cell came to. Records of version 0.1, which knew tables of the paper only, are read too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The label of its row.
    #[serde(alias = "label")]
    pub row: String,
    /// The name of its case.
    #[serde(default)]
    pub case: String,
    /// What was varied: it is the cell's.
    #[serde(skip_deserializing)]
    pub candidate: Table,
    /// The result; none if the run diverged.
    pub result: Option<CellResult>,
    /// Why there is none.
    pub failure: Option<String>,
    /// The version of the program.
    pub version: String,
    /// The version of what the program makes of an experiment.
    #[serde(alias = "schema", default = "first")]
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
    /// The experiment; a record of another one is not this cell's.
    pub experiment: Experiment,
    /// The settings of what else was measured.
    #[serde(default, alias = "horizon", skip_serializing_if = "Option::is_none")]
    pub measure: Option<Value>,
}

/// The numbers of a run that ended well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellResult {
    /// Trainable numbers.
    pub parameters: usize,
    /// What the weights and the candidate were chosen by.
    #[serde(flatten)]
    pub validation: Validation,
    /// What the test measured, beside the rows to compare it with.
    #[serde(flatten)]
    pub scores: Scores,
    /// What else was measured.
    #[serde(default, alias = "orbits", skip_serializing_if = "Option::is_none")]
    pub measured: Option<Value>,
    /// Step and number of at most 50 validations.
    #[serde(default)]
    pub curve: Vec<(usize, f64)>,
}

impl CellResult {
    /// The numbers of the table: those of the test, and what else was measured where that is quantities by name.
    pub(super) fn quantities(&self) -> Quantities {
        let mut quantities = self.scores.metrics.clone();
        let measured = self.measured.clone().unwrap_or_default();
        quantities.extend(serde_json::from_value::<Quantities>(measured).unwrap_or_default());
        quantities
    }
}

/// The version of records that do not tell theirs.
fn first() -> u32 {
    1
}

impl Record {
    /// What the weights were chosen by; infinite where there are none.
    pub fn validation(&self) -> f64 {
        self.result
            .as_ref()
            .map_or(f64::INFINITY, |result| result.validation.value())
    }

    /// What was varied, for a reader.
    pub fn varied(&self) -> String {
        varied(&self.candidate)
    }

    fn identity(&self) -> Identity<'_> {
        Identity::new(self.numbers, &self.experiment, &self.files)
    }
}

/// What is measured of a trained run beyond its summary.
pub trait Measure: Send + Sync {
    /// All that decides its numbers; a record with other settings is not the cell's.
    fn settings(&self) -> Value;

    /// The settings that a record means which tells none.
    fn untold(&self) -> Value;

    /// The numbers of a run.
    ///
    /// # Errors
    /// If the run cannot be read.
    fn measure(&self, run: &Run, device: &Device) -> Result<Value, RunError>;
}

/// Where records and runs are.
#[derive(Clone)]
pub struct Store {
    records: PathBuf,
    runs: PathBuf,
    measure: Option<Arc<dyn Measure>>,
    /// The records that were there at first, by the digest of their identity.
    found: OnceLock<HashMap<u64, PathBuf>>,
    /// Records that were read, by their file: the table after each cell asks for all of them.
    known: Arc<Mutex<HashMap<PathBuf, Record>>>,
}

impl Store {
    /// Records and run folders in these two folders.
    pub fn new(records: PathBuf, runs: PathBuf) -> Self {
        Self {
            records,
            runs,
            measure: None,
            found: OnceLock::new(),
            known: Arc::default(),
        }
    }

    /// With something else to measure.
    pub fn measuring(self, measure: Arc<dyn Measure>) -> Self {
        Self {
            measure: Some(measure),
            ..self
        }
    }

    /// What else is measured.
    pub(super) fn measure(&self) -> Option<&dyn Measure> {
        self.measure.as_deref()
    }

    /// Where a cell trains.
    pub fn run(&self, cell: &Cell) -> PathBuf {
        self.runs.join(cell.name())
    }

    /// Whether the cell's run is there, and finished.
    pub(super) fn has_run(&self, cell: &Cell) -> bool {
        self.run(cell).join(RunFolder::SUMMARY).is_file()
    }

    fn path(&self, cell: &Cell) -> PathBuf {
        self.records.join(format!("{}.json", cell.name()))
    }

    /// The cell's record, if there is one of the very same experiment on the same data; under the cell's present row
    /// and case.
    ///
    /// # Errors
    /// If its file is there but cannot be read.
    pub fn load(&self, cell: &Cell) -> Result<Option<Record>, RunError> {
        let is_of = |record: &Record| {
            let told = || record.measure.clone();
            record.identity() == cell.identity()
                && self
                    .measure()
                    .is_none_or(|m| told().unwrap_or_else(|| m.untold()) == m.settings())
        };
        let mut record = self.read(self.path(cell))?.filter(is_of);
        if record.is_none()
            && let Some(path) = self.found().get(&cell.identity().digest())
        {
            // An older version named its file in another way.
            record = self.read(path.clone())?.filter(is_of);
        }
        Ok(record.map(|record| Record {
            row: cell.row.clone(),
            case: cell.case.clone(),
            candidate: cell.candidate.clone(),
            ..record
        }))
    }

    /// The record of a file, which is read once.
    fn read(&self, path: PathBuf) -> Result<Option<Record>, RunError> {
        if let Some(record) = self.known().get(&path) {
            return Ok(Some(record.clone()));
        }
        let record = read(&path)?;
        if let Some(record) = &record {
            self.known().insert(path, record.clone());
        }
        Ok(record)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<PathBuf, Record>> {
        // Every change is one insertion, which a panic cannot leave half done.
        self.known
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
    }

    fn found(&self) -> &HashMap<u64, PathBuf> {
        self.found.get_or_init(|| {
            let entries = fs::read_dir(&self.records).into_iter().flatten();
            let paths = entries.flatten().map(|entry| entry.path());
            // What is no record, or a damaged one, is nobody's here.
            let records = paths.filter_map(|path| Some((read(&path).ok()??, path)));
            records
                .map(|(record, path)| (record.identity().digest(), path))
                .collect()
        })
    }

    pub(super) fn save(&self, cell: &Cell, record: &Record) -> Result<(), RunError> {
        let path = self.path(cell);
        let text = serde_json::to_string_pretty(record);
        let text = text.map_err(|error| RunError::io("write", &path, error.into()))?;
        write_with_folder(&path, (text + "\n").as_bytes())?;
        // It counts as it is read back: JSON may move a number's last digit.
        self.known().remove(&path);
        Ok(())
    }
}

/// The record of a file; `None` if there is no such file.
fn read(path: &Path) -> Result<Option<Record>, RunError> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|error| RunError::io("read", path, error))?,
    };
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| RunError::Damaged {
            path: path.into(),
            reason: format!("{error}; remove it to run the cell again"),
        })
}
