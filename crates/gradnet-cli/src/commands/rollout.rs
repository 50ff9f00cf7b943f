//! `gradnet rollout`: paths of learned dynamics.

use std::process::ExitCode;

use gradnet_train::rollout::{RolloutOptions, rollout};

use crate::arguments::Rollout;
use crate::diagnostics::Failure;
use crate::output;

/// The part of the size of the data that half the step may change paths by without a word.
const TOO_COARSE: f64 = 0.02;

/// Follows the dynamics, writes the paths and says what became of the energy.
pub fn run(options: &Rollout) -> Result<ExitCode, Failure> {
    let run = super::open_run(&options.run)?;
    let wanted = RolloutOptions {
        until: options.until,
        step: options.step,
    };
    let rolled = rollout(&run, &options.from, &options.output, wanted)?;
    output::line(format_args!(
        "{} paths of {} steps written to {}",
        rolled.paths,
        rolled.steps,
        options.output.display()
    ))?;
    match rolled.starts.far {
        0 => output::beyond("paths lead", rolled.led, rolled.paths as u64),
        _ => output::beyond("starts lie", rolled.starts, rolled.paths as u64),
    }
    if rolled.step_error > TOO_COARSE {
        output::note(format_args!(
            "note: the step is too coarse: with half of it these paths come to lie up to {:.2} of the size of the data \
             elsewhere; use a smaller --step",
            rolled.step_error
        ));
    }
    output::line(format_args!("method        {}", rolled.kind.method()))?;
    match rolled.drift {
        Some(drift) => output::line(format_args!("energy drift  {drift:.3e}"))?,
        None => output::note(format_args!(
            "note: the potential of this network is not known, so that there is no energy to write"
        )),
    }
    Ok(ExitCode::SUCCESS)
}
