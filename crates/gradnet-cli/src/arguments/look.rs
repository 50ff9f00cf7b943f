//! Commands that show what there is.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::values::{at_least_one, backends};

/// Arguments of `list`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  gradnet list networks
  gradnet list runs --json")]
pub struct List {
    /// What to list.
    #[command(subcommand)]
    pub what: Listed,
}

/// What can be listed.
#[derive(Debug, Subcommand)]
pub enum Listed {
    /// The networks and what each guarantees
    #[command(after_long_help = "Example:\n  gradnet list networks")]
    Networks(Listing),
    /// The fields given by a formula
    #[command(after_long_help = "Example:\n  gradnet list targets")]
    Targets(Listing),
    /// What can be learned from what, and the config's table that says so
    #[command(after_long_help = "Example:\n  gradnet list tasks")]
    Tasks(Listing),
    /// The backends compiled in and the devices found
    ///
    /// With --check, each device is compared with the processor.
    Devices(Devices),
    /// The run folders in a folder
    #[command(after_long_help = "Example:\n  gradnet list runs results/runs")]
    Runs {
        /// The folder with the run folders
        #[arg(value_name = "DIR", default_value = "runs")]
        folder: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Arguments of the commands that list something.
#[derive(Debug, Args)]
pub struct Listing {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `devices`.
#[derive(Debug, Args)]
#[command(after_long_help = "Example:
  gradnet list devices --check --backend wgpu --dim 32")]
pub struct Devices {
    /// Hold every device against the processor: all networks at the shapes of Table I; exit code 1 if one differs
    #[arg(long)]
    pub check: bool,
    /// Check the devices of this backend alone (repeatable)
    #[arg(long, value_name = "NAME", requires = "check", value_parser = backends())]
    pub backend: Vec<String>,
    /// Check these dimensions (repeatable) [default: 32, 256 and 1024]
    #[arg(long, value_name = "N", requires = "check", value_parser = at_least_one)]
    pub dim: Vec<usize>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
