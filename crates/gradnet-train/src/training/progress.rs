//! How a run tells where it is: a small trait for whoever draws it.

use crate::experiment::Experiment;
use crate::task::Criterion;

/// What a run is about to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The experiment's name.
    pub name: String,
    /// The network's registered name.
    pub network: &'static str,
    /// Its trainable numbers.
    pub parameters: usize,
    /// What is learned: the target's name, or "file".
    pub target: &'static str,
    /// Dimension of the field.
    pub dim: usize,
    /// Steps to go.
    pub steps: usize,
}

impl Plan {
    pub(super) fn new(experiment: &Experiment, parameters: usize) -> Self {
        Self {
            name: experiment.name.clone(),
            network: experiment.network.name(),
            parameters,
            target: experiment.task.name(),
            dim: experiment.dim(),
            steps: experiment.train.steps,
        }
    }
}

/// What a run spends its time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Building target, network and validation set.
    Preparing,
    /// Optimizer steps and validations.
    Training,
    /// The final test and the reference rows.
    Evaluating,
}

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Status {
    /// Steps done.
    pub step: usize,
    /// Steps planned.
    pub steps: usize,
    /// Mean training loss over the steps since the last status.
    pub train_loss: Option<f64>,
    /// What a validation measures.
    pub criterion: Criterion,
    /// The last validation.
    pub validation: Option<f64>,
    /// The best validation.
    pub best: Option<f64>,
    /// Seconds since training began.
    pub elapsed_s: f64,
    /// Seconds left at the pace so far.
    pub eta_s: Option<f64>,
    /// Whether a validation just happened.
    pub validated: bool,
}

/// Told about a run as it goes; at most about once in a hundred steps or a second.
pub trait Progress: Send {
    /// The run's data, before the first step.
    fn start(&mut self, _plan: &Plan) {}
    /// The run enters a stage.
    fn stage(&mut self, _stage: Stage) {}
    /// The run moved on.
    fn update(&mut self, _status: &Status) {}
    /// Something the user should know, though the run goes on.
    fn warn(&mut self, _message: &str) {}
    /// The run has written its summary.
    fn finish(&mut self) {}
}

/// Says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {}
