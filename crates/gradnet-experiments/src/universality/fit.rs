//! One fit: Adam with a cosine rate on fresh points, then the error on test points.

use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::tensor::Device;
use gradnet_core::VectorField;
use gradnet_core::kernel::FusedAdam;
use serde::{Deserialize, Serialize};

use super::ShapeTarget;
use crate::data::{Batch, PointSet, Stream, generator, uniform_points};
use crate::evaluation::{decibels, mean_squared_error};
use crate::target::Target;
use crate::training::{Learner, Loss, Objective};

/// The effort of a fit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Adam steps.
    pub steps: usize,
    /// Points a step.
    pub batch: usize,
    /// The rate at the first step; half a cosine takes it to 0.
    pub learning_rate: f64,
    /// Test points.
    pub test_points: usize,
}

impl Budget {
    /// 5,000 steps, or with `quick` 1,500.
    pub fn new(quick: bool) -> Self {
        Self {
            steps: if quick { 1_500 } else { 5_000 },
            batch: 256,
            learning_rate: 0.02,
            test_points: if quick { 2_000 } else { 10_000 },
        }
    }
}

/// What a fit came to.
pub(super) struct Fitted {
    /// Parameters of the network.
    pub(super) parameters: usize,
    /// The error beside that of predicting zero.
    pub(super) mse_db: f64,
}

/// The mean over batch and coordinates of `(f(x) − y)²`, for any field.
struct SquaredError;

impl<F: VectorField> Objective<F> for SquaredError {
    type Batch = Batch;

    fn loss(&self, field: &F, batch: Batch) -> Loss {
        Loss {
            error: (field.forward(batch.x) - batch.y).square().mean(),
            penalty: None,
        }
    }
}

/// Trains a field whose parameters live on the device with autodiff.
pub(super) fn fit<F: VectorField + Module>(
    field: F,
    target: &ShapeTarget,
    seed: u64,
    budget: &Budget,
    device: &Device,
) -> Fitted {
    let inner = device.clone().without_autodiff();
    let dim = target.dim();
    let optimizer = ModuleOptimizer::from(FusedAdam::default());
    let mut learner = Learner::new(field, SquaredError, optimizer);
    for step in 0..budget.steps {
        let mut random = generator(seed, Stream::Training, step as u64);
        let points = uniform_points(&mut random, budget.batch, dim);
        let batch = Batch::new(points, target, &inner);
        let turn = std::f64::consts::PI * step as f64 / budget.steps as f64;
        let rate = budget.learning_rate * (1.0 + turn.cos()) / 2.0;
        learner.step(batch, step as f64 / budget.steps as f64, rate);
    }
    let field = learner.into_field();
    let parameters = field.num_params();
    let field = field.valid();
    let mut random = generator(seed, Stream::Test, 0);
    let points = uniform_points(&mut random, budget.test_points, dim);
    let set = PointSet::new(&points, target, &inner);
    let error = mean_squared_error(|x| field.forward(x), &set);
    let zero = mean_squared_error(|x| x.zeros_like(), &set);
    Fitted {
        parameters,
        mse_db: decibels(error / zero),
    }
}
