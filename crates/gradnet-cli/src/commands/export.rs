//! `gradnet export`: a run's weights as plain arrays.

use std::process::ExitCode;

use gradnet_train::interchange::export;

use crate::arguments::Export;
use crate::device;
use crate::diagnostics::Failure;
use crate::output;

/// Exports and says where to.
pub fn run(options: &Export) -> Result<ExitCode, Failure> {
    let run = super::open_run(&options.run)?;
    let device = device::any()?;
    let exported = export(&run, &options.output, &device)?;
    let files: Vec<_> = exported
        .files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    output::line(format_args!(
        "{} (d = {}) written to {}",
        exported.network,
        exported.dim,
        files.join(", ")
    ))?;
    Ok(ExitCode::SUCCESS)
}
