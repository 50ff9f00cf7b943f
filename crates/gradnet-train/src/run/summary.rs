//! The result of a run as `summary.json` has it.

use serde::{Deserialize, Serialize};

use super::{Scores, Validation};
use crate::device_check::Agreement;
use crate::task::regression::{Reference, Score};

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The network's registered name.
    pub network: String,
    /// Its trainable numbers.
    pub parameters: usize,
    /// The task's name; version 0.1 knew one.
    #[serde(default = "regression")]
    pub task: String,
    /// What was learned: the target's registered name, or "file".
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
    /// What the kept weights were chosen by.
    #[serde(flatten)]
    pub validation: Validation,
    /// What the test measured, beside the rows to compare it with.
    #[serde(flatten)]
    pub scores: Scores,
    /// The largest difference between the device and the processor, computed before the first step; absent on the
    /// processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_check: Option<Agreement>,
    /// Seconds of training, validations included, the final test not.
    pub wall_s: f64,
    /// Steps a second of `wall_s`.
    pub steps_per_s: f64,
}

impl Summary {
    /// The test error of a regression.
    ///
    /// # Panics
    /// If it is another task's.
    pub fn test(&self) -> Score {
        self.scores.test().expect("a regression has a test error")
    }

    /// The rows beside a regression.
    ///
    /// # Panics
    /// If it is another task's.
    pub fn reference(&self) -> Reference {
        self.scores.reference().expect("a regression has its rows")
    }
}

fn regression() -> String {
    "regression".into()
}
