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

/// Points outside the cube around the training points, where a network has learned nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Beyond {
    /// Points that lie outside by more than [`FAR`](Self::FAR) of the cube's width.
    pub far: u64,
    /// How many widths the farthest lies outside by.
    pub most: f64,
}

impl Beyond {
    /// The part of the width up to which a network may be trusted to go on as it does inside.
    pub const FAR: f64 = 0.5;

    /// Adds those of other points.
    pub fn add(&mut self, other: Self) {
        self.far += other.far;
        self.most = self.most.max(other.most);
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
    /// The names that the columns of points and those of values, or of points of the target, have in the file: a table
    /// to predict from must have them too. None where nothing names them, and in a run from before they were noted.
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
    /// How points in the user's units, row after row, lie to the cube around the training points.
    pub fn beyond(&self, x: &[f64]) -> Beyond {
        let mut found = Beyond::default();
        for point in self
            .similarity
            .inner_points(x)
            .chunks(self.similarity.mean.len())
        {
            let outside = point
                .iter()
                .map(|x| (self.low - x).max(x - self.high).max(0.0));
            let widths = outside.fold(0.0, f64::max) / (self.high - self.low);
            found.add(Beyond {
                far: u64::from(widths > Beyond::FAR),
                most: widths,
            });
        }
        found
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    /// The cube [−1, 1]² in units of 2 about (10, 20) is [8, 12] × [18, 22], of width 4.
    #[test]
    fn points_are_far_that_lie_outside_the_cube_by_more_than_half_its_width() {
        let facts = DataFacts {
            rows: 3,
            digest: String::new(),
            training: 1,
            validation: 1,
            test: 1,
            similarity: Similarity {
                mean: vec![10.0, 20.0],
                x_scale: 2.0,
                ..Similarity::identity(2)
            },
            low: -1.0,
            high: 1.0,
            columns: ColumnNames::default(),
            findings: Vec::new(),
            files: FileDigests::default(),
        };
        let beyond = |x: &[f64]| facts.beyond(x);
        assert_eq!(beyond(&[8.0, 22.0]), Beyond::default());
        assert_eq!(beyond(&[13.0, 20.0]), Beyond { far: 0, most: 0.25 });
        let both = beyond(&[13.0, 20.0, 11.0, 10.0]);
        assert_eq!(both, Beyond { far: 1, most: 2.0 });
    }
}
