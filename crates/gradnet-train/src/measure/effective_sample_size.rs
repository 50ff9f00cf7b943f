//! The effective size of samples of chains, whose means and autocorrelations are compared within and between chains:
//!
//! ```text
//! W = mean of the chains' variances,   B/n = variance of their means,   V = (n − 1)/n W + B/n
//! ρ_t = 1 − (W − mean over chains of their autocovariances at lag t)/V
//! ESS = m n / (1 + 2 Σ ρ_t)
//! ```
//!
//! for `m` chains of `n` samples, the sum up to the first pair `ρ_t + ρ_{t+1}` below 0 (Vehtari et al., Bayesian
//! Analysis 2021, Eq. (10) and (11)). Chains that stay in different places have a large `B`, hence correlations that do
//! not fall, and count little.

/// Independent samples with as much to say of the mean; 1 if all samples are the same.
///
/// # Shapes
/// `samples`: one number a sample, chain after chain of `kept` samples each.
///
/// # Panics
/// If the samples are none, or no whole number of chains.
pub fn effective_sample_size(samples: &[f64], kept: usize) -> f64 {
    assert!(
        kept > 0 && !samples.is_empty() && samples.len().is_multiple_of(kept),
        "samples must be chains of {kept}, not {}",
        samples.len()
    );
    let total = samples.len() as f64;
    let chains: Vec<&[f64]> = samples.chunks_exact(kept).collect();
    let (m, n) = (chains.len() as f64, kept as f64);
    if kept < 4 {
        // Too short for an autocorrelation: one sample a chain.
        return m;
    }
    let means: Vec<f64> = chains
        .iter()
        .map(|chain| chain.iter().sum::<f64>() / n)
        .collect();
    let autocovariance = |lag: usize| -> f64 {
        let each = chains.iter().zip(&means).map(|(chain, mean)| {
            let products = chain.iter().zip(&chain[lag..]);
            products.map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / n
        });
        each.sum::<f64>() / m
    };
    let within = autocovariance(0) * n / (n - 1.0);
    let middle = means.iter().sum::<f64>() / m;
    let between = match chains.len() > 1 {
        true => {
            means
                .iter()
                .map(|mean| (mean - middle).powi(2))
                .sum::<f64>()
                / (m - 1.0)
        }
        false => 0.0,
    };
    let variance = within * (n - 1.0) / n + between;
    if variance <= 0.0 {
        return 1.0;
    }
    let correlation = |lag: usize| 1.0 - (within - autocovariance(lag)) / variance;
    let mut sum = 0.0;
    for lag in (1..kept - 1).step_by(2) {
        let pair = correlation(lag) + correlation(lag + 1);
        if pair < 0.0 {
            break;
        }
        sum += pair;
    }
    (total / (1.0 + 2.0 * sum)).clamp(1.0, total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Stream, generator};
    use rand_distr::{Distribution, StandardNormal};

    /// Chains `x' = ρ x + √(1 − ρ²) z`, of which `ρ_t = ρ^t` and the effective size is `(1 − ρ)/(1 + ρ)` of their
    /// number.
    fn chains(rho: f64, count: usize, kept: usize) -> Vec<f64> {
        let mut random = generator(9, Stream::Chains, 0);
        let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
        let mut samples = Vec::new();
        for _ in 0..count {
            let mut x = normal();
            for _ in 0..kept {
                samples.push(x);
                x = rho * x + (1.0 - rho * rho).sqrt() * normal();
            }
        }
        samples
    }

    #[test]
    fn autoregressive_chains_have_the_effective_size_of_the_formula() {
        for rho in [0.0, 0.5, 0.8] {
            let found = effective_sample_size(&chains(rho, 20, 2_000), 2_000) / 40_000.0;
            let expected = (1.0 - rho) / (1.0 + rho);
            assert!(
                (found / expected - 1.0).abs() < 0.12,
                "{rho}: {found} {expected}"
            );
        }
    }

    #[test]
    fn chains_that_stay_apart_count_for_little() {
        let mut samples = chains(0.0, 10, 100);
        for (index, x) in samples.iter_mut().enumerate() {
            *x += if index / 100 % 2 == 0 { 10.0 } else { -10.0 };
        }
        let found = effective_sample_size(&samples, 100);
        assert!(found < 20.0, "{found}");
        assert_eq!(effective_sample_size(&[2.0; 40], 10), 1.0);
    }
}
