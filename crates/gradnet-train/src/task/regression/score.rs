//! Errors in decibels and their spread over draws.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::{AFFINE, CONSTANT, ERROR, LINEAR, ZERO};
use crate::data::{Batch, PointSet};
use crate::measure::{deviation, mean};
use crate::task::{Quantities, Quantity, Rows};

/// `10 log10` of a mean squared error; of one below the smallest normal number, as of no error at all, that number's:
/// -3077.
///
/// So an exact field has a number too, which JSON can hold. What is not a number stays so.
pub fn decibels(mean_squared_error: f64) -> f64 {
    10.0 * mean_squared_error
        .clamp(f64::MIN_POSITIVE, f64::INFINITY)
        .log10()
}

/// The mean over the points of the squared 2-norm of `field(x) - y`, summed in 64 bits whatever the device has.
pub fn mean_squared_error(field: impl Fn(Tensor<2>) -> Tensor<2>, set: &PointSet) -> f64 {
    let squares = set.chunks().iter().map(|chunk| squares(&field, chunk));
    squares.sum::<f64>() / set.points() as f64
}

/// [`mean_squared_error`]; `None` if `stop` said so before the last chunk of points.
pub(crate) fn mean_squared_error_unless(
    field: impl Fn(Tensor<2>) -> Tensor<2>,
    set: &PointSet,
    stop: &dyn Fn() -> bool,
) -> Option<f64> {
    let mut sum = 0.0;
    for chunk in set.chunks() {
        if stop() {
            return None;
        }
        sum += squares(&field, chunk);
    }
    Some(sum / set.points() as f64)
}

/// The sum over the points of a chunk of the squared 2-norm.
fn squares(field: impl Fn(Tensor<2>) -> Tensor<2>, chunk: &Batch) -> f64 {
    let squares = (field(chunk.x.clone()) - chunk.y.clone()).square();
    let points = squares.sum_dim(1).into_data();
    points.iter::<f64>().sum::<f64>()
}

/// The error over several draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Mean over the draws of the decibels of each.
    pub mse_db_mean: f64,
    /// Standard deviation over the draws (n - 1); `None` for a single draw.
    pub mse_db_std: Option<f64>,
    /// Independent draws.
    pub draws: usize,
    /// Points a draw.
    pub points: usize,
}

impl Score {
    /// The score of the given mean squared errors, one a draw.
    pub fn new(errors: &[f64], points: usize) -> Self {
        let values: Vec<f64> = errors.iter().copied().map(decibels).collect();
        Self {
            mse_db_mean: mean(&values),
            mse_db_std: deviation(&values),
            draws: values.len(),
            points,
        }
    }
}

/// The rows every table must also have.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Error of predicting zero everywhere.
    pub zero_db: f64,
    /// Error of the best symmetric linear map.
    pub linear_db: f64,
    /// On a data file, the error of predicting the mean gradient of the training rows everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constant_db: Option<f64>,
    /// On a data file, the error of the best symmetric affine map, which is also `linear_db`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affine_db: Option<f64>,
    /// Whether the fit of the linear or affine map ended because of what it costs: a better one may exist.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub linear_is_a_bound: bool,
}

impl Score {
    /// The numbers of a regression's result.
    pub fn metrics(&self) -> Quantities {
        let error = Quantity {
            std: self.mse_db_std,
            draws: Some(self.draws),
            points: Some(self.points),
            ..Quantity::new(self.mse_db_mean, "dB")
        };
        Quantities::from([(ERROR.to_owned(), error)])
    }

    /// The score among the numbers of a regression's result.
    pub fn of(metrics: &Quantities) -> Option<Self> {
        let error = metrics.get(ERROR)?;
        Some(Self {
            mse_db_mean: error.value,
            mse_db_std: error.std,
            draws: error.draws?,
            points: error.points?,
        })
    }
}

impl Reference {
    /// The rows by name. A linear map beside an affine one is that one, and no row of its own.
    pub fn rows(&self) -> Rows {
        let is_bound = self.linear_is_a_bound;
        let linear = self.affine_db.is_none().then_some(self.linear_db);
        let rows = [
            (ZERO, Some(self.zero_db), false),
            (LINEAR, linear, is_bound),
            (CONSTANT, self.constant_db, false),
            (AFFINE, self.affine_db, is_bound),
        ];
        let row = |(name, db, is_bound): (&str, Option<f64>, bool)| {
            let error = Quantity {
                is_bound,
                ..Quantity::new(db?, "dB")
            };
            let error = Quantities::from([(ERROR.to_owned(), error)]);
            Some((name.to_owned(), error))
        };
        rows.into_iter().filter_map(row).collect()
    }

    /// The rows of a regression's result.
    pub fn of(rows: &Rows) -> Option<Self> {
        let row = |name| rows.get(name)?.get(ERROR);
        let db = |name| row(name).map(|error| error.value);
        let linear = row(LINEAR).or(row(AFFINE))?;
        Some(Self {
            zero_db: db(ZERO)?,
            linear_db: linear.value,
            constant_db: db(CONSTANT),
            affine_db: db(AFFINE),
            linear_is_a_bound: linear.is_bound,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Errors 0.1 and 0.001 are -10 and -30 dB: mean -20, deviations +-10, so the standard deviation is sqrt(200).
    #[test]
    fn decibels_are_averaged_over_draws() {
        let score = Score::new(&[0.1, 0.001], 7);
        assert!((score.mse_db_mean + 20.0).abs() < 1e-12);
        assert!((score.mse_db_std.unwrap() - 200f64.sqrt()).abs() < 1e-12);
        assert_eq!((score.draws, score.points), (2, 7));
        assert_eq!(Score::new(&[0.1], 7).mse_db_std, None);
    }

    /// The smallest normal number is 2^-1022: -10220 log10(2) = -3076.53 dB.
    #[test]
    fn the_score_of_an_exact_field_is_written_and_read_back() {
        let score = Score::new(&[0.0, 0.0], 7);
        let text = serde_json::to_string(&score).unwrap();
        let read: Score = serde_json::from_str(&text).unwrap();
        assert!((read.mse_db_mean + 10_220.0 * 2f64.log10()).abs() < 1e-6);
        assert_eq!(read.mse_db_std, Some(0.0));
        assert!(decibels(f64::NAN).is_nan());
    }
}
