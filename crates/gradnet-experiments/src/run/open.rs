//! Reading a run folder.

use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::tensor::Device;
use gradnet_core::{ParameterSource, network::Network};

use super::{Metrics, RunError, RunFolder, Summary};
use crate::config::{self, Overrides};
use crate::evaluation::{Evaluation, evaluate};
use crate::experiment::{EvaluationConfig, Experiment, Sampling};

/// A run in its folder.
#[derive(Clone, Debug)]
pub struct Run {
    path: PathBuf,
    experiment: Experiment,
}

impl Run {
    /// Reads the experiment of a run folder.
    ///
    /// # Errors
    /// If it is not a folder, has no `config.toml` or no weights, or the config does not describe an experiment.
    pub fn open(path: &Path) -> Result<Self, RunError> {
        let missing = |reason: &str| RunError::NotARun {
            path: path.into(),
            reason: reason.into(),
        };
        if !path.is_dir() {
            return Err(missing(if path.exists() {
                "it is a file"
            } else {
                "there is no such folder"
            }));
        }
        if !path.join(RunFolder::CONFIG).is_file() {
            return Err(missing("it has no config.toml"));
        }
        if !path.join(RunFolder::WEIGHTS).is_file() {
            return Err(missing("it has no weights.bpk"));
        }
        let experiment = config::load(&path.join(RunFolder::CONFIG), &Overrides::default())
            .map_err(|error| RunError::Config(Box::new(error)))?;
        Ok(Self {
            path: path.into(),
            experiment,
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The experiment that was run.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// The network with the run's best weights, without autodiff.
    ///
    /// # Errors
    /// If the weights are damaged or belong to another network.
    pub fn network(&self, device: &Device) -> Result<Network, RunError> {
        let device = device.clone().without_autodiff();
        let mut source = ParameterSource::new(&device, 0);
        let network = self
            .experiment
            .network
            .init(self.experiment.dim(), &mut source)?;
        let path = self.path.join(RunFolder::WEIGHTS);
        network
            .try_load_file(&path)
            .map_err(|error| RunError::Weights {
                path,
                reason: error.to_string(),
            })
    }

    /// The result, if the run finished.
    ///
    /// # Errors
    /// If `summary.json` is there but cannot be read.
    pub fn summary(&self) -> Result<Option<Summary>, RunError> {
        let path = self.path.join(RunFolder::SUMMARY);
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| RunError::io("read", &path, error))?,
        };
        let summary = serde_json::from_str(&text).map_err(|error| RunError::Damaged {
            path,
            reason: error.to_string(),
        })?;
        Ok(Some(summary))
    }

    /// The validation log.
    ///
    /// # Errors
    /// If a line cannot be read.
    pub fn metrics(&self) -> Result<Vec<Metrics>, RunError> {
        let path = self.path.join(RunFolder::METRICS);
        let text =
            std::fs::read_to_string(&path).map_err(|error| RunError::io("read", &path, error))?;
        text.lines()
            .enumerate()
            .map(|(line, json)| {
                serde_json::from_str(json).map_err(|error| RunError::Damaged {
                    path: path.clone(),
                    reason: format!("line {}: {error}", line + 1),
                })
            })
            .collect()
    }

    /// Scores the run's best weights, by default on the very points of its summary.
    ///
    /// # Errors
    /// If the weights cannot be loaded.
    pub fn evaluate(
        &self,
        device: &Device,
        points: Option<usize>,
        draws: Option<usize>,
        seed: Option<u64>,
    ) -> Result<Evaluation, RunError> {
        let network = self.network(device)?;
        let own = &self.experiment.evaluation;
        let config = EvaluationConfig {
            points: points.unwrap_or(own.points),
            draws: draws.unwrap_or(own.draws),
            // A number of points or draws asked for means points drawn at random.
            sampling: if points.or(draws).is_some() {
                Sampling::Uniform
            } else {
                own.sampling
            },
            ..own.clone()
        };
        let seed = seed.unwrap_or(self.experiment.seed);
        Ok(evaluate(
            &network,
            &self.experiment.target,
            &config,
            seed,
            device,
        )?)
    }
}
