//! The state of a run between two steps: where it is, the best weights so far, and what is written
//! and told about them.

use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::module::Module;
use burn::tensor::Tensor;

use super::best::Best;
use super::checkpoint::{self, Checkpoint, Position};
use super::clock::Clock;
use super::losses::{Losses, NonFinite};
use super::{Learner, Progress, Stage, Status, TrainError};
use crate::data::FileDigests;
use crate::device_check;
use crate::registry::Network;
use crate::run::{Metrics, RunError, RunFolder, Validation};
use crate::task::Criterion;

/// A finished training.
pub(super) struct Trained {
    /// The network with the weights that validated best, without autodiff.
    pub(super) network: Network,
    /// Their validation.
    pub(super) validation: f64,
    /// Seconds of training, validations included.
    pub(super) wall_s: f64,
}

/// What a session is told about its run, and never changes.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// The run's `config.toml`.
    pub(super) experiment: String,
    /// The backend that computes.
    pub(super) backend: &'static str,
    /// The files the run learns from.
    pub(super) files: FileDigests,
    /// Steps planned.
    pub(super) steps: usize,
    /// Steps between validations.
    pub(super) interval: usize,
    /// What a validation measures.
    pub(super) criterion: Criterion,
    /// By which definition.
    pub(super) definition: u32,
}

pub(super) struct Session {
    pub(super) folder: RunFolder,
    pub(super) progress: Box<dyn Progress>,
    facts: Facts,
    step: usize,
    /// Whether the validation of this step is still to come.
    validation_due: bool,
    /// The step of the last checkpoint.
    saved: Option<usize>,
    losses: Losses,
    validation: Option<f64>,
    best: Best,
    clock: Clock,
}

impl Session {
    /// A run before its first step; `best`: its initial weights.
    pub(super) fn new(
        folder: RunFolder,
        facts: Facts,
        progress: Box<dyn Progress>,
        best: Best,
    ) -> Self {
        Self {
            folder,
            progress,
            facts,
            step: 0,
            validation_due: false,
            saved: None,
            losses: Losses::new((0.0, 0)),
            validation: None,
            best,
            clock: Clock::start(0, 0.0),
        }
    }

    /// A run where a checkpoint left it; its validation log is cut back to what it was then.
    pub(super) fn restored(
        mut folder: RunFolder,
        facts: Facts,
        progress: Box<dyn Progress>,
        position: &Position,
        best: Network,
    ) -> Result<Self, RunError> {
        folder.metrics().rewind(position.metrics_bytes)?;
        let (sum, count) = position.interval;
        // The file may hold weights that came after the checkpoint.
        let best = Best::new(best, f64::from_bits(position.best));
        Ok(Self {
            step: position.step,
            validation_due: position.validation_due,
            saved: Some(position.step),
            losses: Losses::new((f64::from_bits(sum), count)),
            validation: position.validation.map(f64::from_bits),
            clock: Clock::start(position.step, position.elapsed_s),
            ..Self::new(folder, facts, progress, best)
        })
    }

    /// Starts the clock; a new run writes its initial weights.
    pub(super) fn begin(&mut self) -> Result<(), TrainError> {
        self.clock.restart();
        self.losses.begin();
        self.progress.stage(Stage::Training);
        if self.step == 0 {
            return Ok(self.best.write(&self.folder)?);
        }
        self.tell(None, false);
        Ok(())
    }

    /// Steps done.
    pub(super) fn step(&self) -> usize {
        self.step
    }

    /// Whether all steps are done and validated, as they may be when a run resumes.
    pub(super) fn is_done(&self) -> bool {
        self.step >= self.facts.steps && !self.validation_due
    }

    /// Steps planned.
    pub(super) fn steps(&self) -> usize {
        self.facts.steps
    }

    /// What a validation measures.
    pub(super) fn criterion(&self) -> Criterion {
        self.facts.criterion
    }

    /// The step of the next validation.
    pub(super) fn next_validation(&self) -> usize {
        if self.validation_due {
            return self.step;
        }
        let interval = self.facts.interval;
        (self.step - self.step % interval + interval).min(self.facts.steps)
    }

    /// Whether the run stands between two validations.
    pub(super) fn between_validations(&self) -> bool {
        self.step < self.facts.steps && !self.step.is_multiple_of(self.facts.interval)
    }

    /// Notes where the run was asked to stop: if a validation is due there, the run that resumes
    /// begins with it.
    pub(super) fn stopped_before_validation(&mut self) {
        self.validation_due = !self.between_validations();
    }

    /// Validations done or, between two of them, begun.
    pub(super) fn intervals(&self) -> usize {
        self.step.div_ceil(self.facts.interval)
    }

    /// Writes a checkpoint, unless this step has one.
    pub(super) fn save(
        &mut self,
        learner: &Learner<Network>,
        scheduler: &ModuleLrScheduler,
    ) -> Result<(), TrainError> {
        if self.saved == Some(self.step) {
            return Ok(());
        }
        self.read_losses()?;
        // Whoever finds the checkpoint finds the weights it tells of.
        self.best.write(&self.folder)?;
        let (sum, count) = self.losses.interval();
        let position = Position {
            step: self.step,
            validation_due: self.validation_due,
            experiment: self.facts.experiment.clone(),
            backend: self.facts.backend.into(),
            files: Some(self.facts.files.clone()),
            data_digest: None,
            definition: self.facts.definition,
            metrics_bytes: self.folder.metrics().sync()?,
            best: self.best.validation().to_bits(),
            validation: self.validation.map(f64::to_bits),
            interval: (sum.to_bits(), count),
            elapsed_s: self.clock.elapsed_s(),
            sections: [0; 4],
            average: None,
        };
        let (network, optimizer) = (learner.field(), learner.optimizer());
        let (best, average) = (self.best.network(), learner.average());
        let checkpoint = Checkpoint::new(position, network, best, average, optimizer, scheduler);
        let checkpoint = checkpoint.map_err(|reason| RunError::Damaged {
            path: self.folder.path().into(),
            reason,
        })?;
        checkpoint::save(self.folder.path(), checkpoint)?;
        self.saved = Some(self.step);
        Ok(())
    }

    /// Notes a step; reads the losses when a block of them is due.
    pub(super) fn record(&mut self, loss: Tensor<1>) -> Result<(), TrainError> {
        self.step += 1;
        match self.losses.push(loss) {
            true => self.read_losses(),
            false => Ok(()),
        }
    }

    /// Reads the losses on the device; the first that is not finite ends the run.
    fn read_losses(&mut self) -> Result<(), TrainError> {
        device_check::lost()?;
        match self.losses.read(self.step) {
            Ok(None) => {}
            Ok(mean) => self.tell(mean, false),
            Err(NonFinite { step, loss }) => return Err(self.non_finite(step, loss)),
        }
        Ok(())
    }

    /// Takes the result of a validation: a line in the metrics, and the weights if they are the
    /// best so far.
    pub(super) fn validated(
        &mut self,
        network: &Network,
        validation: f64,
    ) -> Result<(), TrainError> {
        self.read_losses()?;
        self.validation_due = false;
        if !validation.is_finite() {
            return Err(self.non_finite(self.step, validation));
        }
        let train_loss = self.losses.take_mean();
        self.validation = Some(validation);
        let line = Metrics {
            step: self.step,
            train_loss,
            validation: Validation::new(validation, self.facts.criterion),
            elapsed_s: self.clock.elapsed_s(),
        };
        self.folder.metrics().append(&line)?;
        self.best.offer(network, validation);
        self.best.write_if_due(&self.folder)?;
        self.tell(train_loss, true);
        Ok(())
    }

    /// Stops the clock and writes the best weights, however the loop ended: what the run came to.
    pub(super) fn finish(&mut self, result: Result<(), TrainError>) -> Result<Trained, TrainError> {
        let wall_s = self.clock.elapsed_s();
        let written = self.best.write(&self.folder);
        result.and(written.map_err(TrainError::from))?;
        if !self.is_done() {
            return Err(TrainError::Interrupted {
                step: self.step,
                steps: self.facts.steps,
                weights: self.folder.weights(),
                run: self.folder.path().into(),
            });
        }
        Ok(Trained {
            network: self.best.network().clone().valid(),
            validation: self.best.validation(),
            wall_s,
        })
    }

    fn non_finite(&self, step: usize, loss: f64) -> TrainError {
        TrainError::NonFinite {
            step,
            loss,
            last_finite: self.losses.last_finite(),
            weights: self.folder.weights(),
        }
    }

    fn tell(&mut self, train_loss: Option<f64>, validated: bool) {
        self.progress.update(&Status {
            step: self.step,
            steps: self.facts.steps,
            train_loss,
            criterion: self.facts.criterion,
            validation: self.validation,
            best: Some(self.best.validation()),
            elapsed_s: self.clock.elapsed_s(),
            eta_s: self.clock.left_s(self.step, self.facts.steps),
            validated,
        });
    }
}

#[cfg(test)]
mod tests;
