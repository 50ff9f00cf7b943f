//! `gradnet list targets`: the list of targets.

use std::process::ExitCode;

use gradnet_train::targets::registry;

use crate::arguments::Listing;
use crate::diagnostics::Failure;
use crate::output;

/// Prints the list.
pub fn run(options: &Listing) -> Result<ExitCode, Failure> {
    if options.json {
        output::json(&registry())?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<_> = registry()
        .iter()
        .map(|entry| {
            [
                entry.name.to_owned(),
                if entry.convex { "yes" } else { "no" }.to_owned(),
                entry.dimensions.to_string(),
                entry.equation.to_owned(),
                entry.summary.to_owned(),
            ]
        })
        .collect();
    output::table(
        &["name", "convex", "dim", "in the paper", "potential"],
        &rows,
    )?;
    Ok(ExitCode::SUCCESS)
}
