//! How a run is trained and scored: the tables `[train]` and `[evaluation]` of a config, which every task reads alike.

mod check;
mod error;
mod room;

use std::path::PathBuf;

use gradnet_core::analysis::Claim;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use check::require;
pub use error::ExperimentError;
pub(crate) use error::NETWORK_REMEDY;
pub(crate) use room::{require_points, require_room};

/// What a task is told of the run it is for.
#[derive(Clone, Debug, PartialEq)]
pub struct Protocol {
    /// Seed of every draw.
    pub seed: u64,
    /// What the network that learns promises.
    pub claim: Claim,
    /// Pixels of a side of its patches; 0 where it has none.
    pub side: usize,
    /// How it is trained.
    pub train: TrainConfig,
    /// How it is scored.
    pub evaluation: EvaluationConfig,
}

impl Protocol {
    /// The protocol for weights that were trained elsewhere: their data may have fewer rows than a batch.
    pub(crate) fn untrained(mut self) -> Self {
        self.train.batch = 1;
        self
    }
}

/// Training by Adam on the mean squared error over batch and coordinates; the defaults are the paper's (Sec. VII and
/// the released code).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// Optimizer steps, at least 1. Default 10,000.
    #[schemars(extend("minimum" = 1))]
    pub steps: usize,
    /// Points a step, at least 1. Default 100.
    #[schemars(extend("minimum" = 1))]
    pub batch: usize,
    /// Adam's learning rate, above 0 and at most 1. Default 0.01.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1.0))]
    pub learning_rate: f64,
    /// How the learning rate moves over the run. Default `"constant"`.
    pub schedule: Schedule,
    /// Largest 2-norm a parameter's gradient may have, above 0; larger ones are scaled down. The paper does not clip.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub clip_norm: Option<f64>,
    /// With it a moving average of the weights, `a <- d a + (1 - d) w` after each step, is validated, kept and scored
    /// in place of the weights. `d` is this number, above 0 and below 1, such as 0.999, and less in the first steps.
    /// The paper does not average.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 1.0))]
    pub average: Option<f64>,
    /// What a regularizer of pictures is trained with; for `[images]` alone; `"one_step"` unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objective: Option<Objective>,
    /// Folder of a finished run whose weights a regularizer of pictures begins with, instead of fresh ones; for
    /// `[images]` alone. The network's settings must be the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<PathBuf>,
    /// Where training points come from: fresh ones every step, or a fixed set visited in shuffled epochs
    /// (`[train.data.fixed]`).
    pub data: DataConfig,
    /// When the run looks at validation points; for a run on a data file `points` is how many of its validation rows at
    /// most.
    pub validation: ValidationConfig,
    /// Steps between checkpoints, written at the first validation due; the last step always has one. 0 writes no other.
    /// Default 2,500.
    pub checkpoint_every: usize,
}

/// Which denoiser a regularizer of pictures is trained in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Objective {
    /// One gradient step: its gradient is trained to equal the noise.
    #[default]
    OneStep,
    /// Some gradient steps, which are differentiated through.
    Unrolled,
    /// The minimum itself, differentiated implicitly.
    Proximal,
}

/// The learning rate's course.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FixedData {
    /// Points in the set, at least one batch. Default 100,000.
    #[schemars(extend("minimum" = 1))]
    pub points: usize,
}

/// When and on how many points a run is validated; the weights kept are the ones that did best here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ValidationConfig {
    /// Steps between validations, at least 1. Default 200.
    #[schemars(extend("minimum" = 1))]
    pub every: usize,
    /// Points of the one validation draw, at least 1. Default 1,000.
    #[schemars(extend("minimum" = 1))]
    pub points: usize,
}

/// The test: `draws` independent sets of `points` uniform points, or one regular grid in the plane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluationConfig {
    /// Points a draw; for a run on a data file, of its test rows at most. Default 10,000.
    #[schemars(extend("minimum" = 1))]
    pub points: usize,
    /// Independent draws, one for a run on a data file; the spread over them is reported. Default 15.
    #[schemars(extend("minimum" = 1))]
    pub draws: usize,
    /// Where the test points lie. Default `"uniform"`.
    pub sampling: Sampling,
    /// Points from which the reference row "best symmetric linear map" is fitted. Default 20,000.
    #[schemars(extend("minimum" = 2))]
    pub linear_points: usize,
}

/// Where test points lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Sampling {
    /// Uniform on the unit cube.
    #[default]
    Uniform,
    /// The regular grid of sqrt(points) x sqrt(points) nodes on the unit square, borders included (d = 2 only); it is
    /// one draw.
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
            average: None,
            objective: None,
            start: None,
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
