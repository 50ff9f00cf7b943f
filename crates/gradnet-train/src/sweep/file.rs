//! The language of sweeps.

mod check;
mod starts;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use super::identity::{Reader, Unread};
use super::published::Published;
use super::{Cell, Place, SweepError};
use crate::config::{self, ConfigError, Overrides};
use crate::experiment::CheckedExperiment;

/// A sweep as its file has it.
///
/// ```toml
/// title = "Width"
/// base = "convex_d32.toml"                               # a config, relative to this file; or a table [base]
/// seeds = 3                                              # 0, 1, 2; or a list
/// vary = { "train.learning_rate" = [0.01, 0.001] }       # chosen by validation
///
/// [[cases]]
/// name = "d = 8"
/// set = { "target.piecewise_quadratic.dim" = 8 }         # dotted keys, as `--set` takes them
/// seeds = 1                                              # where they are not the sweep's
///
/// [[rows]]
/// label = "GradNet-C"
/// network = "gradnet_c"                                  # as `--network`: the base's size is kept
/// set = { "network.*.layers" = 2 }                       # `*` is the row's network
///
/// [[rows]]
/// label = "GradNet-C, longer"
/// start = "GradNet-C"                                    # begins with the weights of that row: same case, same seed
///
/// [[published]]                                          # a line of the table that nothing is run for
/// label = "Goujon et al."
/// numbers = { psnr_db_25 = 28.04 }
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// The table's heading.
    pub title: String,
    /// What its numbers are.
    #[serde(default)]
    pub caption: String,
    /// The config that every cell begins with.
    base: Base,
    #[serde(default)]
    seeds: Seeds,
    /// Overrides of every cell.
    #[serde(default)]
    set: Table,
    /// Lists of values that validation chooses from, of every row.
    #[serde(default)]
    vary: Table,
    #[serde(default)]
    cases: Vec<Case>,
    rows: Vec<Row>,
    /// Numbers of others.
    #[serde(default)]
    pub(super) published: Vec<Published>,
    /// Where it stands.
    #[serde(skip)]
    file: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Base {
    /// A config file.
    File(PathBuf),
    /// A config in place.
    Table(Table),
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Seeds {
    Count(u64),
    List(Vec<u64>),
}

/// A column of the table: one problem.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    set: Table,
    seeds: Option<Seeds>,
}

/// A row of the table: one way to learn it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    label: String,
    network: Option<String>,
    /// The label of a row above, whose weights it begins with.
    start: Option<String>,
    #[serde(default)]
    set: Table,
    #[serde(default)]
    vary: Table,
}

/// The start of a key that means the network's table, whichever network it is.
const NETWORK: &str = "network.*.";

/// The remedy of a file that cannot be read as a sweep.
const LAYOUT: &str = "follow the layout of configs/sweeps/toy.toml, which explains every setting";

impl Base {
    /// The base of the sweep in `file`, edited.
    fn load(&self, file: &Path, overrides: &Overrides) -> Result<CheckedExperiment, ConfigError> {
        match self {
            Self::File(base) => config::load(
                &file.parent().unwrap_or(Path::new("")).join(base),
                overrides,
            ),
            Self::Table(table) => {
                let name = format!("{}, [base]", file.display());
                config::load_text(&name, &table.to_string(), overrides)
            }
        }
    }
}

impl Default for Seeds {
    fn default() -> Self {
        Self::Count(1)
    }
}

impl Seeds {
    fn list(&self) -> Vec<u64> {
        match self {
            Self::Count(count) => (0..*count).collect(),
            Self::List(seeds) => seeds.clone(),
        }
    }
}

impl Sweep {
    /// Reads a sweep; its base is found from the file's folder.
    ///
    /// # Errors
    /// [`SweepError::File`] with the line at fault.
    pub fn read(file: &Path) -> Result<Self, SweepError> {
        let text = std::fs::read_to_string(file).map_err(|error| {
            let remedy = "name a sweep file, such as configs/sweeps/toy.toml";
            refused(file, &error.to_string(), remedy)
        })?;
        let sweep: Self =
            toml::from_str(&text).map_err(|error| refused(file, &error.to_string(), LAYOUT))?;
        sweep.of(file)
    }

    /// A sweep that was read already; the problems it has are told as those of `file`.
    ///
    /// # Errors
    /// [`SweepError::File`].
    pub fn from_table(table: Table, file: &Path) -> Result<Self, SweepError> {
        let sweep: Result<Self, _> = table.try_into();
        sweep
            .map_err(|error| refused(file, &error.to_string(), LAYOUT))?
            .of(file)
    }

    fn of(mut self, file: &Path) -> Result<Self, SweepError> {
        self.check()
            .map_err(|(reason, remedy)| refused(file, &reason, remedy))?;
        self.file = file.into();
        Ok(self)
    }

    /// All it has to fill, case by case, every cell checked.
    ///
    /// # Errors
    /// [`SweepError::Config`] for the first cell that cannot be run.
    pub fn places(&self) -> Result<Vec<Place>, SweepError> {
        let nothing = [Case::default()];
        let cases = match self.cases.as_slice() {
            [] => &nothing[..],
            cases => cases,
        };
        let (mut places, mut reader) = (Vec::new(), Reader::default());
        for case in cases {
            let seeds = case.seeds.as_ref().unwrap_or(&self.seeds).list();
            for row in &self.rows {
                let starts = row.starts(&case.name, &places);
                let mut candidates = Vec::new();
                for candidate in self.candidates(row) {
                    let cell = |(i, seed): (usize, &u64)| {
                        let cell = self.cell(case, row, &candidate, *seed, &mut reader)?;
                        self.begun(cell, starts.map(|starts| &starts[i]))
                    };
                    let cells = seeds.iter().enumerate().map(cell);
                    candidates.push(cells.collect::<Result<Vec<_>, _>>()?);
                }
                places.push(Place {
                    row: row.label.clone(),
                    case: case.name.clone(),
                    candidates,
                });
            }
        }
        Ok(places)
    }

    fn cell(
        &self,
        case: &Case,
        row: &Row,
        candidate: &Table,
        seed: u64,
        reader: &mut Reader,
    ) -> Result<Cell, SweepError> {
        let refused = |error: ConfigError| {
            let place = [row.label.as_str(), case.name.as_str()];
            let place = place.into_iter().filter(|name| !name.is_empty());
            SweepError::Config {
                cell: format!("{}, seed {seed}", place.collect::<Vec<_>>().join(", ")),
                error: Box::new(error),
            }
        };
        let set = self.set.iter().chain(&case.set).chain(&row.set);
        let set: Vec<_> = set.chain(candidate).collect();
        let network = match &row.network {
            Some(network) => network.clone(),
            None if set.iter().any(|(key, _)| key.starts_with(NETWORK)) => {
                let base = self.base.load(&self.file, &Overrides::default());
                base.map_err(refused)?.network.name().to_owned()
            }
            None => String::new(),
        };
        let assignment = |(key, value): (&String, &Value)| match key.strip_prefix(NETWORK) {
            Some(setting) => format!("network.{network}.{setting}={value}"),
            None => format!("{key}={value}"),
        };
        let overrides = Overrides {
            network: row.network.clone(),
            seed: Some(seed),
            set: set.into_iter().map(assignment).collect(),
        };
        let experiment = self.base.load(&self.file, &overrides).map_err(refused)?;
        let files = reader.contents(&experiment);
        let files = files.map_err(|unread| not_there(&self.file, &unread))?;
        Ok(Cell::new(
            &row.label,
            &case.name,
            candidate.clone(),
            experiment,
            files,
        ))
    }

    /// All combinations of what is varied, in the order of the keys.
    fn candidates(&self, row: &Row) -> Vec<Table> {
        let mut vary = self.vary.clone();
        vary.extend(row.vary.clone());
        let mut candidates = vec![Table::new()];
        for (key, values) in &vary {
            let values = values.as_array().map_or(&[][..], Vec::as_slice);
            let with = |chosen: &Table, value: &Value| {
                let mut chosen = chosen.clone();
                chosen.insert(key.clone(), value.clone());
                chosen
            };
            candidates = candidates
                .iter()
                .flat_map(|chosen| values.iter().map(|value| with(chosen, value)))
                .collect();
        }
        candidates
    }
}

fn refused(file: &Path, reason: &str, remedy: &str) -> SweepError {
    SweepError::File {
        file: file.into(),
        reason: reason.trim().into(),
        remedy: remedy.into(),
    }
}

fn not_there(file: &Path, unread: &Unread) -> SweepError {
    let remedy = "name it in the config that `base` names or holds";
    refused(file, &unread.to_string(), remedy)
}
