//! `gradnet`: trains, evaluates and verifies gradient networks from a config file.
//!
//! Data goes to stdout, everything else to stderr. Exit codes: 0 done; 1 a claim failed or the loss left the finite
//! numbers; 2 bad usage, config, input or device; 3 `verify` could not decide; 130 interrupted.

mod arguments;
mod commands;
mod device;
mod device_log;
mod diagnostics;
mod output;
mod progress;
mod signals;

use std::process::ExitCode;

use clap::ColorChoice;

/// An allocator that keeps the pages it was given: a training step makes and drops tensors of a megabyte, and with the
/// system's they are mapped anew each time, which at d = 32 costs as much as the arithmetic (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match arguments::Arguments::read() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to stdout with code 0, usage errors to stderr with code 2. A reader that has gone
            // away is no error.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    if arguments.quiet {
        output::be_quiet();
    }
    match arguments.color {
        ColorChoice::Auto => {}
        choice => {
            let colored = choice == ColorChoice::Always;
            console::set_colors_enabled(colored);
            console::set_colors_enabled_stderr(colored);
        }
    }
    signals::listen();
    device_log::listen();
    match commands::run(arguments.command) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
