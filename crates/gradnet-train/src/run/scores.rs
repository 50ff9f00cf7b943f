//! The numbers of a result as `summary.json` and `metrics.jsonl` have them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::task::regression::{Reference, Score};
use crate::task::{Criterion, Quantities, Quantity, Rows};

/// The number that chose the weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Validation {
    /// In decibels.
    Decibels {
        /// The number.
        validation_db: f64,
    },
    /// In the unit of the task.
    Other {
        /// The number.
        validation: f64,
    },
}

impl Validation {
    /// A number that this criterion gave.
    pub fn new(value: f64, criterion: Criterion) -> Self {
        match criterion.unit {
            "dB" => Self::Decibels {
                validation_db: value,
            },
            _ => Self::Other { validation: value },
        }
    }

    /// The number.
    pub fn value(self) -> f64 {
        match self {
            Self::Decibels { validation_db } => validation_db,
            Self::Other { validation } => validation,
        }
    }
}

/// Four digits of it, and decibels where it is in those.
impl fmt::Display for Validation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self {
            Self::Decibels { .. } => "dB",
            Self::Other { .. } => "",
        };
        Quantity::new(self.value(), unit).fmt(f)
    }
}

/// What a test measured of a field, and of the rows to compare it with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Document", into = "Document")]
pub struct Scores {
    /// The field's numbers.
    pub metrics: Quantities,
    /// Those of the rows.
    pub baselines: Rows,
}

impl Scores {
    /// The error of a regression.
    pub fn test(&self) -> Option<Score> {
        Score::of(&self.metrics)
    }

    /// The rows beside a regression.
    pub fn reference(&self) -> Option<Reference> {
        Reference::of(&self.baselines)
    }
}

/// The scores as they are written. A regression's are written in the layout of version 0.1 too, which knew no other
/// task.
#[derive(Serialize, Deserialize)]
struct Document {
    #[serde(default)]
    metrics: Quantities,
    #[serde(default)]
    baselines: Rows,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    test: Option<Score>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reference: Option<Reference>,
}

impl From<Scores> for Document {
    fn from(scores: Scores) -> Self {
        Self {
            test: scores.test(),
            reference: scores.reference(),
            metrics: scores.metrics,
            baselines: scores.baselines,
        }
    }
}

impl TryFrom<Document> for Scores {
    type Error = &'static str;

    fn try_from(document: Document) -> Result<Self, Self::Error> {
        let Document {
            metrics,
            baselines,
            test,
            reference,
        } = document;
        match (test, reference) {
            (Some(test), Some(reference)) if metrics.is_empty() => Ok(Self {
                metrics: test.metrics(),
                baselines: reference.rows(),
            }),
            _ if metrics.is_empty() => Err("it has no numbers: neither `metrics` nor `test`"),
            _ => Ok(Self { metrics, baselines }),
        }
    }
}
