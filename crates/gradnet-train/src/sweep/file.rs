//! The language of sweeps.

use std::collections::HashSet;
use std::fmt::Display;
use std::hash::Hash;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use super::identity::Reader;
use super::{Cell, SweepError};
use crate::config::{self, ConfigError, Overrides};
use crate::experiment::Experiment;
use crate::run::RunError;

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
///
/// [[rows]]
/// label = "GradNet-C"
/// network = "gradnet_c"                                  # as `--network`: the base's size is kept
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
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Base {
    /// A config file.
    File(PathBuf),
    /// A config in place.
    Table(Table),
    /// A config in place with the name that problems have, as it is once the file is read.
    #[serde(skip)]
    Text { name: String, text: String },
}

impl Base {
    /// The base of the sweep in `file`.
    fn of(self, file: &Path) -> Self {
        match self {
            Self::File(base) => Self::File(file.parent().unwrap_or(Path::new("")).join(base)),
            Self::Table(table) => Self::Text {
                name: format!("{}, [base]", file.display()),
                text: table.to_string(),
            },
            text => text,
        }
    }

    fn load(&self, overrides: &Overrides) -> Result<Experiment, ConfigError> {
        match self {
            Self::File(file) => config::load(file, overrides),
            Self::Table(table) => config::load_text("[base]", &table.to_string(), overrides),
            Self::Text { name, text } => config::load_text(name, text, overrides),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Seeds {
    Count(u64),
    List(Vec<u64>),
}

impl Default for Seeds {
    fn default() -> Self {
        Self::Count(1)
    }
}

/// A column of the table: one problem.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    set: Table,
}

/// A row of the table: one way to learn it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    label: String,
    network: Option<String>,
    #[serde(default)]
    set: Table,
    #[serde(default)]
    vary: Table,
}

impl Sweep {
    /// Reads a sweep; its base is found from the file's folder.
    ///
    /// # Errors
    /// [`SweepError::File`] with the line at fault.
    pub fn read(file: &Path) -> Result<Self, SweepError> {
        let refused = |reason: String, remedy: &str| SweepError::File {
            file: file.into(),
            reason,
            remedy: remedy.into(),
        };
        let text = std::fs::read_to_string(file).map_err(|error| {
            refused(
                error.to_string(),
                "name a sweep file, such as configs/sweeps/toy.toml",
            )
        })?;
        let mut sweep: Self = toml::from_str(&text).map_err(|error| {
            refused(
                error.to_string().trim().into(),
                "follow the layout of configs/sweeps/toy.toml, which explains every setting",
            )
        })?;
        sweep
            .check()
            .map_err(|(reason, remedy)| refused(reason, remedy))?;
        sweep.base = sweep.base.of(file);
        Ok(sweep)
    }

    /// What is wrong with it, and what to do.
    fn check(&self) -> Result<(), (String, &'static str)> {
        let (seeds, rows) = (self.seeds(), self.rows());
        if rows.is_empty() {
            return Err(("it has no rows".into(), "add [[rows]] with a label"));
        }
        if seeds.is_empty() {
            let remedy = "write seeds = 1, or a list such as seeds = [0, 1]";
            return Err(("it has no seeds".into(), remedy));
        }
        let twice = |what: &str, name: &dyn Display| {
            let remedy = "each row, case and seed is one line or column of the table: give it once";
            Err((format!("it has the {what} {name} twice"), remedy))
        };
        if let Some(label) = repeated(rows) {
            return twice("row", &format_args!("{label:?}"));
        }
        if let Some(name) = repeated(self.cases()) {
            return twice("case", &format_args!("{name:?}"));
        }
        if let Some(seed) = repeated(seeds) {
            return twice("seed", &seed);
        }
        let lists = self.rows.iter().flat_map(|row| &row.vary).chain(&self.vary);
        for (key, values) in lists {
            if values.as_array().is_none_or(Vec::is_empty) {
                return Err((
                    format!("`vary` of {key:?} is {values}, no list of values"),
                    "write a list, such as [0.01, 0.001]",
                ));
            }
        }
        let tables = self.rows.iter().flat_map(|row| [&row.set, &row.vary]);
        let tables = tables.chain(self.cases.iter().map(|case| &case.set));
        if tables
            .chain([&self.set, &self.vary])
            .any(|table| table.contains_key("seed"))
        {
            return Err((
                "`set` or `vary` has a \"seed\", which would take the place of the sweep's seeds"
                    .into(),
                "write it into seeds = [...] at the top of the file",
            ));
        }
        Ok(())
    }

    /// The seeds, the one that chooses first.
    pub fn seeds(&self) -> Vec<u64> {
        match &self.seeds {
            Seeds::Count(count) => (0..*count).collect(),
            Seeds::List(seeds) => seeds.clone(),
        }
    }

    /// The names of the cases; one without a name where the file has none.
    pub fn cases(&self) -> Vec<&str> {
        match self.cases.as_slice() {
            [] => vec![""],
            cases => cases.iter().map(|case| case.name.as_str()).collect(),
        }
    }

    /// The labels of the rows.
    pub fn rows(&self) -> Vec<&str> {
        self.rows.iter().map(|row| row.label.as_str()).collect()
    }

    /// Every candidate of every row and case with this seed, checked.
    ///
    /// # Errors
    /// [`SweepError::Config`] for the first cell that cannot be run.
    pub fn cells(&self, seed: u64) -> Result<Vec<Cell>, SweepError> {
        let nothing = [Case::default()];
        let cases = match self.cases.as_slice() {
            [] => &nothing[..],
            cases => cases,
        };
        let (mut cells, mut reader) = (Vec::new(), Reader::default());
        for case in cases {
            for row in &self.rows {
                for candidate in self.candidates(row) {
                    cells.push(self.cell(case, row, candidate, seed, &mut reader)?);
                }
            }
        }
        Ok(cells)
    }

    fn cell(
        &self,
        case: &Case,
        row: &Row,
        candidate: Vec<(String, Value)>,
        seed: u64,
        reader: &mut Reader,
    ) -> Result<Cell, SweepError> {
        let fixed = self.set.iter().chain(&case.set).chain(&row.set);
        let varied = candidate.iter().map(|(key, value)| (key, value));
        let set = fixed
            .chain(varied)
            .map(|(key, value)| format!("{key}={value}"));
        let overrides = Overrides {
            network: row.network.clone(),
            seed: Some(seed),
            set: set.collect(),
        };
        let candidate: Vec<_> = candidate
            .into_iter()
            .map(|(key, value)| (key, value.to_string()))
            .collect();
        let named = || {
            let place = [row.label.as_str(), case.name.as_str()];
            let place = place.into_iter().filter(|name| !name.is_empty());
            format!("{}, seed {seed}", place.collect::<Vec<_>>().join(", "))
        };
        let experiment = self
            .base
            .load(&overrides)
            .map_err(|error| SweepError::Config {
                cell: named(),
                error: Box::new(error),
            })?;
        let files = reader.contents(&experiment);
        let files = files.map_err(|(path, error)| RunError::io("read", &path, error))?;
        Ok(Cell::new(
            &row.label, &case.name, candidate, experiment, files,
        ))
    }

    /// All combinations of what is varied, in the order of the keys.
    fn candidates(&self, row: &Row) -> Vec<Vec<(String, Value)>> {
        let mut vary = self.vary.clone();
        vary.extend(row.vary.clone());
        let mut candidates = vec![Vec::new()];
        for (key, values) in vary {
            let values = values.as_array().cloned().unwrap_or_default();
            let with = |chosen: &Vec<(String, Value)>| -> Vec<Vec<(String, Value)>> {
                let one = |value: &Value| {
                    let mut chosen = chosen.clone();
                    chosen.push((key.clone(), value.clone()));
                    chosen
                };
                values.iter().map(one).collect()
            };
            candidates = candidates.iter().flat_map(with).collect();
        }
        candidates
    }
}

/// The first that is there twice.
fn repeated<T: Copy + Eq + Hash>(all: impl IntoIterator<Item = T>) -> Option<T> {
    let mut seen = HashSet::new();
    all.into_iter().find(|one| !seen.insert(*one))
}
