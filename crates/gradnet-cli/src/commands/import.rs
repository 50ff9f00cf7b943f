//! `gradnet import`: a released checkpoint to a run folder.

use std::process::ExitCode;

use gradnet_core::network::registry;
use gradnet_experiments::backend::Backend;
use gradnet_experiments::config::{self, Overrides, nearest};
use gradnet_experiments::interchange::import;

use crate::arguments::Import;
use crate::diagnostics::Failure;
use crate::output;

/// Imports and says what was found.
pub fn run(options: &Import) -> Result<ExitCode, Failure> {
    if !registry().iter().any(|entry| entry.name == options.network) {
        let near = nearest(&options.network, registry().iter().map(|entry| entry.name));
        return Err(Failure::input(
            format!("there is no network named `{}`", options.network),
            match near {
                Some(near) => format!("did you mean --network {near}?"),
                None => "`gradnet networks` lists them".to_owned(),
            },
        ));
    }
    let overrides = Overrides {
        // A monotone checkpoint and a target that is not convex are refused here, as for training.
        network: Some(options.network.clone()),
        set: options.set.clone(),
        ..Overrides::default()
    };
    let experiment = config::load(&options.config, &overrides)?;
    let device = Backend::Flex.device(None)?;
    let imported = import(
        &options.from,
        &options.network,
        &experiment,
        &options.out,
        options.overwrite,
        &device,
    )?;
    output::line(format_args!(
        "{}: {} ({} parameters)",
        options.from.display(),
        options.network,
        imported.parameters
    ))?;
    output::line(format_args!("run folder    {}", options.out.display()))?;
    Ok(ExitCode::SUCCESS)
}
