//! The result of a run as `summary.json` has it.

use serde::{Deserialize, Serialize};

use crate::device_check::Agreement;
use crate::evaluation::{Reference, Score};

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The network's registered name.
    pub network: String,
    /// Its trainable numbers.
    pub parameters: usize,
    /// The target's registered name.
    pub target: String,
    /// Dimension of the field.
    pub dim: usize,
    /// The run's seed.
    pub seed: u64,
    /// The backend it ran on.
    pub backend: String,
    /// Optimizer steps.
    pub steps: usize,
    /// Points a step.
    pub batch: usize,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// Error of the kept weights on the validation points, by which they were chosen.
    pub validation_db: f64,
    /// The network's test error.
    pub test: Score,
    /// What predicting zero and the best symmetric linear map score on the same points.
    pub reference: Reference,
    /// The largest difference between the device and the processor, computed before the first step; absent on the processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_check: Option<Agreement>,
    /// Seconds of training, validations included, the final test not.
    pub wall_s: f64,
    /// Steps a second of `wall_s`.
    pub steps_per_s: f64,
}
