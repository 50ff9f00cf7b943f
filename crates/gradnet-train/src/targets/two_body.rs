//! The Hamiltonian of two bodies, learned at points of its orbits.
//!
//! ```text
//! H(q, p) = (|p1|^2 + |p2|^2)/2 - 1/|q1 - q2|,   grad H = (dH/dq, dH/dp)
//! ```
//!
//! Chaudhari, Pranav, Moura, IEEE TSP 2025, Sec. VII-B, for the misprinted Eq. (25); data as in Greydanus, Dzamba,
//! Yosinski (2019): random nearly circular orbits, observed at even times without noise. [`crate::two_body`] has the
//! dynamics, the generator and the predictions. The points are split by orbit, not by row: the first 80 % are trained
//! on, the next 10 % validate and the last 10 % test. `target::tests` compares the gradient with central differences of
//! `H`.

use std::sync::Arc;

use burn::tensor::Tensor;
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Target;
use crate::data::{Stream, generator};
use crate::setting_error::SettingError;
use crate::two_body::{evenly, exact_rate, initial_state, integrate};

/// Settings of the two-body problem: `[target.two_body]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TwoBodyConfig {
    /// Orbits. Default 1,000.
    #[schemars(extend("minimum" = 10, "maximum" = 100000))]
    pub orbits: usize,
    /// Points an orbit. Default 50.
    #[schemars(extend("minimum" = 2, "maximum" = 10000))]
    pub points: usize,
    /// Time of the last point; the first is at 0. Default 20.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1000.0))]
    pub end: f64,
    /// Seed of the orbits: part of the target, so that runs of different seeds learn from the same points. Default 0.
    #[schemars(extend("maximum" = i64::MAX))]
    pub seed: u64,
}

impl Default for TwoBodyConfig {
    fn default() -> Self {
        Self {
            orbits: 1_000,
            points: 50,
            end: 20.0,
            seed: 0,
        }
    }
}

impl TwoBodyConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// The first that is out of range.
    pub fn check(&self) -> Result<(), SettingError> {
        let invalid = |field, value: String, requirement: &str, remedy: &str| {
            Err(SettingError::Invalid {
                field,
                value,
                requirement: requirement.into(),
                remedy: remedy.into(),
            })
        };
        if !(10..=100_000).contains(&self.orbits) {
            return invalid(
                "orbits",
                self.orbits.to_string(),
                "must be between 10, a tenth of which is one orbit, and 100000",
                "leave it out: the default is 1000",
            );
        }
        if !(2..=10_000).contains(&self.points) {
            return invalid(
                "points",
                self.points.to_string(),
                "must be between 2 and 10000",
                "leave it out: the default is 50",
            );
        }
        if !(self.end > 0.0 && self.end <= 1_000.0) {
            return invalid(
                "end",
                self.end.to_string(),
                "must be a time above 0, at most 1000",
                "leave it out: the default is 20",
            );
        }
        if i64::try_from(self.seed).is_err() {
            return invalid(
                "seed",
                self.seed.to_string(),
                "must be at most 9223372036854775807",
                "choose a smaller seed, for instance 0",
            );
        }
        Ok(())
    }
}

/// The two-body Hamiltonian with the recorded points of its orbits.
#[derive(Clone, Debug)]
pub struct TwoBody {
    /// The states, row after row, orbit after orbit.
    states: Arc<Vec<f32>>,
    /// First row of the validation orbits and of the test orbits.
    splits: [usize; 2],
}

const DIM: usize = 8;

impl TwoBody {
    pub(super) fn new(config: &TwoBodyConfig) -> Result<Self, SettingError> {
        let times = evenly(config.points, config.end);
        let mut states = Vec::with_capacity(config.orbits * config.points * DIM);
        for index in 0..config.orbits {
            let mut random = generator(config.seed, Stream::Target, index as u64);
            let start = initial_state(&mut random);
            let orbit = integrate(exact_rate, start, &times, true).map_err(|error| {
                SettingError::Invalid {
                    field: "end",
                    value: config.end.to_string(),
                    requirement: format!("must be a time that every orbit reaches, but {error}"),
                    remedy: "leave it out: the default is 20".into(),
                }
            })?;
            states.extend(orbit.states.iter().flatten().map(|x| *x as f32));
        }
        let held_out = config.orbits / 10;
        let row = |orbit| orbit * config.points;
        Ok(Self {
            states: Arc::new(states),
            splits: [
                row(config.orbits - 2 * held_out),
                row(config.orbits - held_out),
            ],
        })
    }

    /// Rows of the orbits that a draw for this purpose is taken from.
    fn rows(&self, stream: Stream) -> std::ops::Range<usize> {
        let [validation, test] = self.splits;
        match stream {
            Stream::Validation => validation..test,
            Stream::Test => test..self.states.len() / DIM,
            _ => 0..validation,
        }
    }
}

impl Target for TwoBody {
    fn name(&self) -> &'static str {
        "two_body"
    }

    fn dim(&self) -> usize {
        DIM
    }

    fn convex(&self) -> bool {
        false
    }

    fn gradient(&self, x: Tensor<2>) -> Tensor<2> {
        let part = |start, length| x.clone().narrow(1, start, length);
        // (x1 - x2, y1 - y2), `[points, 1]` each.
        let across = part(0, 1) - part(1, 1);
        let up = part(2, 1) - part(3, 1);
        let squared = across.clone().square() + up.clone().square();
        let cube = squared.clone() * squared.sqrt();
        let (across, up) = (across / cube.clone(), up / cube);
        let forces = vec![across.clone(), -across, up.clone(), -up, part(4, 4)];
        Tensor::cat(forces, 1)
    }

    fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        let part = |start, length| x.clone().narrow(1, start, length);
        let kinetic = part(4, 4).square().sum_dim(1) / 2.0;
        let across = part(0, 1) - part(1, 1);
        let up = part(2, 1) - part(3, 1);
        let distance = (across.square() + up.square()).sqrt();
        (kinetic - distance.recip()).squeeze_dim(1)
    }

    /// Rows drawn from the orbits of the split, with replacement.
    fn draw(&self, seed: u64, stream: Stream, index: u64, count: usize) -> Vec<f32> {
        let mut random = generator(seed, stream, index);
        let rows = self.rows(stream);
        (0..count)
            .flat_map(|_| {
                let row = random.random_range(rows.clone());
                self.states[row * DIM..(row + 1) * DIM].iter().copied()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orbits_are_split_whole_and_every_draw_keeps_to_its_split() {
        let config = TwoBodyConfig {
            orbits: 20,
            points: 5,
            ..Default::default()
        };
        let target = TwoBody::new(&config).unwrap();
        assert_eq!(target.rows(Stream::Training), 0..80);
        assert_eq!(target.rows(Stream::Validation), 80..90);
        assert_eq!(target.rows(Stream::Test), 90..100);
        let of = |stream| target.draw(3, stream, 0, 400);
        for stream in [Stream::Training, Stream::Validation, Stream::Test] {
            let rows = target.rows(stream);
            let own = &target.states[rows.start * DIM..rows.end * DIM];
            let drawn = of(stream);
            assert!(
                drawn
                    .chunks(DIM)
                    .all(|row| own.chunks(DIM).any(|o| o == row))
            );
            // 400 draws of at most 80 rows see nearly all of them.
            let seen = own
                .chunks(DIM)
                .filter(|o| drawn.chunks(DIM).any(|row| row == *o));
            assert!(seen.count() * 10 >= rows.len() * 9);
        }
        assert_eq!(of(Stream::Training), of(Stream::Training));
    }
}
