//! `gradnet list networks`: the registry of networks.

use std::process::ExitCode;

use gradnet_core::analysis::Claim;
use gradnet_train::registry::registry;

use crate::arguments::Listing;
use crate::diagnostics::Failure;
use crate::output;

/// Prints the registry.
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
                guarantee(entry.claim).to_owned(),
                entry.title.to_owned(),
                entry.reference.to_owned(),
            ]
        })
        .collect();
    output::table(&["name", "guarantee", "network", "in the paper"], &rows)?;
    Ok(ExitCode::SUCCESS)
}

/// A claim in a word or two.
pub fn guarantee(claim: Claim) -> &'static str {
    match claim {
        Claim::Gradient => "gradient",
        Claim::Monotone => "monotone gradient",
        Claim::None => "none",
        _ => "another",
    }
}
