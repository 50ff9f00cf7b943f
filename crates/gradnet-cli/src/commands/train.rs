//! `gradnet train`: a config file to a run folder.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gradnet_train::Experiment;
use gradnet_train::backend::Backend;
use gradnet_train::config::{self, Overrides};
use gradnet_train::measure::four_digits;
use gradnet_train::run::{Run, RunFolder, Scores};
use gradnet_train::task::regression::{Reference, Score};
use gradnet_train::task::{Quantity, Rows};
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
    experiment.task.reads().iter().for_each(output::note);
    if options.dry_run {
        RunFolder::check_contents(&folder, options.overwrite)?;
        return plan::show(&experiment, &folder, &options.run);
    }
    let (backend, device) = device::open(&options.run.device)?;
    let train_options = TrainOptions {
        overwrite: options.overwrite,
        ..told(&options.run, backend)
    };
    let summary = train(&experiment, &device, &folder, train_options)?;
    finish(&experiment, &summary, &folder, options.run.json)
}

/// Resumes the run in `folder`, and prints the result.
pub fn go_on(folder: &Path, options: &Running) -> Result<ExitCode, Failure> {
    let experiment = Run::open_unfinished(folder)?.experiment().clone();
    experiment.task.reads().iter().for_each(output::note);
    let (backend, device) = device::open(&options.device)?;
    let summary = resume(folder, &device, told(options, backend))?;
    finish(&experiment, &summary, folder, options.json)
}

/// Who is told how the run goes.
fn told(options: &Running, backend: Backend) -> TrainOptions {
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
    if json {
        output::json(summary)?;
        return Ok(ExitCode::SUCCESS);
    }
    print(&experiment.name, summary)?;
    output::line(format_args!("run folder    {}", folder.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// The result in a few lines.
fn print(name: &str, summary: &Summary) -> io::Result<()> {
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
        "{name}: {network} ({parameters} parameters) on {target}, d = {dim}, seed {seed}, {backend}"
    ))?;
    scores(&summary.scores)?;
    output::line(format_args!(
        "training      {steps} steps in {wall_s:.1} s, {steps_per_s:.0} steps/s"
    ))
}

/// What was measured, beside the rows to compare it with.
pub fn scores(scores: &Scores) -> io::Result<()> {
    match (scores.test(), scores.reference()) {
        (Some(test), Some(reference)) => regression(&test, &reference)?,
        _ => quantities(scores)?,
    }
    let mut rows = scores.baselines.values().flat_map(|row| row.values());
    if rows.any(|quantity| quantity.is_bound) {
        output::note(
            "the fit of the best symmetric map was cut short because of its cost: the best one may have a smaller error",
        );
    }
    Ok(())
}

/// The test error of a regression in words.
fn regression(test: &Score, reference: &Reference) -> io::Result<()> {
    let Score { draws, points, .. } = test;
    let spread = match test.mse_db_std {
        Some(std) => format!("standard deviation {std:.2} over {draws} draws of {points} points"),
        None => format!("{points} points"),
    };
    output::line(format_args!(
        "test error    {:.2} dB ({spread})",
        test.mse_db_mean
    ))?;
    match (reference.constant_db, reference.affine_db) {
        (Some(constant), Some(affine)) => output::line(format_args!(
            "for reference {constant:.2} dB constant (the mean of the training rows), {affine:.2} dB affine (the best symmetric affine map)"
        )),
        _ => output::line(format_args!(
            "for reference {:.2} dB predicting zero, {:.2} dB the best symmetric linear map",
            reference.zero_db, reference.linear_db
        )),
    }
}

/// Every number of a result, a line each, the rows to compare with below.
fn quantities(scores: &Scores) -> io::Result<()> {
    let shown = |Quantity {
                     value, unit, std, ..
                 }: &Quantity| match std {
        Some(std) => format!(
            "{} {unit} (standard deviation {})",
            four_digits(*value),
            four_digits(*std)
        ),
        None => format!("{} {unit}", four_digits(*value)),
    };
    let network = Rows::from([(String::new(), scores.metrics.clone())]);
    for (row, quantities) in network.iter().chain(&scores.baselines) {
        for (name, quantity) in quantities {
            let quantity = shown(quantity);
            output::line(format_args!("{row:13} {name:20} {}", quantity.trim_end()))?;
        }
    }
    Ok(())
}
