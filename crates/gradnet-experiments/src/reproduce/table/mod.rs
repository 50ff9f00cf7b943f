//! From records to a table: the choice by validation, means and spreads, the reference rows, and the published numbers
//! beside ours.

mod render;
mod rows;

use serde::{Deserialize, Serialize};

use super::{Paper, Quantity, Unit};
use gradnet_train::sweep::{Filled, Record};

/// A reproduced table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Its name on the command line.
    pub name: String,
    /// Its heading.
    pub title: String,
    /// What its numbers are.
    pub caption: String,
    /// The unit in which the published numbers are printed.
    pub rmse: bool,
    /// The rows.
    pub rows: Rows,
}

/// Rows of either kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Rows {
    /// Errors of fields.
    Field(Vec<FieldRow>),
    /// Errors of predicted orbits.
    Orbits(Vec<OrbitRow>),
}

/// A network's error on a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldRow {
    /// The network, or the reference row, as the table calls it.
    pub label: String,
    /// Its registered name; `zero` and `linear` are the reference rows.
    pub network: String,
    /// Dimension.
    pub dim: usize,
    /// Trainable numbers.
    pub parameters: usize,
    /// The rate chosen by validation.
    pub learning_rate: Option<f64>,
    /// Mean over the seeds of the mean over the test draws.
    pub mse_db_mean: f64,
    /// Standard deviation over the test draws, the mean over the seeds.
    pub mse_db_std_draws: Option<f64>,
    /// Standard deviation over the seeds (n - 1).
    pub mse_db_std_seeds: Option<f64>,
    /// Seeds.
    pub seeds: usize,
    /// The published number in the table's unit.
    pub published_db: Option<f64>,
}

/// A network's errors on predicted orbits: of each orbit in decibels, then mean and standard deviation (n - 1) over the
/// orbits, then the mean over the seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrbitRow {
    /// The network as the table calls it.
    pub label: String,
    /// Its registered name; `exact` is the integrator's own error.
    pub network: String,
    /// Trainable numbers.
    pub parameters: usize,
    /// What validation chose.
    pub candidate: Option<Candidate>,
    /// Error of the positions.
    pub coordinate_mse_db_mean: f64,
    /// Its standard deviation over the orbits.
    pub coordinate_mse_db_std: f64,
    /// Its standard deviation over the seeds.
    pub coordinate_mse_db_std_seeds: Option<f64>,
    /// Error of the positions over the times of the training orbits, to t = 20, where all records have it.
    pub early_coordinate_mse_db_mean: Option<f64>,
    /// Its standard deviation over the orbits.
    pub early_coordinate_mse_db_std: Option<f64>,
    /// Error of the energy.
    pub energy_mse_db_mean: f64,
    /// Its standard deviation over the orbits.
    pub energy_mse_db_std: f64,
    /// Its standard deviation over the seeds.
    pub energy_mse_db_std_seeds: Option<f64>,
    /// Orbits, over all seeds, that could not be followed to the end; they are left out of the means.
    pub lost_orbits: usize,
    /// Seeds.
    pub seeds: usize,
    /// The published error of the positions.
    pub published_coordinate_db: Option<f64>,
    /// The published error of the energy.
    pub published_energy_db: Option<f64>,
}

/// What validation chose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// Points a step.
    pub batch: usize,
    /// The varied settings of the network.
    #[serde(default)]
    pub settings: toml::Table,
}

impl Candidate {
    fn of(record: &Record) -> Self {
        let varied = record.candidate.iter();
        let setting = |(key, value): (&String, &toml::Value)| {
            let key = key.strip_prefix("network.*.")?;
            Some((key.to_owned(), value.clone()))
        };
        Self {
            learning_rate: record.experiment.train.learning_rate,
            batch: record.experiment.train.batch,
            settings: varied.filter_map(setting).collect(),
        }
    }
}

impl Table {
    /// The table of what is known; a row whose every run diverged is left out.
    pub fn new(paper: &Paper, filled: &[Filled<'_>]) -> Self {
        let learned = |filled: &&Filled<'_>| filled.records[0].result.is_some();
        let filled: Vec<_> = filled.iter().filter(learned).collect();
        let rows = match paper.published.measure {
            Quantity::Field => Rows::Field(rows::field_rows(paper, &filled)),
            Quantity::Orbits => Rows::Orbits(rows::orbit_rows(paper, &filled)),
        };
        Self {
            name: paper.name.into(),
            title: paper.title().into(),
            caption: paper.caption().into(),
            rmse: paper.published.unit == Unit::Rmse,
            rows,
        }
    }
}
