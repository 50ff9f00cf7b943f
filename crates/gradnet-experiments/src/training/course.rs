//! One run, from its first step or the one after its checkpoint to its summary.

use std::path::Path;

use crate::registry::Network;
use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::module::Module;
use burn::tensor::Device;
use gradnet_core::{ParameterSource, VectorField};

use super::best::Best;
use super::checkpoint::{Checkpoint, Due, Restored};
use super::material::Material;
use super::session::{Facts, Session};
use super::{
    Learner, Plan, Regression, Stage, Summary, TrainError, TrainOptions, optimizer, scheduler,
};
use crate::backend::Backend;
use crate::data::{Batches, Stream, derived_seed};
use crate::device_check;
use crate::evaluation::{decibels, mean_squared_error, mean_squared_error_unless_stopped};
use crate::experiment::{Experiment, TrainConfig};
use crate::files::{NONSENSE, caught};
use crate::interrupter::{Interrupter, Saving};
use crate::run::{RunError, RunFolder};

/// Trains from a checkpoint, or from the start, and scores the result.
pub(super) fn run(
    experiment: &Experiment,
    device: &Device,
    folder: RunFolder,
    material: Material,
    checkpoint: Option<Checkpoint>,
    options: TrainOptions,
) -> Result<Summary, TrainError> {
    let TrainOptions {
        backend,
        interrupter,
        mut progress,
        reference,
        ..
    } = options;
    let config = &experiment.train;
    let facts = Facts {
        experiment: experiment.to_toml(),
        backend: backend.name(),
        data_digest: material.data_digest(),
        steps: config.steps,
        interval: config.validation.every.min(config.steps),
        dim: experiment.dim(),
        unit: material.unit(),
    };
    let mut source = ParameterSource::new(
        &device.clone().autodiff(),
        derived_seed(experiment.seed, Stream::Weights),
    );
    let network = experiment.network.init(experiment.dim(), &mut source)?;
    let parameters = network.num_params();
    progress.start(&Plan::new(experiment, parameters));

    let out = folder.path().to_path_buf();
    let restored = match checkpoint {
        None => None,
        Some(checkpoint) => Some(restore(checkpoint, &network, config, &facts, &out)?),
    };
    // Not before: a run that is refused keeps the scaling its weights were trained with.
    material.note(&out)?;
    let due = Due {
        every: config.checkpoint_every,
        interval: facts.interval,
    };
    let weights = restored
        .as_ref()
        .map_or(&network, |restored| &restored.network);
    let device_check = material.check_device(weights, experiment, device)?;
    let (session, network, optimizer, scheduler) = match restored {
        None => {
            let valid = network.clone().valid();
            let error = mean_squared_error(|x| valid.forward(x), material.validation());
            let best = Best::new(network.clone(), decibels(error * facts.unit));
            let session = Session::new(folder, facts, progress, best);
            (session, network, optimizer(config), scheduler(config))
        }
        Some(Restored {
            position,
            network,
            best,
            optimizer,
            scheduler,
        }) => {
            let session = Session::restored(folder, facts, progress, &position, best)?;
            (session, network, optimizer, scheduler)
        }
    };
    let mut course = Course {
        backend,
        saving: Some(interrupter.saving()),
        interrupter: interrupter.clone(),
        material: &material,
        learner: Learner::new(network, Regression, optimizer),
        scheduler,
        due,
        session,
    };
    let result = course.train();

    let Course {
        mut session,
        saving,
        ..
    } = course;
    let trained = session.finish(result)?;
    interrupter.saved_to(session.folder.path());
    drop(saving);
    session.progress.stage(Stage::Evaluating);
    let inner = device.clone().without_autodiff();
    let evaluation = material.evaluate(&trained.network, experiment, reference, &inner)?;
    device_check::lost()?;
    let summary = Summary {
        network: experiment.network.name().into(),
        parameters,
        target: experiment.target.name().into(),
        dim: experiment.dim(),
        seed: experiment.seed,
        backend: backend.name().into(),
        steps: config.steps,
        batch: config.batch,
        learning_rate: config.learning_rate,
        validation_db: trained.validation_db,
        test: evaluation.test,
        reference: evaluation.reference,
        device_check,
        wall_s: trained.wall_s,
        steps_per_s: config.steps as f64 / trained.wall_s,
    };
    session.folder.write_summary(&summary)?;
    session.progress.finish();
    Ok(summary)
}

/// The loop: steps, a validation at the end of each interval, checkpoints where they are due.
struct Course<'a> {
    backend: Backend,
    interrupter: Interrupter,
    /// Held until all that was learned is in a checkpoint.
    saving: Option<Saving>,
    material: &'a Material,
    learner: Learner<Network, Regression>,
    scheduler: ModuleLrScheduler,
    due: Due,
    session: Session,
}

impl Course<'_> {
    /// Trains until all steps are done or someone interrupts. Either way the last step has a
    /// checkpoint: whatever ends the final test costs no training.
    fn train(&mut self) -> Result<(), TrainError> {
        self.session.begin()?;
        while !self.session.is_done() && !self.interrupter.should_stop() {
            self.backend.on_its_threads(|| self.interval())?;
            if self.due.after(self.session.intervals()) {
                self.save()?;
            }
        }
        if self.session.step() > 0 {
            self.save()?;
        }
        Ok(())
    }

    /// The steps up to the next validation, and the validation.
    ///
    /// Where the run is interrupted, its last weights are validated too, so that they count. The
    /// checkpoint to resume from is taken before: the uninterrupted run may have no such validation,
    /// and nothing is lost if the process ends meanwhile.
    fn interval(&mut self) -> Result<(), TrainError> {
        let steps = self.session.step()..self.session.next_validation();
        for batch in Batches::new(self.material.batches(), steps) {
            let progress = self.session.progress_made();
            let loss = self.learner.step(batch, progress, self.scheduler.step());
            self.session.record(loss)?;
            if self.interrupter.should_stop() {
                break;
            }
        }
        let network = self.learner.field().clone().valid();
        let (field, points) = (|x| network.forward(x), self.material.validation());
        let error = match self.session.between_validations() {
            true => None,
            false => mean_squared_error_unless_stopped(field, points, &self.interrupter),
        };
        let error = match error {
            Some(error) => error,
            None => {
                self.session.stopped_before_validation();
                self.save()?;
                self.interrupter.saved_to(self.session.folder.path());
                self.saving = None;
                mean_squared_error(field, points)
            }
        };
        self.session.validated(self.learner.field(), error)
    }

    /// Writes a checkpoint, unless this step has one.
    fn save(&mut self) -> Result<(), TrainError> {
        self.session.save(&self.learner, &self.scheduler)
    }
}

/// Builds a run's parts from a checkpoint, if it is one of this run.
fn restore(
    checkpoint: Checkpoint,
    network: &Network,
    config: &TrainConfig,
    facts: &Facts,
    run: &Path,
) -> Result<Restored, RunError> {
    let refused = |reason: String, remedy: &str| RunError::Checkpoint {
        path: run.into(),
        reason,
        remedy: remedy.into(),
    };
    if checkpoint.position.experiment != facts.experiment {
        return Err(refused(
            "its config.toml is not the one its checkpoints were made with".into(),
            "undo the change to config.toml, or train anew with `gradnet train --config`",
        ));
    }
    if checkpoint.position.data_digest != facts.data_digest {
        return Err(refused(
            "its data file has changed since the checkpoint was made".into(),
            "restore the data file, or train anew with `gradnet train --config`",
        ));
    }
    let network = network.clone();
    caught(|| checkpoint.restore(network, optimizer(config), scheduler(config)))
        .unwrap_or_else(|| Err(NONSENSE.into()))
        .map_err(|reason| {
            refused(
                format!("its checkpoint does not fit its network: {reason}"),
                "train anew with `gradnet train --config`",
            )
        })
}
