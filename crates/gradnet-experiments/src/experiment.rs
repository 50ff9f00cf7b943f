//! One experiment: a target, a network, how the network is trained and how it is scored.
//!
//! [`Experiment`] mirrors a config file key by key, so serde reads it and writes it back; [`Experiment::check`] then looks at the values, and
//! only what passes is trained. Every refusal names the key in the file's own words (`train.learning_rate`), so that a front end can point at it.

use std::path::Path;

use gradnet_core::network::{NetworkConfig, NetworkError};
use serde::{Deserialize, Serialize};

use crate::files::FileError;
use crate::target::{TargetConfig, TargetError};

/// The version of the config layout this crate reads and writes.
pub const SCHEMA: u32 = 1;

/// A run: what is learned, by which network, how it is trained and scored.
///
/// ```
/// use gradnet_core::network::{NetworkConfig, Size};
/// use gradnet_experiments::{Experiment, target::TargetConfig};
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Version of the layout; must be [`SCHEMA`].
    pub schema: u32,
    /// What the run is called in tables and reports; letters, digits, `_`, `-` and `.`.
    pub name: String,
    /// Seed of every draw of the run: initial weights, training points, validation and test points.
    #[serde(default)]
    pub seed: u64,
    /// Whether a monotone network may be trained on a target whose potential is not convex, which it cannot represent. Default false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_misfit: bool,
    /// The gradient field to be learned: `[target.NAME]`, or a file of pairs, `[data.file]`.
    pub target: TargetConfig,
    /// The network that learns it.
    pub network: NetworkConfig,
    /// How it is trained.
    #[serde(default)]
    pub train: TrainConfig,
    /// How it is scored.
    #[serde(default)]
    pub evaluation: EvaluationConfig,
}

/// Training by Adam on the mean squared error over batch and coordinates; the defaults are the paper's (Sec. VII and the released code).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// Optimizer steps. Default 10,000.
    pub steps: usize,
    /// Points a step. Default 100.
    pub batch: usize,
    /// Adam's learning rate. Default 0.01.
    pub learning_rate: f64,
    /// How the learning rate moves over the run. Default `"constant"`.
    pub schedule: Schedule,
    /// Largest 2-norm a parameter's gradient may have; larger ones are scaled down. Not set by default: the paper does not clip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// Fresh points every step (`"online"`, the default) or a fixed set visited in shuffled epochs (`[train.data.fixed]`).
    pub data: DataConfig,
    /// When the run looks at validation points; for a run on a data file `points` is how many of its validation rows at most.
    pub validation: ValidationConfig,
    /// Steps between checkpoints, written at the first validation due; 0 writes none unless the run is interrupted. Default 2,500.
    pub checkpoint_every: usize,
}

/// The learning rate's course.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Schedule {
    /// The same at every step, as in the paper.
    #[default]
    Constant,
    /// Half a cosine from the rate down to 0 at the last step.
    Cosine,
}

/// Where training points come from; all are uniform on the unit cube.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DataConfig {
    /// A fresh draw every step (the paper, d >= 32).
    #[default]
    Online,
    /// One draw, visited in shuffled epochs of whole batches (the released 2-D notebooks).
    Fixed(FixedData),
}

/// A fixed training set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FixedData {
    /// Points in the set. Default 100,000.
    pub points: usize,
}

/// When and on how many points a run is validated; the weights kept are the ones that did best here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ValidationConfig {
    /// Steps between validations. Default 200.
    pub every: usize,
    /// Points of the one validation draw. Default 1,000.
    pub points: usize,
}

/// The test: `draws` independent sets of `points` uniform points, or one regular grid in the plane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluationConfig {
    /// Points a draw; for a run on a data file, of its test rows at most. Default 10,000.
    pub points: usize,
    /// Independent draws, one for a run on a data file; the spread over them is reported. Default 15.
    pub draws: usize,
    /// Where the test points lie. Default `"uniform"`.
    pub sampling: Sampling,
    /// Points from which the reference row "best symmetric linear map" is fitted. Default 20,000.
    pub linear_points: usize,
}

/// Where test points lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Sampling {
    /// Uniform on the unit cube.
    #[default]
    Uniform,
    /// The regular grid of sqrt(points) x sqrt(points) nodes on the unit square, borders included (d = 2 only); it is one draw.
    Grid,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            steps: 10_000,
            batch: 100,
            learning_rate: 0.01,
            schedule: Schedule::Constant,
            clip_norm: None,
            data: DataConfig::Online,
            validation: ValidationConfig::default(),
            checkpoint_every: 2_500,
        }
    }
}

impl Default for FixedData {
    fn default() -> Self {
        Self { points: 100_000 }
    }
}

impl Default for ValidationConfig {
    fn default() -> Self {
        Self {
            every: 200,
            points: 1_000,
        }
    }
}

impl Default for EvaluationConfig {
    fn default() -> Self {
        Self {
            points: 10_000,
            draws: 15,
            sampling: Sampling::Uniform,
            linear_points: 20_000,
        }
    }
}

/// What to do about a network that cannot be built.
pub(crate) const NETWORK_REMEDY: &str =
    "change the setting, or choose another network (`gradnet networks` lists them)";

/// Why an experiment cannot be run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// A value outside what its key allows.
    #[error("`{key}` is {value}, but it {requirement}")]
    Invalid {
        /// Dotted path of the key, as in the config file.
        key: String,
        /// The value found.
        value: String,
        /// What a value must satisfy ("must be greater than 0").
        requirement: String,
        /// What to write instead.
        remedy: String,
    },
    /// The network cannot be built as described, or not for this target.
    #[error("[{key}] {error}")]
    Network {
        /// Dotted path of the network's table, or of the key at fault in it.
        key: String,
        /// What the network says.
        error: NetworkError,
    },
    /// The data file cannot be used.
    #[error("{error}")]
    Data {
        /// Dotted path of the setting that names it.
        key: String,
        /// What is wrong with the file.
        error: FileError,
    },
}

impl ExperimentError {
    /// Dotted path of the offending key, for instance `train.learning_rate`.
    pub fn key(&self) -> &str {
        match self {
            Self::Invalid { key, .. } | Self::Network { key, .. } | Self::Data { key, .. } => key,
        }
    }

    /// What the user can do about it.
    pub fn remedy(&self) -> &str {
        match self {
            Self::Invalid { remedy, .. } => remedy,
            Self::Network { .. } => NETWORK_REMEDY,
            Self::Data { error, .. } => error.remedy(),
        }
    }

    fn target(name: &str, error: TargetError) -> Self {
        match error {
            TargetError::Invalid {
                field,
                value,
                requirement,
                remedy,
            } => Self::Invalid {
                key: format!("target.{name}.{field}"),
                value,
                requirement,
                remedy,
            },
        }
    }

    fn network(name: &str, error: NetworkError) -> Self {
        // A dimension that does not suit is a property of the pair: the network's table is where it is put right.
        let key = match error.field() {
            Some(field) => format!("network.{name}.{field}"),
            None => format!("network.{name}"),
        };
        Self::Network { key, error }
    }
}

/// Refuses with `requirement` unless `holds`.
fn require(
    holds: bool,
    key: &str,
    value: impl ToString,
    requirement: &str,
    remedy: &str,
) -> Result<(), ExperimentError> {
    if holds {
        return Ok(());
    }
    Err(ExperimentError::Invalid {
        key: key.into(),
        value: value.to_string(),
        requirement: requirement.into(),
        remedy: remedy.into(),
    })
}

impl Experiment {
    /// An experiment with every setting at its default.
    pub fn new(name: &str, target: TargetConfig, network: NetworkConfig) -> Self {
        Self {
            schema: SCHEMA,
            name: name.into(),
            seed: 0,
            allow_misfit: false,
            target,
            network,
            train: TrainConfig::default(),
            evaluation: EvaluationConfig::default(),
        }
    }

    /// The experiment as a config file, `[data.file]` written as such.
    pub fn to_toml(&self) -> String {
        let text = toml::to_string_pretty(self)
            .expect("an experiment is tables of texts and numbers, which TOML has");
        match self.target {
            TargetConfig::File(_) => text.replacen("[target.file]", "[data.file]", 1),
            _ => text,
        }
    }

    /// Dimension of the space the field lives on.
    pub fn dim(&self) -> usize {
        self.target.dim()
    }

    /// Checks every value and returns the experiment with the network's width resolved from its parameter budget.
    ///
    /// # Errors
    /// The first value that cannot be run, with its key, the requirement it breaks and what to do.
    pub fn check(&self) -> Result<Self, ExperimentError> {
        require(
            self.schema == SCHEMA,
            "schema",
            self.schema,
            &format!("must be {SCHEMA}"),
            &format!(
                "this version reads schema = {SCHEMA}; a file of another version needs the program of that version"
            ),
        )?;
        require(
            !self.name.is_empty()
                && self
                    .name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)),
            "name",
            format!("{:?}", self.name),
            "must be one or more of the letters a-z and A-Z, digits, `_`, `-` and `.`",
            "choose a short name such as \"convex_d32\"; it names the run folder",
        )?;
        // TOML's integers are 64-bit signed: a larger seed could not be written back to the run folder.
        require(
            i64::try_from(self.seed).is_ok(),
            "seed",
            self.seed,
            "must be at most 9223372036854775807",
            "choose a smaller seed, for instance 0",
        )?;
        self.target
            .check()
            .map_err(|error| ExperimentError::target(self.target.name(), error))?;
        if let TargetConfig::File(file) = &self.target
            && file.dim.is_none()
        {
            let found = file.clone().inspect(Path::new(""));
            let found = found.map_err(|error| ExperimentError::Data {
                key: "target.file.path".into(),
                error,
            })?;
            let target = TargetConfig::File(found);
            return Self {
                target,
                ..self.clone()
            }
            .check();
        }
        if let TargetConfig::File(_) = &self.target {
            let remedy = "leave it out: the rows of the file are what there is";
            require(
                self.train.data == DataConfig::Online,
                "train.data",
                "a drawn set",
                "has no meaning for a run on a data file",
                remedy,
            )?;
            require(
                self.evaluation.sampling == Sampling::Uniform,
                "evaluation.sampling",
                "\"grid\"",
                "has no meaning for a run on a data file",
                remedy,
            )?;
        }
        self.train.check()?;
        self.evaluation.check(self.dim())?;
        let network = self
            .network
            .resolve(self.dim())
            .map_err(|error| ExperimentError::network(self.network.name(), error))?;
        Ok(Self {
            network,
            ..self.clone()
        })
    }
}

impl TrainConfig {
    fn check(&self) -> Result<(), ExperimentError> {
        let positive = "must be at least 1";
        require(
            self.steps > 0,
            "train.steps",
            self.steps,
            positive,
            "the paper uses steps = 10000",
        )?;
        require(
            self.batch > 0,
            "train.batch",
            self.batch,
            positive,
            "the paper uses batch = 100",
        )?;
        require(
            self.learning_rate.is_finite() && self.learning_rate > 0.0 && self.learning_rate <= 1.0,
            "train.learning_rate",
            self.learning_rate,
            "must be a number in (0, 1]",
            "the paper chooses among 0.01, 0.001 and 0.0001",
        )?;
        if let Some(clip) = self.clip_norm {
            require(
                clip.is_finite() && clip > 0.0,
                "train.clip_norm",
                clip,
                "must be a number greater than 0",
                "leave it out to train without clipping, as the paper does",
            )?;
        }
        require(
            self.validation.every > 0,
            "train.validation.every",
            self.validation.every,
            positive,
            "every = 200 validates 50 times in 10,000 steps",
        )?;
        require(
            self.validation.points > 0,
            "train.validation.points",
            self.validation.points,
            positive,
            "points = 1000 is enough to rank weights",
        )?;
        if let DataConfig::Fixed(FixedData { points }) = self.data {
            require(
                points >= self.batch,
                "train.data.fixed.points",
                points,
                &format!("must hold at least one batch of {}", self.batch),
                "the released 2-D notebooks use points = 100000; or lower train.batch",
            )?;
        }
        Ok(())
    }
}

impl EvaluationConfig {
    fn check(&self, dim: usize) -> Result<(), ExperimentError> {
        require(
            self.points > 0,
            "evaluation.points",
            self.points,
            "must be at least 1",
            "the paper uses points = 10000",
        )?;
        require(
            self.draws > 0,
            "evaluation.draws",
            self.draws,
            "must be at least 1",
            "the paper uses draws = 15",
        )?;
        if self.sampling == Sampling::Grid {
            require(
                dim == 2,
                "evaluation.sampling",
                "\"grid\"",
                &format!("must be \"uniform\" for a target on {dim} dimensions"),
                "a grid is offered on the unit square only: write sampling = \"uniform\"",
            )?;
            require(
                self.points.isqrt().pow(2) == self.points && self.points >= 4,
                "evaluation.points",
                self.points,
                "must be a square number of at least 4 when sampling = \"grid\"",
                "points = 10000 gives the 100 x 100 grid of the paper",
            )?;
        }
        require(
            self.linear_points >= 2 * dim,
            "evaluation.linear_points",
            self.linear_points,
            &format!(
                "must be at least twice the dimension, {}: fewer points do not determine the linear reference map well",
                2 * dim
            ),
            "leave it out: the default is 20000",
        )
    }
}
