//! Test points of a transport for a report's page.

use super::Transport;
use super::pair::{Part, Side};

/// Test points of both sides, row after row in the user's units.
pub struct ShownMap<'a> {
    /// Points of the source.
    pub source: Vec<f64>,
    /// Points of the target.
    pub target: Vec<f64>,
    /// The optimal map at the points of the source, where it is known.
    pub truth: Option<Vec<f64>>,
    /// What a point of the source is called, by its place.
    pub name: Box<dyn Fn(usize) -> String + 'a>,
}

impl Transport {
    /// At most `count` points of each side.
    pub(super) fn shown(&self, count: usize) -> ShownMap<'_> {
        let [x, y] =
            [Side::Source, Side::Target].map(|side| self.pair.points(side, Part::Test, count));
        let truth = self.pair.truth(&x);
        ShownMap {
            truth: truth.map(|images| self.similarity.unscale_gradients(&images)),
            source: self.similarity.unscale_points(&x),
            target: self.similarity.unscale_gradients(&y),
            name: Box::new(|place| {
                let row = self.pair.test_row(place);
                row.unwrap_or_else(|| format!("test point {}", place + 1))
            }),
        }
    }
}
