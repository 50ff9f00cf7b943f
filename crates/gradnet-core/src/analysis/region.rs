//! Where a field is looked at.

use rand::RngExt;
use rand::rngs::ChaCha12Rng;
use serde::Serialize;

/// How far from an end of its side a coordinate near a corner may be, as a part of the side.
const CORNER: f64 = 0.1;

/// The box `[low, high]^dim` the points are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Region {
    /// The lower end of every coordinate.
    pub low: f64,
    /// The upper end of every coordinate.
    pub high: f64,
}

/// The unit cube, the domain of the paper's experiments.
impl Default for Region {
    fn default() -> Self {
        Self {
            low: 0.0,
            high: 1.0,
        }
    }
}

impl Region {
    /// Points row after row: every second one near a corner, where uniform draws rarely are, the others uniform.
    pub(super) fn points(self, rows: usize, dim: usize, generator: &mut ChaCha12Rng) -> Vec<f64> {
        let mut draw = |row: usize| {
            let part: f64 = generator.random();
            match (row % 2 == 1, generator.random()) {
                (false, _) => part,
                (true, false) => CORNER * part,
                (true, true) => 1.0 - CORNER * part,
            }
        };
        (0..rows * dim)
            .map(|index| self.low + (self.high - self.low) * draw(index / dim))
            .collect()
    }
}
