//! Strength and scale of a regularizer, chosen on validation pictures.

/// Ratios by which the numbers are moved, one after the other.
const RATIOS: [f64; 4] = [2.0, 1.4, 1.15, 1.06];

/// The positive numbers at which `quality` is best, by a search along each in turn from `start`.
///
/// Each is moved by a ratio as long as that helps, then the next, until none does; then by the next smaller ratio. What was tried is not tried
/// again.
pub(super) fn tuned<const N: usize>(
    start: [f64; N],
    mut quality: impl FnMut([f64; N]) -> f64,
) -> [f64; N] {
    let mut tried: Vec<([f64; N], f64)> = Vec::new();
    let mut known = |place: [f64; N]| {
        let same = |other: &[f64; N]| (0..N).all(|i| (other[i] / place[i] - 1.0).abs() < 1e-9);
        if let Some((_, value)) = tried.iter().find(|(other, _)| same(other)) {
            return *value;
        }
        let value = quality(place);
        tried.push((place, value));
        value
    };
    let mut place = start;
    let mut best = known(place);
    for ratio in RATIOS {
        loop {
            let before = place;
            for axis in 0..N {
                for factor in [ratio, 1.0 / ratio] {
                    loop {
                        let mut next = place;
                        next[axis] *= factor;
                        let value = known(next);
                        // A number that is none is no improvement.
                        if value.partial_cmp(&best) != Some(std::cmp::Ordering::Greater) {
                            break;
                        }
                        (place, best) = (next, value);
                    }
                }
            }
            if place == before {
                break;
            }
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tilted bowl in the logarithms, with its best place known.
    #[test]
    fn the_best_place_is_found_within_the_last_ratio() {
        let mut calls = 0;
        let [strength, scale] = tuned([1.0, 1.0], |[strength, scale]| {
            calls += 1;
            let (a, b) = ((strength / 7.0).ln(), (scale / 0.3).ln());
            -(a * a + b * b + 0.8 * a * b)
        });
        assert!((strength / 7.0).ln().abs() < 0.12, "{strength}");
        assert!((scale / 0.3).ln().abs() < 0.12, "{scale}");
        assert!(calls < 80, "{calls}");
    }

    #[test]
    fn what_is_no_number_is_never_chosen() {
        let quality = |[strength]: [f64; 1]| if strength > 1.5 { f64::NAN } else { strength };
        let [strength] = tuned([1.0], quality);
        assert!(strength <= 1.5);
    }
}
