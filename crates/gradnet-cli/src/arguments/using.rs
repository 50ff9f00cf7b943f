//! Commands that use a run.

use std::path::PathBuf;

use clap::Args;

use super::values::{at_least_one, networks, positive};
use super::{DeviceChoice, ProgressKind};

/// Arguments of `predict`.
#[derive(Debug, Args)]
#[command(after_long_help = "Example:
  gradnet predict runs/mine -i points.csv -o field.csv --potential")]
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
    /// Columns or arrays with the points, between commas [default: those the run was trained on; all of a file without
    /// names]
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
    /// Write log p(x) too, the logarithm of the density that a flow of optimal transport has learned, in nats
    #[arg(long)]
    pub log_density: bool,
    /// Write the points that the field takes to those of the file, for a run of optimal transport
    #[arg(long, conflicts_with_all = ["potential", "jacobian", "log_density"])]
    pub inverse: bool,
    /// How to show progress [default: bar on a terminal, none where CI is set, else plain]
    #[arg(long, value_enum)]
    pub progress: Option<ProgressKind>,
    /// Where and how to compute
    #[command(flatten)]
    pub device: DeviceChoice,
}

/// Arguments of `rollout`.
#[derive(Debug, Args)]
#[command(after_long_help = "Example:
  gradnet rollout runs/pendulum --from start.csv --until 20 --step 0.05 -o path.csv")]
pub struct Rollout {
    /// The run folder of dynamics
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// The states to start from, one row per path; inputs keep the row's values
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// The last time, where paths begin at 0
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub until: f64,
    /// The step of the method and of the output
    #[arg(long, value_name = "H", allow_negative_numbers = true)]
    pub step: f64,
    /// Where the paths go (.csv, .tsv, .npz, .parquet, .safetensors)
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
}

/// Arguments of `sample`.
#[derive(Debug, Args)]
#[command(after_long_help = "Example:
  gradnet sample runs/moons --count 1000 -o samples.csv")]
pub struct Sample {
    /// The run folder of a score, or of a flow to a known density
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Samples
    #[arg(long, short = 'n', value_name = "N", default_value_t = 1000, value_parser = at_least_one)]
    pub count: usize,
    /// Where they go (.csv, .tsv, .npy, .npz, .parquet, .safetensors)
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Of a score: Langevin steps before a chain's first sample; a fiftieth of them lies between two samples
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = at_least_one)]
    pub steps: usize,
    /// Seed of the samples
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Where and how to compute
    #[command(flatten)]
    pub device: DeviceChoice,
}

/// Arguments of `tune`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  gradnet tune runs/mine --noise 15
  gradnet tune runs/mine --noise 2.55 --operator blur:kernel.npy")]
pub struct Tune {
    /// The run folder of a regularizer
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Standard deviation of the noise, of 255
    #[arg(long, value_name = "LEVEL", allow_negative_numbers = true)]
    pub noise: f64,
    /// What pictures go through: as for `solve`
    #[arg(long, value_name = "OPERATOR", default_value = "identity")]
    pub operator: String,
    /// Where and how to compute
    #[command(flatten)]
    pub device: DeviceChoice,
}

/// Arguments of `solve`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  gradnet solve runs/mine --input noisy.png --noise 25 --output clean.png
  gradnet solve runs/mine --operator blur:kernel.npy --input y.png --noise 2.55 --output x.png")]
pub struct Solve {
    /// The run folder of a regularizer
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// What the picture went through: identity, blur:KERNEL, mask:MASK, fourier:MASK or matrix:A, a
    /// .npy, .npz or .png file
    #[arg(long, value_name = "OPERATOR", default_value = "identity")]
    pub operator: String,
    /// The measurement, .png or .npy; of fourier the real parts above the imaginary parts, of a matrix a row, .npy
    #[arg(long, short, value_name = "FILE")]
    pub input: PathBuf,
    /// Standard deviation of its noise, of 255
    #[arg(long, value_name = "LEVEL", allow_negative_numbers = true)]
    pub noise: f64,
    /// Where the restored picture goes, .png or .npy
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Strength of the regularizer [default: chosen by the run's validation pictures]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub strength: Option<f64>,
    /// Scale at which it sees the picture [default: chosen by the run's validation pictures]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub scale: Option<f64>,
    /// The most steps
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = at_least_one)]
    pub steps: usize,
    /// Root mean square of the gradient, of 255, at which it ends
    #[arg(long, value_name = "NUMBER", default_value_t = 0.02, allow_negative_numbers = true, value_parser = positive)]
    pub tolerance: f64,
    /// Where objective and residual of each step go, as CSV
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Where and how to compute
    #[command(flatten)]
    pub device: DeviceChoice,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true).args(["run", "network"]),
    after_long_help = "Examples:
  gradnet verify runs/mine
  gradnet verify --network mgradnet_m --dim 16"
)]
pub struct Verify {
    /// The run folder of a trained network
    #[arg(value_name = "RUN")]
    pub run: Option<PathBuf>,
    /// A network by name, with fresh weights
    #[arg(long, value_name = "NAME", value_parser = networks())]
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

/// Arguments of `eval`.
#[derive(Debug, Args)]
#[command(after_long_help = "Example:
  gradnet eval runs/mine --draws 5 --points 20000")]
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

/// Arguments of `report`.
#[derive(Debug, Args)]
#[command(after_long_help = "Example:
  gradnet report runs/mine runs/other -o report.html")]
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

/// Arguments of `export`.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  gradnet export runs/mine -o field.npz
  gradnet export runs/mine -o field.onnx
  gradnet export runs/mine -o field_torch.py")]
pub struct Export {
    /// The run folder
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// .safetensors or .npz: arrays, with a description beside them (.json); .onnx: a model; .py: a
    /// PyTorch module, with arrays and description beside it
    #[arg(long, short, alias = "to", value_name = "FILE")]
    pub output: PathBuf,
}
