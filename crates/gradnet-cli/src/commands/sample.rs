//! `gradnet sample`: samples drawn with a trained score or flow.

use std::process::ExitCode;

use gradnet_train::experiment::TaskConfig;
use gradnet_train::sample::{SampleOptions, sample, sample_flow};

use crate::arguments::Sample;
use crate::device;
use crate::diagnostics::Failure;
use crate::output;

/// Draws, writes and says how good the samples are.
pub fn run(options: &Sample) -> Result<ExitCode, Failure> {
    let run = super::open_run(&options.run)?;
    let (_, device) = device::open(&options.device)?;
    if matches!(run.experiment().task, TaskConfig::Transport(_)) {
        let (drawn_anew, beyond) =
            sample_flow(&run, &device, &options.output, options.count, options.seed)?;
        output::line(format_args!(
            "{} independent samples written to {}",
            options.count,
            options.output.display()
        ))?;
        output::beyond("samples lie", beyond, options.count as u64);
        if drawn_anew > 0 {
            output::note(format_args!(
                "note: {drawn_anew} draws were taken anew since their inverse was not found: the samples lack what lies there"
            ));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = SampleOptions {
        count: options.count,
        steps: options.steps,
        seed: options.seed,
    };
    let drawn = sample(&run, &device, &options.output, wanted)?;
    output::line(format_args!(
        "{} samples of {} chains written to {}",
        drawn.count,
        drawn.chains,
        options.output.display()
    ))?;
    match drawn.acceptance {
        Some(acceptance) => output::line(format_args!(
            "acceptance             {:.1} %",
            100.0 * acceptance
        ))?,
        None => output::note(format_args!(
            "note: the potential of this network is not known, so that no step is refused: the samples have an error of the order of the step"
        )),
    }
    output::line(format_args!(
        "effective sample size  {:.0}",
        drawn.effective
    ))?;
    if let Some(r_hat) = drawn.r_hat {
        output::line(format_args!("split R-hat            {r_hat:.2}"))?;
    }
    output::beyond("samples lie", drawn.beyond, drawn.count as u64);
    if drawn.chains_disagree() || drawn.effective < drawn.count as f64 / 20.0 {
        output::note(format_args!(
            "note: the chains do not mix: the density may have parts far from one another, whose shares the samples do not show; more --steps may help"
        ));
    }
    Ok(ExitCode::SUCCESS)
}
