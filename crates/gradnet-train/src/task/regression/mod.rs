//! Regression: a field learned from its values at points.
//!
//! ```text
//! loss(f)  = mean over batch and coordinates of (f(x) − y)²
//! criterion and result: 10 log10 mean_i |f(x_i) − y_i|², the squared 2-norm summed over coordinates
//! ```
//!
//! Chaudhari, Pranav, Moura, IEEE TSP 2025, Sec. VII. Where the pairs come from is a [`PairSource`]: points at which a
//! formula is evaluated ([`FormulaPairs`]), or the rows of a file ([`FilePairs`](crate::data::file::FilePairs)). Beside
//! a result stand the errors of predicting zero and of the best symmetric linear map, without which decibels cannot be
//! judged; on a file, whose values may have any mean, those of the best constant and of the best symmetric affine map.

mod energies;
mod file;
mod formula;
mod linear_map;
mod sampler;
mod score;
mod template;

use std::sync::Arc;

use crate::registry::Network;
use burn::tensor::{Device, Tensor};
use gradnet_core::VectorField;
use gradnet_core::analysis::Region;
use gradnet_core::kernel::mean_squared_error as batch_error;

use super::{Criterion, Headline, Lesson, Purpose, Quantities, Rows, RunTask, Task, TaskError};
use crate::data::file::DataFacts;
use crate::data::{Batch, PointSet};
use crate::device_check::{Agreement, Beside, DeviceFault, Workload};
use crate::targets::{Target, TargetConfig};

pub use file::{FileRows, PairsConfig};
pub use formula::{FormulaPairs, test_points};
pub use linear_map::{LinearField, SymmetricLinearMap};
pub use sampler::Sampler;
pub(crate) use score::mean_squared_error_unless;
pub use score::{Reference, Score, decibels, mean_squared_error};

/// Name of the error in results.
pub const ERROR: &str = "mse_db";

/// What results are judged by.
const HEADLINE: Headline = Headline::smallest(&[ERROR], &[]);

/// Names of the rows to compare with.
pub const ZERO: &str = "zero";
/// See [`ZERO`].
pub const LINEAR: &str = "linear";
/// See [`ZERO`].
pub const CONSTANT: &str = "constant";
/// See [`ZERO`].
pub const AFFINE: &str = "affine";

/// Where pairs of points and values come from.
pub trait PairSource: Send + Sync {
    /// Dimension of points and values.
    fn dim(&self) -> usize;

    /// The pairs of step `step`: a pure function of it.
    fn batch(&self, step: usize) -> Batch;

    /// The pairs that choose the weights.
    fn validation(&self) -> &PointSet;

    /// What a mean squared error is multiplied by to be in the user's units.
    fn unit(&self) -> f64 {
        1.0
    }

    /// The error of a field on the test pairs.
    fn test(&self, field: &dyn Fn(Tensor<2>) -> Tensor<2>) -> Score;

    /// The errors of the rows to compare with.
    fn reference(&self) -> Reference;
}

/// What a run on pairs needs beside them.
pub trait RunPairs: PairSource {
    /// What the run folder notes of the data.
    fn facts(&self) -> Option<DataFacts> {
        None
    }

    /// The formula that a device evaluates, if it does.
    fn formula(&self) -> Option<&TargetConfig> {
        None
    }

    /// Points a step.
    fn batch_size(&self) -> usize;

    /// Test points a draw.
    fn tested(&self) -> usize;

    /// The first of the test points, row after row.
    fn test_points(&self) -> Vec<f32>;

    /// About `points` of the test pairs, and what else can be shown.
    fn exhibit(&self, points: usize) -> Exhibit;
}

/// Pairs to show on a report's page.
pub struct Exhibit {
    /// Test pairs, in the network's units.
    pub pairs: PointSet,
    /// What was learned, where it has a formula.
    pub target: Option<Arc<dyn Target>>,
    /// Where the points lie.
    pub region: Region,
    /// What the difference between a field and the pairs is.
    pub shows: Shown,
}

/// What the difference between a field and the pairs of an [`Exhibit`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The values are what is learned: errors.
    Errors,
    /// Points alone: a difference from them says nothing.
    Points,
}

/// The regression of a field on pairs.
#[derive(Clone, Debug)]
pub struct Regression<S> {
    pairs: S,
}

impl<S: PairSource> Regression<S> {
    /// The regression on these pairs.
    pub fn new(pairs: S) -> Self {
        Self { pairs }
    }
}

impl<S: PairSource, F: VectorField> Task<F> for Regression<S> {
    fn dim(&self) -> usize {
        self.pairs.dim()
    }

    fn lesson(&self, step: usize) -> Lesson<F> {
        let Batch { x, y } = self.pairs.batch(step);
        Box::new(move |field| batch_error(field.forward(x), y))
    }

    fn criterion(&self) -> Criterion {
        Criterion {
            name: ERROR,
            unit: "dB",
            title: "error on validation points",
        }
    }

    fn validate(&self, field: &F, stop: &dyn Fn() -> bool) -> Option<f64> {
        let pairs = self.pairs.validation();
        let error = mean_squared_error_unless(|x| field.forward(x), pairs, stop)?;
        Some(decibels(error * self.pairs.unit()))
    }

    fn evaluate(&self, field: &F) -> Quantities {
        self.pairs.test(&|x| field.forward(x)).metrics()
    }

    fn baselines(&self) -> Rows {
        self.pairs.reference().rows()
    }
}

impl<S: RunPairs> RunTask for Regression<S> {
    fn facts(&self) -> Option<DataFacts> {
        self.pairs.facts()
    }

    fn check_device(
        &self,
        network: &Network,
        device: &Device,
        purpose: Purpose,
        _host: &dyn Fn() -> Result<Box<dyn RunTask>, TaskError>,
    ) -> Result<Option<Agreement>, DeviceFault> {
        let tested = self.pairs.tested();
        let (training, scoring, points) = match purpose {
            Purpose::Scoring => {
                let scoring = PointSet::chunk_sizes(tested).to_vec();
                (vec![], scoring, self.pairs.test_points())
            }
            Purpose::Training => {
                let validation = self.pairs.validation();
                let sizes = [validation.points(), tested].map(PointSet::chunk_sizes);
                let training = vec![self.pairs.batch_size()];
                (training, sizes.concat(), validation.first_points())
            }
        };
        let workload = Workload {
            network,
            target: self.pairs.formula(),
            points: &points,
            training: &training,
            scoring: &scoring,
            beside: Beside::default(),
        };
        workload.check(device)
    }

    fn exhibit(&self, points: usize) -> Option<Exhibit> {
        Some(self.pairs.exhibit(points))
    }
}
