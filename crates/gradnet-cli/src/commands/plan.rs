//! `gradnet train --dry-run`: what a training would do.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gradnet_train::{Experiment, RunError};
use serde::Serialize;

use crate::arguments::Running;
use crate::device;
use crate::diagnostics::Failure;
use crate::output;

/// What is printed as JSON.
#[derive(Serialize)]
struct Plan<'a> {
    name: &'a str,
    network: &'static str,
    parameters: usize,
    task: &'static str,
    learns: &'static str,
    table: String,
    /// The files that are read.
    files: Vec<PathBuf>,
    dim: usize,
    seed: u64,
    backend: &'a str,
    steps: usize,
    batch: usize,
    /// Of weights, their gradients and Adam's moments.
    memory_bytes: u128,
    folder: &'a Path,
}

/// Prints the plan; what the training would refuse is refused here.
pub fn show(
    experiment: &Experiment,
    folder: &Path,
    options: &Running,
) -> Result<ExitCode, Failure> {
    experiment.check_room().map_err(RunError::from)?;
    let (backend, _) = device::open(&options.device)?;
    let task = &experiment.task;
    let plan = Plan {
        name: &experiment.name,
        network: experiment.network.name(),
        parameters: experiment.parameters().map_err(RunError::from)?,
        task: task.task(),
        learns: task.name(),
        table: task.table(),
        files: task.files().into_iter().map(|(_, file)| file).collect(),
        dim: experiment.dim(),
        seed: experiment.seed,
        backend: backend.name(),
        steps: experiment.train.steps,
        batch: experiment.train.batch,
        memory_bytes: experiment.network_bytes().map_err(RunError::from)?,
        folder,
    };
    match options.json {
        true => output::json(&plan)?,
        false => print(&plan, task.title())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn print(plan: &Plan, title: &str) -> io::Result<()> {
    let Plan {
        name,
        network,
        parameters,
        table,
        dim,
        seed,
        backend,
        steps,
        batch,
        ..
    } = plan;
    output::line(format_args!(
        "{name}: {network} ({parameters} parameters), d = {dim}, seed {seed}, {backend}"
    ))?;
    output::line(format_args!("data          {title}, [{table}]"))?;
    for file in &plan.files {
        output::line(format_args!("              {}", file.display()))?;
    }
    output::line(format_args!(
        "training      {steps} steps of {batch} points"
    ))?;
    output::line(format_args!(
        "memory        {:.1} MB for weights, gradients and Adam's moments",
        plan.memory_bytes as f64 / 1e6
    ))?;
    output::line(format_args!(
        "run folder    {} (nothing written)",
        plan.folder.display()
    ))
}
