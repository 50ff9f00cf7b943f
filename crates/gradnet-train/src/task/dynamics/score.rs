//! The numbers of predicted paths.
//!
//! | name | what it is | unit |
//! |---|---|---|
//! | `one_step_mse` | mean over neighbouring samples of `‖Φ(x_n) − x_{n+1}‖²` | squared state |
//! | `rollout_mse` | mean over test paths and times of `‖x̂(t) − x(t)‖²`, each path predicted from its first state alone | squared state |
//! | `valid_time` | mean over test paths of the time until `‖x̂(t) − x(t)‖` first exceeds 0.3 of the size of the data; at least that, where a path ends before | time |
//! | `energy_mse` | mean over test paths and times of `(E(x̂(t)) − E(x(t)))²`, where the true energy `E` is known | squared energy |
//! | `energy_drift` | mean over test paths of `max_t |E(x̂(t)) − E(x̂(0))|`, with the true energy or else the learned one | energy |
//!
//! A field that stands still conserves any energy: `energy_mse` says nothing without `rollout_mse`. The size of the
//! data is `s √d`, with `s` the root mean square of the training states' deviations from their mean. A prediction is
//! held at [`FARTHEST`](super::predict::FARTHEST) sizes.

use super::paths::Path;
use super::predict::Predicted;
use crate::task::{Quantities, Quantity};

/// Part of the data's size that an error may have while a prediction is valid.
const VALID: f64 = 0.3;

/// An energy of a state.
pub type Energy<'a> = &'a dyn Fn(&[f64]) -> f64;

/// What predictions are measured with.
pub struct Scorer<'a> {
    /// The test paths.
    pub paths: &'a [&'a Path],
    /// The size of the data.
    pub size: f64,
    /// The true energy, where it is known.
    pub energy: Option<Energy<'a>>,
}

impl Scorer<'_> {
    /// The numbers of the predicted paths; `learned` is the energy that stands in where the true one is not known.
    pub fn score(&self, predicted: &Predicted, learned: Option<Energy<'_>>) -> Quantities {
        let mut numbers = Quantities::new();
        let mut put = |name: &str, value: f64, unit: &str| {
            numbers.insert(name.into(), Quantity::new(value, unit));
        };
        let errors: Vec<Vec<f64>> = self
            .paths
            .iter()
            .zip(predicted)
            .map(|(path, states)| errors(path, states))
            .collect();
        put(
            "rollout_mse",
            mean(errors.iter().flatten().copied()),
            "state^2",
        );
        if let Some(energy) = self.energy {
            let pairs = self.paths.iter().zip(predicted);
            let squares = pairs.flat_map(|(path, states)| {
                let dim = path.states.len() / path.len();
                let pairs = path.states.chunks(dim).zip(states.chunks(dim));
                pairs
                    .map(|(x, found)| (energy(found) - energy(x)).powi(2))
                    .collect::<Vec<_>>()
            });
            put("energy_mse", mean(squares), "energy^2");
        }
        if let Some(energy) = self.energy.or(learned) {
            let drifts = self.paths.iter().zip(predicted).map(|(path, states)| {
                let dim = path.states.len() / path.len();
                let energies = states.chunks(dim).map(energy);
                let first = energy(&states[..dim]);
                energies.map(|e| (e - first).abs()).fold(0.0, f64::max)
            });
            put("energy_drift", mean(drifts), "energy");
        }
        numbers.insert("valid_time".into(), self.valid_time(&errors));
        numbers
    }

    /// The mean time until an error is too large: at least that, where on some path none is.
    fn valid_time(&self, errors: &[Vec<f64>]) -> Quantity {
        let bound = (VALID * self.size).powi(2);
        let too_large = |errors: &Vec<f64>| errors.iter().position(|error| *error > bound);
        let times = self.paths.iter().zip(errors).map(|(path, errors)| {
            path.times[too_large(errors).unwrap_or(errors.len() - 1)] - path.times[0]
        });
        Quantity {
            at_least: errors.iter().any(|errors| too_large(errors).is_none()),
            ..Quantity::new(mean(times), "time")
        }
    }
}

/// The squared error at each sample.
fn errors(path: &Path, predicted: &[f64]) -> Vec<f64> {
    let dim = path.states.len() / path.len();
    let pairs = path.states.chunks(dim).zip(predicted.chunks(dim));
    pairs.map(|(x, found)| square(x, found)).collect()
}

/// `‖x − y‖²`.
pub fn square(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| (x - y).powi(2)).sum()
}

/// The mean of some numbers.
pub fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two samples at times 0, 2, 5. Errors 0, 1, 9: mean 10/3; above (0.3 · 2)² = 0.36 from time 2 on. Energies x²: 1,
    /// 4, 9 predicted as 1, 9, 36.
    #[test]
    fn the_numbers_are_their_definitions() {
        let path = Path {
            number: 0.0,
            times: vec![1.0, 3.0, 6.0],
            states: vec![1.0, 2.0, 3.0],
            inputs: vec![],
        };
        let energy = |x: &[f64]| x[0] * x[0];
        let scorer = Scorer {
            paths: &[&path],
            size: 2.0,
            energy: Some(&energy),
        };
        let numbers = scorer.score(&vec![vec![1.0, 3.0, 6.0]], None);
        let value = |name: &str| numbers[name].value;
        assert!((value("rollout_mse") - 10.0 / 3.0).abs() < 1e-12);
        assert_eq!(value("valid_time"), 2.0);
        assert!((value("energy_mse") - (25.0 + 729.0) / 3.0).abs() < 1e-12);
        assert_eq!(value("energy_drift"), 35.0);
        let still = scorer.score(&vec![vec![1.0, 1.0, 1.0]], None);
        assert_eq!(still["energy_drift"].value, 0.0);
        assert_eq!(still["rollout_mse"].value, 5.0 / 3.0);
        // It is too large from time 2 on, but a path that is met to its end says no more than that.
        assert!(!still["valid_time"].at_least);
        let met = scorer.score(&vec![vec![1.0, 2.5, 3.5]], None);
        assert_eq!(met["valid_time"].to_string(), "at least 5 time");
    }
}
