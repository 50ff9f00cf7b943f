//! Errors of predicted orbits, measured of every network of Table III.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::two_body::{Horizon, Prediction, evaluation_states, rate_of};
use gradnet_train::run::{Run, RunError};
use gradnet_train::sweep::{CellResult, Measure};

/// Errors of predicted orbits in decibels, one an orbit; `None` where the prediction could not be followed to the end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrbitScore {
    /// Of the positions.
    pub coordinate_mse_db: Vec<Option<f64>>,
    /// Of the positions over the times that the training orbits span, to t = 20.
    pub early_coordinate_mse_db: Vec<Option<f64>>,
    /// The part of the whole that is drift of the centre of mass.
    pub centre_mse_db: Vec<Option<f64>>,
    /// Of the energy.
    pub energy_mse_db: Vec<Option<f64>>,
}

impl OrbitScore {
    /// What a cell measured; nothing where it measured something else.
    pub fn of(result: &CellResult) -> Self {
        let measured = result.measured.clone().unwrap_or_default();
        serde_json::from_value(measured).unwrap_or_default()
    }

    /// The errors of predictions.
    pub fn new(predictions: &[Option<Prediction>]) -> Self {
        let each = |error: fn(&Prediction) -> f64| -> Vec<Option<f64>> {
            let predictions = predictions.iter();
            predictions.map(|orbit| orbit.as_ref().map(error)).collect()
        };
        Self {
            coordinate_mse_db: each(Prediction::coordinate_mse_db),
            early_coordinate_mse_db: each(Prediction::early_coordinate_mse_db),
            centre_mse_db: each(Prediction::centre_mse_db),
            energy_mse_db: each(Prediction::energy_mse_db),
        }
    }
}

/// Follows the 15 orbits of the test by a trained network.
#[derive(Clone, Copy, Debug)]
pub struct Orbits {
    /// How far.
    pub horizon: Horizon,
}

impl Measure for Orbits {
    fn settings(&self) -> Value {
        json!(self.horizon)
    }

    fn untold(&self) -> Value {
        json!(Horizon::default())
    }

    fn measure(&self, run: &Run, device: &Device) -> Result<Value, RunError> {
        let device = device.clone().without_autodiff();
        let network = run.network(&device)?;
        let predictions: Vec<_> = evaluation_states()
            .into_iter()
            .map(|start| Prediction::new(rate_of(&network, &device), start, self.horizon).ok())
            .collect();
        Ok(json!(OrbitScore::new(&predictions)))
    }
}
