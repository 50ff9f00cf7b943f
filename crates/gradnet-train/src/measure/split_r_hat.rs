//! Whether chains agree: each is split in halves, and the spread of all halves together is compared with that within
//! one:
//!
//! ```text
//! W = mean of the halves' variances,   B/n = variance of their means,   R̂ = √(((n − 1)/n W + B/n)/W)
//! ```
//!
//! for halves of `n` samples (Vehtari et al., Bayesian Analysis 2021, Eq. (1) to (4)). It is near 1 if every half tells
//! the same, and large if chains stay in different places or still drift.

use super::{deviation, mean};

/// The split R̂ of chains; `None` for fewer than 4 samples a chain, or if the samples of every half are the same.
///
/// # Shapes
/// `samples`: one number a sample, chain after chain of `kept` samples each; of an odd number the middle one is left
/// out.
///
/// # Panics
/// If the samples are none, or no whole number of chains.
pub fn split_r_hat(samples: &[f64], kept: usize) -> Option<f64> {
    assert!(
        kept > 0 && !samples.is_empty() && samples.len().is_multiple_of(kept),
        "samples must be chains of {kept}, not {}",
        samples.len()
    );
    if kept < 4 {
        return None;
    }
    let half = kept / 2;
    let halves = samples
        .chunks_exact(kept)
        .flat_map(|chain| [&chain[..half], &chain[kept - half..]]);
    let (means, variances): (Vec<f64>, Vec<f64>) = halves.map(mean_and_variance).unzip();
    let (within, _) = mean_and_variance(&variances);
    let (_, between) = mean_and_variance(&means);
    let n = half as f64;
    (within > 0.0).then(|| ((n - 1.0) / n + between / within).sqrt())
}

/// The mean and the unbiased variance of two numbers or more.
fn mean_and_variance(numbers: &[f64]) -> (f64, f64) {
    (
        mean(numbers),
        deviation(numbers).map_or(0.0, |deviation| deviation.powi(2)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Halves (0, 2), (4, 6), (1, 3), (1, 5): variances 2, 2, 2, 8, so W = 3.5; means 1, 5, 2, 3 have the variance
    /// 35/12.
    #[test]
    fn it_is_the_formula() {
        let found = split_r_hat(&[0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 1.0, 5.0], 4).unwrap();
        let expected = (0.5_f64 + 35.0 / 12.0 / 3.5).sqrt();
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        // The middle sample of five is left out.
        let odd = [0.0, 2.0, 99.0, 4.0, 6.0, 1.0, 3.0, 99.0, 1.0, 5.0];
        assert_eq!(split_r_hat(&odd, 5), Some(found));
    }

    #[test]
    fn chains_without_a_spread_have_none() {
        assert_eq!(split_r_hat(&[2.0; 40], 10), None);
        assert_eq!(split_r_hat(&[1.0, 2.0, 3.0], 3), None);
    }
}
