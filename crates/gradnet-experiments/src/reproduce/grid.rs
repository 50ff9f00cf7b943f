//! What a table is made of: its networks, dimensions, learning rates and seeds, with the published numbers.

use serde::Deserialize;
use toml::value::{Table, Value};

use crate::two_body::Horizon;
use gradnet_train::experiment::{EvaluationConfig, Schedule, ValidationConfig};

/// The grid of one table.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// Its name on the command line and in the results.
    #[serde(skip)]
    pub name: &'static str,
    /// The table's heading.
    pub title: String,
    /// What its numbers are.
    pub caption: String,
    /// The registered name of the target.
    pub target: String,
    /// Dimensions of the target; none where it has its own.
    #[serde(default)]
    pub dims: Vec<usize>,
    /// Seeds of each dimension.
    pub seeds: Vec<usize>,
    /// What is measured.
    #[serde(default)]
    pub measure: Measure,
    /// The unit of the published numbers.
    #[serde(default)]
    pub unit: Unit,
    /// Parameter budget as a multiple of the dimension; without it the networks bring their widths.
    pub parameters_per_dim: Option<usize>,
    /// Learning rates to choose from.
    pub learning_rates: Vec<f64>,
    /// Batch sizes to choose from.
    #[serde(default = "paper_batch")]
    pub batches: Vec<usize>,
    /// Adam steps.
    #[serde(default = "paper_steps")]
    pub steps: usize,
    /// Points of the fixed training set; without it every step draws fresh ones.
    pub fixed_points: Option<usize>,
    /// When and on how many points a run is validated.
    #[serde(default)]
    pub validation: ValidationConfig,
    /// The test.
    #[serde(default)]
    pub evaluation: EvaluationConfig,
    /// How far predicted orbits are followed.
    #[serde(default)]
    pub horizon: Horizon,
    /// The table's rows.
    pub networks: Vec<GridNetwork>,
}

/// One network of a table.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GridNetwork {
    /// Its name in the table.
    pub label: String,
    /// Its registered name.
    pub network: String,
    /// Settings it has in every cell.
    #[serde(default)]
    pub settings: Table,
    /// Settings to choose from: a list of values each.
    #[serde(default)]
    pub vary: Table,
    /// Learning rates to choose from, where they are not the grid's.
    pub learning_rates: Option<Vec<f64>>,
    /// Batch sizes to choose from, where they are not the grid's.
    pub batches: Option<Vec<usize>>,
    /// How the learning rate moves; constant unless it says otherwise.
    #[serde(default)]
    pub schedule: Schedule,
    /// Adam steps, where they are not the grid's.
    pub steps: Option<usize>,
    /// The published numbers, one a dimension.
    #[serde(default)]
    pub published_db: Vec<f64>,
    /// The published numbers of predicted orbits.
    pub published: Option<Published>,
}

/// Published errors of predicted orbits.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Of the positions.
    pub coordinate_mse_db: f64,
    /// Of the energy.
    pub energy_mse_db: f64,
}

/// What a table measures of a trained network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The error of the field at test points.
    #[default]
    Field,
    /// The errors of predicted orbits as well.
    Orbits,
}

/// The unit of published numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// `10 log10` of the mean squared error.
    #[default]
    Mse,
    /// `10 log10` of its root.
    Rmse,
}

fn paper_batch() -> Vec<usize> {
    vec![100]
}

fn paper_steps() -> usize {
    10_000
}

/// The grids by name, with their text.
const GRIDS: [(&str, &str); 5] = [
    ("table1", include_str!("grids/table1.toml")),
    ("table2", include_str!("grids/table2.toml")),
    ("table3", include_str!("grids/table3.toml")),
    ("toy-convex", include_str!("grids/toy_convex.toml")),
    ("toy-nonconvex", include_str!("grids/toy_nonconvex.toml")),
];

impl GridNetwork {
    /// Adam steps in this grid.
    pub fn steps(&self, grid: &Grid) -> usize {
        self.steps.unwrap_or(grid.steps)
    }
}

impl Grid {
    /// The names of all grids, in the paper's order.
    pub fn names() -> impl Iterator<Item = &'static str> {
        GRIDS.iter().map(|(name, _)| *name)
    }

    /// The grid of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        let (name, text) = GRIDS.iter().find(|(known, _)| *known == name)?;
        let grid: Self = toml::from_str(text)
            .unwrap_or_else(|error| panic!("grids are part of the program, {name} is: {error}"));
        Some(Self { name, ..grid })
    }

    /// The same with budgets so small that a cell takes a second or less: a test of the way, not of the numbers.
    pub fn quick(self) -> Self {
        let few = |rates: Vec<f64>| rates.into_iter().skip(1).take(2).collect::<Vec<_>>();
        let shorter = |rates: Vec<f64>| {
            if rates.len() > 1 { few(rates) } else { rates }
        };
        let networks = self.networks.into_iter().map(|network| GridNetwork {
            vary: network
                .vary
                .into_iter()
                .map(|(key, values)| (key, first(values)))
                .collect(),
            learning_rates: network.learning_rates.map(shorter),
            batches: network.batches.map(|batches| batches[..1].to_vec()),
            steps: network.steps.map(|_| 120),
            ..network
        });
        Self {
            title: format!("{} (quick: not the paper's budgets)", self.title),
            caption: "A test of the way with small budgets; the numbers mean nothing.".into(),
            networks: networks.collect(),
            dims: self.dims.into_iter().take(1).collect(),
            seeds: vec![2],
            learning_rates: shorter(self.learning_rates),
            steps: 60,
            fixed_points: self.fixed_points.map(|points| points.min(5_000)),
            validation: ValidationConfig {
                every: 20,
                points: 200,
            },
            evaluation: EvaluationConfig {
                points: 400,
                draws: self.evaluation.draws.min(2),
                linear_points: 500,
                ..self.evaluation
            },
            horizon: Horizon {
                end: 2.0,
                points: 50,
            },
            ..self
        }
    }
}

/// The first of a list of values, as a list.
fn first(values: Value) -> Value {
    match values {
        Value::Array(values) => Value::Array(values.into_iter().take(1).collect()),
        other => other,
    }
}
