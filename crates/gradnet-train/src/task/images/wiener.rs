//! The best linear filter of `13 × 13` pixels: what a denoiser that only knows second moments can do.
//!
//! ```text
//! h = argmin E (x_0 − ⟨h, p⟩)²,   p a noisy patch around pixel 0        (A + σ² I) h = a
//! ```
//!
//! with the autocovariances `A_uv = c(u − v)`, `a_u = c(u)` of the training pictures. The mean brightness of the
//! training pictures is taken off before and put back after; beyond the border of a picture its nearest pixel is seen.

use nalgebra::{DMatrix, DVector};

use crate::pictures::Picture;

/// Side of the filter.
const SIDE: usize = 13;
const REACH: usize = SIDE / 2;

/// Pictures that the autocovariances are taken from, at most.
const PICTURES: usize = 40;

/// Second moments of pictures.
pub(super) struct Wiener {
    mean: f64,
    /// `c` at offsets from −(SIDE − 1) to SIDE − 1 in both directions, row after row.
    covariances: Vec<f64>,
}

const SPAN: usize = 2 * SIDE - 1;

impl Wiener {
    /// The moments of the first of these pictures.
    pub(super) fn of(pictures: &[Picture]) -> Self {
        let pictures = &pictures[..pictures.len().min(PICTURES)];
        let all = || pictures.iter().flat_map(Picture::values);
        let mean = all().map(|v| f64::from(*v)).sum::<f64>() / all().count().max(1) as f64;
        let mut covariances = vec![0.0; SPAN * SPAN];
        // c(−u) = c(u): half of the offsets are computed.
        for down in 0..SIDE {
            for right in 0..SPAN {
                let across = right as isize - (SIDE as isize - 1);
                let (mut sum, mut count) = (0.0, 0_usize);
                for picture in pictures {
                    let columns = picture.width.saturating_sub(across.unsigned_abs());
                    // A picture narrower than the offset has no such pairs.
                    if columns == 0 {
                        continue;
                    }
                    let (from, to) = ((-across).max(0) as usize, across.max(0) as usize);
                    for row in 0..picture.height.saturating_sub(down) {
                        let first = &picture.values()[row * picture.width + from..][..columns];
                        let second =
                            &picture.values()[(row + down) * picture.width + to..][..columns];
                        let products = first.iter().zip(second);
                        sum += products
                            .map(|(a, b)| (f64::from(*a) - mean) * (f64::from(*b) - mean))
                            .sum::<f64>();
                        count += columns;
                    }
                }
                let value = sum / count.max(1) as f64;
                covariances[(SIDE - 1 + down) * SPAN + right] = value;
                covariances[(SIDE - 1 - down) * SPAN + SPAN - 1 - right] = value;
            }
        }
        Self { mean, covariances }
    }

    /// The filter for noise of a standard deviation, of 1; `None` if no filter is determined, as by pictures of one
    /// brightness.
    pub(super) fn filter(&self, deviation: f64) -> Option<Vec<f64>> {
        let at = |u: usize, v: usize| {
            let down = SIDE - 1 + v / SIDE - u / SIDE;
            let right = SIDE - 1 + v % SIDE - u % SIDE;
            self.covariances[down * SPAN + right]
        };
        let pixels = SIDE * SIDE;
        let noise = |u: usize, v: usize| if u == v { deviation * deviation } else { 0.0 };
        let matrix = DMatrix::from_fn(pixels, pixels, |u, v| at(u, v) + noise(u, v));
        let right = DVector::from_fn(pixels, |u, _| at(u, pixels / 2));
        let solution = matrix.lu().solve(&right)?;
        Some(solution.iter().copied().collect())
    }

    /// A noisy picture, filtered.
    pub(super) fn apply(
        &self,
        filter: &[f64],
        noisy: &[f64],
        [height, width]: [usize; 2],
    ) -> Vec<f64> {
        let near = |place: usize, offset: usize, last: usize| {
            (place + offset).saturating_sub(REACH).min(last)
        };
        let pixel = |index: usize| {
            let (row, column) = (index / width, index % width);
            let mut sum = self.mean;
            for (line, weights) in filter.chunks_exact(SIDE).enumerate() {
                let start = near(row, line, height - 1) * width;
                for (offset, weight) in weights.iter().enumerate() {
                    let place = start + near(column, offset, width - 1);
                    sum += weight * (noisy[place] - self.mean);
                }
            }
            sum
        };
        (0..height * width).map(pixel).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Stream, generator};
    use crate::pictures::dead_leaves;

    fn leaves() -> Vec<Picture> {
        let draw = |i| dead_leaves(String::new(), 64, &mut generator(2, Stream::Target, i));
        (0..3).map(draw).collect()
    }

    /// An offset beyond a picture has no pairs; those within are as before.
    #[test]
    fn pictures_smaller_than_the_filter_have_their_own_offsets_alone() {
        let small = dead_leaves(String::new(), 8, &mut generator(2, Stream::Target, 0));
        let wiener = Wiener::of(std::slice::from_ref(&small));
        let at = |right: usize| wiener.covariances[(SIDE - 1) * SPAN + SIDE - 1 + right];
        let rows = small.values().chunks(8);
        let ends =
            rows.map(|row| (f64::from(row[0]) - wiener.mean) * (f64::from(row[7]) - wiener.mean));
        assert!((at(7) - ends.sum::<f64>() / 8.0).abs() < 1e-12);
        assert_eq!(at(8), 0.0);
        assert!(wiener.filter(0.1).is_some());
    }

    /// By the definition, pair by pair.
    #[test]
    fn covariances_are_means_over_pairs_of_pixels() {
        let pictures = leaves();
        let wiener = Wiener::of(&pictures);
        for (down, right) in [(0, 0), (2, -5), (-2, 5), (12, 1)] {
            let (mut sum, mut count) = (0.0, 0);
            for picture in &pictures {
                for i in 0..64_isize {
                    for j in 0..64_isize {
                        let (k, l) = (i + down, j + right);
                        if (0..64).contains(&k) && (0..64).contains(&l) {
                            let at = |i: isize, j: isize| {
                                f64::from(picture.values()[(i * 64 + j) as usize]) - wiener.mean
                            };
                            sum += at(i, j) * at(k, l);
                            count += 1;
                        }
                    }
                }
            }
            let place = (12 + down) * 25 + 12 + right;
            let found = wiener.covariances[place as usize];
            assert!((found - sum / f64::from(count)).abs() < 1e-12);
        }
    }

    /// The normal equations: no small change of the filter lowers the expected error.
    #[test]
    fn no_filter_nearby_is_better() {
        let wiener = Wiener::of(&leaves());
        let deviation = 0.1;
        let error = |filter: &[f64]| {
            let c = |u: usize, v: usize| {
                let (down, right) = (12 + v / 13 - u / 13, 12 + v % 13 - u % 13);
                wiener.covariances[down * 25 + right]
            };
            let mut error = c(84, 84);
            for u in 0..169 {
                error -= 2.0 * filter[u] * c(u, 84);
                error += (deviation * filter[u]).powi(2);
                for v in 0..169 {
                    error += filter[u] * filter[v] * c(u, v);
                }
            }
            error
        };
        let filter = wiener.filter(deviation).unwrap();
        let best = error(&filter);
        assert!(best > 0.0 && best < deviation * deviation);
        for place in [0, 84, 85, 100] {
            for change in [-0.01, 0.01] {
                let mut other = filter.clone();
                other[place] += change;
                assert!(error(&other) > best);
            }
        }
    }
}
