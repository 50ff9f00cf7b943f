//! Pairs from a file with potentials beside the gradients: energies beside forces.
//!
//! ```text
//! w_F ‖f(x) − y‖²/d + w_E (F(x) + c − E)²,    ∇F = f,    c = mean(E − F)
//! ```
//!
//! as means over a batch, in the network's units. A gradient knows its potential up to a constant only, so that `c` is
//! the best one for the batch, in closed form: what is left is the variance of `E − F`. With the change of units of
//! [`Similarity`](crate::data::file::Similarity),
//!
//! ```text
//! F(x) = s t F'((x − m)/s) + σ ⟨c_y, x − m⟩,    E' = (E − σ ⟨c_y, x − m⟩) / (s t)
//! ```
//!
//! For forces (`sign = -1`, `y = −∇U`) `E` is `U`.

use burn::tensor::{DType, Device, Tensor, TensorData};
use gradnet_core::VectorField;
use gradnet_core::analysis::host;
use gradnet_core::kernel::mean_squared_error as batch_error;

use super::file::FileRows;
use super::{Exhibit, PairSource, Regression, RunPairs, ZERO, mean_squared_error_unless};
use crate::data::file::{DataFacts, FileConfig};
use crate::data::{Batch, PointSet};
use crate::device_check::{Agreement, DeviceFault};
use crate::measure::mean;
use crate::registry::Network;
use crate::task::{
    Criterion, Lesson, Purpose, Quantities, Quantity, Rows, RunTask, Task, TaskError,
};

/// The name of the potential's error in results.
const POTENTIAL_ERROR: &str = "potential_mse";

/// Pairs and potentials of a file's rows.
pub struct Energies {
    regression: Regression<FileRows>,
    /// `E'` of each row, less its mean over the training rows.
    potentials: Vec<f32>,
    gradient_weight: f64,
    potential_weight: f64,
}

impl Energies {
    /// Rows with the potential of each, in the file's order and units.
    pub fn new(rows: FileRows, potentials: &[f64], config: &FileConfig) -> Self {
        let similarity = rows.pairs.similarity();
        let scaled = |(row, potential): (usize, &f64)| {
            let (x, _) = rows.pairs.rows(&[row as u32]);
            (potential - similarity.linear_potential(&x)[0]) / similarity.potential_scale()
        };
        let scaled: Vec<f64> = potentials.iter().enumerate().map(scaled).collect();
        let training = &rows.pairs.split().training;
        let sum: f64 = training.iter().map(|row| scaled[*row as usize]).sum();
        let mean = sum / training.len() as f64;
        Self {
            potentials: scaled.iter().map(|e| (e - mean) as f32).collect(),
            regression: Regression::new(rows),
            gradient_weight: config.gradient_weight,
            potential_weight: config.potential_weight,
        }
    }

    fn rows(&self) -> &FileRows {
        &self.regression.pairs
    }

    fn of(&self, rows: &[u32]) -> Vec<f32> {
        rows.iter()
            .map(|row| self.potentials[*row as usize])
            .collect()
    }

    /// The variance of `E' − F'` over the points of a set, which are the first of `rows`.
    fn potential_error(&self, field: &Network, set: &PointSet, rows: &[u32]) -> f64 {
        let found = set
            .chunks()
            .iter()
            .flat_map(|chunk| host(potential(field, chunk.x.clone())));
        let pairs = found.zip(self.of(&rows[..set.points()]));
        variance(&pairs.map(|(f, e)| f64::from(e) - f).collect::<Vec<_>>())
    }

    /// What a variance is multiplied by to be in the user's units.
    fn unit(&self) -> f64 {
        self.rows().pairs.similarity().potential_scale().powi(2)
    }

    fn quantity(&self, variance: f64, points: usize) -> Quantity {
        Quantity {
            points: Some(points),
            ..Quantity::new(variance * self.unit(), "potential^2")
        }
    }
}

/// `F'`, of a network that has one: others are refused with the config.
fn potential(field: &Network, x: Tensor<2>) -> Tensor<1> {
    let unknown = Tensor::full([x.dims()[0]], f64::NAN, (&x.device(), x.dtype()));
    field.potential(x).unwrap_or(unknown)
}

/// The mean squared deviation from the mean.
fn variance(values: &[f64]) -> f64 {
    let middle = mean(values);
    let squares: Vec<f64> = values.iter().map(|x| (x - middle).powi(2)).collect();
    mean(&squares)
}

/// The loss of the module's text, `[1]`.
fn loss(
    field: &Network,
    Batch { x, y }: Batch,
    potentials: Tensor<1>,
    [of_gradients, of_potentials]: [f64; 2],
) -> Tensor<1> {
    let error = batch_error(field.forward(x.clone()), y);
    let difference = potentials - potential(field, x);
    let mean = difference.clone().mean();
    error * of_gradients + (difference - mean).square().mean() * of_potentials
}

fn tensor(values: Vec<f32>, device: &Device) -> Tensor<1> {
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count]), (device, DType::F32))
}

impl Task<Network> for Energies {
    fn dim(&self) -> usize {
        self.rows().dim()
    }

    fn lesson(&self, step: usize) -> Lesson<Network> {
        let rows = self.rows();
        let batch = rows.batch(step);
        let potentials = tensor(self.of(&rows.batches.rows(step)), &rows.device);
        let weights = [self.gradient_weight, self.potential_weight];
        Box::new(move |field: &Network| loss(field, batch, potentials, weights))
    }

    fn criterion(&self) -> Criterion {
        Criterion {
            name: "weighted_error",
            unit: "",
            title: "weighted error of gradients and potentials on validation rows",
        }
    }

    /// The loss over the validation rows.
    fn validate(&self, field: &Network, stop: &dyn Fn() -> bool) -> Option<f64> {
        let set = self.rows().validation();
        let error = mean_squared_error_unless(|x| field.forward(x), set, stop)?;
        let error = error / Task::<Network>::dim(self) as f64;
        let split = self.rows().pairs.split();
        let of_potentials = self.potential_error(field, set, &split.validation);
        Some(self.gradient_weight * error + self.potential_weight * of_potentials)
    }

    fn evaluate(&self, field: &Network) -> Quantities {
        let mut numbers = self.regression.evaluate(field);
        let set = self.rows().test_set(self.rows().tested());
        let error = self.potential_error(field, &set, &self.rows().pairs.split().test);
        let error = self.quantity(error, set.points());
        numbers.insert(POTENTIAL_ERROR.into(), error);
        numbers
    }

    /// Those of pairs; a field of zero has one potential everywhere.
    fn baselines(&self) -> Rows {
        let mut rows = Task::<Network>::baselines(&self.regression);
        let tested = self.rows().tested();
        let test = &self.rows().pairs.split().test[..tested];
        let similarity = self.rows().pairs.similarity();
        // E itself: what the scaling took off is not part of a field of zero.
        let (x, _) = self.rows().pairs.rows(test);
        let linear = similarity.linear_potential(&x);
        let scaled = self.of(test).into_iter().zip(linear);
        let scale = similarity.potential_scale();
        let energies: Vec<f64> = scaled
            .map(|(e, linear)| f64::from(e) + linear / scale)
            .collect();
        let zero = self.quantity(variance(&energies), tested);
        rows.entry(ZERO.into())
            .or_default()
            .insert(POTENTIAL_ERROR.into(), zero);
        rows
    }
}

impl RunTask for Energies {
    fn facts(&self) -> Option<DataFacts> {
        RunTask::facts(&self.regression)
    }

    fn check_device(
        &self,
        network: &Network,
        device: &Device,
        purpose: Purpose,
        host: &dyn Fn() -> Result<Box<dyn RunTask>, TaskError>,
    ) -> Result<Option<Agreement>, DeviceFault> {
        self.regression.check_device(network, device, purpose, host)
    }

    fn exhibit(&self, points: usize) -> Option<Exhibit> {
        RunTask::exhibit(&self.regression, points)
    }
}

#[cfg(test)]
mod tests {
    use gradnet_core::ParameterSource;

    use super::*;
    use crate::registry::{NetworkConfig, Size};

    /// The constant in closed form is the minimum: the loss with any other constant, computed row by row in f64, is
    /// larger, and with its own the same.
    #[test]
    fn the_loss_is_its_formula_with_the_best_constant() {
        let device = Device::flex();
        let config = NetworkConfig::from_name("gradnet_m").unwrap();
        let network = config
            .with_size(Size::Width(8))
            .init(2, &mut ParameterSource::new(&device, 3))
            .unwrap();
        let x = [0.3f32, -0.7, 1.1, 0.4, -0.9, 0.2];
        let y = [1.0f32, 0.5, -0.3, 0.8, 0.1, -0.6];
        let e = [2.0f32, -1.0, 0.7];
        let points = |v: &[f32]| -> Tensor<2> {
            Tensor::from_data(TensorData::new(v.to_vec(), [3, 2]), (&device, DType::F32))
        };
        let batch = Batch {
            x: points(&x),
            y: points(&y),
        };
        let found = loss(&network, batch, tensor(e.to_vec(), &device), [0.5, 2.0]);
        let found = found.into_scalar::<f64>();
        let fields = host(network.forward(points(&x)));
        let potentials = host(network.potential(points(&x)).unwrap());
        let of_gradients = fields.iter().zip(&y);
        let of_gradients = of_gradients.map(|(f, y)| (f - f64::from(*y)).powi(2));
        let of_gradients = of_gradients.sum::<f64>() / 6.0;
        let with = |c: f64| {
            let rows = potentials.iter().zip(&e);
            let squares = rows.map(|(f, e)| (f + c - f64::from(*e)).powi(2));
            0.5 * of_gradients + 2.0 * squares.sum::<f64>() / 3.0
        };
        let rows = potentials.iter().zip(&e);
        let best = rows.map(|(f, e)| f64::from(*e) - f).sum::<f64>() / 3.0;
        assert!((found - with(best)).abs() < 1e-5 * found, "{found}");
        assert!(with(best + 0.01) > with(best) && with(best - 0.01) > with(best));
    }
}
