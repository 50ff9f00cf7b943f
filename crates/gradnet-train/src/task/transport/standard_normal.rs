//! A source with the standard normal as its target: what a flow that fits a density maps to.

use super::drawn::{GaussianMixture, random};
use super::pair::{Pair, Part, Side};
use crate::data::file::{DataFacts, Similarity};

/// The source of a pair, and `N(0, I)` in place of its target.
pub(super) struct ToStandardNormal {
    source: Box<dyn Pair>,
    normal: GaussianMixture,
    seed: u64,
}

impl ToStandardNormal {
    /// The draws of a run with this seed.
    pub(super) fn new(source: Box<dyn Pair>, seed: u64) -> Self {
        Self {
            normal: GaussianMixture::standard_normal(source.dim()),
            source,
            seed,
        }
    }
}

impl Pair for ToStandardNormal {
    fn dim(&self) -> usize {
        self.source.dim()
    }

    fn points(&self, side: Side, part: Part, count: usize) -> Vec<f64> {
        match side {
            Side::Source => self.source.points(side, part, count),
            Side::Target => self.normal.draw(&mut random(self.seed, side, part), count),
        }
    }

    fn density(&self, side: Side) -> Option<&GaussianMixture> {
        match side {
            Side::Source => self.source.density(side),
            Side::Target => Some(&self.normal),
        }
    }

    fn test_row(&self, place: usize) -> Option<String> {
        self.source.test_row(place)
    }

    fn similarity(&self) -> Similarity {
        self.source.similarity()
    }

    fn facts(&self) -> Option<DataFacts> {
        self.source.facts()
    }
}
