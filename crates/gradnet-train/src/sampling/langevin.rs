//! Langevin chains side by side, in the units of a network whose points have size 1.

use burn::tensor::{Device, FloatDType, Tensor};
use gradnet_core::analysis::host;
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::data::{PointSet, Stream, generator, points_tensor};

/// Chains that lead away are held within this distance of the origin in each coordinate: so samples of a field that is no score are far from the
/// data, and not infinite.
const FARTHEST: f64 = 1e3;

/// How samples are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chains {
    /// Chains, each of which gives one sample.
    pub count: usize,
    /// Steps of each.
    pub steps: usize,
    /// `ε`.
    pub step_size: f64,
    /// Seed of the starts, drawn from `N(0, I)`, and of all steps.
    pub seed: u64,
}

impl Chains {
    /// A step size for a density that is smooth on the scale of its noise: half the noise's variance, within 0.5; 0.01 without noise.
    ///
    /// The score of a smoothed density has slopes of at least `−1/s²`, so that steps below `4 s²` are stable.
    pub fn step_size(noise: f64) -> f64 {
        match noise > 0.0 {
            true => (0.5 * noise * noise).min(0.5),
            false => 0.01,
        }
    }
}

/// Samples by steps that are never rejected, row after row.
///
/// `score` takes points `[batch, dim]` on `device`.
pub fn unadjusted(
    chains: &Chains,
    dim: usize,
    device: &Device,
    score: impl Fn(Tensor<2>) -> Tensor<2>,
) -> Vec<f64> {
    let mut random = generator(chains.seed, Stream::Chains, 0);
    let mut x: Vec<f64> = normals(&mut random, chains.count * dim);
    let root = chains.step_size.sqrt();
    for _ in 0..chains.steps {
        let drift = scores(&x, dim, device, &score);
        let noise = normals(&mut random, x.len());
        for ((x, drift), noise) in x.iter_mut().zip(drift).zip(noise) {
            let moved = *x + chains.step_size / 2.0 * drift + root * noise;
            // What is no number stays where it was.
            *x = if moved.is_nan() {
                *x
            } else {
                moved.clamp(-FARTHEST, FARTHEST)
            };
        }
    }
    x
}

/// Independent normal numbers.
pub(super) fn normals(random: &mut impl Rng, count: usize) -> Vec<f64> {
    (0..count).map(|_| StandardNormal.sample(random)).collect()
}

/// The scores at points, row after row.
pub(super) fn scores(
    x: &[f64],
    dim: usize,
    device: &Device,
    score: impl Fn(Tensor<2>) -> Tensor<2>,
) -> Vec<f64> {
    let chunks = x.chunks(PointSet::CHUNK * dim);
    let values = chunks.flat_map(|chunk| {
        let points = chunk.iter().map(|x| *x as f32).collect();
        host(score(points_tensor(points, dim, device, FloatDType::F32)))
    });
    values.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The steps of `f(x) = −x` have the stationary variance `1/(1 − ε/4)` exactly.
    #[test]
    fn chains_of_a_gaussian_have_its_moments() {
        let chains = Chains {
            count: 4_000,
            steps: 60,
            step_size: 0.4,
            seed: 1,
        };
        // Mean (1, −2), variance 1.
        let mean = Tensor::<2>::from_floats([[1.0, -2.0]], &Device::flex());
        let x = unadjusted(&chains, 2, &Device::flex(), |x| mean.clone() - x);
        for (axis, expected) in [1.0, -2.0].into_iter().enumerate() {
            let along = || x.iter().skip(axis).step_by(2);
            let mean = along().sum::<f64>() / 4_000.0;
            let variance = along().map(|x| (x - mean).powi(2)).sum::<f64>() / 4_000.0;
            // Standard errors: 0.016 and 0.025.
            assert!((mean - expected).abs() < 0.07, "{mean}");
            assert!((variance - 1.0 / 0.9).abs() < 0.1, "{variance}");
        }
        assert_eq!(
            x,
            unadjusted(&chains, 2, &Device::flex(), |x| mean.clone() - x)
        );
    }

    #[test]
    fn chains_that_lead_away_end_at_the_border() {
        let chains = Chains {
            count: 3,
            steps: 100,
            step_size: 0.5,
            seed: 0,
        };
        let x = unadjusted(&chains, 2, &Device::flex(), |x| x * 10.0);
        assert!(x.iter().all(|x| x.abs() == FARTHEST), "{x:?}");
    }
}
