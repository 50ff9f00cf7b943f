//! burn-train's loop without its cost per step: losses stay on the device and are read in blocks, events are sent for blocks, not for steps.
//!
//! The stock loop writes a log line, sends an event to another thread and, through the loss metric, reads the loss back at every step, which for
//! small networks costs more than the step. An epoch is one validation interval; interrupter, checkpointers and dashboard work as in the stock loop.

use std::sync::{Arc, Mutex};

use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::train::{
    EventProcessorTraining, InferenceStep, Interrupter, Learner, LearnerEvent,
    SupervisedLearningStrategy, SupervisedTrainingEventProcessor, TrainLoader, TrainStep,
    TrainingComponents, TrainingItem, ValidLoader,
};

use crate::backend::Backend;

use super::{FieldLearner, TrainError, checkpoint::Due, session::Session};

pub(super) struct BlockwiseStrategy {
    pub(super) backend: Backend,
    pub(super) session: Arc<Mutex<Session>>,
    pub(super) optimizer: ModuleOptimizer,
    pub(super) scheduler: ModuleLrScheduler,
    /// When checkpoints are due.
    pub(super) due: Due,
}

type Events = SupervisedTrainingEventProcessor<FieldLearner>;

/// The parts of a run that the loop moves through.
struct Loop<'a> {
    session: &'a mut Session,
    /// Optimizer and scheduler are the loop's own: a `Learner` keeps the old weights beside the new ones in every step, so that no optimizer could
    /// update them where they lie.
    optimizer: ModuleOptimizer,
    scheduler: ModuleLrScheduler,
    training: TrainLoader<FieldLearner>,
    validation: ValidLoader<FieldLearner>,
    events: Events,
    interrupter: Interrupter,
}

impl SupervisedLearningStrategy<FieldLearner> for BlockwiseStrategy {
    fn fit(
        &self,
        components: TrainingComponents<FieldLearner>,
        learner: Learner<FieldLearner>,
        training: TrainLoader<FieldLearner>,
        validation: ValidLoader<FieldLearner>,
        starting_epoch: usize,
    ) -> (FieldLearner, Events) {
        let mut session = self
            .session
            .lock()
            .unwrap_or_else(|poison| poison.into_inner());
        let mut model = learner.model();
        drop(learner);
        let mut run = Loop {
            session: &mut session,
            optimizer: self.optimizer.clone(),
            scheduler: self.scheduler.clone(),
            training,
            validation,
            events: components.event_processor,
            interrupter: components.interrupter,
        };
        let mut result = run.start(&model);
        for epoch in starting_epoch..=components.num_epochs {
            if result.is_err() || run.interrupter.should_stop() || run.session.is_done() {
                break;
            }
            (model, result) = self.backend.on_its_threads(|| run.epoch(epoch, model));
            if result.is_ok() && self.due.after(epoch) {
                result = run.save(&model);
            }
        }
        if result.is_ok() && run.interrupter.should_stop() && run.session.step() > 0 {
            result = run.save(&model);
        }
        let events = run.events;
        session.end(result);
        (model, events)
    }
}

impl Loop<'_> {
    fn start(&mut self, model: &FieldLearner) -> Result<(), TrainError> {
        if self.session.step() > 0 {
            self.session.go_on();
            return Ok(());
        }
        let error = self.validation_error(&model.clone().valid());
        self.session.start(model, error)
    }

    /// Writes a checkpoint, unless this step has one.
    fn save(&mut self, model: &FieldLearner) -> Result<(), TrainError> {
        self.session.save(model, &self.optimizer, &self.scheduler)
    }

    /// One validation interval: steps, then a validation.
    ///
    /// Where the run is interrupted in the middle, its last weights are validated too, so that they count. The uninterrupted run has no such
    /// validation, so the checkpoint to go on from is taken before it.
    fn epoch(
        &mut self,
        epoch: usize,
        model: FieldLearner,
    ) -> (FieldLearner, Result<(), TrainError>) {
        let total_items = self.training.num_items();
        self.send_train(|| LearnerEvent::StartSplit {
            epoch_number: epoch,
            total_items,
        });
        let (model, result) = self.steps(model);
        self.send_train(|| LearnerEvent::EndSplit(epoch));
        let result = result
            .and_then(|()| match self.session.between_validations() {
                true => self.save(&model),
                false => Ok(()),
            })
            .and_then(|()| self.validate(epoch, &model));
        (model, result)
    }

    fn validate(&mut self, epoch: usize, model: &FieldLearner) -> Result<(), TrainError> {
        let total_items = self.validation.num_items();
        self.send_valid(|| LearnerEvent::StartSplit {
            epoch_number: epoch,
            total_items,
        });
        let error = self.validation_error(&model.clone().valid());
        self.session.validated(model, error)?;
        self.send_valid(|| LearnerEvent::EndSplit(epoch));
        self.send_train(|| LearnerEvent::EndEpoch(epoch));
        Ok(())
    }

    fn steps(&mut self, mut model: FieldLearner) -> (FieldLearner, Result<(), TrainError>) {
        let training = self.training.clone();
        let mut pass = training.iter();
        while let Some(batch) = pass.next() {
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) => {
                    self.interrupter.fail(error);
                    break;
                }
            };
            model.anneal(self.session.progress_made());
            let output = TrainStep::step(&model, batch);
            let rate = self.scheduler.step();
            model = model.optimize(&mut self.optimizer, rate.clone(), output.grads);
            let loss = output.item;
            match self.session.record(loss.loss.clone()) {
                Ok(false) => {}
                Ok(true) => {
                    let (step, progress) = (self.session.step(), pass.progress());
                    self.send_train(|| {
                        LearnerEvent::ProcessedItem(TrainingItem::new(
                            loss,
                            progress,
                            Some(step),
                            Some(rate),
                        ))
                    });
                }
                Err(error) => return (model, Err(error)),
            }
            if self.interrupter.should_stop() {
                break;
            }
        }
        (model, Ok(()))
    }

    /// The mean squared error over the validation points.
    fn validation_error(&mut self, model: &FieldLearner) -> f64 {
        let validation = self.validation.clone();
        let mut pass = validation.iter();
        let mut sum = 0.0;
        while let Some(Ok(chunk)) = pass.next() {
            let errors = InferenceStep::step(model, chunk);
            sum += errors
                .squares
                .clone()
                .into_data()
                .iter::<f64>()
                .sum::<f64>();
            let progress = pass.progress();
            self.send_valid(|| {
                LearnerEvent::ProcessedItem(TrainingItem::new(errors, progress, None, None))
            });
        }
        sum / validation.num_items() as f64
    }

    /// Events are for the dashboard: without it they are not even made.
    fn send_train(&mut self, event: impl FnOnce() -> LearnerEvent<super::learner::StepLoss>) {
        if self.session.dashboard {
            let sent = self.events.process_train(event());
            self.interrupter.fail_on_error(sent);
        }
    }

    fn send_valid(&mut self, event: impl FnOnce() -> LearnerEvent<super::learner::ChunkErrors>) {
        if self.session.dashboard {
            let sent = self.events.process_valid(event());
            self.interrupter.fail_on_error(sent);
        }
    }
}
