//! A field that learns a task, one optimizer step at a time.
//!
//! Runs, the universality experiment, the benchmark and a user's own program all learn with it.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use burn::grad_clipping::GradientClipping;
use burn::lr_scheduler::constant::ConstantLr;
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::lr_scheduler::module_lr_scheduler::{ModuleLearningRate, ModuleLrScheduler};
use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::Tensor;
use gradnet_core::kernel::FusedAdam;

use super::average::Average;
use crate::data::Batches;
use crate::settings::{Schedule, TrainConfig};
use crate::task::{Lesson, Rows, Task};

/// A field with its task and its optimizer.
///
/// `F` is any module that the task can be learned with, a registered network or one of the user's own.
pub struct Learner<F> {
    /// Taken out during a step, so that nobody else holds the weights and they are updated in place.
    field: Option<F>,
    task: Arc<dyn Task<F>>,
    optimizer: ModuleOptimizer,
    anneal: fn(&mut F, f64),
    penalty: fn(&F) -> Option<Tensor<1>>,
    average: Option<Average>,
}

impl<F: Module + 'static> Learner<F> {
    /// A field whose parameters live on a device with autodiff.
    pub fn new(field: F, task: Arc<dyn Task<F>>, optimizer: ModuleOptimizer) -> Self {
        Self {
            field: Some(field),
            task,
            optimizer,
            anneal: |_, _| (),
            penalty: |_| None,
            average: None,
        }
    }

    /// A field that has learned a task, as the settings say: by Adam, with their steps and learning rates. The weights
    /// are those of the last step, beside their average if the settings ask for one.
    ///
    /// Batches and validation are the task's: it was made from the same settings.
    pub fn fit(field: F, task: impl Task<F> + 'static, train: &TrainConfig) -> Self {
        let learner = Self::new(field, Arc::new(task), optimizer(train));
        let mut learner = learner.averaged_by(train.average, None);
        let mut rates = scheduler(train);
        let goes_on = |_| ControlFlow::<()>::Continue(());
        let _ = learner.learn(0..train.steps, train.steps, |_| rates.step(), goes_on);
        learner
    }

    /// The numbers of the field, in the row `field`, beside those of the task's baselines.
    ///
    /// # Panics
    /// If a step panicked, which takes the field with it.
    pub fn scores(&self) -> Rows {
        let mut rows = self.task.baselines();
        let field = self.result();
        rows.insert("field".into(), self.task.evaluate(&field));
        rows
    }

    /// With something that the field schedules over a run: `anneal` moves it to where it is when a part of the run,
    /// from 0 to 1, is done.
    pub fn annealed_by(self, anneal: fn(&mut F, f64)) -> Self {
        Self { anneal, ..self }
    }

    /// With something to minimise beside the task's loss, `[1]`.
    pub fn penalised_by(self, penalty: fn(&F) -> Option<Tensor<1>>) -> Self {
        Self { penalty, ..self }
    }

    /// With a moving average of the weights, if `decay` says how slowly it moves; `before`: the averaged field after
    /// so many steps, where the learning continues.
    pub fn averaged_by(self, decay: Option<f64>, before: Option<(&F, usize)>) -> Self {
        let (field, steps) = before.unwrap_or((self.field(), 0));
        let average = decay.map(|decay| Average::new(field, decay, steps));
        Self { average, ..self }
    }

    /// The field to validate and to keep, without autodiff: with the averaged weights if there is an average, else as
    /// it is now.
    ///
    /// # Panics
    /// If a step panicked, which takes the field with it.
    pub fn result(&self) -> F {
        let average = self.average();
        average.unwrap_or_else(|| self.field().clone().valid())
    }

    /// The field with the averaged weights, if there is an average.
    pub(super) fn average(&self) -> Option<F> {
        let average = self.average.as_ref()?;
        Some(average.of(self.field()))
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

    /// The loop: the steps of `steps`, counted from 0, in a run of `whole` steps.
    ///
    /// `rate` gives each step's learning rate. `observe` is told each step's loss, left on the device, and may end the
    /// loop.
    ///
    /// # Errors
    /// What `observe` breaks with.
    ///
    /// # Panics
    /// If an earlier step panicked.
    pub fn learn<B, R: Into<ModuleLearningRate>>(
        &mut self,
        steps: Range<usize>,
        whole: usize,
        mut rate: impl FnMut(usize) -> R,
        mut observe: impl FnMut(Tensor<1>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        for (step, lesson) in steps.clone().zip(self.lessons(steps)) {
            let progress = step as f64 / whole as f64;
            let loss = self.step(lesson, progress, rate(step));
            observe(loss)?;
        }
        ControlFlow::Continue(())
    }

    /// What some steps learn from, in order, the next one made while the caller learns the last.
    pub fn lessons(&self, steps: Range<usize>) -> Batches<Lesson<F>> {
        let task = self.task.clone();
        Batches::new(Arc::new(move |step| task.lesson(step)), steps)
    }

    /// One step: anneals, differentiates the loss and moves the weights. `progress` is the part of the run that is
    /// done.
    ///
    /// Returns the task's loss before the step, `[1]`, left on the device and without its graph: reading it waits for
    /// the device, so read several at once.
    ///
    /// # Panics
    /// If an earlier step panicked.
    pub fn step(
        &mut self,
        lesson: Lesson<F>,
        progress: f64,
        rate: impl Into<ModuleLearningRate>,
    ) -> Tensor<1> {
        let mut field = self.field.take().expect(TAKEN);
        (self.anneal)(&mut field, progress);
        let (loss, gradients) = self.differentiate(&field, lesson);
        let field = self.optimizer.step(rate, field, gradients);
        if let Some(average) = &mut self.average {
            average.update(&field);
        }
        self.field = Some(field);
        loss
    }

    /// The loss and the gradients. The graph ends here: it holds the weights.
    fn differentiate(&self, field: &F, lesson: Lesson<F>) -> (Tensor<1>, GradientsParams) {
        let loss = lesson(field);
        let whole = match (self.penalty)(field) {
            Some(penalty) => loss.clone() + penalty,
            None => loss.clone(),
        };
        let gradients = GradientsParams::from_grads(whole.backward(), field);
        (loss.without_autodiff(), gradients)
    }
}

/// Why a learner has no field.
const TAKEN: &str = "a step that panicked took the field with it";

/// Adam with PyTorch's constants, the paper's optimizer.
pub fn optimizer(config: &TrainConfig) -> ModuleOptimizer {
    let optimizer = ModuleOptimizer::from(FusedAdam::default());
    match config.clip_norm {
        Some(norm) => optimizer.with_grad_clipping(GradientClipping::Norm(norm as f32)),
        None => optimizer,
    }
}

/// The learning rate of each step.
pub fn scheduler(config: &TrainConfig) -> ModuleLrScheduler {
    match config.schedule {
        Schedule::Constant => ModuleLrScheduler::new(ConstantLr::new(config.learning_rate)),
        Schedule::Cosine => {
            CosineAnnealingLrSchedulerConfig::new(config.learning_rate, config.steps)
                .init()
                .expect("a checked experiment has a rate in (0, 1] and at least one step")
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use gradnet_core::network::MGradNetMConfig;

    use super::*;
    use crate::measure::four_digits;
    use crate::task::Regression;
    use crate::task::regression::FormulaPairs;

    #[test]
    fn a_network_that_was_fitted_beats_the_baselines_of_its_task() {
        let device = Device::flex().autodiff();
        let train = TrainConfig {
            steps: 3_000,
            schedule: Schedule::Cosine,
            ..TrainConfig::default()
        };
        let pairs = || FormulaPairs::named("quartic_polynomial", &train, &device);
        device.seed(0);
        let field = MGradNetMConfig::new(2).with_width(16).init(&device);
        let rows = Learner::fit(field, Regression::new(pairs().unwrap()), &train).scores();
        let error = |row: &str| rows[row]["mse_db"].value;
        assert!(error("linear") < error("zero"), "{rows:?}");
        assert!(error("field") < error("linear"), "{rows:?}");
        assert_eq!(
            rows["zero"]["mse_db"].to_string(),
            format!("{} dB", four_digits(error("zero")))
        );
    }

    #[test]
    fn a_target_that_does_not_exist_is_refused_with_those_that_do() {
        let device = Device::flex();
        let found = FormulaPairs::named("parabola", &TrainConfig::default(), &device);
        let error = found.err().unwrap().to_string();
        assert!(
            error.contains("parabola") && error.contains("quartic_polynomial"),
            "{error}"
        );
    }
}
