//! The command line, as typed.

mod groups;
mod inputs;
mod learn;
mod look;
mod paper;
mod using;
mod values;

use std::path::PathBuf;

use clap::{Args, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use gradnet_train::backend::Backend;

pub use learn::{Config, ConfigCommand, Import, Init, Resume, Running, Sweep, Train};
pub use look::{Devices, List, Listed, Listing};
pub use paper::{Bench, Reproduce, Reproduction};
pub use using::{Eval, Export, Predict, Report, Rollout, Sample, Solve, Tune, Verify};

use values::backends;

const EXIT_CODES: &str = "Exit codes: 0 done; 1 a claim failed or the loss is not finite; \
    2 bad usage, config, input or device; 3 `verify` could not decide; 130 interrupted.";

/// Train, use and verify gradient networks: networks that are gradients, or monotone gradients, by construction.
#[derive(Debug, Parser)]
#[command(
    name = "gradnet",
    version,
    max_term_width = 100,
    after_help = EXIT_CODES,
    after_long_help = format!("Example:\n  gradnet train configs/convex_d32.toml\n\n{EXIT_CODES}")
)]
pub struct Arguments {
    /// When to use colours; auto does on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    /// Print only errors on stderr: no progress, no notes
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Arguments {
    /// The definition of the command line, its commands in groups.
    pub fn definition() -> clap::Command {
        groups::grouped(Self::command())
    }

    /// The arguments of this process.
    ///
    /// # Errors
    /// What is wrong with them; also the help that was asked for.
    pub fn read() -> Result<Self, clap::Error> {
        let color = asked_color(std::env::args());
        let matches = Self::definition().color(color).try_get_matches()?;
        Self::from_arg_matches(&matches)
    }
}

/// The colours asked for, which count for an error in the arguments too.
fn asked_color(mut arguments: impl Iterator<Item = String>) -> ColorChoice {
    while let Some(argument) = arguments.next() {
        let value = match argument.strip_prefix("--color=") {
            Some(value) => Some(value.to_owned()),
            None if argument == "--color" => arguments.next(),
            None => None,
        };
        if let Some(choice) = value.and_then(|value| ColorChoice::from_str(&value, true).ok()) {
            return choice;
        }
    }
    ColorChoice::Auto
}

/// The commands. [`groups`] says under which heading each is shown.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train the network of a config file and score it
    Train(Train),
    /// Resume a run that was stopped before its end
    Resume(Resume),
    /// Train a grid of runs into one table
    ///
    /// An interrupted sweep resumes with the same command.
    Sweep(Sweep),
    /// Check, write and describe config files
    Config(Config),
    /// Make a run folder of a checkpoint from the authors' code
    Import(Import),
    /// Evaluate a trained field at the points of a file
    Predict(Predict),
    /// Follow learned dynamics from the states in a file
    ///
    /// The method is symplectic where the dynamics are Hamilton's.
    Rollout(Rollout),
    /// Draw samples with a trained score or flow
    Sample(Sample),
    /// Choose how strongly a regularizer is applied
    ///
    /// Strength and scale are chosen on the run's validation pictures and noted in the run, where `solve` finds them.
    Tune(Tune),
    /// Restore a picture with a trained regularizer
    ///
    /// It was blurred, masked or measured in frequencies, and is noisy. The step size is certified.
    Solve(Solve),
    /// Check what a network guarantees
    ///
    /// Its Jacobian must be symmetric, and positive semidefinite if the network is monotone.
    Verify(Verify),
    /// Score a finished run again
    Eval(Eval),
    /// Write one page about one run or several, for a browser
    Report(Report),
    /// Write a run's weights as plain arrays
    ///
    /// A JSON file beside them says how to rebuild the function.
    Export(Export),
    /// Show the networks, targets, tasks, devices or runs
    List(List),
    /// Reproduce a table or a figure of the paper
    ///
    /// An interrupted reproduction resumes with the same command.
    Reproduce(Reproduce),
    /// Time the training steps of the paper's networks
    ///
    /// Beside each stands the time of its matrix products alone.
    Bench(Bench),
    /// Print the completions of a shell
    #[command(after_long_help = "Example:\n  gradnet completions bash")]
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Write the manual pages
    #[command(after_long_help = "Example:\n  gradnet man pages")]
    Man {
        /// The folder they are written to
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// As `list networks`
    #[command(hide = true)]
    Networks(Listing),
    /// As `list targets`
    #[command(hide = true)]
    Targets(Listing),
    /// As `list devices`
    #[command(hide = true)]
    Devices(Devices),
}

/// The backend and its device.
#[derive(Debug, Args)]
pub struct DeviceChoice {
    /// The backend that computes (`gradnet list devices` shows them)
    #[arg(long, value_name = "NAME", default_value = Backend::first_compiled().name(), value_parser = backends())]
    pub backend: String,
    /// Which of the backend's devices, counted from 0 [default: the first]
    #[arg(long, value_name = "N")]
    pub device: Option<usize>,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProgressKind {
    /// One line that updates itself
    Bar,
    /// A line now and then, for files and pipes
    Plain,
    /// Nothing
    None,
    /// The full-screen plots of old: the bar, with a warning
    #[value(name = "tui", alias = "dashboard", hide = true)]
    Dashboard,
}

#[cfg(test)]
mod tests;
