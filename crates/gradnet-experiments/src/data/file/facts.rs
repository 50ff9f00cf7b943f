//! `data.json`: what a run found out about its data file, enough to use its weights without the file.

use serde::{Deserialize, Serialize};

use super::{Finding, Similarity};

/// How the file was split and scaled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataFacts {
    /// Rows of the file.
    pub rows: usize,
    /// A digest of all its numbers in order, in hexadecimal: another file, or the same one changed, has another.
    pub digest: String,
    /// Rows trained on.
    pub training: usize,
    /// Rows that chose the weights.
    pub validation: usize,
    /// Rows of the test.
    pub test: usize,
    /// The scaling between the user's units and the network's.
    pub similarity: Similarity,
    /// The smallest scaled coordinate of a training point.
    pub low: f64,
    /// The largest.
    pub high: f64,
    /// What was found in the file that would ruin a fit; nothing in a run of version 0.1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}
