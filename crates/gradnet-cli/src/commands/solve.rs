//! `gradnet solve`: restores a picture with a trained regularizer.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use gradnet_train::RunError;
use gradnet_train::files::write_atomically;
use gradnet_train::restore::{RestoreOptions, restore};
use gradnet_train::run::check_output;

use crate::arguments::Solve;
use crate::device;
use crate::diagnostics::Failure;
use crate::output;

/// Restores and says how.
pub fn run(options: &Solve) -> Result<ExitCode, Failure> {
    let run = super::open_run(&options.run)?;
    let (backend, device) = device::open(&options.device)?;
    let wanted = RestoreOptions {
        operator: options.operator.parse()?,
        noise: options.noise,
        strength: options.strength,
        scale: options.scale,
        steps: options.steps,
        tolerance: options.tolerance,
    };
    let mut log = String::from("colour,step,objective,residual\n");
    let paths = [options.input.as_path(), options.output.as_path()];
    if let Some(log) = &options.log {
        let others: Vec<&Path> = paths.into_iter().chain(wanted.operator.file()).collect();
        check_output(log, &others, std::slice::from_ref(&run))?;
    }
    let restored = backend.on_its_threads(|| {
        restore(&run, &device, paths, &wanted, |colour, now| {
            let (step, objective, residual) = (now.step, now.objective, now.residual);
            // Writing to a text cannot fail.
            let _ = writeln!(log, "{colour},{step},{objective},{residual}");
        })
    })?;
    if let Some(file) = &options.log {
        write_atomically(file, log.as_bytes())
            .map_err(|error| RunError::io("write", file, error))?;
    }
    let is_array = |file: &Path| file.extension().is_some_and(|end| end == "npy");
    if is_array(&options.input) || is_array(&options.output) {
        output::note(format_args!(
            "note: in .npy files black is 0 and white {}, here",
            restored.white
        ));
    }
    if let Some([low, high]) = restored.beyond {
        output::note(format_args!(
            "note: this run was trained and tested with noise from {low} to {high}, not {}: strength and scale are a guess",
            options.noise
        ));
    }
    match restored.tuned_for {
        Some(level) if !restored.tuned_for_operator && options.operator != "identity" => {
            output::note(format_args!(
                "note: strength and scale were chosen for denoising at noise {level}, not for {}: \
                 `gradnet tune {} --noise {} --operator {}` chooses them",
                options.operator,
                options.run.display(),
                options.noise,
                options.operator
            ));
        }
        Some(level) if (level - options.noise).abs() > 1e-9 => output::note(format_args!(
            "note: strength and scale were chosen for noise {level}, and the strength moved to {}",
            options.noise
        )),
        None => {
            output::note("note: strength and scale are as given, not chosen on validation pictures")
        }
        Some(_) => {}
    }
    if restored.cut {
        output::note(format_args!(
            "note: all {} steps were taken before the gradient fell to {}: `--steps` allows more, a larger `--tolerance` stops earlier",
            options.steps, options.tolerance
        ));
    }
    if !restored.convex {
        output::note("note: this regularizer is not convex: the result is a critical point");
    }
    output::line(format_args!(
        "{}: {} steps, strength {:.4}, scale {:.4}, Lipschitz bound {:.4}, rises of the objective: {}",
        options.output.display(),
        restored.steps,
        restored.strength,
        restored.scale,
        restored.lipschitz,
        restored.rises
    ))?;
    Ok(ExitCode::SUCCESS)
}
