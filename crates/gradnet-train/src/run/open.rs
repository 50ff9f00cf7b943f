//! Reading a run folder.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use gradnet_core::ParameterSource;
use gradnet_core::image::LipschitzImageField;

use super::weights::read_weights;
use super::{Metrics, RunError, RunFolder, Scores, Summary, metrics};
use crate::config;
use crate::data::file::{ColumnNames, DataFacts, RunField};
use crate::data::{Contents, FileDigests};
use crate::device_check::lost;
use crate::experiment::{CheckedExperiment, EvaluationConfig, Experiment, Sampling};
use crate::files::FileError;
use crate::registry::Network;
use crate::task::{Purpose, RunTask};

/// A run in its folder.
#[derive(Clone, Debug)]
pub struct Run {
    path: PathBuf,
    experiment: CheckedExperiment,
}

/// Bounds that differ by no more of themselves are of the same weights, rounded in other ways.
const SAME_BOUND: f64 = 0.01;

impl Run {
    /// Reads the experiment of a run folder.
    ///
    /// # Errors
    /// If it is not a folder, has no `config.toml` or no weights yet, or the config does not describe an experiment.
    pub fn open(path: &Path) -> Result<Self, RunError> {
        let run = Self::open_unfinished(path)?;
        if !path.join(RunFolder::WEIGHTS).is_file() {
            return Err(RunError::NoWeights { path: path.into() });
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

    /// What is said to those who ask of the run what `only` another task has.
    pub(crate) fn other_task(&self, only: &'static str, remedy: &'static str) -> RunError {
        RunError::OtherTask {
            path: self.path.clone(),
            task: self.experiment().task.task(),
            only,
            remedy,
        }
    }

    /// The experiment that was run.
    pub fn experiment(&self) -> &CheckedExperiment {
        &self.experiment
    }

    /// The field that the run learned, with its best weights, in the network's own units and without autodiff: the
    /// network, or its separated field where the task learned that.
    ///
    /// # Errors
    /// If the weights are damaged or belong to another network.
    pub fn network(&self, device: &Device) -> Result<Network, RunError> {
        let network = self.weights(device)?;
        Ok(match self.experiment.task.is_separated() {
            true => network.separated(),
            false => network,
        })
    }

    /// The network that training left, for the task itself, which separates its field where it has to.
    pub(crate) fn weights(&self, device: &Device) -> Result<Network, RunError> {
        self.weights_on(&device.clone().without_autodiff())
    }

    /// The network that training left, on a device with or without autodiff.
    pub(crate) fn weights_on(&self, device: &Device) -> Result<Network, RunError> {
        let mut source = ParameterSource::new(device, 0);
        let network = self.experiment.init_network(&mut source)?;
        let path = self.path.join(RunFolder::WEIGHTS);
        let network = read_weights(&path, network)?;
        match self.other_bound(&network)? {
            None => Ok(network),
            Some([told, found]) => Err(RunError::OtherMeaning { path, told, found }),
        }
    }

    /// The Lipschitz bound that the run was scored with and that of its weights, where they differ: the weights were
    /// written by a version that meant another function by them.
    fn other_bound(&self, network: &Network) -> Result<Option<[f64; 2]>, RunError> {
        let (Some(summary), Some(field)) = (self.summary()?, network.lifted()) else {
            return Ok(None);
        };
        let told = summary.scores.metrics.get("lipschitz_bound");
        let bounds = told.map(|told| [told.value, field.lipschitz()]);
        Ok(bounds.filter(|[told, found]| (found - told).abs() > SAME_BOUND * told))
    }

    /// The learned field in the units the run was given: those of its data file, or the network's own.
    ///
    /// # Errors
    /// As [`network`](Self::network), and if `data.json` of a run on a file is missing or damaged.
    pub fn field(&self, device: &Device) -> Result<RunField, RunError> {
        let similarity = self.data_facts()?.map(|facts| facts.similarity);
        Ok(RunField::new(self.network(device)?, similarity))
    }

    /// How the run's data was split and scaled; None where its config says it all.
    ///
    /// # Errors
    /// If `data.json` is missing or damaged.
    pub fn data_facts(&self) -> Result<Option<DataFacts>, RunError> {
        let task = &self.experiment.task;
        if !task.keeps_facts() {
            return Ok(None);
        }
        let path = self.path.join(RunFolder::DATA);
        let text =
            std::fs::read_to_string(&path).map_err(|error| RunError::io("read", &path, error))?;
        let facts = serde_json::from_str(&text).map_err(|error| error.to_string());
        let facts = facts.and_then(|facts| task.complete(facts));
        let damaged = |reason| RunError::Damaged { path, reason };
        facts.map(Some).map_err(damaged)
    }

    /// The names of the columns that the run was trained on, as its config gives them or else as its file has them.
    ///
    /// # Errors
    /// As [`data_facts`](Self::data_facts).
    pub fn columns(&self) -> Result<ColumnNames, RunError> {
        let (x, y) = self.experiment.task.columns();
        let noted = self.data_facts()?.map(|facts| facts.columns);
        let noted = noted.unwrap_or_default();
        let given = |names: &[String], noted| match names {
            [] => noted,
            names => names.to_vec(),
        };
        Ok(ColumnNames {
            x: given(x, noted.x),
            y: given(y, noted.y),
        })
    }

    /// The same for a run whose task keeps them.
    ///
    /// # Errors
    /// Also if there are none.
    pub(crate) fn kept_facts(&self) -> Result<DataFacts, RunError> {
        self.data_facts()?.ok_or_else(|| RunError::Damaged {
            path: self.path.clone(),
            reason: "it has no data.json".into(),
        })
    }

    /// Refuses a task whose folders no longer hold what they held when the run began; a run from before that was noted
    /// is not refused.
    ///
    /// # Errors
    /// The folder that has changed, or what is wrong with `data.json`.
    pub(crate) fn check_contents(&self, task: &dyn RunTask) -> Result<(), RunError> {
        let (Some(now), path) = (task.contents(), self.path.join(RunFolder::DATA)) else {
            return Ok(());
        };
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            read => read.map_err(|error| RunError::io("read", &path, error))?,
        };
        let before: Contents = serde_json::from_str(&text).map_err(|error| RunError::Damaged {
            path,
            reason: error.to_string(),
        })?;
        Ok(now.same_as(&before)?)
    }

    /// The task as it was when the run was trained, with the tests that `experiment` asks for.
    ///
    /// # Errors
    /// If its data cannot be read, or is no longer what the run was trained on.
    fn task_of(
        &self,
        experiment: &Experiment,
        device: &Device,
    ) -> Result<Box<dyn RunTask>, RunError> {
        let before = self.data_facts()?;
        let task = experiment.build_test(device, before.as_ref())?;
        self.check_contents(task.as_ref())?;
        let files = experiment.task.files();
        if let Some(before) = before.as_ref().filter(|facts| !facts.files.is_empty()) {
            FileDigests::of(&files)?.same_as(&before.files)?;
        }
        let digest = |facts: &DataFacts| facts.digest.clone();
        if task.facts().as_ref().map(digest) == before.as_ref().map(digest) {
            return Ok(task);
        }
        let first = files.into_iter().next();
        Err(RunError::Data(FileError::Format {
            file: first.map_or_else(|| self.path.clone(), |(_, file)| file),
            reason: "it is not the file the run was trained on: a number in it has changed".into(),
            remedy: "restore the file, or train anew with `gradnet train`".into(),
        }))
    }

    /// The task of the run.
    ///
    /// # Errors
    /// If its data cannot be read, or is no longer what the run was trained on.
    pub fn task(&self, device: &Device) -> Result<Box<dyn RunTask>, RunError> {
        self.task_of(&self.experiment, device)
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

    /// Scores the run's best weights, by default on the very points of its summary. Where they are not drawn but rows
    /// of a file, `points` is how many of them at most, and `draws` and `seed` have no meaning.
    ///
    /// # Errors
    /// If the weights cannot be loaded, or the data can no longer be read.
    pub fn evaluate(
        &self,
        device: &Device,
        points: Option<usize>,
        draws: Option<usize>,
        seed: Option<u64>,
    ) -> Result<Scores, RunError> {
        let own = &self.experiment;
        let evaluation = EvaluationConfig {
            points: points.unwrap_or(own.evaluation.points),
            draws: draws.unwrap_or(own.evaluation.draws),
            // A number of points or draws asked for means points drawn at random.
            sampling: if points.or(draws).is_some() {
                Sampling::Uniform
            } else {
                own.evaluation.sampling
            },
            ..own.evaluation.clone()
        };
        // Another seed would split a file otherwise, and test on rows that were trained on.
        let seed = seed.filter(|_| own.task.draws()).unwrap_or(own.seed);
        let experiment = Experiment {
            evaluation,
            seed,
            ..own.clone().into_inner()
        };
        experiment.task.check_room(&experiment.protocol())?;
        let network = self.weights(device)?;
        let task = self.task_of(&experiment, device)?;
        experiment.check_device(task.as_ref(), &network, device, Purpose::Scoring)?;
        let scores = Scores {
            metrics: task.evaluate(&network),
            baselines: task.baselines(),
        };
        lost()?;
        Ok(scores)
    }
}
