//! Fields that are no gradients: maps that may rotate explain what gradients of the same size cannot.
//!
//! Two pairs of models are fitted to some rows and judged on others. Affine maps, symmetric and not,
//! are compared on all rows and again on the third of them around single points: a gradient that is
//! not affine can have an asymmetric best affine map where the points are clustered, but not a
//! nearly exact one there and in every part. Where the points spread in few directions, sums of
//! [waves](super::features) are compared too, which see a rotation that changes from place to place.

use super::features;
use super::sample::{Sample, median};
use super::{Finding, shown};

/// Affine maps: how many times the error of free ones that of symmetric ones must be, its mean and
/// its median.
const AFFINE: (f64, f64) = (2.0, 2.0);

/// Waves: the same.
const WAVES: (f64, f64) = (3.0, 2.0);

/// The share of the spread of the gradients that must be lost by insisting on a gradient.
const LOST: f64 = 0.01;

/// Points around which affine maps are compared.
const PARTS: usize = 3;

/// What two models leave unexplained on the rows to judge on, as shares of the gradients' spread.
pub(super) struct Comparison {
    /// The mean and median share of the gradient.
    pub(super) gradient: (f64, f64),
    /// Those of the free map.
    pub(super) free: (f64, f64),
}

impl Comparison {
    /// Compares the squared errors at the rows.
    pub(super) fn new(gradient: &[f64], free: &[f64], total: f64) -> Self {
        let both = |errors: &[f64]| {
            let mean = errors.iter().sum::<f64>() / errors.len() as f64;
            (mean / total, median(errors) / total)
        };
        Self {
            gradient: both(gradient),
            free: both(free),
        }
    }

    fn is_no_gradient(&self, (mean, median): (f64, f64)) -> bool {
        let (gradient, free) = (self.gradient, self.free);
        gradient.0 >= mean * free.0 && gradient.1 >= median * free.1 && gradient.0 - free.0 >= LOST
    }
}

/// Affine maps on a sample; None where there are too few rows for them.
fn affine(sample: &Sample) -> Option<Comparison> {
    if sample.fit.len() < 3 * (sample.dim() + 1) || sample.check.len() < 10 {
        return None;
    }
    let (free, symmetric) = sample.maps();
    let errors = |map| sample.check.errors(map);
    let total = sample.check.mean_square();
    (total > 0.0).then(|| Comparison::new(&errors(&symmetric), &errors(&free), total))
}

/// What shows that the field is no gradient.
pub(super) fn examine(sample: &Sample) -> Option<Finding> {
    if sample.dim() < 2 {
        return None;
    }
    let whole = affine(sample)?;
    let everywhere = || {
        (0..PARTS).all(|row| {
            let part = sample.around(row);
            let compared = part.and_then(|part| affine(&part));
            compared.is_some_and(|part| part.is_no_gradient(AFFINE))
        })
    };
    let shown_by = match whole.is_no_gradient(AFFINE) && everywhere() {
        true => whole,
        false => features::compare(sample).filter(|waves| waves.is_no_gradient(WAVES))?,
    };
    let (free, _) = sample.maps();
    let antisymmetric = (&free - free.transpose()).norm() / (2.0 * free.norm());
    Some(Finding {
        message: format!(
            "the field is no gradient: on rows held out for this, a gradient leaves {} % of the \
            spread unexplained and a map that may rotate {} %; the antisymmetric part of the \
            best affine map has {} % of its norm",
            shown(100.0 * shown_by.gradient.0),
            shown(100.0 * shown_by.free.0),
            shown(100.0 * antisymmetric)
        ),
        remedy: "check that y has its columns in the order of x and one unit for all of them: no \
        training removes the difference"
            .into(),
    })
}
