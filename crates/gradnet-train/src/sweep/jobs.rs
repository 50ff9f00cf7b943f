//! Runs side by side, and a run that goes on where it can.

use std::path::Path;

use burn::tensor::Device;
use rayon::{ThreadPoolBuildError, ThreadPoolBuilder};

use crate::experiment::CheckedExperiment;
use crate::run::{Run, RunFolder, Summary};
use crate::training::{TrainError, TrainOptions, resume, train};

/// Does `work` in each of so many jobs, on a pool of one thread each if there are several; `failed` is told of a pool
/// that cannot be started.
pub fn side_by_side(
    jobs: usize,
    work: impl Fn() + Sync,
    failed: impl Fn(ThreadPoolBuildError) + Sync,
) {
    let jobs = jobs.max(1);
    let job = || {
        if jobs == 1 {
            return work();
        }
        match ThreadPoolBuilder::new().num_threads(1).build() {
            Ok(pool) => pool.install(&work),
            Err(error) => failed(error),
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(job);
        }
    });
}

/// Trains an experiment in a folder, or goes on with it where it was interrupted. A run of another experiment there is
/// replaced if the options allow it, and so is one whose checkpoints are of another backend or cannot be read.
///
/// # Errors
/// See [`TrainError`].
pub fn train_or_resume(
    experiment: &CheckedExperiment,
    device: &Device,
    folder: &Path,
    options: impl Fn() -> TrainOptions,
) -> Result<Summary, TrainError> {
    let same = |run: Run| run.experiment() == experiment;
    let begun = folder.join(RunFolder::CHECKPOINTS).is_dir()
        && Run::open_unfinished(folder).is_ok_and(same);
    if begun {
        match resume(folder, device, options()) {
            Err(TrainError::OtherBackend { .. } | TrainError::Run(_)) => {}
            resumed => return resumed,
        }
    }
    train(experiment, device, folder, options())
}
