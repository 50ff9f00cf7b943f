//! The language of sweeps.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use super::{Cell, SweepError};
use crate::config::{self, Overrides};

/// A sweep as its file has it.
///
/// ```toml
/// title = "Width"
/// base = "convex_d32.toml"                               # a config, relative to this file
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
    base: PathBuf,
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
        let empty = |what: &str, remedy: &str| Err(refused(format!("it has no {what}"), remedy));
        if sweep.rows.is_empty() {
            return empty("rows", "add [[rows]] with a label");
        }
        if sweep.seeds().is_empty() {
            return empty("seeds", "write seeds = 1, or a list such as seeds = [0, 1]");
        }
        let lists = sweep
            .rows
            .iter()
            .flat_map(|row| &row.vary)
            .chain(&sweep.vary);
        for (key, values) in lists {
            if values.as_array().is_none_or(Vec::is_empty) {
                return Err(refused(
                    format!("`vary` of {key:?} is {values}, no list of values"),
                    "write a list, such as [0.01, 0.001]",
                ));
            }
        }
        let folder = file.parent().unwrap_or(Path::new(""));
        sweep.base = folder.join(&sweep.base);
        Ok(sweep)
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
        let mut cells = Vec::new();
        for case in cases {
            for row in &self.rows {
                for candidate in self.candidates(row) {
                    cells.push(self.cell(case, row, candidate, seed)?);
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
        let named = format!("{}, {}, seed {seed}", row.label, case.name);
        let experiment =
            config::load(&self.base, &overrides).map_err(|error| SweepError::Config {
                cell: named,
                error: Box::new(error),
            })?;
        Ok(Cell::new(&row.label, &case.name, candidate, experiment))
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
