//! `gradnet config`: config files without training.

use std::path::PathBuf;
use std::process::ExitCode;

use gradnet_experiments::config::{self, Overrides};

use crate::diagnostics::{Failure, Report};
use crate::output;

/// Checks every file: a line on stdout for each good one, a report on stderr for each bad one.
pub fn check(files: &[PathBuf]) -> Result<ExitCode, Failure> {
    let mut all_good = true;
    for file in files {
        match config::load(file, &Overrides::default()) {
            Ok(experiment) => output::line(format_args!(
                "{}: {} learns {} (d = {}), {} steps",
                file.display(),
                experiment.network.name(),
                experiment.target.name(),
                experiment.dim(),
                experiment.train.steps,
            ))?,
            Err(error) => {
                all_good = false;
                Report::from(&error).print();
            }
        }
    }
    Ok(if all_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(2)
    })
}
