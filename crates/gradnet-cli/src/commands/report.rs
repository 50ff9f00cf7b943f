//! `gradnet report`: one page about one run or several.

use std::process::ExitCode;

use gradnet_train::report::report;
use gradnet_train::run::check_output;

use crate::arguments::Report;
use crate::device;
use crate::diagnostics::Failure;
use crate::output;

/// Writes the page and says where it is.
pub fn run(options: &Report) -> Result<ExitCode, Failure> {
    let runs = options
        .runs
        .iter()
        .map(|folder| super::open_run(folder))
        .collect::<Result<Vec<_>, _>>()?;
    check_output(&options.output, &[], &runs)?;
    let end = options.output.extension().unwrap_or_default();
    if end != "html" && end != "htm" {
        return Err(Failure::input(
            format!("{}: a report is a page of HTML", options.output.display()),
            "name it .html",
        ));
    }
    let (_, device) = device::open(&options.device)?;
    report(&runs, &options.output, &device)?;
    output::line(format_args!(
        "report written to {}",
        options.output.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}
