//! Pairs whose optimal map is known: `Q = T#P` with P a mixture of Gaussians and T the gradient of a convex function,
//! so that T is the optimal map from P to Q by Brenier's theorem.

use nalgebra::{DMatrix, DVector};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::pair::{Pair, Part, Side};
use crate::data::{Stream, generator};

/// The gradient of a convex function, by a formula.
pub(super) trait KnownMap: Send + Sync {
    /// T at points, row after row.
    fn apply(&self, x: &[f64]) -> Vec<f64>;
}

/// Gaussians `N(c_k, L_k L_kᵀ)` with weights.
#[derive(Clone, Debug)]
pub struct GaussianMixture {
    /// The weights, of sum 1; empty where all are alike.
    pub(super) weights: Vec<f64>,
    /// `c_k`.
    pub(super) centres: Vec<DVector<f64>>,
    /// `L_k`.
    pub(super) factors: Vec<DMatrix<f64>>,
}

impl GaussianMixture {
    /// Coordinates of a point.
    pub(super) fn dim(&self) -> usize {
        self.centres[0].len()
    }

    /// The number of a component, as often as its weight says.
    fn component(&self, random: &mut impl Rng) -> usize {
        let count = self.centres.len();
        if self.weights.is_empty() {
            return random.random_range(0..count);
        }
        let at: f64 = random.random();
        let sums = self.weights.iter().scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        sums.take_while(|sum| *sum <= at).count().min(count - 1)
    }

    /// Independent points, row after row.
    pub(super) fn draw(&self, random: &mut impl Rng, count: usize) -> Vec<f64> {
        let dim = self.dim();
        let mut points = Vec::with_capacity(count * dim);
        for _ in 0..count {
            let component = self.component(random);
            let noise = DVector::from_fn(dim, |_, _| random.sample(StandardNormal));
            let point = &self.factors[component] * noise + &self.centres[component];
            points.extend(point.iter());
        }
        points
    }
}

/// The generator of a side's draws for a part, in a run of seed `seed`.
pub(super) fn random(seed: u64, side: Side, part: Part) -> impl Rng {
    let (stream, index) = match part {
        Part::Step(step) => (Stream::Training, step as u64),
        Part::Reference => (Stream::Reference, 0),
        Part::Validation => (Stream::Validation, 0),
        Part::Test => (Stream::Test, 0),
    };
    generator(seed, stream, 2 * index + u64::from(side == Side::Target))
}

/// A mixture and its image.
pub(super) struct DrawnPair {
    source: GaussianMixture,
    target: Option<GaussianMixture>,
    map: Box<dyn KnownMap>,
    seed: u64,
}

impl DrawnPair {
    /// The draws of a run with this seed.
    pub(super) fn new(source: GaussianMixture, map: Box<dyn KnownMap>, seed: u64) -> Self {
        Self {
            source,
            target: None,
            map,
            seed,
        }
    }

    /// The pair with the density of its image, where that is a mixture too.
    pub(super) fn with_target(mut self, target: GaussianMixture) -> Self {
        self.target = Some(target);
        self
    }
}

impl Pair for DrawnPair {
    fn dim(&self) -> usize {
        self.source.dim()
    }

    /// Points of the target are images of points of their own: nothing pairs them with those of the source.
    fn points(&self, side: Side, part: Part, count: usize) -> Vec<f64> {
        let x = self.source.draw(&mut random(self.seed, side, part), count);
        match side {
            Side::Source => x,
            Side::Target => self.map.apply(&x),
        }
    }

    fn density(&self, side: Side) -> Option<&GaussianMixture> {
        match side {
            Side::Source => Some(&self.source),
            Side::Target => self.target.as_ref(),
        }
    }

    fn truth(&self, x: &[f64]) -> Option<Vec<f64>> {
        Some(self.map.apply(x))
    }
}
