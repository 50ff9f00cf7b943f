//! `gradnet list`: what there is.

use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;

use gradnet_train::experiment::TASKS;
use gradnet_train::run::Validation;
use gradnet_train::task::Quantity;
use gradnet_train::{Run, RunError};
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
    output::table(&["table", "task", "what is learned"], &rows)?;
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
    state: State,
    /// Steps that have been validated.
    step: usize,
    /// Steps planned.
    steps: usize,
    /// What its weights were chosen by, so far the best.
    validation: Option<f64>,
    /// The unit of `validation`, empty for a plain number.
    unit: &'static str,
}

/// How far a run is. One that trains at this moment is unfinished as well.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Finished,
    Unfinished,
    Imported,
}

impl Line {
    /// The line of a run folder; none of another folder, nor of one whose config cannot be read, which is told.
    fn of(folder: &Path) -> Option<Self> {
        let run = match Run::open_unfinished(folder) {
            Ok(run) => run,
            Err(RunError::NotARun { .. }) => return None,
            Err(error) => {
                output::note(format_args!("note: {}: {error}", folder.display()));
                return None;
            }
        };
        let experiment = run.experiment();
        let metrics = run.metrics().unwrap_or_default();
        let validations = metrics.iter().map(|line| line.validation);
        let best = validations.min_by(|a, b| a.value().total_cmp(&b.value()));
        let state = match run.summary() {
            Ok(Some(_)) => State::Finished,
            _ if run.is_imported() => State::Imported,
            _ => State::Unfinished,
        };
        Some(Self {
            run: folder.display().to_string(),
            network: experiment.network.name(),
            learns: experiment.task.name(),
            dim: experiment.dim(),
            seed: experiment.seed,
            state,
            step: metrics.last().map_or(0, |line| line.step),
            steps: experiment.train.steps,
            validation: best.map(Validation::value),
            unit: match best {
                Some(Validation::Decibels { .. }) => "dB",
                _ => "",
            },
        })
    }
}

fn runs(folder: &Path, json: bool) -> Result<ExitCode, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| {
        Failure::input(
            match error.kind() {
                ErrorKind::NotFound => format!("there is no folder {}", folder.display()),
                _ => format!("cannot read the folder {}: {error}", folder.display()),
            },
            "name the folder that holds the run folders: gradnet list runs DIR",
        )
    })?;
    let mut folders: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    let lines: Vec<Line> = folders
        .iter()
        .filter_map(|folder| Line::of(folder))
        .collect();
    if lines.is_empty() {
        output::note(format_args!(
            "note: no run folder is in {}",
            folder.display()
        ));
    }
    if json {
        output::json(&lines)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<_> = lines
        .into_iter()
        .map(|line| {
            let validation = line
                .validation
                .map(|value| Quantity::new(value, line.unit).to_string());
            let state = match line.state {
                State::Finished => "finished".to_owned(),
                State::Imported => "imported".to_owned(),
                State::Unfinished => format!("unfinished, step {} of {}", line.step, line.steps),
            };
            [
                line.run,
                line.network.into(),
                line.learns.into(),
                line.dim.to_string(),
                line.seed.to_string(),
                validation.unwrap_or_else(|| "-".into()),
                state,
            ]
        })
        .collect();
    output::table(
        &[
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
