//! One fit: Adam with a cosine rate on fresh points, then the error on test points.

use std::ops::ControlFlow;
use std::sync::Arc;

use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::tensor::{Device, Tensor};
use gradnet_core::VectorField;
use gradnet_core::kernel::FusedAdam;
use serde::{Deserialize, Serialize};

use super::ShapeTarget;
use gradnet_train::data::{Batch, PointSet, Stream, generator, uniform_points};
use gradnet_train::targets::Target;
use gradnet_train::task::regression::{decibels, mean_squared_error};
use gradnet_train::task::{Criterion, Lesson, Quantities, Quantity, Rows, Task};
use gradnet_train::training::Learner;

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

/// The gradient of a shape, learned from fresh points of the unit cube.
struct Approximation {
    target: ShapeTarget,
    seed: u64,
    budget: Budget,
    device: Device,
}

impl Approximation {
    fn points(&self, stream: Stream, index: usize, count: usize) -> Vec<f32> {
        let mut random = generator(self.seed, stream, index as u64);
        uniform_points(&mut random, count, self.target.dim())
    }

    /// The error beside that of predicting zero, in decibels.
    fn error(&self, field: impl Fn(Tensor<2>) -> Tensor<2>) -> f64 {
        let points = self.points(Stream::Test, 0, self.budget.test_points);
        let set = PointSet::new(&points, &self.target, &self.device);
        let zero = mean_squared_error(|x| x.zeros_like(), &set);
        decibels(mean_squared_error(field, &set) / zero)
    }
}

impl<F: VectorField> Task<F> for Approximation {
    fn dim(&self) -> usize {
        self.target.dim()
    }

    fn lesson(&self, step: usize) -> Lesson<F> {
        let points = self.points(Stream::Training, step, self.budget.batch);
        let Batch { x, y } = Batch::new(points, &self.target, &self.device);
        Box::new(|field| (field.forward(x) - y).square().mean())
    }

    fn criterion(&self) -> Criterion {
        Criterion {
            name: "relative_mse_db",
            unit: "dB",
            title: "relative error on validation points",
        }
    }

    fn validate(&self, field: &F, _stop: &dyn Fn() -> bool) -> Option<f64> {
        Some(self.error(|x| field.forward(x)))
    }

    fn evaluate(&self, field: &F) -> Quantities {
        let error = Quantity::new(self.error(|x| field.forward(x)), "dB");
        Quantities::from([("relative_mse_db".into(), error)])
    }

    fn baselines(&self) -> Rows {
        let zero = Quantities::from([("relative_mse_db".into(), Quantity::new(0.0, "dB"))]);
        Rows::from([("zero".into(), zero)])
    }
}

/// Trains a field whose parameters live on the device with autodiff.
pub(super) fn fit<F: VectorField + Module + 'static>(
    field: F,
    target: &ShapeTarget,
    seed: u64,
    budget: &Budget,
    device: &Device,
) -> Fitted {
    let task = Arc::new(Approximation {
        target: target.clone(),
        seed,
        budget: *budget,
        device: device.clone().without_autodiff(),
    });
    let optimizer = ModuleOptimizer::from(FusedAdam::default());
    let mut learner = Learner::new(field, task.clone(), optimizer);
    let steps = budget.steps;
    let rate = |step| {
        let turn = std::f64::consts::PI * step as f64 / steps as f64;
        budget.learning_rate * (1.0 + turn.cos()) / 2.0
    };
    let goes_on = |_| ControlFlow::<()>::Continue(());
    let _ = learner.learn(0..steps, steps, rate, goes_on);
    let field = learner.into_field();
    let parameters = field.num_params();
    let field = field.valid();
    Fitted {
        parameters,
        mse_db: task.error(|x| field.forward(x)),
    }
}
