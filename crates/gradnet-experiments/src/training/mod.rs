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
mod learner;
mod progress;
mod session;
mod strategy;

use std::path::{Path, PathBuf};
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
    Interrupter, Learner, SupervisedTraining, TrainingError, TrainingStrategy,
    logger::InMemoryMetricLogger, metric::LossMetric, renderer::default_renderer,
};
use gradnet_core::{
    ParameterSource,
    kernel::FusedAdam,
    network::{Network, NetworkError},
};

use crate::backend::Backend;
use crate::data::{FieldSampler, PointSet, Sampler, Stream, derived_seed};
use crate::evaluation::{Reference, reference_rows, score};
use crate::experiment::{Experiment, ExperimentError, Schedule, TrainConfig};
use crate::run::{RunError, RunFolder};
use crate::target::{Target, TargetError};

pub use crate::run::Summary;
pub use learner::FieldLearner;
pub use progress::{Plan, Progress, Silent, Stage, Status};

use checkpoint::{AtomicCheckpointer, CheckpointEvery};
use session::Session;
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

/// Why a run did not finish.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A value of the experiment cannot be run.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// The target cannot be built.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The network cannot be built.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The run folder cannot be used.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The loss left the finite numbers.
    #[error(
        "the loss is {loss} at step {step}; the last finite loss was {} and the last good weights are in {}",
        last_finite.map_or("never seen".into(), |(step, loss)| format!("{loss:.6e} at step {step}")), weights.display()
    )]
    NonFinite {
        /// The first step with such a loss, counted from 1.
        step: usize,
        /// The loss there.
        loss: f64,
        /// The last step with a finite loss, and that loss.
        last_finite: Option<(usize, f64)>,
        /// The weights that validated best before.
        weights: PathBuf,
    },
    /// The run was asked to stop.
    #[error("stopped at step {step} of {steps}; the best weights so far are in {}", weights.display())]
    Interrupted {
        /// Steps done.
        step: usize,
        /// Steps planned.
        steps: usize,
        /// The weights that validated best so far.
        weights: PathBuf,
    },
    /// burn-train failed: a checkpoint could not be written, or the device was lost.
    #[error("training failed: {0}")]
    Training(Arc<TrainingError>),
}

impl TrainError {
    /// What the user can do about it.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::Experiment(error) => Some(error.remedy().into()),
            Self::Run(error) => error.remedy(),
            Self::NonFinite { .. } => {
                Some("lower train.learning_rate, or set train.clip_norm = 1.0".into())
            }
            _ => None,
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
    let inner = device.clone().without_autodiff();
    let folder = RunFolder::create(out, &experiment, options.overwrite)?;
    let TrainOptions {
        backend,
        interrupter,
        mut progress,
        dashboard,
        reference,
        ..
    } = options;

    progress.stage(Stage::Preparing);
    let target: Arc<dyn Target> = Arc::from(experiment.target.init(&inner)?);
    let dim = experiment.dim();
    let mut source = ParameterSource::new(
        &device.clone().autodiff(),
        derived_seed(experiment.seed, Stream::Weights),
    );
    let network = experiment.network.init(dim, &mut source)?;
    let parameters = network.num_params();
    progress.start(&Plan::new(&experiment, parameters));

    let config = &experiment.train;
    let interval = config.validation.every.min(config.steps);
    let stream = FieldSampler::new(
        Sampler::new(&config.data, target.clone(), experiment.seed, config.batch),
        inner.clone(),
        config.steps,
        interval,
        0,
    );
    let validation = validation_set(&experiment, target.as_ref(), &inner);
    let learner = learner(network, config);
    let session = Session::new(folder, config.steps, dim, progress, dashboard);
    let session = Arc::new(Mutex::new(session));

    let mut training = SupervisedTraining::new(out, Arc::new(stream), Arc::new(validation))
        .num_epochs(config.steps.div_ceil(interval))
        .with_interrupter(interrupter.clone())
        .with_application_logger(None)
        .with_metric_logger(InMemoryMetricLogger::default())
        .with_training_strategy(TrainingStrategy::Custom(Arc::new(BlockwiseStrategy::new(
            session.clone(),
            optimizer(config),
            scheduler(config),
        ))))
        .renderer(if dashboard {
            default_renderer(interrupter.clone(), None)
        } else {
            Box::new(progress::NoRenderer)
        });
    if dashboard {
        training = training
            .metric_train_numeric(LossMetric::new())
            .metric_valid_numeric(LossMetric::new());
    }
    if config.checkpoint_every > 0 {
        let directory = out.join(RunFolder::CHECKPOINTS);
        let file = |name| AtomicCheckpointer::new(&directory, name);
        training = training
            .with_custom_checkpointers(file("model"), file("optimizer"), file("scheduler"))
            .with_checkpointing_strategy(CheckpointEvery::new(config.checkpoint_every, interval));
    }
    let result = training.launch(learner);

    // Nothing else holds the session now; a panic while it was held would have ended this thread.
    let mut session = session.lock().unwrap_or_else(|poison| poison.into_inner());
    let trained = session.finish(result)?;
    session.progress.stage(Stage::Evaluating);
    let scored = (&experiment.target, &experiment.evaluation, experiment.seed);
    let (target_config, evaluation, seed) = scored;
    let test = score(&trained.network, target_config, evaluation, seed, &inner)?;
    let reference = match reference {
        Some(known) => known,
        None => reference_rows(target_config, evaluation, seed, &inner)?,
    };
    let summary = Summary {
        network: experiment.network.name().into(),
        parameters,
        target: experiment.target.name().into(),
        dim,
        seed: experiment.seed,
        backend: backend.name().into(),
        steps: config.steps,
        batch: config.batch,
        learning_rate: config.learning_rate,
        validation_db: trained.validation_db,
        test,
        reference,
        wall_s: trained.wall_s,
        steps_per_s: config.steps as f64 / trained.wall_s,
    };
    session.folder.write_summary(&summary)?;
    session.progress.finish();
    Ok(summary)
}

fn validation_set(experiment: &Experiment, target: &dyn Target, device: &Device) -> PointSet {
    let count = experiment.train.validation.points;
    let points = target.draw(experiment.seed, Stream::Validation, 0, count);
    PointSet::new(&points, target, device)
}

/// The network with the optimizer and the learning rate of a run.
pub(crate) fn learner(network: Network, config: &TrainConfig) -> Learner<FieldLearner> {
    Learner::new(
        FieldLearner::new(network),
        optimizer(config),
        scheduler(config),
    )
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
