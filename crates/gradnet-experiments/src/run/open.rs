//! Reading a run folder.

use std::path::{Path, PathBuf};

use crate::registry::Network;
use burn::tensor::Device;
use gradnet_core::ParameterSource;

use super::weights::read_weights;
use super::{Metrics, RunError, RunFolder, Summary, metrics};
use crate::backend;
use crate::config;
use crate::data::file::{DataFacts, FileConfig, FilePairs, RunField};
use crate::data::{PointSet, Stream};
use crate::device_check::{DeviceFault, Workload, is_due, lost};
use crate::evaluation::{Evaluation, evaluate, evaluate_pairs};
use crate::experiment::{EvaluationConfig, Experiment, Sampling};
use crate::files::FileError;
use crate::target::TargetConfig;

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
        let run = Self::open_unfinished(path)?;
        if !path.join(RunFolder::WEIGHTS).is_file() {
            return Err(RunError::NotARun {
                path: path.into(),
                reason: "it has no weights.bpk".into(),
            });
        }
        Ok(run)
    }

    /// Reads the experiment of a run folder that need not have weights yet.
    ///
    /// # Errors
    /// If it is not a folder, has no `config.toml`, or the config does not describe an experiment.
    pub fn open_unfinished(path: &Path) -> Result<Self, RunError> {
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
        let experiment = config::of_run(&path.join(RunFolder::CONFIG))
            .map_err(|error| RunError::Config(Box::new(error)))?;
        Ok(Self {
            path: path.into(),
            experiment,
        })
    }

    /// Whether the weights were imported, not trained here.
    pub fn is_imported(&self) -> bool {
        let exists = |name| self.path.join(name).exists();
        exists(RunFolder::WEIGHTS) && !exists(RunFolder::METRICS) && !exists(RunFolder::CHECKPOINTS)
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
        read_weights(&self.path.join(RunFolder::WEIGHTS), network)
    }

    /// The network in the units the run was given: those of its data file, or the network itself.
    ///
    /// # Errors
    /// As [`network`](Self::network), and if `data.json` of a run on a file is missing or damaged.
    pub fn field(&self, device: &Device) -> Result<RunField, RunError> {
        let similarity = self.data_facts()?.map(|facts| facts.similarity);
        Ok(RunField::new(self.network(device)?, similarity))
    }

    /// How the run's data file was split and scaled; None for a run on a target.
    ///
    /// # Errors
    /// If `data.json` is missing or damaged.
    pub fn data_facts(&self) -> Result<Option<DataFacts>, RunError> {
        if !matches!(self.experiment.target, TargetConfig::File(_)) {
            return Ok(None);
        }
        let path = self.path.join(RunFolder::DATA);
        let text =
            std::fs::read_to_string(&path).map_err(|error| RunError::io("read", &path, error))?;
        let damaged = |reason: String| RunError::Damaged {
            path: path.clone(),
            reason,
        };
        let mut facts: DataFacts =
            serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        let (similarity, dim) = (&mut facts.similarity, self.experiment.dim());
        // A run of version 0.1 was trained without a constant.
        if similarity.constant.is_empty() {
            similarity.constant = vec![0.0; dim];
        }
        let scales = [similarity.x_scale, similarity.y_scale];
        if !scales.iter().all(|scale| *scale > 0.0 && scale.is_finite()) {
            return Err(damaged(format!("its scales are {scales:?}, not above 0")));
        }
        for (what, found) in [
            ("mean", similarity.mean.len()),
            ("constant", similarity.constant.len()),
        ] {
            if found != dim {
                return Err(damaged(format!(
                    "its {what} has {found} coordinates, the network {dim}"
                )));
            }
        }
        if ![1, -1].contains(&similarity.sign) {
            let sign = similarity.sign;
            return Err(damaged(format!("its sign is {sign}, not 1 or -1")));
        }
        Ok(Some(facts))
    }

    /// The pairs of the run's file, split as they were when it was trained.
    ///
    /// # Errors
    /// If the file cannot be read, or is no longer what the run was trained on.
    pub(crate) fn pairs(&self, file: &FileConfig) -> Result<FilePairs, RunError> {
        // The split is the run's: another seed would test on rows that were trained on. So is the scaling.
        let mut pairs = FilePairs::read(file, self.experiment.seed, 1)?;
        match self.data_facts()? {
            Some(facts) if !pairs.adopt(&facts) => Err(RunError::Data(FileError::Format {
                file: file.path.clone(),
                reason: "it is not the file the run was trained on: a number in it has changed"
                    .into(),
                remedy: "restore the file, or train anew with `gradnet train --config`".into(),
            })),
            _ => Ok(pairs),
        }
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
        metrics::read(&self.path.join(RunFolder::METRICS))
    }

    /// Scores the run's best weights, by default on the very points of its summary; a run on a file always on that file's test rows, of which
    /// `points` is how many at most.
    ///
    /// # Errors
    /// If the weights cannot be loaded, or the data file can no longer be read.
    pub fn evaluate(
        &self,
        device: &Device,
        points: Option<usize>,
        draws: Option<usize>,
        seed: Option<u64>,
    ) -> Result<Evaluation, RunError> {
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
        let network = self.network(device)?;
        if let TargetConfig::File(file) = &self.experiment.target {
            let pairs = self.pairs(file)?;
            if is_due(device) {
                let set = pairs.set(&pairs.split().test, config.points, device);
                check_device(&network, None, &set.first_points(), set.points(), device)?;
            }
            let evaluation = evaluate_pairs(&network, &pairs, &config, device);
            lost()?;
            return Ok(evaluation);
        }
        config.check_room(self.experiment.dim())?;
        let seed = seed.unwrap_or(self.experiment.seed);
        let target = &self.experiment.target;
        if is_due(device) {
            let count = config.points_a_draw();
            let drawn = target.init(&backend::host(device))?;
            let points = drawn.draw(seed, Stream::Test, 0, count.min(PointSet::CHUNK));
            check_device(&network, Some(target), &points, count, device)?;
        }
        let evaluation = evaluate(&network, target, &config, seed, device)?;
        lost()?;
        Ok(evaluation)
    }
}

/// Holds the device against the processor for the batches of a test.
fn check_device(
    network: &Network,
    target: Option<&TargetConfig>,
    points: &[f32],
    tested: usize,
    device: &Device,
) -> Result<(), DeviceFault> {
    let workload = Workload {
        network,
        target,
        points,
        training: &[],
        scoring: &PointSet::chunk_sizes(tested),
    };
    workload.check(device).map(drop)
}
