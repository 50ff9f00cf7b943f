//! `gradnet sweep`: a grid of runs and its table.

use std::process::ExitCode;

use gradnet_train::sweep::{self, Cell, Options, Record, Shard, Sweep, SweepError, Watch};

use super::reproduce::jobs;
use crate::arguments;
use crate::device;
use crate::diagnostics::Failure;
use crate::output;
use crate::signals;

/// Runs the sweep and prints its table; files lie in the output folder.
pub fn run(options: &arguments::Sweep) -> Result<ExitCode, Failure> {
    let sweep = Sweep::read(&options.file)?;
    if options.list {
        return list(&sweep);
    }
    signals::remedy("the same command goes on from there");
    let (backend, device) = device::open(&options.device)?;
    let stem = options.file.file_stem().unwrap_or_default();
    let folder = options
        .output
        .clone()
        .unwrap_or_else(|| std::path::Path::new("sweeps").join(stem));
    let settings = Options {
        jobs: options.jobs.unwrap_or_else(|| jobs(backend)),
        shard: options.shard.unwrap_or(Shard::ALL),
        backend,
        device,
        output: folder.clone(),
        interrupter: signals::interrupter(),
    };
    match sweep::run(&sweep, &settings, &Told)? {
        Some(table) => {
            output::line(table.markdown())?;
            output::note(format_args!("table and records in {}", folder.display()));
        }
        None => output::line(format_args!(
            "this part is done; the table comes when the other parts are: run the same command again in {}",
            folder.display()
        ))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the cells of the first seed, and how often the chosen ones are repeated.
fn list(sweep: &Sweep) -> Result<ExitCode, Failure> {
    let seeds = sweep.seeds();
    let cells = sweep.cells(seeds[0])?;
    let row = |cell: &Cell| {
        let varied = cell
            .candidate
            .iter()
            .map(|(key, value)| format!("{key} = {value}"));
        [
            cell.case.clone(),
            cell.row.clone(),
            varied.collect::<Vec<_>>().join(", "),
            cell.name(),
        ]
    };
    let rows: Vec<_> = cells.iter().map(row).collect();
    output::table(["case", "row", "varied", "cell"], &rows)?;
    output::note(format_args!(
        "{} cells with seed {}; what validates best is repeated with {} more",
        cells.len(),
        seeds[0],
        seeds.len() - 1
    ));
    Ok(ExitCode::SUCCESS)
}

/// A line on stderr for each cell.
struct Told;

impl Watch for Told {
    fn ended(&self, record: &Record, done: usize, total: usize) {
        let result = match &record.failure {
            Some(failure) => failure.clone(),
            None => format!("validation {:.3}", record.validation()),
        };
        let (row, case, seed) = (&record.row, &record.case, record.experiment.seed);
        output::note(format_args!(
            "[{done}/{total}] {row} {case} seed {seed}: {result}"
        ));
    }
}

impl From<SweepError> for Failure {
    fn from(error: SweepError) -> Self {
        match error {
            SweepError::Run(error) => Self::from(error),
            SweepError::Config { cell, error } => {
                output::error(format_args!("in the cell {cell}:"));
                Self::from(*error)
            }
            error => {
                let code = match error {
                    SweepError::Interrupted { .. } => 130,
                    _ => 2,
                };
                Self::told(error.to_string(), error.remedy(), code)
            }
        }
    }
}
