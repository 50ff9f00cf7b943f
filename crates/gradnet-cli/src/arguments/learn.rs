//! Commands that make a run: training, configs, imported weights.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use gradnet_train::sweep::Shard;

use super::inputs::Inputs;
use super::values::{at_least_one, networks, released, templates};
use super::{DeviceChoice, ProgressKind};

/// Arguments of `train`.
#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true).args(["file", "config", "resume"]),
    after_long_help = "Examples:
  gradnet train configs/convex_d32.toml
  gradnet train mine.toml --network gradnet_m --seed 1 -o runs/mine
  gradnet train mine.toml --set train.steps=20000 --dry-run
  gradnet train mine.toml --backend wgpu --json"
)]
pub struct Train {
    /// The config file (the paper's are in configs/)
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The config file, in the older way of naming it
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Resume the run in this folder, as `gradnet resume` does
    #[arg(long, value_name = "RUN", hide = true, conflicts_with_all = ["network", "seed", "set", "output", "overwrite", "dry_run"])]
    pub resume: Option<PathBuf>,
    /// Another network than the config's, of the same size (width or parameters) and otherwise with its default
    /// settings
    #[arg(long, value_name = "NAME", value_parser = networks())]
    pub network: Option<String>,
    /// Another seed than the config's
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Change a setting, for instance --set train.learning_rate=0.001 (repeatable; applied last)
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The run folder [default: runs/NAME-NETWORK-sSEED, with the config's name]
    #[arg(long, short, alias = "out", value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Replace a finished run in the run folder
    #[arg(long)]
    pub overwrite: bool,
    /// Check the config, print the plan, write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// What `train` and `resume` share
    #[command(flatten)]
    pub run: Running,
}

/// Arguments of `resume`.
#[derive(Debug, Args)]
#[command(after_long_help = "Example:
  gradnet resume runs/convex_d32-mgradnet_m-s0")]
pub struct Resume {
    /// The folder of a run that was stopped before its end
    #[arg(value_name = "RUN")]
    pub folder: PathBuf,
    /// What `train` and `resume` share
    #[command(flatten)]
    pub run: Running,
}

/// Arguments of `sweep`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  gradnet sweep configs/sweeps/toy.toml
  gradnet sweep configs/sweeps/toy.toml --list
  gradnet sweep configs/sweeps/toy.toml --shard 1/4 -o /shared/toy")]
pub struct Sweep {
    /// The sweep file (configs/sweeps/toy.toml explains the layout)
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Show the cells, run nothing and write nothing
    #[arg(long)]
    pub list: bool,
    /// Runs side by side, each on one thread if there are several [default: one a processor core, one on a GPU]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub jobs: Option<usize>,
    /// Only part I of N of the cells, for several machines that share the folder
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// The folder of records, runs and table [default: sweeps/NAME, with the file's name]
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Where and how to compute
    #[command(flatten)]
    pub device: DeviceChoice,
}

/// What `train` and `resume` share.
#[derive(Debug, Args)]
pub struct Running {
    /// Print the result as JSON, the contents of summary.json
    #[arg(long)]
    pub json: bool,
    /// How to show progress [default: bar on a terminal, none where CI is set, else plain]
    #[arg(long, value_enum)]
    pub progress: Option<ProgressKind>,
    /// Where and how to compute
    #[command(flatten)]
    pub device: DeviceChoice,
}

/// Arguments of `import`.
#[derive(Debug, Args)]
#[command(after_long_help = "Example:
  gradnet import --from model.pt --network mgradnet_m --config configs/convex_d32.toml -o runs/imported")]
pub struct Import {
    /// The checkpoint: a file of PyTorch (.pt, .pth, .ckpt, .bin, .pkl, .pth.tar) or .safetensors
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// The network it was saved from
    #[arg(long, value_name = "NAME", value_parser = released())]
    pub network: String,
    /// Where in the file the weights are, if several fit: state_dict, ema.model, or . for the top
    #[arg(long, value_name = "PATH")]
    pub key: Option<String>,
    /// The config whose target the network is scored on; its network is replaced
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// Change a setting of the config, for instance --set target.piecewise_quadratic.dim=3 (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The run folder to make
    #[arg(long, short, alias = "out", value_name = "DIR")]
    pub output: PathBuf,
    /// Replace a finished run in the run folder
    #[arg(long)]
    pub overwrite: bool,
}

/// Arguments of `config`.
#[derive(Debug, Args)]
#[command(after_long_help = "Example:
  gradnet config init --data gradients.csv -o mine.toml")]
pub struct Config {
    /// What to do with them.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// The commands of `config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check config files without training
    #[command(after_long_help = "Example:
  gradnet config check configs/convex_d32.toml")]
    Check {
        /// The files
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON Schema of config files, for editors
    #[command(after_long_help = "Example:
  gradnet config schema")]
    Schema,
    /// Print what every setting means, in Markdown
    #[command(after_long_help = "Example:
  gradnet config reference")]
    Reference,
    /// Write a config for your own data, with explanations
    Init(Init),
}

/// Arguments of `config init`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  gradnet config init --data gradients.csv -o mine.toml
  gradnet config init transport --source control.csv --target treated.csv -o map.toml
  gradnet config init score --data samples.csv -o score.toml
  gradnet config init dynamics --data paths.csv --x q,p -o paths.toml
  gradnet config init images --train pictures/train -o denoise.toml")]
pub struct Init {
    /// What is learned (`gradnet list tasks` tells what from what) [default: regression]
    #[arg(value_name = "TASK", value_parser = templates())]
    pub task: Option<String>,
    /// The files it is learned from.
    #[command(flatten)]
    pub inputs: Inputs,
    /// Samples of a density, as `score --data`
    #[arg(long, value_name = "FILE", hide = true, conflicts_with_all = ["task", "data", "y"])]
    pub samples: Option<PathBuf>,
    /// Whether the first line of a text file names the columns, true or false [default: found out]
    #[arg(long, value_name = "BOOL")]
    pub header: Option<bool>,
    /// Columns or arrays with the points or states, between commas [default: found out]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub x: Vec<String>,
    /// Columns or arrays with the gradients, or with the target's points, between commas [default: found out]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub y: Vec<String>,
    /// Column or array that numbers the paths, of dynamics [default: found out]
    #[arg(long, value_name = "NAME")]
    pub number: Option<String>,
    /// Column or array with the times, of dynamics [default: found out]
    #[arg(long, value_name = "NAME")]
    pub time: Option<String>,
    /// The network (`gradnet list networks` shows them) [default: one that suits the task]
    #[arg(long, value_name = "NAME", value_parser = networks())]
    pub network: Option<String>,
    /// The config file to write [default: printed]
    #[arg(long, short, alias = "out", value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace a file of that name
    #[arg(long)]
    pub overwrite: bool,
}
