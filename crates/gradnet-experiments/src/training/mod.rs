//! Training: Adam on the mean squared error between a network and the target's gradient, the weights that validated best kept.
//!
//! ```text
//! loss = mean over batch and coordinates of (f(x) - grad F(x))^2,   x uniform on the cube
//! ```
//!
//! Chaudhari, Pranav, Moura, IEEE TSP 2025, Sec. VII and the released `Nd_field/train.py`: batch 100, 10,000 steps, a constant rate. The run is
//! burn-train's: its `Learner`, checkpointers, interrupter and event processor. Only the loop is our own: it keeps the loss on the device
//! and reads it in blocks, because reading and logging every step costs more than a step of a small network.

mod checkpoint;
mod error;
mod learner;
mod material;
mod progress;
mod session;
mod strategy;

use std::path::Path;
use std::sync::{Arc, Mutex};

use burn::grad_clipping::GradientClipping;
use burn::lr_scheduler::{
    constant::ConstantLr, cosine::CosineAnnealingLrSchedulerConfig,
    module_lr_scheduler::ModuleLrScheduler,
};
use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::tensor::Device;
use burn::train::{
    Interrupter, Learner, SupervisedTraining, TrainingStrategy, logger::InMemoryMetricLogger,
    metric::LossMetric, renderer::default_renderer,
};
use gradnet_core::{ParameterSource, kernel::FusedAdam, network::Network};

use crate::backend::Backend;
use crate::data::{FieldSampler, Stream, derived_seed};
use crate::evaluation::Reference;
use crate::experiment::{Experiment, Schedule, TrainConfig};
use crate::files::{NONSENSE, caught};
use crate::run::{Run, RunError, RunFolder};

pub use crate::run::Summary;
pub use error::TrainError;
pub use learner::FieldLearner;
pub use progress::{Plan, Progress, Silent, Stage, Status};

use checkpoint::{Checkpoint, Due, Restored};
use material::Material;
use session::{Facts, Session};
use strategy::BlockwiseStrategy;

/// What a run needs beside its experiment.
pub struct TrainOptions {
    /// The backend of the device, for the record.
    pub backend: Backend,
    /// Whether an older run in the folder may be replaced.
    pub overwrite: bool,
    /// A handle that ends the run early, saving what it has.
    pub interrupter: Interrupter,
    /// Who is told how far the run is.
    pub progress: Box<dyn Progress>,
    /// Whether burn-train's terminal dashboard is shown.
    pub dashboard: bool,
    /// The reference rows, where they are known: they depend on the target, the seed and the evaluation's settings alone.
    pub reference: Option<Reference>,
}

impl TrainOptions {
    /// A silent run that never overwrites.
    pub fn new(backend: Backend) -> Self {
        Self {
            backend,
            overwrite: false,
            interrupter: Interrupter::new(),
            progress: Box::new(Silent),
            dashboard: false,
            reference: None,
        }
    }
}

/// Trains the experiment's network on `device`, scores it and fills the run folder `out`.
///
/// The folder then holds `config.toml` (the resolved experiment), `weights.bpk` (the weights that validated best, a Burn record), `metrics.jsonl`
/// (a line a validation), `checkpoint/` and `summary.json`, which is returned.
///
/// # Errors
/// See [`TrainError`]. Whatever ends the run after it began, the best weights so far are in the folder.
pub fn train(
    experiment: &Experiment,
    device: &Device,
    out: &Path,
    options: TrainOptions,
) -> Result<Summary, TrainError> {
    let experiment = experiment.check()?;
    experiment.check_room()?;
    let mut options = options;
    // What cannot be learned is told before there is a folder, and a folder that is taken before a large file is read.
    RunFolder::check(out, options.overwrite)?;
    options.progress.stage(Stage::Preparing);
    let material = Material::prepare(&experiment, &device.clone().without_autodiff(), None)?;
    for finding in material.findings() {
        options.progress.warn(&finding.to_string());
    }
    let folder = RunFolder::create(out, &experiment, options.overwrite)?;
    go(&experiment, device, folder, material, None, options)
}

/// Goes on with the run in folder `run`, which ends with the very weights it would have had uninterrupted (on the same backend, with as many threads);
/// but for the ICGN by Monte-Carlo, whose draws begin anew.
///
/// A run without a checkpoint begins again at its first step, which comes to the same. A finished run is left alone; its summary is returned.
///
/// # Errors
/// See [`TrainError`]; [`RunError::Checkpoint`] if there are checkpoints and none can be used.
pub fn resume(run: &Path, device: &Device, options: TrainOptions) -> Result<Summary, TrainError> {
    let mut options = options;
    let opened = Run::open_unfinished(run)?;
    if let Some(summary) = opened.summary()? {
        options
            .progress
            .warn("the run is finished: there is nothing left to train");
        return Ok(summary);
    }
    if opened.is_imported() {
        return Err(TrainError::Run(RunError::Checkpoint {
            path: run.into(),
            reason: "its weights were imported, so there is no training to go on with".into(),
            remedy: "train a network of your own with `gradnet train --config`".into(),
        }));
    }
    let experiment = opened.experiment().check()?;
    experiment.check_room()?;
    let folder = RunFolder::reopen(run)?;
    let checkpoint = match checkpoint::newest(run)? {
        Some((checkpoint, damaged)) => {
            for reason in damaged {
                options.progress.warn(&format!(
                    "going back to the checkpoint before a damaged one: {reason}"
                ));
            }
            let before = &checkpoint.position.backend;
            if *before != options.backend.name() {
                return Err(TrainError::OtherBackend {
                    run: run.into(),
                    before: before.clone(),
                    now: options.backend.name(),
                });
            }
            Some(checkpoint)
        }
        None => {
            options
                .progress
                .warn("there is no checkpoint yet: beginning at the first step");
            None
        }
    };
    options.progress.stage(Stage::Preparing);
    // Of a run that was killed before it noted how its file is scaled there are no weights either.
    let before = opened.data_facts().ok().flatten();
    let inner = device.clone().without_autodiff();
    let material = Material::prepare(&experiment, &inner, before.as_ref())?;
    go(&experiment, device, folder, material, checkpoint, options)
}

/// Trains from a checkpoint, or from the start.
fn go(
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
        dashboard,
        reference,
        ..
    } = options;
    let inner = device.clone().without_autodiff();
    let config = &experiment.train;
    let interval = config.validation.every.min(config.steps);

    let facts = Facts {
        experiment: experiment.to_toml(),
        backend: backend.name(),
        data_digest: material.data_digest(),
        steps: config.steps,
        interval,
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
    let mut session = Session::new(folder, facts, progress, dashboard);
    let (model, optimizer, scheduler) = match restored {
        None => (
            FieldLearner::new(network),
            optimizer(config),
            scheduler(config),
        ),
        Some(restored) => {
            session.restore(&restored.position, restored.best)?;
            (restored.model, restored.optimizer, restored.scheduler)
        }
    };
    let stream = FieldSampler::over(material.batches(), config.steps, interval, session.step());
    let begin = session.step() / interval;
    let session = Arc::new(Mutex::new(session));

    let validation = Arc::new(material.validation());
    let mut training = SupervisedTraining::new(&out, Arc::new(stream), validation)
        .num_epochs(config.steps.div_ceil(interval))
        .with_interrupter(interrupter.clone())
        .with_application_logger(None)
        .with_metric_logger(InMemoryMetricLogger::default())
        .with_training_strategy(TrainingStrategy::Custom(Arc::new(BlockwiseStrategy {
            backend,
            session: session.clone(),
            optimizer: optimizer.clone(),
            scheduler: scheduler.clone(),
            due: Due {
                every: config.checkpoint_every,
                interval,
            },
        })))
        .renderer(if dashboard {
            default_renderer(interrupter.clone(), (begin > 0).then_some(begin))
        } else {
            Box::new(progress::NoRenderer)
        });
    if begin > 0 {
        training = training.checkpoint(begin);
    }
    if dashboard {
        training = training
            .metric_train_numeric(LossMetric::new())
            .metric_valid_numeric(LossMetric::new());
    }
    let result = training.launch(Learner::new(model, optimizer, scheduler));

    // Nothing else holds the session now; a panic while it was held would have ended this thread.
    let mut session = session.lock().unwrap_or_else(|poison| poison.into_inner());
    let trained = session.finish(result)?;
    session.progress.stage(Stage::Evaluating);
    let evaluation = material.evaluate(&trained.network, experiment, reference, &inner)?;
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
        wall_s: trained.wall_s,
        steps_per_s: config.steps as f64 / trained.wall_s,
    };
    session.folder.write_summary(&summary)?;
    session.progress.finish();
    Ok(summary)
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
    let model = FieldLearner::new(network.clone());
    caught(|| checkpoint.restore(model, optimizer(config), scheduler(config)))
        .unwrap_or_else(|| Err(NONSENSE.into()))
        .map_err(|reason| {
            refused(
                format!("its checkpoint does not fit its network: {reason}"),
                "train anew with `gradnet train --config`",
            )
        })
}

/// Adam with PyTorch's constants, the paper's optimizer.
pub(crate) fn optimizer(config: &TrainConfig) -> ModuleOptimizer {
    let optimizer = ModuleOptimizer::from(FusedAdam::default());
    match config.clip_norm {
        Some(norm) => optimizer.with_grad_clipping(GradientClipping::Norm(norm as f32)),
        None => optimizer,
    }
}

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
