//! Orbits predicted by a learned gradient field, beside the true ones.

use burn::tensor::{Device, Tensor, TensorData};
use gradnet_core::VectorField;
use serde::{Deserialize, Serialize};

use super::{Orbit, OrbitError, State, energy, evenly, exact_rate, integrate, rotate};
use gradnet_train::task::regression::decibels;

/// How long and how finely orbits are followed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Horizon {
    /// The last time.
    pub end: f64,
    /// Points, both ends included.
    pub points: usize,
}

/// The last time of the training orbits of Greydanus et al.: beyond it a prediction extrapolates in time.
pub const TRAINED_TO: f64 = 20.0;

impl Default for Horizon {
    /// The paper's: 2,000 points to t = 60.
    fn default() -> Self {
        Self {
            end: 60.0,
            points: 2_000,
        }
    }
}

/// The dynamics of a field that learned the gradient of `H`, one state at a time.
pub fn rate_of<'a>(
    field: &'a dyn VectorField,
    device: &'a Device,
) -> impl Fn(&State) -> State + 'a {
    move |state| {
        let x = TensorData::new(state.map(|x| x as f32).to_vec(), [1, 8]);
        let values = field.forward(Tensor::<2>::from_data(x, device)).into_data();
        let mut slope = [f64::NAN; 8];
        for (slope, value) in slope.iter_mut().zip(values.iter::<f64>()) {
            *slope = value;
        }
        rotate(&slope)
    }
}

/// A true orbit and a predicted one from the same start.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The true orbit.
    pub truth: Orbit,
    /// The predicted one.
    pub predicted: Orbit,
}

impl Prediction {
    /// Follows both orbits from `start`.
    ///
    /// # Errors
    /// If the predicted orbit cannot be integrated.
    pub fn new(
        rate: impl Fn(&State) -> State,
        start: State,
        horizon: Horizon,
    ) -> Result<Self, OrbitError> {
        let times = evenly(horizon.points, horizon.end);
        Ok(Self {
            truth: integrate(exact_rate, start, &times, true)?,
            predicted: integrate(rate, start, &times, false)?,
        })
    }

    /// Mean over times and the four position coordinates of the squared error, in decibels.
    pub fn coordinate_mse_db(&self) -> f64 {
        self.mean_db(self.truth.times.len(), position_error)
    }

    /// [`coordinate_mse_db`](Self::coordinate_mse_db) over the times up to [`TRAINED_TO`].
    pub fn early_coordinate_mse_db(&self) -> f64 {
        let count = self.truth.times.partition_point(|&t| t <= TRAINED_TO);
        self.mean_db(count, position_error)
    }

    /// The part of [`coordinate_mse_db`](Self::coordinate_mse_db) that is drift of the centre of mass, which rests on
    /// every true orbit: the mean over times and its two coordinates of its squared displacement, in decibels. The rest
    /// is error of the relative motion.
    pub fn centre_mse_db(&self) -> f64 {
        self.mean_db(self.truth.times.len(), |_, predicted| {
            let [x1, x2, y1, y2, ..] = predicted;
            (((x1 + x2) / 2.0).powi(2) + ((y1 + y2) / 2.0).powi(2)) / 2.0
        })
    }

    /// Mean over times of the squared error of the energy, in decibels.
    pub fn energy_mse_db(&self) -> f64 {
        self.mean_db(self.truth.times.len(), |truth, predicted| {
            (energy(truth) - energy(predicted)).powi(2)
        })
    }

    /// The mean of an error over the first `count` times, in decibels.
    fn mean_db(&self, count: usize, error: impl Fn(&State, &State) -> f64) -> f64 {
        let states = self.truth.states.iter().zip(&self.predicted.states);
        let sum: f64 = states.take(count).map(|(a, b)| error(a, b)).sum();
        decibels(sum / count as f64)
    }
}

/// The mean over the four position coordinates of the squared error.
fn position_error(truth: &State, predicted: &State) -> f64 {
    let positions = truth[..4].iter().zip(&predicted[..4]);
    positions.map(|(a, b)| (a - b).powi(2)).sum::<f64>() / 4.0
}
