//! What would ruin a fit without a word, found in the file and said with the number that shows it.
//!
//! | looked for | shown by |
//! |---|---|
//! | a field that a monotone network cannot follow | eigenvalues of the best symmetric affine map |
//! | a field that is no gradient | what gradients, and what other maps, leave unexplained |
//! | rows repeated across the split | their number |
//! | stand-ins for missing values, slips of the keyboard | the value and the range of the others |
//! | coordinates in different units | the spreads of the widest and the narrowest |
//! | numbers rounded far from the origin | the rounding beside the spread |

mod features;
mod outliers;
mod repeats;
mod rotation;
mod rounding;
mod sample;
mod shape;
mod spread;

use std::fmt;

use gradnet_core::analysis::Claim;
use serde::{Deserialize, Serialize};

use super::storage::Storage;
use super::{Similarity, Split};
use crate::measure::four_digits as shown;
use sample::Sample;

/// Something in a data file that would ruin a fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is, with the number that shows it.
    pub message: String,
    /// What the user can do about it.
    pub remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}; {}", self.message, self.remedy)
    }
}

/// Looks for everything in the module's table; `place` gives a row of a column a name, such as "line 58".
pub(super) fn examine(
    storage: &Storage,
    split: &Split,
    similarity: &Similarity,
    claim: Claim,
    place: impl Fn(u32, usize) -> String,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = outliers::examine(storage, place);
    findings.extend(spread::examine(storage, spread::OF_PAIRS));
    findings.extend(repeats::examine(storage, split));
    findings.extend(rounding::examine(storage));
    match Sample::of(storage, split, similarity) {
        Some(sample) => {
            findings.extend(shape::examine(&sample, similarity, claim));
            if claim >= Claim::Gradient {
                findings.extend(rotation::examine(&sample));
            }
        }
        None if storage.dim() > sample::LARGEST_DIM => {
            findings.extend(shape::of_pairs(storage, split, similarity, claim));
        }
        None => {}
    }
    findings
}

/// Looks in points without values for everything that is not about values; `unlike` is the remedy for coordinates in
/// different units.
pub(super) fn examine_points(
    storage: &Storage,
    split: &Split,
    unlike: &str,
    place: impl Fn(u32, usize) -> String,
) -> Vec<Finding> {
    let mut findings = examine_rows(storage, unlike, place);
    findings.extend(repeats::examine(storage, split));
    findings
}

/// The same of points that are in no file of their own, such as the states of paths: their numbers, row after row, and
/// their coordinates' names.
pub(crate) fn examine_states(
    names: &[String],
    numbers: Vec<f64>,
    unlike: &str,
    place: impl Fn(u32) -> String,
) -> Vec<Finding> {
    let columns = names.iter().map(|name| format!("column `{name}`"));
    let storage = Storage::of_points(columns.collect(), numbers);
    examine_rows(&storage, unlike, |row, _| place(row))
}

/// What can be told of points without a split.
fn examine_rows(
    storage: &Storage,
    unlike: &str,
    place: impl Fn(u32, usize) -> String,
) -> Vec<Finding> {
    let mut findings = outliers::examine(storage, place);
    findings.extend(spread::examine(storage, unlike));
    findings.extend(rounding::examine(storage));
    findings
}

#[cfg(test)]
mod tests;
