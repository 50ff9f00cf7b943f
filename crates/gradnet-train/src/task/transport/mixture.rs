//! `[transport.mixture]`: our own benchmark pair in any dimension, from a seed, with the true map known.
//!
//! ```text
//! P = (1/K) Σ_k N(c_k, L_k L_kᵀ),  c_k and the rows of L_k random, var 1 a coordinate
//! T(x) = (t(x) − m)/s,  t = ∇φ,  φ(x) = |x|²/5 + Σ_{j=1,2} logsumexp(3 (W_j x + b_j))/3
//! ```
//!
//! `φ` is convex, so T is the optimal map from P to `Q = T#P` (Brenier). `m` and `s` make Q of mean zero and of
//! variance 1 a coordinate. The tests below compare `t` with central differences of `φ`, and its Jacobian with a
//! positive definite matrix.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;
use rand_distr::StandardNormal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::drawn::{DrawnPair, GaussianMixture, KnownMap};
use crate::data::{Stream, generator};

/// Points that give mean and size of Q.
const STANDARDISED_BY: usize = 1 << 14;
/// The weight of `|x|²/2` in `φ`.
const QUADRATIC: f64 = 0.4;
/// How sharp the soft maxima are.
const SHARPNESS: f64 = 3.0;
/// Planes of each soft maximum.
const PLANES: usize = 8;

/// Settings of `[transport.mixture]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MixtureConfig {
    /// Dimension of the space. Default 2.
    #[schemars(extend("minimum" = 1, "maximum" = 1024))]
    pub dim: usize,
    /// Gaussians in the source. Default 3.
    #[schemars(extend("minimum" = 1, "maximum" = 1024))]
    pub components: usize,
    /// Seed of the pair itself, so that runs of different seeds learn the same map. Default 0.
    #[schemars(extend("maximum" = i64::MAX))]
    pub seed: u64,
}

impl Default for MixtureConfig {
    fn default() -> Self {
        Self {
            dim: 2,
            components: 3,
            seed: 0,
        }
    }
}

impl MixtureConfig {
    /// The pair, with the draws of a run of seed `seed`.
    pub(super) fn pair(&self, seed: u64) -> DrawnPair {
        let mut random = generator(self.seed, Stream::Target, 0);
        let mut normal = || -> f64 { random.sample(StandardNormal) };
        let dim = self.dim;
        let mut source = GaussianMixture {
            weights: Vec::new(),
            centres: Vec::new(),
            factors: Vec::new(),
        };
        for _ in 0..self.components {
            source.centres.push(DVector::from_fn(dim, |_, _| normal()));
            let rows = DMatrix::from_fn(dim, dim, |_, _| normal());
            let factor = DMatrix::from_fn(dim, dim, |i, j| 0.4 * rows[(i, j)] / rows.row(i).norm());
            source.factors.push(factor);
        }
        centre(&mut source);
        let maxima = [(); 2].map(|()| SoftMaximum {
            slopes: DMatrix::from_fn(PLANES, dim, |_, _| normal() / (dim as f64).sqrt()),
            offsets: DVector::from_fn(PLANES, |_, _| 0.5 * normal()),
        });
        let mut map = ConvexGradient {
            maxima,
            mean: vec![0.0; dim],
            scale: 1.0,
        };
        let x = source.draw(
            &mut generator(self.seed, Stream::TargetScale, 0),
            STANDARDISED_BY,
        );
        (map.mean, map.scale) = mean_and_size(&map.apply(&x), dim);
        DrawnPair::new(source, Box::new(map), seed)
    }
}

/// Moves and scales a mixture so that it has mean zero and variance 1 a coordinate.
fn centre(mixture: &mut GaussianMixture) {
    let count = mixture.centres.len() as f64;
    let mean = mixture.centres.iter().sum::<DVector<f64>>() / count;
    mixture
        .centres
        .iter_mut()
        .for_each(|centre| *centre -= &mean);
    let spread = mixture
        .centres
        .iter()
        .map(DVector::norm_squared)
        .sum::<f64>();
    let inside = mixture
        .factors
        .iter()
        .map(DMatrix::norm_squared)
        .sum::<f64>();
    let size = ((spread + inside) / count / mixture.dim() as f64).sqrt();
    mixture
        .centres
        .iter_mut()
        .for_each(|centre| *centre /= size);
    mixture
        .factors
        .iter_mut()
        .for_each(|factor| *factor /= size);
}

/// The mean of points and the root mean square of their coordinates around it.
pub(super) fn mean_and_size(points: &[f64], dim: usize) -> (Vec<f64>, f64) {
    let rows = (points.len() / dim) as f64;
    let mut mean = vec![0.0; dim];
    for point in points.chunks_exact(dim) {
        mean.iter_mut().zip(point).for_each(|(m, x)| *m += x / rows);
    }
    let deviations = points.iter().zip(mean.iter().cycle());
    let squares: f64 = deviations.map(|(x, m)| (x - m).powi(2)).sum();
    (mean, (squares / points.len() as f64).sqrt())
}

/// `logsumexp(3 (W x + b))/3`.
struct SoftMaximum {
    slopes: DMatrix<f64>,
    offsets: DVector<f64>,
}

/// `T`.
struct ConvexGradient {
    maxima: [SoftMaximum; 2],
    mean: Vec<f64>,
    scale: f64,
}

impl SoftMaximum {
    /// `softmax(3 (W x + b))`, and the value.
    fn weights(&self, x: &DVector<f64>) -> (DVector<f64>, f64) {
        let planes = &self.slopes * x + &self.offsets;
        let largest = planes.max();
        let parts = planes.map(|plane| (SHARPNESS * (plane - largest)).exp());
        let sum = parts.sum();
        (parts / sum, largest + sum.ln() / SHARPNESS)
    }
}

impl ConvexGradient {
    /// `φ(x)`.
    #[cfg(test)]
    fn potential(&self, x: &DVector<f64>) -> f64 {
        let maxima = self.maxima.iter().map(|maximum| maximum.weights(x).1);
        QUADRATIC * x.norm_squared() / 2.0 + maxima.sum::<f64>()
    }
}

impl KnownMap for ConvexGradient {
    fn apply(&self, x: &[f64]) -> Vec<f64> {
        let mut images = Vec::with_capacity(x.len());
        for point in x.chunks_exact(self.mean.len()) {
            let point = DVector::from_column_slice(point);
            let mut image = &point * QUADRATIC;
            for maximum in &self.maxima {
                image += maximum.slopes.tr_mul(&maximum.weights(&point).0);
            }
            let standardised = image.iter().zip(&self.mean);
            images.extend(standardised.map(|(t, m)| (t - m) / self.scale));
        }
        images
    }
}

#[cfg(test)]
mod tests {
    use super::super::pair::{Pair, Part, Side};
    use super::*;

    fn map() -> ConvexGradient {
        let mut random = generator(3, Stream::Target, 0);
        let mut normal = || -> f64 { random.sample(StandardNormal) };
        let maxima = [(); 2].map(|()| SoftMaximum {
            slopes: DMatrix::from_fn(PLANES, 3, |_, _| normal()),
            offsets: DVector::from_fn(PLANES, |_, _| normal()),
        });
        ConvexGradient {
            maxima,
            mean: vec![0.0; 3],
            scale: 1.0,
        }
    }

    #[test]
    fn the_map_is_the_gradient_of_its_convex_potential() {
        let map = map();
        let x = DVector::from_vec(vec![0.3, -1.2, 0.8]);
        let gradient = map.apply(x.as_slice());
        let mut jacobian = DMatrix::zeros(3, 3);
        for i in 0..3 {
            let mut step = DVector::zeros(3);
            step[i] = 1e-5;
            let slope = (map.potential(&(&x + &step)) - map.potential(&(&x - &step))) / 2e-5;
            assert!(
                (slope - gradient[i]).abs() < 1e-8,
                "{slope} {}",
                gradient[i]
            );
            let ahead = map.apply((&x + &step).as_slice());
            let behind = map.apply((&x - &step).as_slice());
            for j in 0..3 {
                jacobian[(j, i)] = (ahead[j] - behind[j]) / 2e-5;
            }
        }
        assert!((&jacobian - jacobian.transpose()).norm() < 1e-7);
        assert!(jacobian.symmetric_eigenvalues().min() > QUADRATIC - 1e-6);
    }

    #[test]
    fn both_sides_have_mean_zero_and_variance_one_and_draws_of_their_own() {
        let pair = MixtureConfig::default().pair(5);
        let test = |side| pair.points(side, Part::Test, 20_000);
        for side in [Side::Source, Side::Target] {
            let (mean, size) = mean_and_size(&test(side), 2);
            assert!((size - 1.0).abs() < 0.03, "{side:?} {size}");
            assert!(mean.iter().all(|m| m.abs() < 0.05), "{side:?} {mean:?}");
        }
        let images = pair.truth(&test(Side::Source)).unwrap();
        assert_ne!(images[..2], test(Side::Target)[..2]);
        let other = MixtureConfig::default().pair(6);
        assert_ne!(
            other.points(Side::Source, Part::Test, 1),
            test(Side::Source)[..2]
        );
        assert_eq!(other.truth(&[0.1, 0.2]), pair.truth(&[0.1, 0.2]));
    }
}
