//! `data.json`: what a run found out about its data file, enough to use its weights without the file.

use serde::{Deserialize, Serialize};

use super::{Finding, Similarity};
use crate::data::FileDigests;

/// Names of columns of points, and of values or of points of a target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnNames {
    /// Those with the points.
    pub x: Vec<String>,
    /// Those with the values, or with the points of the target.
    pub y: Vec<String>,
}

impl ColumnNames {
    fn is_empty(&self) -> bool {
        self.x.is_empty() && self.y.is_empty()
    }
}

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
    /// The names that the columns of points and those of values, or of points of the target, have in the file: a table to predict from must have
    /// them too. None where nothing names them, and in a run from before they were noted.
    #[serde(default, skip_serializing_if = "ColumnNames::is_empty")]
    pub columns: ColumnNames,
    /// What was found in the file that would ruin a fit; nothing in a run of version 0.1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// The files as they were when the run began; nothing in a run from before they were noted.
    #[serde(default, skip_serializing_if = "FileDigests::is_empty")]
    pub files: FileDigests,
}

impl DataFacts {
    /// The facts of a run on `dim` dimensions; those of version 0.1 completed.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn completed(self, dim: usize) -> Result<Self, String> {
        match self.similarity.y_scale {
            scale if scale < 0.0 => Err(format!("its scale y_scale is {scale}, not above 0")),
            _ => self.completed_turned(dim),
        }
    }

    /// The same for a task that may turn its values by a scale below zero, as a score does.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn completed_turned(mut self, dim: usize) -> Result<Self, String> {
        let similarity = &mut self.similarity;
        // A run of version 0.1 was trained without a constant.
        if similarity.constant.is_empty() {
            similarity.constant = vec![0.0; dim];
        }
        let scales = [similarity.x_scale, similarity.y_scale.abs()];
        if !scales.iter().all(|scale| *scale > 0.0 && scale.is_finite()) {
            return Err(format!("its scales are {scales:?}, not above 0"));
        }
        for (what, found) in [
            ("mean", similarity.mean.len()),
            ("constant", similarity.constant.len()),
        ] {
            if found != dim {
                return Err(format!(
                    "its {what} has {found} coordinates, the network {dim}"
                ));
            }
        }
        match similarity.sign {
            1 | -1 => Ok(self),
            sign => Err(format!("its sign is {sign}, not 1 or -1")),
        }
    }
}
