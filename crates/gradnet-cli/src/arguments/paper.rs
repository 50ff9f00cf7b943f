//! Commands for the paper's results, and for the time of a step.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::DeviceChoice;
use super::values::{at_least_one, networks, positive_seconds};

/// Arguments of `reproduce`.
#[derive(Debug, Args)]
#[command(after_long_help = "Example:
  gradnet reproduce table1 --dims 32 --quick")]
pub struct Reproduce {
    /// What to reproduce
    #[arg(value_enum, value_name = "NAME")]
    pub name: Reproduction,
    /// Only these dimensions, for instance 32,256 (tables 1 and 2)
    #[arg(long, value_name = "D", value_delimiter = ',')]
    pub dims: Option<Vec<usize>>,
    /// Only these networks, for instance mgradnet_c,mgradnet_m
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = networks())]
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
    /// The folder with the pictures, in folders `train`, `set12` and `set68` (denoising)
    #[arg(long, value_name = "FOLDER")]
    pub images: Option<PathBuf>,
    /// The results folder [default: results, or results/quick with --quick]
    #[arg(long, short, alias = "out", value_name = "DIR")]
    pub output: Option<PathBuf>,
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
    /// Scores from samples: networks, log-concave densities, losses at equal time (configs/sweeps)
    Scores,
    /// Dynamics from recorded paths (configs/sweeps/dynamics.toml)
    Dynamics,
    /// Optimal transport where the map is known (configs/sweeps/transport.toml)
    Transport,
    /// Regularizers of images on the Berkeley pictures, which --images names (configs/sweeps/denoising.toml)
    Denoising,
    /// All tables and figures of the paper, and the theorems
    All,
}

/// Arguments of `bench`.
#[derive(Debug, Args)]
#[command(after_long_help = "Example:
  gradnet bench --case d32 --json")]
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
