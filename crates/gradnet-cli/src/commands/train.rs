//! `gradnet train`: a config file to a run folder.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gradnet_train::Experiment;
use gradnet_train::backend::Backend;
use gradnet_train::config::{self, Overrides};
use gradnet_train::experiment::TaskConfig;
use gradnet_train::run::{Run, RunFolder, ScoreTable, Scores, better_rows};
use gradnet_train::training::{Summary, TrainOptions, resume, train};

use super::plan;
use crate::arguments::{Running, Train};
use crate::device;
use crate::diagnostics::Failure;
use crate::output;
use crate::progress;
use crate::signals::interrupter;

/// Trains, or resumes a run, and prints the result.
pub fn run(options: &Train) -> Result<ExitCode, Failure> {
    if let Some(folder) = &options.resume {
        return go_on(folder, &options.run);
    }
    let Some(file) = options.file.as_ref().or(options.config.as_ref()) else {
        return Err(Failure::input(
            "nothing to train",
            "name a config file, such as configs/convex_d32.toml",
        ));
    };
    // A bad config or folder is told before a device is opened.
    let overrides = Overrides {
        network: options.network.clone(),
        seed: options.seed,
        set: options.set.clone(),
    };
    let experiment = config::load(file, &overrides)?;
    let folder = options.output.clone().unwrap_or_else(|| {
        let (name, network) = (&experiment.name, experiment.network.name());
        PathBuf::from("runs").join(format!("{name}-{network}-s{}", experiment.seed))
    });
    experiment.notes().iter().for_each(output::note);
    if options.dry_run {
        RunFolder::check_contents(&folder, options.overwrite)?;
        return plan::show(&experiment, &folder, &options.run);
    }
    let (backend, device) = device::open(&options.run.device)?;
    let train_options = TrainOptions {
        overwrite: options.overwrite,
        ..how(&options.run, backend)
    };
    let summary = train(&experiment, &device, &folder, train_options)?;
    finish(&experiment, &summary, &folder, options.run.json)
}

/// Resumes the run in `folder`, and prints the result.
pub fn go_on(folder: &Path, options: &Running) -> Result<ExitCode, Failure> {
    let experiment = Run::open_unfinished(folder)?.experiment().clone();
    experiment.notes().iter().for_each(output::note);
    let (backend, device) = device::open(&options.device)?;
    let summary = resume(folder, &device, how(options, backend))?;
    finish(&experiment, &summary, folder, options.json)
}

/// Who is told how the run goes.
fn how(options: &Running, backend: Backend) -> TrainOptions {
    TrainOptions {
        interrupter: interrupter(),
        progress: progress::choose(options.progress),
        ..TrainOptions::new(backend)
    }
}

/// The result: as JSON what the run's summary has, or a few lines.
fn finish(
    experiment: &Experiment,
    summary: &Summary,
    folder: &Path,
    json: bool,
) -> Result<ExitCode, Failure> {
    told(&summary.scores, &experiment.task);
    if json {
        output::json(summary)?;
        return Ok(ExitCode::SUCCESS);
    }
    print(experiment, summary)?;
    output::line(format_args!("run folder    {}", folder.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// The result in a few lines.
fn print(experiment: &Experiment, summary: &Summary) -> io::Result<()> {
    let Summary {
        network,
        parameters,
        target,
        dim,
        seed,
        backend,
        steps,
        wall_s,
        steps_per_s,
        ..
    } = summary;
    output::line(format_args!(
        "{}: {network} ({parameters} parameters) on {target}, d = {dim}, seed {seed}, {backend}",
        experiment.name
    ))?;
    scores(&summary.scores, &experiment.task)?;
    output::line(format_args!(
        "training      {steps} steps in {wall_s:.1} s, {steps_per_s:.0} steps/s"
    ))
}

/// What was measured, beside the rows to compare with.
pub fn scores(scores: &Scores, task: &TaskConfig) -> io::Result<()> {
    let table = ScoreTable::new(scores, &task.headline());
    output::table(&table.head, &table.rows)?;
    if let [first, others @ ..] = table.alone.as_slice() {
        output::table(first, others)?;
    }
    table.tested.map_or(Ok(()), output::line)
}

/// Which rows beat the network, and which may be better than they are shown.
pub fn told(scores: &Scores, task: &TaskConfig) {
    for text in better_rows(scores, &task.headline()) {
        output::note(format_args!("note: {text}"));
    }
    let mut rows = scores.baselines.values().flat_map(|row| row.values());
    if rows.any(|quantity| quantity.is_bound) {
        output::note(
            "note: the fit of the best symmetric map was cut short because of its cost: the best one may have a smaller error",
        );
    }
}
