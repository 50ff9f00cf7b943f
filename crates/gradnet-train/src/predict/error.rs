//! Why there are no predictions.

use std::path::PathBuf;

use crate::files::FileError;
use crate::run::RunError;

/// Why there are no predictions.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PredictError {
    /// The run cannot be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The network's potential is not known.
    #[error("the potential of {network} is not known in closed form")]
    NoPotential {
        /// The network.
        network: &'static str,
    },
    /// The run has learned no density.
    #[error(
        "this run has not learned a density: only the losses likelihood and monge_ampere of [transport] train a flow to a known one"
    )]
    NoDensity,
    /// The run's field has no inverse.
    #[error(
        "the field of this run of the task {task}, of {network}, is not known to be invertible"
    )]
    NoInverse {
        /// The network.
        network: &'static str,
        /// The run's task.
        task: &'static str,
    },
    /// Points of the file to which the field leads from no point that was found.
    #[error(
        "{}: the inverse was not found at {} points, the first in row {}: f(x) stays {residual:.1e} away from it", input.display(), rows.len(), rows[0]
    )]
    Unsolved {
        /// The file with the points.
        input: PathBuf,
        /// The rows, counted from 1.
        rows: Vec<u64>,
        /// How far the best point found of the first is from leading there, in the network's units, relative to the
        /// size of the point.
        residual: f64,
    },
    /// A number that would be written is infinite or none.
    #[error("{}, row {row}: the prediction `{column}` there is {value}", input.display())]
    NotFinite {
        /// The file with the points.
        input: PathBuf,
        /// The row of the point, counted from 1.
        row: u64,
        /// The column of the output.
        column: String,
        /// What was predicted.
        value: f64,
    },
}

impl PredictError {
    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Run(error) => error.remedy(),
            Self::File(error) => error.remedy().into(),
            Self::NoPotential { .. } => {
                "leave --potential out, or train a network that has one (`gradnet list networks --json`)"
                    .into()
            }
            Self::NoDensity => {
                "leave --log-density out, or train with [transport.loss] kind = \"likelihood\" (docs/transport.md)"
                    .into()
            }
            Self::NoInverse { .. } => {
                "train a map of [transport], whose monotone networks (`gradnet list networks`) stand inside a linear part and are invertible"
                    .into()
            }
            Self::Unsolved { rows, .. } => format!(
                "nothing was written; remove the rows {} and predict again",
                rows_listed(rows)
            ),
            Self::NotFinite { .. } => {
                "remove the row: its numbers are too large for 32 bits, or too far from the points the run was trained on"
                    .into()
            }
        }
    }
}

/// The first rows of a list, and how many more there are.
fn rows_listed(rows: &[u64]) -> String {
    const SHOWN: usize = 20;
    let shown: Vec<String> = rows.iter().take(SHOWN).map(u64::to_string).collect();
    match rows.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
