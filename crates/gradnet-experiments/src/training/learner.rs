//! A field that learns, one optimizer step at a time.
//!
//! The [`Learner`] knows how to step, the [`Objective`] what is learned: the loss of a batch. Runs,
//! the universality experiment and the benchmark all step with it.

use crate::registry::Network;
use burn::grad_clipping::GradientClipping;
use burn::lr_scheduler::constant::ConstantLr;
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::lr_scheduler::module_lr_scheduler::{ModuleLearningRate, ModuleLrScheduler};
use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::Tensor;
use gradnet_core::VectorField;
use gradnet_core::kernel::{FusedAdam, mean_squared_error};

use crate::data::Batch;
use crate::experiment::{Schedule, TrainConfig};

/// The loss of a batch.
#[derive(Clone, Debug)]
pub struct Loss {
    /// The error of the field, `[1]`: what is reported.
    pub error: Tensor<1>,
    /// What is minimised beside it, `[1]`.
    pub penalty: Option<Tensor<1>>,
}

/// What a field of type `F` is to learn.
pub trait Objective<F> {
    /// What one step learns from.
    type Batch;

    /// The loss of a batch.
    fn loss(&self, field: &F, batch: Self::Batch) -> Loss;

    /// Moves what the field schedules over a run to where it is when the part `progress` is done.
    fn anneal(&self, _field: &mut F, _progress: f64) {}
}

/// The regression of a network on values at points: the mean over batch and coordinates of
/// `(f(x) − y)²`, and the network's own penalty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Regression;

impl Objective<Network> for Regression {
    type Batch = Batch;

    fn loss(&self, network: &Network, batch: Batch) -> Loss {
        Loss {
            error: mean_squared_error(network.forward(batch.x), batch.y),
            penalty: network.penalty(),
        }
    }

    fn anneal(&self, network: &mut Network, progress: f64) {
        network.anneal(progress);
    }
}

/// A field with its optimizer.
pub struct Learner<F, O> {
    /// Taken out during a step, so that nobody else holds the weights and they are updated in place.
    field: Option<F>,
    objective: O,
    optimizer: ModuleOptimizer,
}

impl<F: Module, O: Objective<F>> Learner<F, O> {
    /// A field whose parameters live on a device with autodiff.
    pub fn new(field: F, objective: O, optimizer: ModuleOptimizer) -> Self {
        Self {
            field: Some(field),
            objective,
            optimizer,
        }
    }

    /// The field as it is now. A clone of it that is kept costs the next step a copy of the weights.
    ///
    /// # Panics
    /// If a step panicked, which takes the field with it.
    pub fn field(&self) -> &F {
        self.field.as_ref().expect(TAKEN)
    }

    /// The field as it is now.
    ///
    /// # Panics
    /// If a step panicked, which takes the field with it.
    pub fn into_field(self) -> F {
        self.field.expect(TAKEN)
    }

    /// The optimizer with its state.
    pub fn optimizer(&self) -> &ModuleOptimizer {
        &self.optimizer
    }

    /// One step: anneals, differentiates the loss of the batch and moves the weights. `progress` is
    /// the part of the run that is done.
    ///
    /// Returns the error before the step, `[1]`, left on the device and without its graph: reading
    /// it waits for the device, so read several at once.
    ///
    /// # Panics
    /// If an earlier step panicked.
    pub fn step(
        &mut self,
        batch: O::Batch,
        progress: f64,
        rate: impl Into<ModuleLearningRate>,
    ) -> Tensor<1> {
        let mut field = self.field.take().expect(TAKEN);
        self.objective.anneal(&mut field, progress);
        let (error, gradients) = self.differentiate(&field, batch);
        self.field = Some(self.optimizer.step(rate, field, gradients));
        error
    }

    /// The error and the gradients. The graph ends here: it holds the weights.
    fn differentiate(&self, field: &F, batch: O::Batch) -> (Tensor<1>, GradientsParams) {
        let Loss { error, penalty } = self.objective.loss(field, batch);
        let whole = match penalty {
            Some(penalty) => error.clone() + penalty,
            None => error.clone(),
        };
        let gradients = GradientsParams::from_grads(whole.backward(), field);
        (error.without_autodiff(), gradients)
    }
}

/// Why a learner has no field.
const TAKEN: &str = "a step that panicked took the field with it";

/// Adam with PyTorch's constants, the paper's optimizer.
pub(crate) fn optimizer(config: &TrainConfig) -> ModuleOptimizer {
    let optimizer = ModuleOptimizer::from(FusedAdam::default());
    match config.clip_norm {
        Some(norm) => optimizer.with_grad_clipping(GradientClipping::Norm(norm as f32)),
        None => optimizer,
    }
}

/// The learning rate of each step.
pub(crate) fn scheduler(config: &TrainConfig) -> ModuleLrScheduler {
    match config.schedule {
        Schedule::Constant => ModuleLrScheduler::new(ConstantLr::new(config.learning_rate)),
        Schedule::Cosine => {
            CosineAnnealingLrSchedulerConfig::new(config.learning_rate, config.steps)
                .init()
                .expect("a checked experiment has a rate in (0, 1] and at least one step")
        }
    }
}
