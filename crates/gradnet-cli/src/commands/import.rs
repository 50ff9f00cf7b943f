//! `gradnet import`: a released checkpoint to a run folder.

use std::process::ExitCode;

use gradnet_train::config::{self, Overrides, nearest};
use gradnet_train::interchange::{Found, import};
use gradnet_train::registry::{RELEASED, registry};

use crate::arguments::Import;
use crate::device;
use crate::diagnostics::Failure;
use crate::output;

/// Imports and says what was found.
pub fn run(options: &Import) -> Result<ExitCode, Failure> {
    if !registry().iter().any(|entry| entry.name == options.network) {
        let near = nearest(&options.network, RELEASED);
        return Err(Failure::input(
            format!("there is no network named `{}`", options.network),
            match near {
                Some(near) => format!("did you mean --network {near}?"),
                None => format!("name one of {}", RELEASED.join(", ")),
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
    let device = device::any()?;
    let imported = import(
        &options.from,
        &options.network,
        options.key.as_deref(),
        &experiment,
        (&options.output, options.overwrite),
        &device,
    )?;
    note(&imported.found);
    if let Some(text) = &imported.note {
        output::note(format_args!("note: {text}"));
    }
    output::line(format_args!(
        "{}: {} ({} parameters)",
        options.from.display(),
        options.network,
        imported.parameters
    ))?;
    output::line(format_args!("run folder    {}", options.output.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// Says where in the file the weights were, unless they are all there is, in 32 bits.
fn note(found: &Found) {
    let mut parts = Vec::new();
    if !found.nest.is_empty() {
        parts.push(format!("weights read from `{}`", found.nest));
    }
    if !found.prefix.is_empty() {
        parts.push(format!("prefix `{}` stripped from the names", found.prefix));
    }
    if !found.wrappers.is_empty() {
        let wrappers = found.wrappers.join("` and `");
        parts.push(format!("`{wrappers}` left out of the names"));
    }
    if found.numbers != "float32" {
        parts.push(format!(
            "numbers stored as {}, kept as float32",
            found.numbers
        ));
    }
    if !parts.is_empty() {
        output::note(format_args!("note: {}", parts.join("; ")));
    }
}
