//! Measured numbers by name, in the order they were measured.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::measure::four_digits;

/// A measured number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantity {
    /// The number; the mean, where it was measured several times.
    pub value: f64,
    /// Its unit, empty for a plain number.
    pub unit: String,
    /// The standard deviation (n - 1) over independent draws; none where there is one.
    pub std: Option<f64>,
    /// Independent draws, where points are drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draws: Option<usize>,
    /// Points a draw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<usize>,
    /// Whether the number only bounds the best one, because finding that would have cost too much.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_bound: bool,
    /// Whether the number is larger than the data could show.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_least: bool,
}

impl Quantity {
    /// A number measured once.
    pub fn new(value: f64, unit: &str) -> Self {
        Self {
            value,
            unit: unit.into(),
            std: None,
            draws: None,
            points: None,
            is_bound: false,
            at_least: false,
        }
    }

    /// Four digits of the number, without its unit.
    pub fn digits(&self) -> String {
        let digits = four_digits(self.value);
        match self.at_least {
            true => format!("at least {digits}"),
            false => digits,
        }
    }
}

/// Four digits of the number, and its unit.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = [" ", &self.unit].concat();
        write!(f, "{}{}", self.digits(), unit.trim_end())
    }
}

/// Measured numbers by name.
pub type Quantities = BTreeMap<String, Quantity>;

/// The numbers of fields to compare with, by the row's name.
pub type Rows = BTreeMap<String, Quantities>;
