//! One command a file: options in, an exit code or a failure out.

mod bench;
mod config;
mod devices;
mod eval;
mod export;
mod import;
mod list;
mod networks;
mod plan;
mod predict;
mod report;
mod reproduce;
mod rollout;
mod sample;
mod shell;
mod solve;
mod sweep;
mod targets;
mod train;
mod tune;
mod verify;

use std::path::Path;
use std::process::ExitCode;

use gradnet_train::Run;

use crate::arguments::{Command, ConfigCommand};
use crate::diagnostics::Failure;
use crate::output;

/// Runs a command.
pub fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Train(options) => train::run(&options),
        Command::Resume(options) => train::go_on(&options.folder, &options.run),
        Command::Sweep(options) => sweep::run(&options),
        Command::List(options) => list::run(&options),
        Command::Eval(options) => eval::run(&options),
        Command::Verify(options) => verify::run(&options),
        Command::Predict(options) => predict::run(&options),
        Command::Rollout(options) => rollout::run(&options),
        Command::Tune(options) => tune::run(&options),
        Command::Solve(options) => solve::run(&options),
        Command::Sample(options) => sample::run(&options),
        Command::Report(options) => report::run(&options),
        Command::Import(options) => import::run(&options),
        Command::Export(options) => export::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Reproduce(options) => reproduce::run(&options),
        Command::Devices(options) => devices::run(&options),
        Command::Networks(options) => networks::run(&options),
        Command::Targets(options) => targets::run(&options),
        Command::Config(options) => match options.command {
            ConfigCommand::Check { files, json } => config::check(&files, json),
            ConfigCommand::Schema => config::schema(),
            ConfigCommand::Reference => config::reference(),
            ConfigCommand::Init(options) => config::init(&options),
        },
        Command::Completions { shell } => shell::completions(shell),
        Command::Man { folder } => shell::manual(&folder),
    }
}

/// A run whose weights are asked for, with a note where its training has not ended.
fn open_run(folder: &Path) -> Result<Run, Failure> {
    let run = Run::open(folder)?;
    if matches!(run.summary(), Ok(None))
        && let Some(last) = run.metrics().unwrap_or_default().last()
    {
        output::note(format_args!(
            "note: {} is not finished: these are its best weights up to step {} of {}",
            folder.display(),
            last.step,
            run.experiment().train.steps
        ));
    }
    Ok(run)
}
