//! One experiment: a task, a network, how the network is trained and how it is scored.
//!
//! [`Experiment`] mirrors a config file key by key, so serde reads it and writes it back; [`Experiment::check`] then
//! looks at the values, and only what passes, a [`CheckedExperiment`], is trained. Every refusal names the key in the
//! file's own words (`train.learning_rate`), so that a front end can point at it.

mod check;
mod checked;
mod room;
mod tasks;

use crate::registry::{Network, NetworkConfig, RegistryError};
use burn::tensor::Device;
use gradnet_core::ParameterSource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::backend::host;
use crate::data::file::DataFacts;
use crate::device_check::{Agreement, DeviceFault, is_due};
use crate::task::{Purpose, RunTask, TaskError};
use tasks::Document;

pub use crate::settings::{
    DataConfig, EvaluationConfig, ExperimentError, FixedData, Objective, Protocol, Sampling,
    Schedule, TrainConfig, ValidationConfig,
};
pub use checked::CheckedExperiment;
pub(crate) use tasks::MISSING;
pub use tasks::{TABLES, TASKS, TaskConfig, TaskEntry, templates};

/// The version of the config layout this crate reads and writes.
pub const SCHEMA: u32 = 1;

/// A run: what is learned from what, by which network, how it is trained and scored.
///
/// ```
/// use gradnet_train::registry::{NetworkConfig, Size};
/// use gradnet_train::{Experiment, targets::TargetConfig};
///
/// let target = TargetConfig::from_name("piecewise_quadratic").ok_or("no such target")?;
/// let network = NetworkConfig::from_name("mgradnet_m")?.with_size(Size::Parameters(32_768));
/// let mut experiment = Experiment::new("first", target, network);
/// assert!(experiment.check().is_ok());
///
/// experiment.train.learning_rate = -1.0;
/// assert_eq!(experiment.check().unwrap_err().key(), "train.learning_rate");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Document", into = "Document")]
pub struct Experiment {
    /// Version of the layout; must be [`SCHEMA`].
    pub schema: u32,
    /// What the run is called in tables and reports; letters, digits, `_`, `-` and `.`.
    pub name: String,
    /// Seed of every draw of the run: initial weights, training points, validation and test points.
    pub seed: u64,
    /// Whether a monotone network may be trained on a target whose potential is not convex, which it cannot represent.
    /// Default false.
    pub allow_misfit: bool,
    /// What is learned from what: `[target.NAME]`, or a file of pairs, `[data.file]`.
    pub task: TaskConfig,
    /// The network that learns it.
    pub network: NetworkConfig,
    /// How it is trained.
    pub train: TrainConfig,
    /// How it is scored.
    pub evaluation: EvaluationConfig,
}

impl Experiment {
    /// An experiment with every setting at its default.
    pub fn new(name: &str, task: impl Into<TaskConfig>, network: NetworkConfig) -> Self {
        Self {
            schema: SCHEMA,
            name: name.into(),
            seed: 0,
            allow_misfit: false,
            task: task.into(),
            network,
            train: TrainConfig::default(),
            evaluation: EvaluationConfig::default(),
        }
    }

    /// The experiment as a config file.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self)
            .expect("an experiment is tables of texts and numbers, which TOML has")
    }

    /// The same experiment without its name: all that decides its numbers.
    pub fn unnamed(&self) -> Self {
        Self {
            name: String::new(),
            ..self.clone()
        }
    }

    /// What the task is told of the run.
    pub fn protocol(&self) -> Protocol {
        Protocol {
            seed: self.seed,
            claim: self.network.entry().claim,
            side: self.network.patch_dim().map_or(0, usize::isqrt),
            train: self.train.clone(),
            evaluation: self.evaluation.clone(),
        }
    }

    /// Builds the task on `device`, with the change of units that `before` has noted, if there is a run already.
    ///
    /// # Errors
    /// If the data cannot be used.
    pub fn build_task(
        &self,
        device: &Device,
        before: Option<&DataFacts>,
    ) -> Result<Box<dyn RunTask>, TaskError> {
        self.build(&self.protocol(), device, before)
    }

    /// Builds the task for weights that were trained elsewhere, or are trained already.
    ///
    /// # Errors
    /// If the data cannot be used.
    pub(crate) fn build_test(
        &self,
        device: &Device,
        before: Option<&DataFacts>,
    ) -> Result<Box<dyn RunTask>, TaskError> {
        self.build(&self.protocol().untrained(), device, before)
    }

    fn build(
        &self,
        protocol: &Protocol,
        device: &Device,
        before: Option<&DataFacts>,
    ) -> Result<Box<dyn RunTask>, TaskError> {
        let device = device.clone().without_autodiff();
        self.task.build(protocol, &device, before)
    }

    /// The network with initial values from `source`, inside a linear part if the task asks for one, with strength and
    /// scale if the objective does.
    ///
    /// # Errors
    /// If there is no such network in this dimension.
    pub fn init_network(&self, source: &mut ParameterSource) -> Result<Network, RegistryError> {
        let network = self.network.init(self.dim(), source)?;
        let network = match self.task.modulus() {
            None => network,
            Some(modulus) => network.with_linear_part(modulus, source),
        };
        Ok(match self.train.objective {
            None | Some(Objective::OneStep) => network,
            Some(_) => network.with_noise_weights(source),
        })
    }

    /// Holds a device against the processor for what a run computes on it; `None` on the processor itself.
    ///
    /// # Errors
    /// The first quantity that differs.
    pub(crate) fn check_device(
        &self,
        task: &dyn RunTask,
        network: &Network,
        device: &Device,
        purpose: Purpose,
    ) -> Result<Option<Agreement>, DeviceFault> {
        if !is_due(device) {
            return Ok(None);
        }
        let host = || self.build_test(&host(device), task.facts().as_ref());
        task.check_device(network, device, purpose, &host)
    }

    /// What a user should know before it is trained: what is read as what, and which training is only the first of two.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.task.reads();
        let first = self.train.objective.unwrap_or_default() == Objective::OneStep;
        if first && matches!(self.network, NetworkConfig::PatchWeakRidge(_)) {
            notes.push(
                "note: pictures are restored by the minimum of an objective, and one step does not train that: refine a \
                 patch_weak_ridge with train.objective = \"proximal\", from a patch_ridge named in train.start"
                    .into(),
            );
        }
        notes
    }

    /// Dimension of the space the field lives on.
    ///
    /// That of a patch for a task on patches, 0 if the network has none.
    pub fn dim(&self) -> usize {
        match self.task.on_patches() {
            true => self.network.patch_dim().unwrap_or(0),
            false => self.task.dim(),
        }
    }
}
