//! `gradnet devices`: the backends compiled in and the devices found.

use std::process::ExitCode;

use gradnet_experiments::backend::{Backend, BackendReport};

use crate::arguments::Listing;
use crate::device::quietly;
use crate::diagnostics::Failure;
use crate::output;

/// Prints a line a device, and a line a backend that has none.
pub fn run(options: &Listing) -> Result<ExitCode, Failure> {
    let reports: Vec<BackendReport> =
        quietly(|| Backend::ALL.into_iter().map(Backend::report).collect());
    if options.json {
        output::json(&reports)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<_> = reports.iter().flat_map(rows).collect();
    output::table(["backend", "device", ""], &rows)?;
    Ok(ExitCode::SUCCESS)
}

fn rows(report: &BackendReport) -> Vec<[String; 3]> {
    let name = || report.backend.to_owned();
    if !report.compiled {
        let remedy = format!("not compiled in (cargo's --features {})", report.backend);
        return vec![[name(), "-".to_owned(), remedy]];
    }
    if let Some(error) = &report.error {
        return vec![[name(), "-".to_owned(), error.clone()]];
    }
    let devices = report.devices.iter().enumerate();
    devices
        .map(|(index, device)| [name(), index.to_string(), device.clone()])
        .collect()
}
