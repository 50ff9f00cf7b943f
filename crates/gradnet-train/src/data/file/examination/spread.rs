//! Coordinates in different units: all are divided by one number, because only that keeps a
//! gradient a gradient, so that a network sees next to nothing of the narrow ones.

use super::sample::median;
use super::{Finding, shown};
use crate::data::file::storage::Storage;

/// What can be done where points come with gradients.
pub(super) const OF_PAIRS: &str = "divide each coordinate of the points by its spread and multiply its gradient by it, \
                                   which leaves a gradient a gradient";

/// The largest ratio of two coordinates' spreads of which nothing is said.
const ALIKE: f64 = 20.0;

/// Rows by which spreads are judged, and the fewest that show any.
const SAMPLE: usize = 2_048;
const FEWEST: usize = 20;

/// Beyond so many coordinates they are one kind of thing, such as pixels.
const LARGEST_DIM: usize = 256;

/// The widest and the narrowest coordinate of the points, if they are far from alike, with what can be done about it.
pub(super) fn examine(storage: &Storage, remedy: &str) -> Option<Finding> {
    let dim = storage.dim();
    if dim > LARGEST_DIM || storage.rows() < FEWEST {
        return None;
    }
    let mut columns = vec![Vec::new(); dim];
    for row in (0..storage.rows()).step_by(storage.rows().div_ceil(SAMPLE)) {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        storage.row(row as u32, &mut x, &mut y);
        columns.iter_mut().zip(x).for_each(|(all, x)| all.push(x));
    }
    // What is the same in most rows has no spread to speak of.
    let mut spreads: Vec<(f64, &String)> = columns
        .iter()
        .map(|column| spread(column))
        .zip(storage.columns())
        .filter(|(spread, _)| *spread > 0.0)
        .collect();
    spreads.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let ((narrow, narrow_name), (wide, wide_name)) = (*spreads.first()?, *spreads.last()?);
    (wide > ALIKE * narrow).then(|| Finding {
        message: format!(
            "{wide_name} spreads {} times as far as {narrow_name} (median distances from the \
             median: {} and {}), and one scale serves all coordinates: the network sees little of \
             {narrow_name}",
            shown(wide / narrow),
            shown(wide),
            shown(narrow)
        ),
        remedy: remedy.into(),
    })
}

/// The median distance from the median.
fn spread(values: &[f64]) -> f64 {
    let middle = median(values);
    let distances: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
    median(&distances)
}
