//! Fields that fall where a monotone one rises: forces, and potentials that are not convex.
//!
//! The best symmetric affine map has eigenvalues below zero, and setting them to zero costs on rows
//! it was not fitted to. That alone could be a monotone field seen at a few places far from each
//! other; but a monotone field has `⟨f(x) − f(y), x − y⟩ ≥ 0` for every pair, wherever the points lie.

use gradnet_core::analysis::Claim;
use nalgebra::{DMatrix, SymmetricEigen};

use super::sample::{Rows, Sample};
use super::{Finding, shown};
use crate::data::file::storage::Storage;
use crate::data::file::{Similarity, Split};
use crate::measure::mean;

/// The share of the spread of the gradients that eigenvalues of one sign must explain.
const COST: f64 = 0.02;

/// The share of pairs, by the size of their product, that fall.
const FALLING: f64 = 0.05;

/// The same, where pairs are all there is to judge by.
const MOSTLY: f64 = 0.8;

/// Rows without which nothing can be said of pairs.
const FEWEST: usize = 10;

/// Numbers of the points whose pairs are looked at without maps.
const NUMBERS: usize = 1 << 20;

/// Pairs looked at: each row with this many after it.
const NEIGHBOURS: usize = 30;

/// What is wrong with the field for a network with this claim.
pub(super) fn examine(sample: &Sample, similarity: &Similarity, claim: Claim) -> Option<Finding> {
    let (_, symmetric) = sample.maps();
    let eigen = symmetric.clone().symmetric_eigen();
    let error = |map: &DMatrix<f64>| mean(&sample.check.errors(map));
    let (best, total) = (error(&symmetric), sample.check.mean_square());
    let cost = |keep: fn(f64) -> bool| (error(&clipped(&eigen, keep)) - best) / total;
    let (of_negative, of_positive) = (cost(|value| value > 0.0), cost(|value| value < 0.0));
    let falling = falling(&sample.check);
    if of_negative < COST || falling < FALLING {
        return None;
    }
    let unit = sample.slope * similarity.y_scale / similarity.x_scale;
    let values = &eigen.eigenvalues;
    let range = format!(
        "{} to {}",
        shown(unit * values.min()),
        shown(unit * values.max())
    );
    let falls = format!(
        "⟨Δy, Δx⟩ is negative in {:.0} % of pairs by size",
        100.0 * falling
    );
    let (field, turned) = remedy(similarity);
    let negative = values.iter().filter(|value| **value < 0.0).count();
    if of_positive < COST && claim >= Claim::Gradient {
        let monotone = claim == Claim::Monotone;
        let cannot = if monotone {
            ", which no monotone network can follow"
        } else {
            ""
        };
        return Some(Finding {
            message: format!(
                "the best symmetric affine map of {field} is negative definite (eigenvalues \
                {range}; {falls}){cannot}: they look like forces, minus the gradient of a convex \
                function"
            ),
            remedy: match monotone {
                true => turned.into(),
                false => format!(
                    "if they are, {turned}, and a monotone network such as mgradnet_m guarantees it"
                ),
            },
        });
    }
    (claim == Claim::Monotone).then(|| Finding {
        message: format!(
            "the best symmetric affine map of {field} has {negative} of {} eigenvalues below \
            zero ({range}; {falls}), which a monotone network cannot follow",
            values.len()
        ),
        remedy: "choose a network without that constraint, such as gradnet_m".into(),
    })
}

/// The same of pairs alone, for fields in so many dimensions that maps would take too long.
pub(super) fn of_pairs(
    storage: &Storage,
    split: &Split,
    similarity: &Similarity,
    claim: Claim,
) -> Option<Finding> {
    let most = (NUMBERS / storage.dim()).clamp(10, NUMBERS);
    let rows = Rows::of(storage, split, similarity, most);
    if rows.len() < FEWEST {
        return None;
    }
    let falling = falling(&rows);
    let (field, turned) = remedy(similarity);
    (claim == Claim::Monotone && falling >= MOSTLY).then(|| Finding {
        message: format!(
            "⟨Δy, Δx⟩ of {field} is negative in {:.0} % of pairs by size, which a monotone \
            network cannot follow: they look like forces, minus the gradient of a convex function",
            100.0 * falling
        ),
        remedy: turned.into(),
    })
}

/// What is learned, and how it is turned round.
fn remedy(similarity: &Similarity) -> (&'static str, &'static str) {
    match similarity.sign {
        1 => (
            "the gradients",
            "write sign = -1 under [data.file]: the network then learns -y",
        ),
        _ => (
            "minus the gradients (sign = -1)",
            "leave sign = -1 out of [data.file]",
        ),
    }
}

/// The map with the eigenvalues that are kept, and zero for the others.
fn clipped(eigen: &SymmetricEigen<f64, nalgebra::Dyn>, keep: impl Fn(f64) -> bool) -> DMatrix<f64> {
    let kept = eigen
        .eigenvalues
        .map(|value| if keep(value) { value } else { 0.0 });
    &eigen.eigenvectors * DMatrix::from_diagonal(&kept) * eigen.eigenvectors.transpose()
}

/// Of the sum of `|⟨y_i − y_j, x_i − x_j⟩|` over pairs of rows, the share of negative products.
fn falling(rows: &Rows) -> f64 {
    let (mut negative, mut all) = (0.0, 0.0);
    for i in 0..rows.len() {
        for j in i + 1..rows.len().min(i + 1 + NEIGHBOURS) {
            let product = (rows.x.row(i) - rows.x.row(j)).dot(&(rows.y.row(i) - rows.y.row(j)));
            all += product.abs();
            negative += (-product).max(0.0);
        }
    }
    if all == 0.0 { 0.0 } else { negative / all }
}
