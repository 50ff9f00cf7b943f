//! One run, from its first step or the one after its checkpoint to its summary.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::tensor::Device;
use gradnet_core::ParameterSource;

use super::best::Best;
use super::checkpoint::{Checkpoint, Due, Restored};
use super::session::{Facts, Session};
use super::start;
use super::{Learner, Plan, Stage, Summary, TrainError, TrainOptions, optimizer, scheduler};
use crate::backend::Backend;
use crate::data::file::DataFacts;
use crate::data::{Contents, FileDigests, Stream, derived_seed};
use crate::device_check;
use crate::experiment::{Experiment, TrainConfig};
use crate::files::{NONSENSE, caught};
use crate::interrupter::{Interrupter, Saving};
use crate::registry::Network;
use crate::run::{Run, RunError, RunFolder, Scores, Validation};
use crate::task::{Purpose, RunTask, Task};

/// What there is of a run before it is trained.
#[derive(Default)]
pub(super) struct Before {
    /// Where it was left.
    pub(super) checkpoint: Option<Checkpoint>,
    /// The files that the task has read, where they were looked at before.
    pub(super) files: Option<FileDigests>,
    /// The run whose weights it begins with.
    pub(super) start: Option<Run>,
}

/// Trains from a checkpoint, or from the start, and scores the result.
pub(super) fn run(
    experiment: &Experiment,
    device: &Device,
    folder: RunFolder,
    task: Box<dyn RunTask>,
    before: Before,
    options: TrainOptions,
) -> Result<Summary, TrainError> {
    let TrainOptions {
        backend,
        interrupter,
        mut progress,
        baselines,
        ..
    } = options;
    let Before {
        checkpoint,
        files,
        start,
    } = before;
    let task: Arc<dyn RunTask> = Arc::from(task);
    let (noted, contents) = (task.facts(), task.contents());
    let config = &experiment.train;
    let files = match files {
        Some(files) => files,
        None => FileDigests::of(&experiment.task.files()).map_err(RunError::from)?,
    };
    let facts = Facts {
        experiment: experiment.to_toml(),
        backend: backend.name(),
        files,
        steps: config.steps,
        interval: config.validation.every.min(config.steps),
        criterion: task.criterion(),
        definition: experiment.task.definition(),
    };
    let mut source = ParameterSource::new(
        &device.clone().autodiff(),
        derived_seed(experiment.seed, Stream::Weights),
    );
    let network = experiment.init_network(&mut source)?;
    let parameters = network.num_params();
    progress.start(&Plan::new(experiment, parameters));

    let out = folder.path().to_path_buf();
    let restored = match checkpoint {
        None => None,
        Some(checkpoint) => {
            let numbers = match (&noted, &contents) {
                (Some(facts), _) => Some(facts.digest.clone()),
                (None, contents) => contents.as_ref().map(Contents::digest),
            };
            check_numbers(&checkpoint, numbers, &out)?;
            Some(restore(checkpoint, &network, config, &facts, &out)?)
        }
    };
    // Not before: a run that is refused keeps the scaling its weights were trained with.
    if let Some(noted) = noted {
        let files = facts.files.clone();
        RunFolder::write_facts(&out, &DataFacts { files, ..noted })?;
    }
    if let Some(contents) = &contents {
        RunFolder::write_contents(&out, contents)?;
    }
    let due = Due {
        every: config.checkpoint_every,
        interval: facts.interval,
    };
    let weights = restored
        .as_ref()
        .map_or(&network, |restored| &restored.network);
    let device_check =
        experiment.check_device(task.as_ref(), weights, device, Purpose::Training)?;
    let (session, network, average, optimizer, scheduler) = match restored {
        None => {
            let network = match &start {
                None => task.start(network),
                Some(run) => start::begun(run, network, task.as_ref(), device)?,
            };
            let best = Best::new(network.clone(), validated(task.as_ref(), &network));
            let session = Session::new(folder, facts, progress, best);
            (session, network, None, optimizer(config), scheduler(config))
        }
        Some(Restored {
            mut position,
            network,
            best,
            average,
            optimizer,
            scheduler,
        }) => {
            if position.definition != facts.definition {
                let before = std::mem::replace(
                    &mut position.best,
                    validated(task.as_ref(), &best).to_bits(),
                );
                if before != position.best {
                    position.validation = None;
                    progress.warn(&format!(
                        "{} is defined otherwise than up to step {}: the best weights were validated anew",
                        facts.criterion.name, position.step
                    ));
                }
            }
            let session = Session::restored(folder, facts, progress, &position, best)?;
            let average = average.map(|average| (average, position.step));
            (session, network, average, optimizer, scheduler)
        }
    };
    let before = average.as_ref().map(|(average, step)| (average, *step));
    let mut course = Course {
        backend,
        saving: Some(interrupter.saving()),
        interrupter: interrupter.clone(),
        learner: learner(network, task.clone(), optimizer).averaged_by(config.average, before),
        task: task.clone(),
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
    let scores = Scores {
        metrics: task.evaluate(&trained.network),
        baselines: baselines.unwrap_or_else(|| task.baselines()),
    };
    device_check::lost()?;
    let summary = Summary {
        network: experiment.network.name().into(),
        parameters,
        task: experiment.task.task().into(),
        target: experiment.task.name().into(),
        dim: experiment.dim(),
        seed: experiment.seed,
        backend: backend.name().into(),
        steps: config.steps,
        batch: config.batch,
        learning_rate: config.learning_rate,
        validation: Validation::new(trained.validation, session.criterion()),
        scores,
        device_check,
        wall_s: trained.wall_s,
        steps_per_s: config.steps as f64 / trained.wall_s,
    };
    session.folder.write_summary(&summary)?;
    session.progress.finish();
    Ok(summary)
}

/// The loop: steps, a validation at the end of each interval, checkpoints where they are due.
struct Course {
    backend: Backend,
    interrupter: Interrupter,
    /// Held until all that was learned is in a checkpoint.
    saving: Option<Saving>,
    task: Arc<dyn RunTask>,
    learner: Learner<Network>,
    scheduler: ModuleLrScheduler,
    due: Due,
    session: Session,
}

impl Course {
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
        let (session, scheduler, interrupter) =
            (&mut self.session, &mut self.scheduler, &self.interrupter);
        let whole = session.steps();
        let rate = |_| scheduler.step();
        let observe = |loss| match session.record(loss) {
            Err(error) => ControlFlow::Break(Some(error)),
            Ok(()) if interrupter.should_stop() => ControlFlow::Break(None),
            Ok(()) => ControlFlow::Continue(()),
        };
        if let ControlFlow::Break(Some(error)) = self.learner.learn(steps, whole, rate, observe) {
            return Err(error);
        }
        let network = self.learner.result();
        let stop = || self.interrupter.should_stop();
        let validation = match self.session.between_validations() {
            true => None,
            false => self.task.validate(&network, &stop),
        };
        let validation = match validation {
            Some(validation) => validation,
            None => {
                self.session.stopped_before_validation();
                self.save()?;
                self.interrupter.saved_to(self.session.folder.path());
                self.saving = None;
                validated(self.task.as_ref(), &network)
            }
        };
        self.session.validated(&network, validation)
    }

    /// Writes a checkpoint, unless this step has one.
    fn save(&mut self) -> Result<(), TrainError> {
        self.session.save(&self.learner, &self.scheduler)
    }
}

/// A registered network with its task.
pub fn learner(
    network: Network,
    task: Arc<dyn Task<Network>>,
    optimizer: ModuleOptimizer,
) -> Learner<Network> {
    Learner::new(network, task, optimizer)
        .annealed_by(Network::anneal)
        .penalised_by(Network::penalty)
}

/// The criterion of a network as it is, whoever asks to stop.
fn validated(task: &dyn Task<Network>, network: &Network) -> f64 {
    let validation = task.validate(&network.clone().valid(), &|| false);
    validation.expect("nobody stopped the validation")
}

/// Refuses a run of a version that noted no files, if what its task reads is no longer what it was: `numbers` is a
/// digest of that. The first such versions noted nothing of folders.
fn check_numbers(
    checkpoint: &Checkpoint,
    numbers: Option<String>,
    run: &Path,
) -> Result<(), RunError> {
    let before = &checkpoint.position.data_digest;
    if before.is_none() || *before == numbers {
        return Ok(());
    }
    Err(RunError::Checkpoint {
        path: run.into(),
        reason: "its data has changed since the checkpoint was made".into(),
        remedy: "restore the data, or train anew with `gradnet train`".into(),
    })
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
            "undo the change to config.toml, or train anew with `gradnet train`",
        ));
    }
    let network = network.clone();
    caught(|| checkpoint.restore(network, optimizer(config), scheduler(config)))
        .unwrap_or_else(|| Err(NONSENSE.into()))
        .map_err(|reason| {
            refused(
                format!("its checkpoint does not fit its network: {reason}"),
                "train anew with `gradnet train`",
            )
        })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::super::checkpoint::{newest, save};
    use super::super::{Progress, Status, resume, train};
    use super::*;
    use crate::config;

    /// Hears what is said, and asks to stop after the validation at step 20.
    #[derive(Clone, Default)]
    struct Watch(Arc<Mutex<String>>, Option<Interrupter>);

    impl Progress for Watch {
        fn update(&mut self, status: &Status) {
            if let (true, 20, Some(interrupter)) = (status.validated, status.step, &self.1) {
                interrupter.stop();
            }
        }

        fn warn(&mut self, message: &str) {
            *self.0.lock().unwrap() += message;
        }
    }

    #[test]
    fn weights_chosen_by_another_definition_are_validated_anew() {
        let text = "schema = 1\nname = \"t\"\n[target.quartic_polynomial]\n[network.mgradnet_c]\nwidth = 3\n\
                    [train]\nsteps = 40\nbatch = 20\n[train.validation]\nevery = 10\npoints = 50";
        let experiment = config::parse("t.toml", text, &Default::default()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let device = Device::flex();
        let options = || TrainOptions::new(Backend::Flex);
        let whole = train(&experiment, &device, &at("whole"), options()).unwrap();

        let interrupter = Interrupter::new();
        let stopped = TrainOptions {
            progress: Box::new(Watch(Arc::default(), Some(interrupter.clone()))),
            interrupter,
            ..options()
        };
        let out = at("run");
        train(&experiment, &device, &out, stopped).unwrap_err();
        let (mut checkpoint, _) = newest(&out).unwrap().unwrap();
        assert_eq!(checkpoint.position.step, 20);
        checkpoint.position.definition = 0;
        // By this number no later weights would be kept.
        checkpoint.position.best = (-1e9f64).to_bits();
        save(&out, checkpoint).unwrap();
        let watch = Watch::default();
        let heard = watch.0.clone();
        let progress = Box::new(watch);
        let resumed = resume(
            &out,
            &device,
            TrainOptions {
                progress,
                ..options()
            },
        )
        .unwrap();
        assert_eq!(resumed.validation, whole.validation);
        assert_eq!(resumed.scores, whole.scores);
        let heard = heard.lock().unwrap();
        assert!(
            heard.contains("mse_db is defined otherwise than up to step 20"),
            "{heard}"
        );
    }
}
