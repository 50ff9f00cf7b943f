//! The command line, as typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use gradnet_train::backend::Backend;

/// Train, evaluate and verify gradient networks: networks that are gradients, or monotone gradients, by construction.
#[derive(Debug, Parser)]
#[command(
    name = "gradnet",
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 done; 1 a claim failed or the loss is not finite; 2 bad usage, config, input or device; 130 interrupted."
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train the network of a config file and score it
    Train(Train),
    /// Score a finished run again
    Eval(Eval),
    /// Check what a network claims: a symmetric Jacobian, and a positive semidefinite one where it is monotone
    Verify(Verify),
    /// Evaluate a trained field at the points of a file
    Predict(Predict),
    /// One page with everything about one run or several, to be opened in a browser
    Report(Report),
    /// Make a run folder of a checkpoint that the paper's authors' code saved
    Import(Import),
    /// Write a run's weights as plain arrays, with a description to rebuild the function from
    Export(Export),
    /// Time the training steps of the paper's networks, beside their matrix products alone
    Bench(Bench),
    /// Reproduce a table or a figure of the paper; a killed reproduction goes on where it stopped
    Reproduce(Reproduce),
    /// Show the backends compiled in and the devices found
    Devices(Devices),
    /// Show the networks and what each guarantees
    Networks(Listing),
    /// Show the targets
    Targets(Listing),
    /// Work with config files
    Config(Config),
    /// Print the completions of a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Write the manual pages
    Man {
        /// The folder they are written to
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

/// Arguments of `train`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["config", "resume"]))]
pub struct Train {
    /// The config file (the paper's are in configs/)
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Go on with the run in this folder, which was stopped before its end
    #[arg(long, value_name = "RUN", conflicts_with_all = ["network", "seed", "set", "out", "overwrite"])]
    pub resume: Option<PathBuf>,
    /// Where and how to compute
    #[command(flatten)]
    pub device: DeviceChoice,
    /// Another network than the config's, of the same size (width or parameters) and otherwise with its default settings
    #[arg(long, value_name = "NAME")]
    pub network: Option<String>,
    /// Another seed than the config's
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Change a setting, for instance --set train.learning_rate=0.001 (repeatable; applied last)
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The run folder [default: runs/NAME-NETWORK-sSEED, with the config's name]
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace a finished run in the run folder
    #[arg(long)]
    pub overwrite: bool,
    /// How to show progress [default: bar on a terminal, none where CI is set, else plain]
    #[arg(long, value_enum)]
    pub progress: Option<ProgressKind>,
}

/// Arguments of `eval`.
#[derive(Debug, Args)]
pub struct Eval {
    /// The run folder
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Test draws [default: as in the run's config]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub draws: Option<usize>,
    /// Points a draw [default: as in the run's config]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub points: Option<usize>,
    /// Seed of the test points [default: the run's]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Where and how to compute
    #[command(flatten)]
    pub device: DeviceChoice,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["run", "network"]))]
pub struct Verify {
    /// The run folder of a trained network
    #[arg(value_name = "RUN")]
    pub run: Option<PathBuf>,
    /// A network by name, with fresh weights
    #[arg(long, value_name = "NAME")]
    pub network: Option<String>,
    /// Dimension of the fresh network
    #[arg(long, value_name = "N", default_value_t = 8, conflicts_with = "run", value_parser = at_least_one)]
    pub dim: usize,
    /// Seed of the sample points and of fresh weights
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Points at which the Jacobian is taken [default: 64, fewer above 64 dimensions]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub samples: Option<usize>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Where and how to compute
    #[command(flatten)]
    pub device: DeviceChoice,
}

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub struct Bench {
    /// Only the case of this name, or the cases whose names contain it (repeatable), for instance d32 or mgradnet_c
    #[arg(long, value_name = "NAME")]
    pub case: Vec<String>,
    /// Time how a step grows with dimension, width and batch instead
    #[arg(long)]
    pub sweep: bool,
    /// Seconds for each case
    #[arg(long, value_name = "S", default_value_t = 2.0, value_parser = positive_seconds)]
    pub seconds: f64,
    /// Print JSON, a line a case
    #[arg(long)]
    pub json: bool,
    /// Where and how to compute
    #[command(flatten)]
    pub device: DeviceChoice,
}

/// Arguments of `reproduce`.
#[derive(Debug, Args)]
pub struct Reproduce {
    /// What to reproduce
    #[arg(value_enum, value_name = "NAME")]
    pub name: Reproduction,
    /// Only these dimensions, for instance 32,256 (tables 1 and 2)
    #[arg(long, value_name = "D", value_delimiter = ',')]
    pub dims: Option<Vec<usize>>,
    /// Only these networks, for instance mgradnet_c,mgradnet_m
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub networks: Option<Vec<String>>,
    /// Seeds of each row's choice [default: as in the table's grid]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub seeds: Option<usize>,
    /// Runs side by side, each on one thread if there are several [default: one a processor core, one on a GPU]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub jobs: Option<usize>,
    /// Small budgets, a minute or two in all: a test of the way, not of the numbers
    #[arg(long)]
    pub quick: bool,
    /// The results folder [default: results, or results/quick with --quick]
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Where and how to compute
    #[command(flatten)]
    pub device: DeviceChoice,
}

/// What can be reproduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Reproduction {
    /// Table I: the gradient of the convex potential (22)
    Table1,
    /// Table II: the score of the Gaussian mixture (23)
    Table2,
    /// Table III: orbits of the two-body problem
    Table3,
    /// The convex toy in the plane (Table 1 of the first arXiv version)
    ToyConvex,
    /// The nonconvex toy in the plane (Table 2 of the first arXiv version)
    ToyNonconvex,
    /// Fig. 4: the potentials in the plane with their gradient fields
    Fig4,
    /// Fig. 5: error maps of the toys' networks
    Fig5,
    /// Fig. 6: orbits, true and predicted
    Fig6,
    /// Training curves of all tables that have records
    Curves,
    /// How the error of each theorem's class of networks falls with the width (Thm. 1 to 6)
    Universality,
    /// How a training step grows, from speed_sweep.jsonl in the results folder (`gradnet bench --sweep --json`)
    Speed,
    /// All tables and figures but the speed
    All,
}

/// A time in seconds.
fn positive_seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 3600.0 => Ok(seconds),
        _ => Err("must be a number of seconds above 0, at most 3600".into()),
    }
}

/// Arguments of `config`.
#[derive(Debug, Args)]
pub struct Config {
    /// What to do with them.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// The commands of `config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check config files without training
    Check {
        /// The files
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON Schema of config files, for editors
    Schema,
    /// Write a config for your own data, with explanations
    Init(Init),
}

/// Arguments of `config init`.
#[derive(Debug, Args)]
pub struct Init {
    /// The file with points and gradients (.csv, .tsv, .npy, .npz, .parquet, .safetensors)
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Whether the first line of a text file names the columns, true or false [default: found out]
    #[arg(long, value_name = "BOOL")]
    pub header: Option<bool>,
    /// Columns or arrays with the points, between commas [default: the first half of the columns, or the array x]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub x: Vec<String>,
    /// Columns or arrays with the gradients, between commas [default: the second half of the columns, or the array y]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub y: Vec<String>,
    /// The network (`gradnet networks` shows them)
    #[arg(long, value_name = "NAME", default_value = "mgradnet_m")]
    pub network: String,
    /// The config file to write [default: printed]
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace a file of that name
    #[arg(long)]
    pub overwrite: bool,
}

/// Arguments of `predict`.
#[derive(Debug, Args)]
pub struct Predict {
    /// The run folder
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// The points (.csv, .tsv, .npy, .npz, .parquet, .safetensors)
    #[arg(long, short, value_name = "FILE")]
    pub input: PathBuf,
    /// Where the field goes, in the format the name says
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Columns or arrays with the points, between commas [default: those the run was trained on; all of a file without names]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub x: Option<Vec<String>>,
    /// Whether the first line of a text file names the columns, true or false [default: found out]
    #[arg(long, value_name = "BOOL")]
    pub header: Option<bool>,
    /// Write the potential too
    #[arg(long)]
    pub potential: bool,
    /// Write the Jacobian too
    #[arg(long)]
    pub jacobian: bool,
    /// How to show progress [default: bar on a terminal, none where CI is set, else plain]
    #[arg(long, value_enum)]
    pub progress: Option<ProgressKind>,
    /// Where and how to compute
    #[command(flatten)]
    pub device: DeviceChoice,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct Report {
    /// The run folders; several are compared
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    /// The page to write
    #[arg(long, short, value_name = "FILE", default_value = "report.html")]
    pub output: PathBuf,
    /// Where and how to compute
    #[command(flatten)]
    pub device: DeviceChoice,
}

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The checkpoint: a file of PyTorch (.pt, .pth, .ckpt, .bin, .pkl, .pth.tar) or .safetensors
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// The network it was saved from: gradnet_c, gradnet_m, mgradnet_c or mgradnet_m
    #[arg(long, value_name = "NAME")]
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
    #[arg(long, short, value_name = "DIR")]
    pub out: PathBuf,
    /// Replace a finished run in the run folder
    #[arg(long)]
    pub overwrite: bool,
}

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct Export {
    /// The run folder
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// The arrays' file (.safetensors or .npz); the description goes beside it (.json)
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
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
pub struct Devices {
    /// Hold every device against the processor: all networks at the shapes of Table I; exit code 1 if one differs
    #[arg(long)]
    pub check: bool,
    /// Check the devices of this backend alone (repeatable)
    #[arg(long, value_name = "NAME", requires = "check")]
    pub backend: Vec<String>,
    /// Check these dimensions (repeatable) [default: 32, 256 and 1024]
    #[arg(long, value_name = "N", requires = "check", value_parser = at_least_one)]
    pub dim: Vec<usize>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// The backend and its device.
#[derive(Debug, Args)]
pub struct DeviceChoice {
    /// The backend that computes (`gradnet devices` shows them)
    #[arg(long, value_name = "NAME", default_value = Backend::first_compiled().name())]
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

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}
