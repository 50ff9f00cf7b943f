//! Training: Adam on the loss of a task, the weights that validated best kept.
//!
//! The defaults are those of Chaudhari, Pranav, Moura, IEEE TSP 2025, Sec. VII and the released `Nd_field/train.py`:
//! batch 100, 10,000 steps, a constant rate.

mod average;
mod best;
mod checkpoint;
mod clock;
mod course;
mod error;
mod learner;
mod losses;
mod progress;
mod session;
mod start;

use std::path::Path;

use burn::tensor::Device;

use crate::backend::Backend;
use crate::data::FileDigests;
use crate::experiment::CheckedExperiment;
use crate::interrupter::Interrupter;
use crate::run::{Run, RunError, RunFolder};
use crate::task::Rows;
use course::Before;

pub use crate::run::Summary;
pub use course::learner;
pub use error::TrainError;
pub use learner::{Learner, optimizer, scheduler};
pub use progress::{Plan, Progress, Silent, Stage, Status};
pub(crate) use start::WHAT_BEGINS;

/// What a run needs beside its experiment.
pub struct TrainOptions {
    /// The backend of the device, for the record.
    pub backend: Backend,
    /// Whether an older run in the folder may be replaced.
    pub overwrite: bool,
    /// A handle that ends the run early, saving what it has.
    pub interrupter: Interrupter,
    /// Who is told how far the run is.
    pub progress: Box<dyn Progress>,
    /// The rows to compare with, where they are known: they depend on the task, the seed and the evaluation's settings
    /// alone.
    pub baselines: Option<Rows>,
}

impl TrainOptions {
    /// A silent run that never overwrites.
    pub fn new(backend: Backend) -> Self {
        Self {
            backend,
            overwrite: false,
            interrupter: Interrupter::new(),
            progress: Box::new(Silent),
            baselines: None,
        }
    }
}

/// Trains the experiment's network on `device`, scores it and fills the run folder `out`.
///
/// The folder then holds `config.toml` (the resolved experiment), `weights.bpk` (the weights that validated best, a
/// Burn record), `metrics.jsonl` (a line a validation), `checkpoint/` and `summary.json`, which is returned.
///
/// # Errors
/// See [`TrainError`]. Whatever ends the run after it began, the best weights so far are in the folder.
pub fn train(
    experiment: &CheckedExperiment,
    device: &Device,
    out: &Path,
    options: TrainOptions,
) -> Result<Summary, TrainError> {
    experiment.check_room()?;
    let mut options = options;
    // What cannot be learned is told before there is a folder, and a folder that is taken before a large file is read.
    RunFolder::check(out, options.overwrite)?;
    let start = start::named(experiment)?;
    options.progress.stage(Stage::Preparing);
    let task = experiment.build_task(device, None)?;
    for finding in task.facts().iter().flat_map(|facts| &facts.findings) {
        options.progress.warn(&finding.to_string());
    }
    let folder = RunFolder::create(out, experiment, options.overwrite)?;
    let before = Before {
        start,
        ..Before::default()
    };
    course::run(experiment, device, folder, task, before, options)
}

/// Goes on with the run in folder `run`, which ends with the very weights it would have had uninterrupted (on the same
/// backend, with as many threads); but for the ICGN by Monte-Carlo, whose draws begin anew.
///
/// A run without a checkpoint begins again at its first step, which comes to the same. A finished run is left alone;
/// its summary is returned.
///
/// # Errors
/// See [`TrainError`]; [`RunError::Checkpoint`] if there are checkpoints and none can be used.
pub fn resume(run: &Path, device: &Device, options: TrainOptions) -> Result<Summary, TrainError> {
    let mut options = options;
    let opened = Run::open_unfinished(run)?;
    if let Some(summary) = opened.summary()? {
        options
            .progress
            .warn("the run is finished: there is nothing left to train");
        return Ok(summary);
    }
    if opened.is_imported() {
        return Err(TrainError::Run(RunError::Checkpoint {
            path: run.into(),
            reason: "its weights were imported, so there is no training to go on with".into(),
            remedy: "train a network of your own with `gradnet train`".into(),
        }));
    }
    let experiment = opened.experiment();
    experiment.check_room()?;
    let folder = RunFolder::reopen(run)?;
    let mut start = None;
    let checkpoint = match checkpoint::newest(run)? {
        Some((checkpoint, damaged)) => {
            for reason in damaged {
                options.progress.warn(&format!(
                    "going back to the checkpoint before a damaged one: {reason}"
                ));
            }
            let before = &checkpoint.position.backend;
            if *before != options.backend.name() {
                return Err(TrainError::OtherBackend {
                    run: run.into(),
                    before: before.clone(),
                    now: options.backend.name(),
                });
            }
            Some(checkpoint)
        }
        None => {
            options
                .progress
                .warn("there is no checkpoint yet: beginning at the first step");
            start = start::named(experiment)?;
            None
        }
    };
    options.progress.stage(Stage::Preparing);
    let before = checkpoint
        .as_ref()
        .and_then(|made| made.position.files.as_ref());
    let unchanged = |before: &FileDigests| {
        let now = FileDigests::of(&experiment.task.files())?;
        now.same_as(before).map(|()| now)
    };
    let files = before.map(unchanged).transpose().map_err(RunError::from)?;
    // A run that was killed before it noted how its file is scaled has no weights either.
    let before = opened.data_facts().ok().flatten();
    let task = experiment.build_task(device, before.as_ref())?;
    opened.check_contents(task.as_ref())?;
    course::run(
        experiment,
        device,
        folder,
        task,
        Before {
            checkpoint,
            files,
            start,
        },
        options,
    )
}
