//! One experiment: a target, a network, how the network is trained and how it is scored.
//!
//! [`Experiment`] mirrors a config file key by key, so serde reads it and writes it back; [`Experiment::check`] then looks at the values, and
//! only what passes is trained. Every refusal names the key in the file's own words (`train.learning_rate`), so that a front end can point at it.

mod check;
mod error;
mod room;

use crate::registry::NetworkConfig;
use serde::{Deserialize, Serialize};

use crate::target::TargetConfig;

pub use error::ExperimentError;
pub(crate) use error::NETWORK_REMEDY;

/// The version of the config layout this crate reads and writes.
pub const SCHEMA: u32 = 1;

/// A run: what is learned, by which network, how it is trained and scored.
///
/// ```
/// use crate::registry::{NetworkConfig, Size};
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
    /// Steps between checkpoints, written at the first validation due; the last step always has one. 0 writes no other. Default 2,500.
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

impl EvaluationConfig {
    /// Points in one draw: as many as asked for, or as many as a square grid has.
    pub(crate) fn points_a_draw(&self) -> usize {
        match self.sampling {
            Sampling::Uniform => self.points,
            Sampling::Grid => self.points.isqrt().pow(2),
        }
    }
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
}
