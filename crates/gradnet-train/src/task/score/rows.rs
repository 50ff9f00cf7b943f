//! Scores that learned nothing, or nothing but a mean and a covariance, or everything by heart: the rows to compare
//! with.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

use super::centres::Centres;
use super::function::{ScoreFunction, heldout_loss};
use super::samples::Noisy;
use crate::measure::mean_and_covariance;

/// The score of nothing.
pub(super) struct Zero {
    pub(super) dim: usize,
}

impl ScoreFunction for Zero {
    fn scores(&self, x: &[f64]) -> Vec<f64> {
        vec![0.0; x.len()]
    }

    fn traces(&self, x: &[f64]) -> Vec<f64> {
        vec![0.0; x.len() / self.dim]
    }
}

/// The score of the normal distribution with the samples' mean and covariance, that of the noise added: the best linear
/// score.
pub(super) struct Gaussian {
    mean: DVector<f64>,
    precision: DMatrix<f64>,
    factor: Cholesky<f64, Dyn>,
}

impl Gaussian {
    /// Fitted to samples without noise; `None` where their covariance is singular and there is no noise.
    pub(super) fn fit(points: &[f64], dim: usize, noise: f64) -> Option<Self> {
        let (mean, covariance) = mean_and_covariance(points, dim);
        let covariance = covariance + DMatrix::identity(dim, dim) * noise.powi(2);
        let factor = covariance.cholesky()?;
        Some(Self {
            mean,
            precision: factor.inverse(),
            factor,
        })
    }

    /// Samples, row after row.
    pub(super) fn draw(&self, random: &mut impl Rng, points: usize) -> Vec<f64> {
        let dim = self.mean.len();
        let drawn = (0..points).flat_map(|_| {
            let normal = DVector::from_fn(dim, |_, _| StandardNormal.sample(random));
            let point = self.factor.l() * normal + &self.mean;
            point.iter().copied().collect::<Vec<f64>>()
        });
        drawn.collect()
    }
}

impl ScoreFunction for Gaussian {
    fn scores(&self, x: &[f64]) -> Vec<f64> {
        let points = x.chunks_exact(self.mean.len());
        let scores = points.flat_map(|x| {
            let score = &self.precision * (&self.mean - DVector::from_column_slice(x));
            score.iter().copied().collect::<Vec<f64>>()
        });
        scores.collect()
    }

    fn traces(&self, x: &[f64]) -> Vec<f64> {
        vec![-self.precision.trace(); x.len() / self.mean.len()]
    }
}

/// The score of a kernel density: round Gaussians around training samples, of the deviation that does best on the
/// samples that choose weights.
pub(super) struct KernelDensity {
    centres: Centres,
    dim: usize,
    deviation: f64,
}

/// Training samples a kernel density has at most, and validation samples its deviation is chosen by.
const CENTRES: usize = 2_000;
const CHOOSING: usize = 1_500;

/// Deviations that are tried, as shares of the size of the data.
const DEVIATIONS: [f64; 7] = [0.03, 0.06, 0.1, 0.2, 0.3, 0.5, 0.8];

impl KernelDensity {
    /// Around samples without noise; `validation` chooses the deviation, at least the noise.
    pub(super) fn fit(
        points: &[f64],
        dim: usize,
        noise: f64,
        size: f64,
        validation: impl Fn(usize) -> Noisy,
    ) -> Self {
        let points = points[..points.len().min(CENTRES * dim)].to_vec();
        let centres = Centres::even(points, dim);
        let noisy = validation(CHOOSING);
        let tried = DEVIATIONS.iter().map(|share| Self {
            centres: centres.clone(),
            dim,
            deviation: (share * size).hypot(noise),
        });
        let scored = tried.map(|density| {
            let loss = heldout_loss(&density, &noisy, noise, dim, &|| false);
            (loss.unwrap_or(f64::INFINITY), density)
        });
        let best = scored.min_by(|(a, _), (b, _)| a.total_cmp(b));
        best.expect("some deviations are tried").1
    }

    /// Samples, row after row.
    pub(super) fn draw(&self, random: &mut impl Rng, points: usize) -> Vec<f64> {
        let count = self.centres.points().len() / self.dim;
        let mut drawn = Vec::with_capacity(points * self.dim);
        for _ in 0..points {
            let start = random.random_range(0..count) * self.dim;
            for axis in 0..self.dim {
                let noise: f64 = StandardNormal.sample(random);
                drawn.push(self.centres.points()[start + axis] + self.deviation * noise);
            }
        }
        drawn
    }
}

impl ScoreFunction for KernelDensity {
    fn scores(&self, x: &[f64]) -> Vec<f64> {
        let mut scores = Vec::with_capacity(x.len());
        for x in x.chunks_exact(self.dim) {
            self.centres.at(x, self.deviation.powi(2), &mut scores);
        }
        scores
    }

    fn traces(&self, x: &[f64]) -> Vec<f64> {
        let points = x.chunks_exact(self.dim);
        let traces = points.map(|x| {
            let at = self.centres.at(x, self.deviation.powi(2), &mut Vec::new());
            at.laplacian
        });
        traces.collect()
    }
}
