//! `gradnet list`: what there is.

use std::path::Path;
use std::process::ExitCode;

use gradnet_train::Run;
use gradnet_train::experiment::TASKS;
use serde::Serialize;

use super::{devices, networks, targets};
use crate::arguments::{List, Listed};
use crate::diagnostics::Failure;
use crate::output;

/// Lists what was asked for.
pub fn run(options: &List) -> Result<ExitCode, Failure> {
    match &options.what {
        Listed::Networks(listing) => networks::run(listing),
        Listed::Targets(listing) => targets::run(listing),
        Listed::Tasks(listing) => tasks(listing.json),
        Listed::Devices(options) => devices::run(options),
        Listed::Runs { folder, json } => runs(folder, *json),
    }
}

fn tasks(json: bool) -> Result<ExitCode, Failure> {
    if json {
        output::json(&TASKS)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<_> = TASKS
        .iter()
        .map(|task| {
            [
                format!("[{}.…]", task.table),
                task.task.into(),
                task.summary.into(),
            ]
        })
        .collect();
    output::table(["table", "task", "what is learned"], &rows)?;
    Ok(ExitCode::SUCCESS)
}

/// A run folder in a line.
#[derive(Serialize)]
struct Line {
    run: String,
    network: &'static str,
    learns: &'static str,
    dim: usize,
    seed: u64,
    /// `finished`, `imported`, or the step it stands at.
    state: String,
    /// What its weights were chosen by, so far the best.
    validation: Option<f64>,
}

impl Line {
    /// The line of a run folder; none of another folder.
    fn of(folder: &Path) -> Option<Self> {
        let run = Run::open_unfinished(folder).ok()?;
        let experiment = run.experiment();
        let metrics = run.metrics().unwrap_or_default();
        let validations = metrics.iter().map(|line| line.validation.value());
        let summary = run.summary().ok().flatten();
        let state = match (&summary, metrics.last()) {
            (Some(_), _) => "finished".to_owned(),
            (None, Some(last)) => format!("step {} of {}", last.step, experiment.train.steps),
            (None, None) if run.is_imported() => "imported".to_owned(),
            (None, None) => "begun".to_owned(),
        };
        Some(Self {
            run: folder.display().to_string(),
            network: experiment.network.name(),
            learns: experiment.task.name(),
            dim: experiment.dim(),
            seed: experiment.seed,
            state,
            validation: validations.reduce(f64::min),
        })
    }
}

fn runs(folder: &Path, json: bool) -> Result<ExitCode, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| {
        Failure::input(
            format!("cannot read {}: {error}", folder.display()),
            "name the folder that holds the run folders: gradnet list runs DIR",
        )
    })?;
    let mut folders: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    let lines: Vec<Line> = folders
        .iter()
        .filter_map(|folder| Line::of(folder))
        .collect();
    if json {
        output::json(&lines)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<_> = lines
        .into_iter()
        .map(|line| {
            let validation = line.validation.map(|value| format!("{value:.2}"));
            [
                line.run,
                line.network.into(),
                line.learns.into(),
                line.dim.to_string(),
                line.seed.to_string(),
                validation.unwrap_or_else(|| "-".into()),
                line.state,
            ]
        })
        .collect();
    output::table(
        [
            "run",
            "network",
            "learns",
            "d",
            "seed",
            "validation",
            "state",
        ],
        &rows,
    )?;
    Ok(ExitCode::SUCCESS)
}
