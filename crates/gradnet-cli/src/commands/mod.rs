//! One command a file: options in, an exit code or a failure out.

mod bench;
mod config;
mod devices;
mod eval;
mod networks;
mod reproduce;
mod targets;
mod train;
mod verify;

use std::process::ExitCode;

use crate::arguments::{Command, ConfigCommand};
use crate::diagnostics::Failure;

/// Runs a command.
pub fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Train(options) => train::run(&options),
        Command::Eval(options) => eval::run(&options),
        Command::Verify(options) => verify::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Reproduce(options) => reproduce::run(&options),
        Command::Devices(options) => devices::run(&options),
        Command::Networks(options) => networks::run(&options),
        Command::Targets(options) => targets::run(&options),
        Command::Config(options) => match options.command {
            ConfigCommand::Check { files } => config::check(&files),
        },
    }
}
