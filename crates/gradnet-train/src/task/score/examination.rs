//! What in samples would ruin a fit of their density.

use std::collections::HashSet;

use crate::data::file::{Finding, PointTable, Split};
use crate::files::FileError;
use crate::measure::{deviation, mean_and_covariance};

/// Dimensions up to which the spread of samples is looked at in all directions.
const LARGEST_COVARIANCE: usize = 512;

/// A variance this small beside the largest is none.
const FLAT: f64 = 1e-10;

/// A share of repeated rows that is no chance.
const REPEATED: f64 = 0.01;

/// The noise beside a column's deviation that is worth a word.
const DROWNED: f64 = 0.5;

/// Columns up to which each is looked at: more are of one kind, such as pixels.
const LARGEST_NAMED: usize = 256;

/// What can be done about columns in different units.
pub(crate) const UNLIKE: &str = "divide each column by its spread: the density of what is divided differs by a constant factor \
                      only, and samples are multiplied back";

/// Looks for samples that have no density: on a line or another flat, or again and again at the same place. Without
/// noise they are refused, since exact score matching has no minimum there; with noise it is said that the noise is
/// what is learned in those directions. Also whether the noise, of this deviation in the user's units, drowns a column,
/// and what is looked for in all tables of points.
pub(super) fn examine(
    table: &PointTable,
    split: &Split,
    noise: f64,
) -> Result<Vec<Finding>, FileError> {
    let points = &table.points(&split.training);
    let dim = table.dim();
    let mut findings = Vec::new();
    if let Some(message) = flat_directions(points, dim) {
        findings.push(Finding {
            message,
            remedy:
                "leave out columns that follow from the others, so that the samples fill the space"
                    .into(),
        });
    }
    let count = points.len() / dim;
    // Minus zero is zero.
    let bits = |point: &[f64]| -> Vec<u64> { point.iter().map(|x| (x + 0.0).to_bits()).collect() };
    let different: HashSet<Vec<u64>> = points.chunks_exact(dim).map(bits).collect();
    let repeated = count - different.len();
    if repeated as f64 > REPEATED * count as f64 {
        findings.push(Finding {
            message: format!("{repeated} of {count} training samples are the same as others"),
            remedy: "remove the copies: a density has no repeated samples".into(),
        });
    }
    match findings.first() {
        Some(finding) if noise == 0.0 => Err(FileError::Format {
            file: table.file().into(),
            reason: format!(
                "{}: without noise such samples have no score",
                finding.message
            ),
            remedy: format!("{}; or write noise = 0.1", finding.remedy),
        }),
        _ => {
            findings.extend(drowned(table, points, noise));
            findings.extend(table.examine(split, UNLIKE));
            Ok(findings)
        }
    }
}

/// The narrowest column, if its deviation is less than twice the noise's: the smoothed density there is wider by an
/// eighth or more.
fn drowned(table: &PointTable, points: &[f64], noise: f64) -> Option<Finding> {
    let dim = table.dim();
    if dim > LARGEST_NAMED {
        return None;
    }
    let of =
        |column: usize| -> Vec<f64> { points.iter().skip(column).step_by(dim).copied().collect() };
    let deviations = (0..dim).filter_map(|column| Some((column, deviation(&of(column))?)));
    // A column of one number is told elsewhere.
    let (column, narrowest) = deviations
        .filter(|(_, deviation)| *deviation > 0.0)
        .min_by(|(_, a), (_, b)| a.total_cmp(b))?;
    (noise > DROWNED * narrowest).then(|| Finding {
        message: format!(
            "the noise that smooths the samples has the deviation {noise:.3e}, {:.2} times that of {}: samples drawn \
             will be wider there by the factor {:.2}",
            noise / narrowest,
            table.column(column),
            (noise / narrowest).hypot(1.0)
        ),
        remedy: format!("{UNLIKE}; or write a smaller noise under [score.file]"),
    })
}

/// What to say of samples that lie in a flat of fewer dimensions.
fn flat_directions(points: &[f64], dim: usize) -> Option<String> {
    if dim == 1 || dim > LARGEST_COVARIANCE {
        return None;
    }
    let (_, covariance) = mean_and_covariance(points, dim);
    let variances = covariance.symmetric_eigenvalues();
    let flat = variances
        .iter()
        .filter(|v| **v <= FLAT * variances.max())
        .count();
    match (dim - flat, flat) {
        (_, 0) => None,
        (1, _) => Some("its samples lie on a line".into()),
        (left, _) => Some(format!(
            "its samples lie in a flat of {left} of {dim} dimensions"
        )),
    }
}
