//! The energy distance of two samples:
//!
//! ```text
//! D²(X, Y) = 2 mean_{i,j} |x_i − y_j| − mean_{i,j} |x_i − x_j| − mean_{i,j} |y_i − y_j|
//! ```
//!
//! Székely and Rizzo, "Energy statistics" (2013), Eq. (6.1), with means over all pairs, those of a point with itself
//! included. So it is never negative, and zero exactly for equal samples; for two samples of one distribution it is of
//! the order of `E|x − x'| (1/n + 1/m)`, the floor that a number has to be compared with.

/// Points of `y` that are compared with one of `x` before the next of `x`: few enough to stay in the fastest memory.
const CHUNK: usize = 512;

/// `D²` of two samples, in the units of the points.
///
/// # Shapes
/// `x`: `[n, dim]`, `y`: `[m, dim]`, row after row. It takes `(n + m)² dim / 2` steps and no memory.
///
/// # Panics
/// If a sample is empty or no whole number of rows.
///
/// ```
/// use gradnet_train::measure::energy_distance;
///
/// // Two points each at distance 5 from the other sample's: 2 · 5.
/// assert_eq!(energy_distance(&[0.0, 0.0], &[3.0, 4.0], 2), 10.0);
/// ```
pub fn energy_distance(x: &[f64], y: &[f64], dim: usize) -> f64 {
    for sample in [x, y] {
        assert!(
            !sample.is_empty() && sample.len().is_multiple_of(dim),
            "a sample must be rows of {dim} numbers, at least one, not {} numbers",
            sample.len()
        );
    }
    let distance = 2.0 * mean_distance(x, y, dim)
        - mean_distance_within(x, dim)
        - mean_distance_within(y, dim);
    // It is a square: below zero there is only rounding.
    if distance < 0.0 { 0.0 } else { distance }
}

/// The mean distance from a point of `x` to a point of `y`.
fn mean_distance(x: &[f64], y: &[f64], dim: usize) -> f64 {
    let sums = y.chunks(CHUNK * dim).map(|chunk| {
        let sums = x
            .chunks_exact(dim)
            .map(|point| sum_of_distances(point, chunk));
        sums.sum::<f64>()
    });
    sums.sum::<f64>() / (x.len() / dim) as f64 / (y.len() / dim) as f64
}

/// The mean distance from a point of `x` to a point of `x`; each pair is looked at once.
fn mean_distance_within(x: &[f64], dim: usize) -> f64 {
    let chunks = x.chunks(CHUNK * dim).enumerate();
    let sums = chunks.map(|(index, chunk)| {
        let before = &x[..index * CHUNK * dim];
        let earlier = before
            .chunks_exact(dim)
            .map(|point| sum_of_distances(point, chunk));
        let inside = chunk.chunks_exact(dim).enumerate();
        let inside = inside.map(|(row, point)| sum_of_distances(point, &chunk[..row * dim]));
        earlier.sum::<f64>() + inside.sum::<f64>()
    });
    let points = (x.len() / dim) as f64;
    2.0 * sums.sum::<f64>() / points / points
}

/// The sum of the distances from a point to those of a sample.
fn sum_of_distances(point: &[f64], sample: &[f64]) -> f64 {
    let distances = sample.chunks_exact(point.len()).map(|other| {
        let squares = point.iter().zip(other).map(|(a, b)| (a - b).powi(2));
        squares.sum::<f64>().sqrt()
    });
    distances.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Stream, generator, uniform_points};

    fn uniform(points: usize, dim: usize, index: u64) -> Vec<f64> {
        let points = uniform_points(&mut generator(5, Stream::Test, index), points, dim);
        points.into_iter().map(f64::from).collect()
    }

    fn brute_force(x: &[f64], y: &[f64], dim: usize) -> f64 {
        let mean = |x: &[f64], y: &[f64]| {
            let mut sum = 0.0;
            for a in x.chunks(dim) {
                for b in y.chunks(dim) {
                    let square: f64 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
                    sum += square.sqrt();
                }
            }
            sum / (x.len() / dim * (y.len() / dim)) as f64
        };
        2.0 * mean(x, y) - mean(x, x) - mean(y, y)
    }

    /// Sizes below, at and above a chunk.
    #[test]
    fn it_is_the_sum_over_all_pairs() {
        for (n, m, dim) in [(1, 1, 1), (7, 512, 3), (1_100, 513, 2)] {
            let (x, y) = (uniform(n, dim, 0), uniform(m, dim, 1));
            let (found, expected) = (energy_distance(&x, &y, dim), brute_force(&x, &y, dim));
            assert!(
                (found - expected).abs() < 1e-12,
                "{n} {m} {dim}: {found} {expected}"
            );
            assert!((energy_distance(&y, &x, dim) - found).abs() < 1e-12);
        }
    }

    /// Midpoints of n cells of the unit interval are apart by `(1 − 1/n²)/3` on average; moved by `a ≥ 1`, by `a`.
    #[test]
    fn two_uniform_intervals_side_by_side_have_the_distance_of_the_integral() {
        let n = 700;
        let x: Vec<f64> = (0..n)
            .map(|i| (f64::from(i) + 0.5) / f64::from(n))
            .collect();
        let y: Vec<f64> = x.iter().map(|x| x + 1.5).collect();
        let expected = 2.0 * 1.5 - 2.0 / 3.0 * (1.0 - f64::from(n).powi(-2));
        let found = energy_distance(&x, &y, 1);
        assert!((found - expected).abs() < 1e-11, "{found} {expected}");
    }

    #[test]
    fn equal_samples_are_at_distance_zero_and_samples_of_one_distribution_at_the_floor() {
        let (x, y) = (uniform(600, 2, 0), uniform(600, 2, 1));
        assert!(energy_distance(&x, &x, 2) < 1e-14);
        // E|x − x'| on the unit square is 0.5214: a floor of 0.5214 · 2/600 = 0.0017 in the mean.
        let floor = energy_distance(&x, &y, 2);
        assert!((0.0002..0.008).contains(&floor), "{floor}");
        let moved: Vec<f64> = y.iter().map(|y| y + 0.5).collect();
        assert!(energy_distance(&x, &moved, 2) > 20.0 * floor);
    }
}
