//! The two distributions of a transport, as samples in the network's units.

use super::drawn::GaussianMixture;
use crate::data::file::{DataFacts, Similarity};

/// The distribution that is moved, or the one it is moved to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// P.
    Source,
    /// Q.
    Target,
}

/// What points are for; no part has a point of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The batch of a step, counted from 0.
    Step(usize),
    /// What the Bures map and the entropic map are fitted to.
    Reference,
    /// What chooses the weights.
    Validation,
    /// What is reported.
    Test,
}

/// Two distributions to draw from; every draw is a pure function of seed, side and part.
pub trait Pair: Send + Sync {
    /// Coordinates of a point.
    fn dim(&self) -> usize;

    /// At most `count` points, row after row: fewer where a file has no more.
    fn points(&self, side: Side, part: Part, count: usize) -> Vec<f64>;

    /// The optimal map at points of the source, where it is known.
    fn truth(&self, _x: &[f64]) -> Option<Vec<f64>> {
        None
    }

    /// The density of a side in the network's units, where it is known.
    fn density(&self, _side: Side) -> Option<&GaussianMixture> {
        None
    }

    /// Where the source's test point at `place` stands in its file, where it comes from one.
    fn test_row(&self, _place: usize) -> Option<String> {
        None
    }

    /// The change between the user's units and the network's: points of the source are its points, those of the target
    /// its gradients.
    fn similarity(&self) -> Similarity {
        Similarity::identity(self.dim())
    }

    /// What a run folder notes of files.
    fn facts(&self) -> Option<DataFacts> {
        None
    }
}
