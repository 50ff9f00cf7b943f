//! One training run of a sweep, and the runs that fill one line of its table.

use std::str::FromStr;

use toml::Table;

use super::identity::{Contents, Identity, NUMBERS};
use crate::experiment::CheckedExperiment;

/// What the weights that a cell begins with are called among the files that it reads.
const START: &str = "train.start";

/// One training run of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The label of its row.
    pub row: String,
    /// The name of its case.
    pub case: String,
    /// What is varied: dotted keys with their values.
    pub candidate: Table,
    /// The run, checked; it is called as the cell is.
    pub experiment: CheckedExperiment,
    /// Digests of the files it reads.
    pub(super) files: Contents,
    /// The cell whose weights it begins with.
    pub(super) start: Option<Box<Cell>>,
}

/// A row in a case: what one line of the table is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The label of the row.
    pub row: String,
    /// The name of the case.
    pub case: String,
    /// The cells of every candidate, one a seed; the first seed chooses among the candidates.
    pub candidates: Vec<Vec<Cell>>,
}

impl Cell {
    pub(super) fn new(
        row: &str,
        case: &str,
        candidate: Table,
        experiment: CheckedExperiment,
        files: Contents,
    ) -> Self {
        let mut cell = Self {
            row: row.into(),
            case: case.into(),
            candidate,
            experiment,
            files,
            start: None,
        };
        let name = cell.name();
        cell.experiment = cell.experiment.named(name);
        cell
    }

    /// The same, begun with the weights of another cell. Where they lie decides no number, so that cell's name stands
    /// for the file.
    pub(super) fn beginning_with(mut self, start: &Self) -> Self {
        self.files.insert(START.into(), start.name());
        self.start = Some(Box::new(start.clone()));
        let name = self.name();
        self.experiment = self.experiment.named(name);
        self
    }

    /// How many cells must be trained before it, one after the other.
    pub(super) fn depth(&self) -> usize {
        self.start.as_ref().map_or(0, |start| 1 + start.depth())
    }

    /// A name that no other run has: network and seed for a reader, and a digest of all that decides the numbers.
    pub fn name(&self) -> String {
        let experiment = &self.experiment;
        format!(
            "{}-d{}-s{}-{:016x}",
            experiment.network.name(),
            experiment.dim(),
            experiment.seed,
            self.identity().digest()
        )
    }

    /// All that decides the numbers.
    pub(super) fn identity(&self) -> Identity<'_> {
        let numbers = NUMBERS + self.experiment.task.definition() - 1;
        Identity::new(numbers, &self.experiment, &self.files)
    }

    /// What is varied, for a reader.
    pub fn varied(&self) -> String {
        varied(&self.candidate)
    }
}

/// `KEY = VALUE`s in a row.
pub(super) fn varied(candidate: &Table) -> String {
    let pairs = candidate.iter();
    let pairs: Vec<_> = pairs
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    pairs.join(", ")
}

/// A part of a sweep's cells, for one of several machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    number: usize,
    of: usize,
}

impl Shard {
    /// All of the cells.
    pub const ALL: Self = Self { number: 1, of: 1 };

    /// Whether the cell at this place of the list belongs to the part.
    pub fn has(self, place: usize) -> bool {
        place % self.of == self.number - 1
    }
}

/// `I/N`: part I of N, counted from 1.
impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/');
        let numbers =
            numbers.and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((number, of)) if (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err("must be I/N with I from 1 to N, such as 1/4".into()),
        }
    }
}
