//! One training run of a table.

use gradnet_train::registry::{NetworkConfig, Size};
use serde::{Deserialize, Serialize};
use toml::value::{Table, Value};

use super::identity::SCHEMA;
use super::{Grid, GridNetwork, Identity, Measure};
use crate::two_body::Horizon;
use gradnet_train::experiment::{
    DataConfig, Experiment, ExperimentError, FixedData, Schedule, TrainConfig,
};
use gradnet_train::targets::TargetConfig;

/// What is chosen by validation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// Points a step.
    pub batch: usize,
    /// The varied settings of the network.
    #[serde(default)]
    pub settings: Table,
}

/// One training run: a network of a table with one candidate's settings and one seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The table.
    pub table: &'static str,
    /// The network's name in the table.
    pub label: String,
    /// What is tried.
    pub candidate: Candidate,
    /// The run, checked.
    pub experiment: Experiment,
    /// How far predicted orbits are followed, where the table measures them.
    pub horizon: Option<Horizon>,
    /// Whether its number of steps is not the table's.
    own_steps: bool,
}

impl GridNetwork {
    /// Everything validation chooses from, in a fixed order.
    pub fn candidates(&self, grid: &Grid) -> Vec<Candidate> {
        let mut settings = vec![Table::new()];
        for (key, values) in &self.vary {
            let values = match values {
                Value::Array(values) => values.clone(),
                single => vec![single.clone()],
            };
            settings = settings
                .iter()
                .flat_map(|chosen| {
                    values.iter().map(|value| {
                        let mut chosen = chosen.clone();
                        chosen.insert(key.clone(), value.clone());
                        chosen
                    })
                })
                .collect();
        }
        let rates = self.learning_rates.as_ref().unwrap_or(&grid.learning_rates);
        let batches = self.batches.as_ref().unwrap_or(&grid.batches);
        let mut candidates = Vec::new();
        for settings in settings {
            for &batch in batches {
                candidates.extend(rates.iter().map(|&learning_rate| Candidate {
                    learning_rate,
                    batch,
                    settings: settings.clone(),
                }));
            }
        }
        candidates
    }
}

impl Cell {
    /// The run of a network in dimension `dim` (the target's own if it has one).
    ///
    /// # Errors
    /// If the grid names a network or a setting that does not exist, or one that does not fit the target.
    pub fn new(
        grid: &Grid,
        network: &GridNetwork,
        dim: Option<usize>,
        candidate: &Candidate,
        seed: u64,
    ) -> Result<Self, ExperimentError> {
        let target = target(grid, dim)?;
        let mut settings = network.settings.clone();
        settings.extend(candidate.settings.clone());
        let config = Table::from_iter([(network.network.clone(), Value::Table(settings))]);
        let mut config = NetworkConfig::deserialize(config)
            .map_err(|error| invalid("network", &network.network, &error.to_string()))?;
        if let Some(per_dim) = grid.parameters_per_dim {
            config = config.with_size(Size::Parameters(per_dim * target.dim()));
        }
        let mut experiment = Experiment::new("cell", target, config);
        experiment.seed = seed;
        experiment.train = TrainConfig {
            steps: network.steps(grid),
            batch: candidate.batch,
            learning_rate: candidate.learning_rate,
            schedule: network.schedule,
            data: match grid.fixed_points {
                Some(points) => DataConfig::Fixed(FixedData { points }),
                None => DataConfig::Online,
            },
            validation: grid.validation.clone(),
            // A cell is short: one that is killed starts again.
            checkpoint_every: 0,
            ..TrainConfig::default()
        };
        experiment.evaluation = grid.evaluation.clone();
        let mut cell = Self {
            table: grid.name,
            label: network.label.clone(),
            candidate: candidate.clone(),
            experiment: experiment.check()?,
            horizon: match grid.measure {
                Measure::Field => None,
                Measure::Orbits => Some(grid.horizon),
            },
            own_steps: network.steps.is_some(),
        };
        cell.experiment.name = cell.name();
        Ok(cell)
    }

    /// Everything that decides its numbers.
    pub fn identity(&self) -> Identity {
        Identity::new(SCHEMA, &self.experiment, self.horizon)
    }

    /// The cell's name, of the settings a reader looks for: `mgradnet_m-d32-b100-lr0.01-s0`. Rows that
    /// differ in other settings share it.
    pub fn name(&self) -> String {
        let Self {
            candidate,
            experiment,
            own_steps,
            ..
        } = self;
        let mut name = format!(
            "{}-d{}-b{}-lr{}",
            experiment.network.name(),
            experiment.dim(),
            candidate.batch,
            candidate.learning_rate
        );
        for (key, value) in &candidate.settings {
            // A file's name keeps letters, digits and dots of whatever the value is.
            let mut value = value.to_string();
            value.retain(|c| c.is_ascii_alphanumeric() || c == '.');
            name += &format!("-{key}{value}");
        }
        if experiment.train.schedule == Schedule::Cosine {
            name += "-cosine";
        }
        if *own_steps {
            name += &format!("-n{}", experiment.train.steps);
        }
        name + &format!("-s{}", experiment.seed)
    }
}

/// The grid's target in dimension `dim`.
fn target(grid: &Grid, dim: Option<usize>) -> Result<TargetConfig, ExperimentError> {
    let unknown = |what: &str| invalid("target", &grid.target, what);
    let config = TargetConfig::from_name(&grid.target).ok_or_else(|| unknown("must exist"))?;
    Ok(match (config, dim) {
        (TargetConfig::PiecewiseQuadratic(config), Some(dim)) => {
            TargetConfig::PiecewiseQuadratic(gradnet_train::targets::PiecewiseQuadraticConfig {
                dim,
                ..config
            })
        }
        (TargetConfig::GaussianMixtureScore(config), Some(dim)) => {
            TargetConfig::GaussianMixtureScore(gradnet_train::targets::GaussianMixtureScoreConfig {
                dim,
                ..config
            })
        }
        (config, None) => config,
        (_, Some(_)) => return Err(unknown("must take a dimension")),
    })
}

fn invalid(key: &str, value: &str, requirement: &str) -> ExperimentError {
    ExperimentError::Invalid {
        key: key.into(),
        value: value.into(),
        requirement: requirement.into(),
        remedy: "mend the grid in the program's sources".into(),
    }
}
