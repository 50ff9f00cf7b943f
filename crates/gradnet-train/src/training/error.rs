//! Why a training ends without its result.

use std::path::PathBuf;

use crate::device_check::DeviceFault;
use crate::registry::RegistryError;
use crate::run::RunError;
use crate::settings::{ExperimentError, NETWORK_REMEDY};
use crate::task::TaskError;

/// Why a run did not finish.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A value of the experiment cannot be run.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// The task cannot be built.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The network cannot be built.
    #[error(transparent)]
    Network(#[from] RegistryError),
    /// The run folder cannot be used.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The device computes something else than the processor.
    #[error(transparent)]
    Device(#[from] DeviceFault),
    /// The loss left the finite numbers.
    #[error(
        "the loss is {loss} at step {step}; the last finite loss was {} and the last good weights are in {}",
        last_finite.map_or("never seen".into(), |(step, loss)| format!("{loss:.6e} at step {step}")), weights.display()
    )]
    NonFinite {
        /// The first step with such a loss, counted from 1.
        step: usize,
        /// The loss there.
        loss: f64,
        /// The last step with a finite loss, and that loss.
        last_finite: Option<(usize, f64)>,
        /// The weights that validated best before.
        weights: PathBuf,
    },
    /// The run was asked to stop.
    #[error("stopped at step {step} of {steps}; the best weights so far are in {}", weights.display())]
    Interrupted {
        /// Steps done.
        step: usize,
        /// Steps planned.
        steps: usize,
        /// The weights that validated best so far.
        weights: PathBuf,
        /// The run folder.
        run: PathBuf,
    },
    /// The run was computed on another backend so far.
    #[error("{} was trained on {before} so far, not on {now}", run.display())]
    OtherBackend {
        /// The run folder.
        run: PathBuf,
        /// The backend so far.
        before: String,
        /// The backend asked for.
        now: &'static str,
    },
}

impl TrainError {
    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Experiment(error) => error.remedy().into(),
            Self::Task(error) => error.remedy().into(),
            Self::Network(_) => NETWORK_REMEDY.into(),
            Self::Run(error) => error.remedy(),
            Self::Device(error) => error.remedy().into(),
            Self::NonFinite { .. } => {
                "lower train.learning_rate, or set train.clip_norm = 1.0".into()
            }
            Self::Interrupted { run, .. } => format!(
                "go on where it stopped with `gradnet resume {}`",
                run.display()
            ),
            Self::OtherBackend { before, .. } => format!(
                "go on with --backend {before}: only the same backend gives the same weights"
            ),
        }
    }
}
