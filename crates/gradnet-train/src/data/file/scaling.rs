//! The similarity of a file: means and sizes of the rows that are trained on.
//!
//! ```text
//! m = mean x,  c = mean y,  s² = mean |x − m|² / d,  t² = mean |y − c|² / d
//! ```
//!
//! Every sum runs over deviations divided by the largest of them, so that squares of 1e-200 or 1e200
//! neither vanish nor overflow; means are taken twice, the second time of what the first left.

use super::Similarity;
use super::storage::Storage;

/// Deviations this small beside the numbers themselves are rounding.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// Sizes whose squares, and products with one another, are within 64-bit floats.
const SIZES: std::ops::Range<f64> = 1e-140..1e140;

/// Why rows cannot be scaled: the reason, and the remedy.
pub(super) type Refusal = (String, String);

/// Mean and size of one half of the rows.
struct Half {
    mean: Vec<f64>,
    size: f64,
}

impl Half {
    /// The root mean square of the coordinates, which is 0 if all rows are the same but for rounding.
    fn of(rows: usize, dim: usize, each: impl Fn(&mut dyn FnMut(&[f64]))) -> Self {
        let count = rows as f64;
        let mut mean = vec![0.0; dim];
        for _ in 0..2 {
            let mut left = vec![0.0; dim];
            each(&mut |row| {
                for ((left, value), mean) in left.iter_mut().zip(row).zip(&mean) {
                    *left += (value - mean) / count;
                }
            });
            mean.iter_mut()
                .zip(left)
                .for_each(|(mean, left)| *mean += left);
        }
        let (mut largest, mut magnitude) = (0.0f64, 0.0f64);
        each(&mut |row| {
            for (value, mean) in row.iter().zip(&mean) {
                largest = largest.max((value - mean).abs());
                magnitude = magnitude.max(value.abs());
            }
        });
        if largest <= ROUNDING * magnitude {
            return Self { mean, size: 0.0 };
        }
        let mut squares = 0.0;
        each(&mut |row| {
            let parts = row.iter().zip(&mean);
            squares += parts
                .map(|(value, mean)| ((value - mean) / largest).powi(2))
                .sum::<f64>();
        });
        let size = largest * (squares / (count * dim as f64)).sqrt();
        Self { mean, size }
    }
}

/// The similarity of the rows for which `trained` is true, and their mean gradient.
///
/// # Errors
/// If all points are the same, or a size is beyond what can be squared.
pub(super) fn fit(
    storage: &Storage,
    trained: &[bool],
    dim: usize,
    sign: i8,
) -> Result<Similarity, Refusal> {
    let (mean, x_scale) = fit_points(storage, trained, dim)?;
    let y = half(storage, trained, dim, |_, y| y);
    check_size("gradients", y.size)?;
    Ok(Similarity {
        mean,
        x_scale,
        // A field that is the same everywhere needs no scale.
        y_scale: if y.size == 0.0 { 1.0 } else { y.size },
        constant: y.mean,
        sign,
    })
}

/// The mean and the size of the points for which `trained` is true.
///
/// # Errors
/// If all points are the same, or the size is beyond what can be squared.
pub(super) fn fit_points(
    storage: &Storage,
    trained: &[bool],
    dim: usize,
) -> Result<(Vec<f64>, f64), Refusal> {
    let x = half(storage, trained, dim, |x, _| x);
    if x.size == 0.0 {
        return Err((
            "all its points are the same, or differ by rounding alone".into(),
            "a field cannot be learned from one point: check the columns named in x, and take a large offset off".into(),
        ));
    }
    check_size("points", x.size)?;
    Ok((x.mean, x.size))
}

/// The half of the rows that `which` picks.
fn half(
    storage: &Storage,
    trained: &[bool],
    dim: usize,
    which: for<'a> fn(&'a [f64], &'a [f64]) -> &'a [f64],
) -> Half {
    let rows = trained.iter().filter(|trained| **trained).count();
    Half::of(rows, dim, |look| {
        storage.each_row(|row, x, y| {
            if trained[row as usize] {
                look(which(x, y));
            }
        });
    })
}

fn check_size(what: &str, size: f64) -> Result<(), Refusal> {
    match size == 0.0 || SIZES.contains(&size) {
        true => Ok(()),
        false => Err((
            format!("its {what} have a spread of {size:e}, beyond what can be computed with"),
            format!("write the {what} in other units: with a spread between 1e-140 and 1e140"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half(rows: &[[f64; 2]]) -> Half {
        Half::of(rows.len(), 2, |look| rows.iter().for_each(|row| look(row)))
    }

    /// Deviations (1, 1) and (-1, -1) times a unit: the root mean square is the unit.
    #[test]
    fn means_and_sizes_are_exact_from_1e_130_to_1e130_and_beside_large_offsets() {
        for unit in [1e-130, 1e-50, 1.0, 1e50, 1e130] {
            for offset in [0.0, 10.0, 1e6] {
                let at = |by: f64| (offset + by) * unit;
                let found = half(&[[at(1.0), at(1.0)], [at(-1.0), at(-1.0)]]);
                assert!((found.size / unit - 1.0).abs() < 1e-9, "{unit} {offset}");
                let error = found.mean[0] - at(0.0);
                assert!(error.abs() <= 1e-9 * unit, "{unit} {offset}: {error}");
            }
        }
    }

    #[test]
    fn rows_that_differ_by_rounding_alone_have_no_size() {
        assert_eq!(half(&[[0.1, 3e7], [0.1, 3e7], [0.1, 3e7]]).size, 0.0);
        assert_eq!(half(&[[0.0, 0.0], [0.0, 0.0]]).size, 0.0);
        assert!(half(&[[0.0, 3e7], [0.0, 3e7 + 1e-6]]).size > 0.0);
    }
}
