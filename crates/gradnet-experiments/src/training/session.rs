//! The state of a run between two steps: losses not yet read, the best weights so far, and what is written and told about them.

use std::time::{Duration, Instant};

use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::tensor::{Tensor, Transaction};
use burn::train::LearningResult;
use gradnet_core::network::Network;

use super::checkpoint::{self, Checkpoint, Position};
use super::{FieldLearner, Progress, Stage, Status, TrainError};
use crate::evaluation::decibels;
use crate::run::{Metrics, RunError, RunFolder};

/// Steps whose losses stay on the device before they are read together: a read waits for the device, and a network that diverges is still noticed soon.
const BLOCK_STEPS: usize = 100;

/// Time after which the losses are read even if the block is not full, so that slow runs show progress too.
const BLOCK_TIME: Duration = Duration::from_secs(1);

/// Least time between two writes of the best weights, so that a network which improves at every validation does not wait for the disk.
const WRITE_TIME: Duration = Duration::from_secs(5);

/// A finished training.
pub(super) struct Trained {
    /// The network with the weights that validated best, without autodiff.
    pub(super) network: Network,
    /// Their error on the validation points.
    pub(super) validation_db: f64,
    /// Seconds of training, validations included.
    pub(super) wall_s: f64,
}

/// The best weights so far.
struct Best {
    network: Network,
    db: f64,
    written: bool,
}

/// What a session is told about its run, and never changes.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// The run's `config.toml`.
    pub(super) experiment: String,
    /// The backend that computes.
    pub(super) backend: &'static str,
    /// Bytes of the data file, if the run learns from one.
    pub(super) data_digest: Option<String>,
    /// Steps planned.
    pub(super) steps: usize,
    /// Steps between validations.
    pub(super) interval: usize,
    /// Dimension of the field.
    pub(super) dim: usize,
    /// What a mean squared error is multiplied by to be in the user's units.
    pub(super) unit: f64,
}

pub(super) struct Session {
    pub(super) folder: RunFolder,
    pub(super) progress: Box<dyn Progress>,
    pub(super) dashboard: bool,
    facts: Facts,
    step: usize,
    /// The step of the last checkpoint.
    saved: Option<usize>,
    /// Seconds of training before this process.
    elapsed_before_s: f64,
    /// Steps that were done before this process.
    steps_before: usize,
    /// Losses of the last steps, still on the device.
    block: Vec<Tensor<1>>,
    /// Sum and number of the losses read since the last validation.
    interval: (f64, usize),
    last_finite: Option<(usize, f64)>,
    validation_db: Option<f64>,
    best: Option<Best>,
    started: Instant,
    block_read: Instant,
    weights_written: Instant,
    wall_s: f64,
    failure: Option<TrainError>,
}

impl Session {
    pub(super) fn new(
        folder: RunFolder,
        facts: Facts,
        progress: Box<dyn Progress>,
        dashboard: bool,
    ) -> Self {
        let now = Instant::now();
        Self {
            folder,
            progress,
            dashboard,
            facts,
            step: 0,
            saved: None,
            elapsed_before_s: 0.0,
            steps_before: 0,
            block: Vec::with_capacity(BLOCK_STEPS),
            interval: (0.0, 0),
            last_finite: None,
            validation_db: None,
            best: None,
            started: now,
            block_read: now,
            weights_written: now,
            wall_s: 0.0,
            failure: None,
        }
    }

    /// Puts the session where a checkpoint left it; the validation log is cut back to what it was then.
    pub(super) fn restore(&mut self, position: &Position, best: Network) -> Result<(), RunError> {
        self.folder.metrics().rewind(position.metrics_bytes)?;
        self.step = position.step;
        self.saved = Some(position.step);
        self.steps_before = position.step;
        self.elapsed_before_s = position.elapsed_s;
        self.validation_db = position.validation_db.map(f64::from_bits);
        self.interval = (f64::from_bits(position.interval.0), position.interval.1);
        self.best = Some(Best {
            network: best,
            db: f64::from_bits(position.best_db),
            // The file may hold weights that came after the checkpoint.
            written: false,
        });
        Ok(())
    }

    /// Starts the clock of a restored session.
    pub(super) fn go_on(&mut self) {
        self.started = Instant::now();
        self.block_read = self.started;
        self.progress.stage(Stage::Training);
        self.tell(None, false);
    }

    /// Whether the run stands between two validations, which it does at a validation's step only if it was stopped.
    pub(super) fn between_validations(&self) -> bool {
        self.step < self.facts.steps && !self.step.is_multiple_of(self.facts.interval)
    }

    /// Whether all steps are done, as they may be when a run goes on.
    pub(super) fn is_done(&self) -> bool {
        self.step >= self.facts.steps
    }

    /// Writes a checkpoint, unless this step has one.
    pub(super) fn save(
        &mut self,
        model: &FieldLearner,
        optimizer: &ModuleOptimizer,
        scheduler: &ModuleLrScheduler,
    ) -> Result<(), TrainError> {
        if self.saved == Some(self.step) {
            return Ok(());
        }
        self.read_block()?;
        // Whoever finds the checkpoint finds the weights it tells of.
        self.write_best()?;
        let Some(best) = &self.best else {
            return Ok(());
        };
        let position = Position {
            step: self.step,
            experiment: self.facts.experiment.clone(),
            backend: self.facts.backend.into(),
            data_digest: self.facts.data_digest.clone(),
            metrics_bytes: self.folder.metrics().sync()?,
            best_db: best.db.to_bits(),
            validation_db: self.validation_db.map(f64::to_bits),
            interval: (self.interval.0.to_bits(), self.interval.1),
            elapsed_s: self.elapsed_s(),
            sections: [0; 4],
        };
        let checkpoint = Checkpoint::new(position, model, &best.network, optimizer, scheduler)
            .map_err(|reason| RunError::Damaged {
                path: self.folder.path().into(),
                reason,
            })?;
        checkpoint::save(self.folder.path(), checkpoint)?;
        self.saved = Some(self.step);
        Ok(())
    }

    /// Seconds of training, those before this process included.
    fn elapsed_s(&self) -> f64 {
        self.elapsed_before_s + self.started.elapsed().as_secs_f64()
    }

    /// Starts the clock. The initial weights, with the mean squared error they validate at, are the first good ones.
    pub(super) fn start(
        &mut self,
        initial: &FieldLearner,
        mean_squared_error: f64,
    ) -> Result<(), TrainError> {
        self.started = Instant::now();
        self.block_read = self.started;
        self.progress.stage(Stage::Training);
        self.best = Some(Best {
            network: initial.network().clone(),
            // Weights that start outside the finite numbers lose against any that are inside.
            db: Some(decibels(mean_squared_error * self.facts.unit))
                .filter(|db| db.is_finite())
                .unwrap_or(f64::MAX),
            written: false,
        });
        self.write_best()
    }

    /// Notes a step; reads the block of losses when it is due and says whether it did.
    pub(super) fn record(&mut self, loss: Tensor<1>) -> Result<bool, TrainError> {
        self.step += 1;
        self.block.push(loss);
        if self.block.len() < BLOCK_STEPS && self.block_read.elapsed() < BLOCK_TIME {
            return Ok(false);
        }
        self.read_block()?;
        Ok(true)
    }

    /// Steps done.
    pub(super) fn step(&self) -> usize {
        self.step
    }

    /// The part of the run that is done.
    pub(super) fn progress_made(&self) -> f64 {
        self.step as f64 / self.facts.steps as f64
    }

    /// Reads the losses on the device; the first that is not finite ends the run.
    fn read_block(&mut self) -> Result<(), TrainError> {
        if self.block.is_empty() {
            return Ok(());
        }
        let first = self.step - self.block.len() + 1;
        let losses = self
            .block
            .drain(..)
            .fold(Transaction::default(), Transaction::register)
            .execute();
        let mut sum = 0.0;
        for (step, loss) in (first..).zip(losses.iter().flat_map(|loss| loss.iter::<f64>())) {
            if !loss.is_finite() {
                return Err(self.non_finite(step, loss));
            }
            self.last_finite = Some((step, loss));
            sum += loss;
        }
        let count = self.step + 1 - first;
        self.interval.0 += sum;
        self.interval.1 += count;
        self.block_read = Instant::now();
        self.tell(Some(sum / count as f64), false);
        Ok(())
    }

    /// Takes the result of a validation: a line in the metrics, and the weights if they are the best so far.
    pub(super) fn validated(
        &mut self,
        model: &FieldLearner,
        mean_squared_error: f64,
    ) -> Result<(), TrainError> {
        self.read_block()?;
        let db = decibels(mean_squared_error * self.facts.unit);
        if mean_squared_error.is_nan() || mean_squared_error.is_infinite() {
            return Err(self.non_finite(self.step, mean_squared_error / self.facts.dim as f64));
        }
        let (sum, count) = std::mem::take(&mut self.interval);
        let train_loss = (count > 0).then(|| sum / count as f64);
        self.validation_db = Some(db);
        let line = Metrics {
            step: self.step,
            train_loss,
            validation_db: db,
            elapsed_s: self.elapsed_s(),
        };
        self.folder.metrics().append(&line)?;
        if self.best.as_ref().is_none_or(|best| db < best.db) {
            self.best = Some(Best {
                network: model.network().clone(),
                db,
                written: false,
            });
        }
        if self.weights_written.elapsed() > WRITE_TIME {
            self.write_best()?;
        }
        self.tell(train_loss, true);
        Ok(())
    }

    /// Writes the best weights unless the file has them.
    pub(super) fn write_best(&mut self) -> Result<(), TrainError> {
        if let Some(best) = &mut self.best
            && !best.written
        {
            self.folder.write_weights(best.network.clone().valid())?;
            best.written = true;
            self.weights_written = Instant::now();
        }
        Ok(())
    }

    /// Ends the loop: stops the clock, writes the best weights, keeps the first failure.
    pub(super) fn end(&mut self, result: Result<(), TrainError>) {
        self.wall_s = self.elapsed_s();
        let written = self.write_best();
        self.failure = result.and(written).err();
    }

    /// What the run came to, once burn-train is done with it.
    pub(super) fn finish(
        &mut self,
        result: LearningResult<FieldLearner>,
    ) -> Result<Trained, TrainError> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if let Some(error) = result.error {
            return Err(TrainError::Training(error));
        }
        if self.step < self.facts.steps {
            return Err(TrainError::Interrupted {
                step: self.step,
                steps: self.facts.steps,
                weights: self.folder.weights(),
                run: self.folder.path().into(),
            });
        }
        let (network, validation_db) = match self.best.take() {
            Some(best) => (best.network, best.db),
            None => (result.model.network().clone(), f64::MAX),
        };
        Ok(Trained {
            network: network.valid(),
            validation_db,
            wall_s: self.wall_s,
        })
    }

    fn non_finite(&self, step: usize, loss: f64) -> TrainError {
        TrainError::NonFinite {
            step,
            loss,
            last_finite: self.last_finite,
            weights: self.folder.weights(),
        }
    }

    fn tell(&mut self, train_loss: Option<f64>, validated: bool) {
        let here_s = self.started.elapsed().as_secs_f64();
        let here = self.step - self.steps_before;
        let left = self.facts.steps.saturating_sub(self.step) as f64;
        self.progress.update(&Status {
            step: self.step,
            steps: self.facts.steps,
            train_loss,
            validation_db: self.validation_db,
            best_db: self.best.as_ref().map(|best| best.db),
            elapsed_s: self.elapsed_before_s + here_s,
            eta_s: (here > 0).then(|| here_s / here as f64 * left),
            validated,
        });
    }
}

#[cfg(test)]
mod tests;
