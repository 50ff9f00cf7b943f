//! Langevin chains side by side, in the units of a network.

use burn::tensor::{Device, FloatDType, Tensor};
use gradnet_core::analysis::host;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

use crate::data::{PointSet, Stream, generator, points_tensor};

/// Chains that lead away are held within this distance of the origin in each coordinate: so samples of a field that is
/// no score are far from the data, and not infinite.
const FARTHEST: f64 = 1e3;

/// The share of accepted proposals at which Metropolis-adjusted Langevin chains move fastest in many dimensions
/// (Roberts and Rosenthal, JRSS B 1998).
const BEST_ACCEPTANCE: f64 = 0.574;

/// Steps of the warm-up between two changes of the step size.
const ADAPT_EVERY: usize = 10;

/// How chains run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chains {
    /// Chains.
    pub count: usize,
    /// Steps before the first sample is kept.
    pub warm_up: usize,
    /// Samples that each chain gives.
    pub kept: usize,
    /// Steps from one to the next.
    pub thinning: usize,
    /// `ε`; where proposals can be refused, the first that is tried.
    pub step_size: f64,
    /// Middle and deviation of the normal distribution that chains start from.
    pub start: (f64, f64),
    /// Seed of starts and steps.
    pub seed: u64,
}

impl Chains {
    /// A step size for a density that is smooth on the scale of its noise: half the noise's variance, within 0.5; 0.01
    /// without noise.
    ///
    /// The score of a smoothed density has slopes of at least `−1/s²`, so that steps below `4 s²` are stable.
    pub fn step_size(noise: f64) -> f64 {
        match noise > 0.0 {
            true => (0.5 * noise * noise).min(0.5),
            false => 0.01,
        }
    }
}

/// What chains gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Walked {
    /// The samples, chain after chain, row after row.
    pub samples: Vec<f64>,
    /// The share of proposals that were accepted after the warm-up; `None` where they cannot be refused.
    pub acceptance: Option<f64>,
    /// `ε` after the warm-up.
    pub step_size: f64,
}

/// Where the chains are, with what is known there.
struct State {
    x: Vec<f64>,
    score: Vec<f64>,
    log_density: Option<Vec<f64>>,
}

/// Runs the chains.
///
/// `density` gives the score `[batch, dim]` at points `[batch, dim]` on `device` and, where it is known, the log
/// density `[batch]` up to a constant.
pub fn walk(
    chains: &Chains,
    dim: usize,
    device: &Device,
    density: impl Fn(Tensor<2>) -> (Tensor<2>, Option<Tensor<1>>),
) -> Walked {
    let mut random = generator(chains.seed, Stream::Chains, 0);
    let (middle, deviation) = chains.start;
    let start = normals(&mut random, chains.count * dim);
    let start = start.into_iter().map(|z| middle + deviation * z).collect();
    let mut state = look(start, dim, device, &density);
    let mut step_size = chains.step_size;
    let mut recent = 0.0;
    for step in 0..chains.warm_up {
        recent += advance(&mut state, step_size, dim, &mut random, |x| {
            look(x, dim, device, &density)
        });
        if (step + 1) % ADAPT_EVERY == 0 {
            if state.log_density.is_some() {
                // Smaller changes towards the end, so that the step size settles.
                let progress = (step + 1) as f64 / chains.warm_up as f64;
                let rate = 2.0 * (1.0 - progress) + 0.05;
                step_size *= (rate * (recent / ADAPT_EVERY as f64 - BEST_ACCEPTANCE)).exp();
            }
            recent = 0.0;
        }
    }
    let mut samples = vec![0.0; chains.count * chains.kept * dim];
    let mut accepted = 0.0;
    for kept in 0..chains.kept {
        for _ in 0..chains.thinning {
            accepted += advance(&mut state, step_size, dim, &mut random, |x| {
                look(x, dim, device, &density)
            });
        }
        for (chain, point) in state.x.chunks_exact(dim).enumerate() {
            let row = (chain * chains.kept + kept) * dim;
            samples[row..row + dim].copy_from_slice(point);
        }
    }
    let steps = (chains.kept * chains.thinning) as f64;
    Walked {
        samples,
        acceptance: state.log_density.map(|_| accepted / steps),
        step_size,
    }
}

/// One step of all chains; the share of them whose proposal was accepted.
fn advance(
    state: &mut State,
    step_size: f64,
    dim: usize,
    random: &mut impl Rng,
    look: impl Fn(Vec<f64>) -> State,
) -> f64 {
    let noise = normals(random, state.x.len());
    let parts = state.x.iter().zip(&state.score).zip(&noise);
    let proposed = parts.map(|((x, score), z)| {
        let moved = x + step_size / 2.0 * score + step_size.sqrt() * z;
        // What is no number stays where it was.
        if moved.is_nan() {
            *x
        } else {
            moved.clamp(-FARTHEST, FARTHEST)
        }
    });
    let proposed = look(proposed.collect());
    let (Some(before), Some(after)) = (&state.log_density, &proposed.log_density) else {
        *state = proposed;
        return 1.0;
    };
    let count = before.len();
    let mut accepted = Vec::with_capacity(count);
    for chain in 0..count {
        let range = chain * dim..(chain + 1) * dim;
        // ln q(to | from), up to a constant.
        let proposal = |from: &State, to: &State| -> f64 {
            let squares = range
                .clone()
                .map(|i| (to.x[i] - from.x[i] - step_size / 2.0 * from.score[i]).powi(2));
            -squares.sum::<f64>() / (2.0 * step_size)
        };
        let ratio =
            after[chain] - before[chain] + proposal(&proposed, state) - proposal(state, &proposed);
        // A ratio that is no number is refused.
        accepted.push(random.random::<f64>().ln() < ratio);
    }
    let mut log_density = before.clone();
    for chain in (0..count).filter(|chain| accepted[*chain]) {
        let range = chain * dim..(chain + 1) * dim;
        state.x[range.clone()].copy_from_slice(&proposed.x[range.clone()]);
        state.score[range.clone()].copy_from_slice(&proposed.score[range]);
        log_density[chain] = after[chain];
    }
    state.log_density = Some(log_density);
    accepted.iter().filter(|accepted| **accepted).count() as f64 / count as f64
}

/// Score and log density at points, row after row.
fn look(
    x: Vec<f64>,
    dim: usize,
    device: &Device,
    density: impl Fn(Tensor<2>) -> (Tensor<2>, Option<Tensor<1>>),
) -> State {
    let mut state = State {
        score: Vec::with_capacity(x.len()),
        log_density: Some(Vec::with_capacity(x.len() / dim)),
        x,
    };
    for chunk in state.x.chunks(PointSet::CHUNK * dim) {
        let points = chunk.iter().map(|x| *x as f32).collect();
        let (score, log_density) = density(points_tensor(points, dim, device, FloatDType::F32));
        state.score.extend(host(score));
        state.log_density = state.log_density.zip(log_density).map(|(mut known, more)| {
            known.extend(host(more));
            known
        });
    }
    state
}

/// Independent normal numbers.
fn normals(random: &mut impl Rng, count: usize) -> Vec<f64> {
    (0..count).map(|_| StandardNormal.sample(random)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{effective_sample_size, split_r_hat};

    const CHAINS: Chains = Chains {
        count: 200,
        warm_up: 100,
        kept: 40,
        thinning: 3,
        step_size: 0.4,
        start: (0.0, 1.0),
        seed: 1,
    };

    fn row(numbers: [f32; 2]) -> Tensor<2> {
        Tensor::from_floats([numbers], &Device::flex())
    }

    /// Mean and variance along an axis.
    fn moments(samples: &[f64], axis: usize) -> (f64, f64) {
        let along: Vec<f64> = samples.iter().skip(axis).step_by(2).copied().collect();
        let count = along.len() as f64;
        let mean = along.iter().sum::<f64>() / count;
        (
            mean,
            along.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count,
        )
    }

    /// The steps of `f(x) = m − x` have the stationary variance `1/(1 − ε/4)` exactly.
    #[test]
    fn steps_that_are_never_refused_have_the_moments_of_their_step_size() {
        let mean = row([1.0, -2.0]);
        let walked = walk(&CHAINS, 2, &Device::flex(), |x| (mean.clone() - x, None));
        assert_eq!((walked.acceptance, walked.step_size), (None, 0.4));
        for (axis, expected) in [1.0, -2.0].into_iter().enumerate() {
            let (mean, variance) = moments(&walked.samples, axis);
            assert!((mean - expected).abs() < 0.08, "{mean}");
            assert!((variance - 1.0 / 0.9).abs() < 0.08, "{variance}");
        }
        let again = walk(&CHAINS, 2, &Device::flex(), |x| (mean.clone() - x, None));
        assert_eq!(walked, again);
    }

    /// A normal distribution of mean (1, −2) and variances (1, 1/9): no step size changes its moments, and the one
    /// found accepts 57 %.
    #[test]
    fn refused_proposals_leave_the_exact_moments() {
        let (mean, precision) = (row([1.0, -2.0]), row([1.0, 9.0]));
        let walked = walk(&CHAINS, 2, &Device::flex(), |x| {
            let score = (mean.clone() - x.clone()) * precision.clone();
            let log_density = ((mean.clone() - x).square() * precision.clone()).sum_dim(1) * -0.5;
            (score, Some(log_density.squeeze_dim(1)))
        });
        let acceptance = walked.acceptance.unwrap();
        assert!(
            (0.48..0.67).contains(&acceptance),
            "{acceptance} with {}",
            walked.step_size
        );
        for (axis, (expected_mean, expected)) in
            [(1.0, 1.0), (-2.0, 1.0 / 9.0)].into_iter().enumerate()
        {
            let (mean, variance) = moments(&walked.samples, axis);
            assert!((mean - expected_mean).abs() < 0.1, "{mean}");
            assert!((variance / expected - 1.0).abs() < 0.1, "{variance}");
            let along: Vec<f64> = walked
                .samples
                .iter()
                .skip(axis)
                .step_by(2)
                .copied()
                .collect();
            let effective = effective_sample_size(&along, CHAINS.kept);
            assert!((400.0..=8_000.0).contains(&effective), "{effective}");
        }
    }

    /// Two normal distributions with means (±m, 0): `log p = −‖x‖²/2 + log cosh(m x₁)`, score `(m tanh(m x₁) − x₁,
    /// −x₂)`. No step leads from one to the other if they are 16 deviations apart; at 2 deviations chains cross all the
    /// time.
    #[test]
    fn chains_in_two_far_parts_disagree_and_in_two_near_ones_agree() {
        for (m, apart) in [(8.0, true), (1.0, false)] {
            let mean = row([m, 0.0]);
            let chains = Chains {
                start: (0.0, m.into()),
                ..CHAINS
            };
            let walked = walk(&chains, 2, &Device::flex(), |x| {
                let along = x.clone() * mean.clone();
                let score = along.clone().tanh() * mean.clone() - x.clone();
                let size = along.abs();
                let log_cosh = size.clone() + ((size * -2.0).exp() + 1.0).log();
                let log_density = (log_cosh - x.square() * 0.5).sum_dim(1);
                (score, Some(log_density.squeeze_dim(1)))
            });
            let along: Vec<f64> = walked.samples.iter().step_by(2).copied().collect();
            let r_hat = split_r_hat(&along, CHAINS.kept).unwrap();
            match apart {
                true => assert!(r_hat > 4.0, "{r_hat}"),
                false => assert!(r_hat < 1.3, "{r_hat}"),
            }
        }
    }

    #[test]
    fn chains_that_lead_away_end_at_the_border() {
        let walked = walk(&CHAINS, 2, &Device::flex(), |x| (x * 10.0, None));
        assert!(walked.samples.iter().all(|x| x.abs() == FARTHEST));
    }
}
