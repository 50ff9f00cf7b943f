//! `gradnet sweep`: a grid of runs and its table.

use std::process::ExitCode;

use gradnet_train::sweep::{self, Cell, Options, Shard, Sweep, SweepError};

use super::reproduce::jobs;
use crate::arguments;
use crate::device;
use crate::diagnostics::Failure;
use crate::output;
use crate::progress::Cells;
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
        keeps: |_| true,
        interrupter: signals::interrupter(),
    };
    let cells = Cells::new();
    let table = sweep::run(&sweep, &folder, &settings, &cells)?;
    drop(cells);
    match table {
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
    let places = sweep.places()?;
    let first = places.iter().flat_map(|place| &place.candidates);
    let row = |cell: &Cell| {
        [
            cell.case.clone(),
            cell.row.clone(),
            cell.varied(),
            cell.name(),
        ]
    };
    let rows: Vec<_> = first.map(|seeds| row(&seeds[0])).collect();
    output::table(&["case", "row", "varied", "cell"], &rows)?;
    let further = places.iter().map(|place| place.candidates[0].len() - 1);
    output::note(format_args!(
        "{} cells with the first seed; what validates best is repeated, which are {} more",
        rows.len(),
        further.sum::<usize>()
    ));
    Ok(ExitCode::SUCCESS)
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
