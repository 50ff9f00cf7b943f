//! The result of a cell, and the folder the results are kept in.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Candidate, Cell, Identity};

use crate::two_body::Horizon;
use gradnet_train::experiment::Experiment;
use gradnet_train::run::{Run, RunError, write_atomically};
use gradnet_train::task::regression::{Reference, Score};

/// What a cell came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The table.
    pub table: String,
    /// The cell's name.
    pub cell: String,
    /// The version of what the program makes of an experiment.
    #[serde(default = "first")]
    pub schema: u32,
    /// The network's name in the table.
    pub label: String,
    /// The network's registered name.
    pub network: String,
    /// Dimension of the field.
    pub dim: usize,
    /// The run's seed.
    pub seed: u64,
    /// What was tried.
    pub candidate: Candidate,
    /// What came of it; none if the run diverged.
    pub result: Option<CellResult>,
    /// Why there is no result.
    pub failure: Option<String>,
    /// The version of the program.
    pub version: String,
    /// The processor and the number of threads the cell had.
    pub machine: String,
    /// The backend.
    pub backend: String,
    /// Seconds of the cell, test included.
    pub wall_s: f64,
    /// The experiment; a record of another one is not this cell's.
    pub experiment: Experiment,
    /// How far predicted orbits were followed, where they were; records of an older version do not
    /// say so and mean the paper's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon: Option<Horizon>,
}

/// The version of records that do not tell theirs.
fn first() -> u32 {
    1
}

impl Record {
    /// Whether this is the cell's record: everything that decides the numbers is the same.
    pub fn is_of(&self, cell: &Cell) -> bool {
        let horizon = cell.horizon.map(|_| self.horizon.unwrap_or_default());
        Identity::new(self.schema, &self.experiment, horizon) == cell.identity()
    }
}

/// The numbers of a run that ended well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellResult {
    /// Trainable numbers.
    pub parameters: usize,
    /// Error of the kept weights on the validation draw, by which settings are chosen.
    pub validation_db: f64,
    /// Error on the test points.
    pub test: Score,
    /// The reference rows on the same points.
    pub reference: Reference,
    /// Errors of predicted orbits, where the table measures them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orbits: Option<OrbitScore>,
    /// Step and error of at most 50 validations.
    pub curve: Vec<(usize, f64)>,
}

/// Errors of predicted orbits in decibels, one an orbit; `None` where the prediction could not be followed to the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrbitScore {
    /// Of the positions.
    pub coordinate_mse_db: Vec<Option<f64>>,
    /// Of the positions over the times that the training orbits span, to t = 20; records of an older version do not have it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub early_coordinate_mse_db: Vec<Option<f64>>,
    /// The part of the whole that is drift of the centre of mass; records of an older version do not have it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub centre_mse_db: Vec<Option<f64>>,
    /// Of the energy.
    pub energy_mse_db: Vec<Option<f64>>,
}

/// The records of a reproduction, a JSON file each, and the run folders of small networks, which the figures read.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The store in a results folder.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The results folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a cell's record is written.
    pub fn path(&self, cell: &Cell) -> PathBuf {
        self.cells(cell).join(format!("{}.json", tagged(cell)))
    }

    /// Where a cell trains.
    pub fn run(&self, cell: &Cell) -> PathBuf {
        self.folder.join("runs").join(cell.table).join(tagged(cell))
    }

    /// The run a cell's record came of, if it is still there.
    ///
    /// # Errors
    /// If there is no such run.
    pub fn trained(&self, cell: &Cell) -> Result<Run, RunError> {
        let place = self.run(cell);
        // Older versions named the folder without the tag.
        Run::open(&place).or_else(|error| {
            let run = Run::open(&place.with_file_name(cell.name()));
            let same = |run: &Run| *run.experiment() == cell.experiment;
            run.ok().filter(same).ok_or(error)
        })
    }

    fn cells(&self, cell: &Cell) -> PathBuf {
        self.folder.join("cells").join(cell.table)
    }

    /// The cell's record, if there is one of the very same identity.
    ///
    /// # Errors
    /// If the file is there but cannot be read.
    pub fn load(&self, cell: &Cell) -> Result<Option<Record>, RunError> {
        let written = self.path(cell);
        if let Some(record) = read(&written)?.filter(|record| record.is_of(cell)) {
            return Ok(Some(record));
        }
        // Records without a tag, or with the tag of an experiment that had fewer settings to tell.
        for path in self.alike(cell).filter(|path| *path != written) {
            if let Some(record) = read(&path)?.filter(|record| record.is_of(cell)) {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// The files of records that have the cell's name, whatever their tag.
    fn alike(&self, cell: &Cell) -> impl Iterator<Item = PathBuf> {
        let name = cell.name();
        let entries = fs::read_dir(self.cells(cell)).into_iter().flatten();
        entries.flatten().filter_map(move |entry| {
            let file = entry.file_name();
            let stem = file.to_str()?.strip_suffix(".json")?;
            let tag = stem.strip_prefix(&name)?;
            let tagged = tag.strip_prefix('-').is_some_and(is_tag);
            (tag.is_empty() || tagged).then(|| entry.path())
        })
    }

    /// The records there are of these cells.
    ///
    /// # Errors
    /// If a file is there but cannot be read.
    pub fn load_all(&self, cells: Vec<Cell>) -> Result<Vec<Record>, RunError> {
        let loaded = cells.iter().map(|cell| self.load(cell).transpose());
        loaded.flatten().collect()
    }

    /// Writes a record.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, cell: &Cell, record: &Record) -> Result<(), RunError> {
        let mut text = serde_json::to_string_pretty(record).map_err(|error| {
            RunError::io("write", &self.path(cell), std::io::Error::from(error))
        })?;
        text.push('\n');
        self.write(&self.path(cell), text.as_bytes())
    }

    /// Writes a file of the results folder, which may be new.
    ///
    /// # Errors
    /// If the file or its folder cannot be written.
    pub fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), RunError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|error| RunError::io("create", folder, error))?;
        write_atomically(path, bytes).map_err(|error| RunError::io("write", path, error))
    }
}

/// A cell's name with its identity's tag.
fn tagged(cell: &Cell) -> String {
    format!("{}-{}", cell.name(), cell.identity().tag())
}

fn is_tag(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The record of a file; None if there is no such file.
fn read(path: &Path) -> Result<Option<Record>, RunError> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|error| RunError::io("read", path, error))?,
    };
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| RunError::Damaged {
            path: path.into(),
            reason: format!("{error}; remove it to run the cell again"),
        })
}
