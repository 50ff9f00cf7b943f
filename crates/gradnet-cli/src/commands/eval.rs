//! `gradnet eval`: a run scored again, on as many points as asked for.

use std::path::Path;
use std::process::ExitCode;

use gradnet_train::run::Scores;
use serde::Serialize;

use super::train::{scores, told};
use crate::arguments::Eval;
use crate::device;
use crate::diagnostics::Failure;
use crate::output;

/// What is printed as JSON.
#[derive(Serialize)]
struct Scored<'a> {
    run: &'a Path,
    network: &'a str,
    target: &'a str,
    dim: usize,
    seed: u64,
    backend: &'a str,
    #[serde(flatten)]
    scores: Scores,
}

/// Scores the run.
pub fn run(options: &Eval) -> Result<ExitCode, Failure> {
    let run = super::open_run(&options.run)?;
    let experiment = run.experiment();
    let pictures = experiment.task.on_patches();
    if pictures && (options.points.is_some() || options.draws.is_some()) {
        return Err(Failure::input(
            "a run on pictures is scored on all of its test pictures: there are no points to choose",
            "leave --points and --draws out",
        ));
    }
    let drawn = experiment.task.draws();
    if pictures && options.seed.is_some() {
        return Err(Failure::input(
            "a run on pictures is scored with the noise of its own seed: strength and scale were chosen with it",
            "leave --seed out",
        ));
    }
    if !drawn && (options.seed.is_some() || options.draws.is_some()) {
        return Err(Failure::input(
            "a run on a data file is scored on the rows of it that were held out: there is nothing to draw",
            "leave --seed and --draws out; --points N takes N of the rows",
        ));
    }
    let (backend, device) = device::open(&options.device)?;
    let measured = run.evaluate(&device, options.points, options.draws, options.seed)?;
    let scored = Scored {
        run: run.path(),
        network: experiment.network.name(),
        target: experiment.task.name(),
        dim: experiment.dim(),
        seed: options.seed.unwrap_or(experiment.seed),
        backend: backend.name(),
        scores: measured,
    };
    told(&scored.scores, &experiment.task);
    if options.json {
        output::json(&scored)?;
        return Ok(ExitCode::SUCCESS);
    }
    let points = match drawn {
        false if pictures => "test pictures".to_owned(),
        false => "held-out rows".to_owned(),
        true => format!("test points of seed {}", scored.seed),
    };
    output::line(format_args!(
        "{}: {} on {}, d = {}, {points}, {}",
        experiment.name, scored.network, scored.target, scored.dim, scored.backend
    ))?;
    scores(&scored.scores, &experiment.task)?;
    Ok(ExitCode::SUCCESS)
}
