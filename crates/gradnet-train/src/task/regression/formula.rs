//! Pairs from a formula: points drawn by seed, and the target's gradient at them.

use std::sync::{Arc, OnceLock};

use burn::tensor::{Device, FloatDType, Tensor};
use gradnet_core::analysis::Region;

use super::{
    Exhibit, HEADLINE, PairSource, Reference, Regression, RunPairs, Sampler, Score, Shown,
    SymmetricLinearMap, mean_squared_error,
};
use crate::backend;
use crate::data::file::DataFacts;
use crate::data::{Batch, PointSet, Stream, grid_points};
use crate::setting_error::SettingError;
use crate::settings::{EvaluationConfig, ExperimentError, Protocol, Sampling, TrainConfig};
use crate::targets::{self, Target, TargetConfig};
use crate::task::{Headline, RunTask, Settings, TaskError};

/// Points of a target's domain with its gradient at them, drawn anew for each step or once for all.
pub struct FormulaPairs {
    config: TargetConfig,
    target: Arc<dyn Target>,
    seed: u64,
    train: TrainConfig,
    evaluation: EvaluationConfig,
    device: Device,
    sampler: OnceLock<Sampler>,
    validation: OnceLock<PointSet>,
}

impl FormulaPairs {
    /// The pairs of a target on `device`, which needs no autodiff: it is not differentiated.
    ///
    /// # Errors
    /// If the target's settings are out of range.
    pub fn new(
        config: &TargetConfig,
        train: &TrainConfig,
        evaluation: &EvaluationConfig,
        seed: u64,
        device: &Device,
    ) -> Result<Self, SettingError> {
        let device = device.clone().without_autodiff();
        Ok(Self {
            target: Arc::from(config.init(&device)?),
            config: config.clone(),
            seed,
            train: train.clone(),
            evaluation: evaluation.clone(),
            device,
            sampler: OnceLock::new(),
            validation: OnceLock::new(),
        })
    }

    /// The pairs of the target of this name, seed 0, scored as by default.
    ///
    /// # Errors
    /// If there is no such target.
    pub fn named(name: &str, train: &TrainConfig, device: &Device) -> Result<Self, SettingError> {
        let config = TargetConfig::from_name(name).ok_or_else(|| {
            let names: Vec<_> = targets::registry().iter().map(|entry| entry.name).collect();
            SettingError::Invalid {
                field: "target",
                value: name.into(),
                requirement: format!("must be one of {}", names.join(", ")),
                remedy: "write one of these names".into(),
            }
        })?;
        Self::new(&config, train, &EvaluationConfig::default(), 0, device)
    }

    /// The test's draws on a device the target lives on; a grid is one.
    fn draws<'a>(
        &'a self,
        target: &'a dyn Target,
        device: &'a Device,
    ) -> impl Iterator<Item = PointSet> + 'a {
        let draws = match self.evaluation.sampling {
            Sampling::Uniform => 0..self.evaluation.draws,
            Sampling::Grid => 0..1,
        };
        draws.map(move |draw| {
            let points = test_points(&self.evaluation, target, self.seed, draw);
            PointSet::new(&points, target, device)
        })
    }
}

impl PairSource for FormulaPairs {
    fn dim(&self) -> usize {
        self.target.dim()
    }

    fn batch(&self, step: usize) -> Batch {
        let sampler = self.sampler.get_or_init(|| {
            let TrainConfig { data, batch, .. } = &self.train;
            Sampler::new(data, self.target.clone(), self.seed, *batch)
        });
        Batch::new(sampler.batch(step), self.target.as_ref(), &self.device)
    }

    fn validation(&self) -> &PointSet {
        self.validation.get_or_init(|| {
            let (target, count) = (self.target.as_ref(), self.train.validation.points);
            let points = target.draw(self.seed, Stream::Validation, 0, count);
            PointSet::new(&points, target, &self.device)
        })
    }

    fn test(&self, field: &dyn Fn(Tensor<2>) -> Tensor<2>) -> Score {
        let draws = self.draws(self.target.as_ref(), &self.device);
        let errors: Vec<_> = draws.map(|set| mean_squared_error(field, &set)).collect();
        Score::new(&errors, self.evaluation.points)
    }

    /// Both rows run on the processor: the fit needs large products, for which a software GPU would take minutes.
    fn reference(&self) -> Reference {
        let host = backend::host(&self.device);
        let target = self.config.init(&host);
        let target = target.expect("settings that gave a target on one device give it on another");
        let (target, points) = (target.as_ref(), self.evaluation.linear_points);
        let linear = SymmetricLinearMap::fit(target, points, self.seed, &host);
        let linear_is_a_bound = linear.is_cut_short();
        let linear = linear.on_device(&host, FloatDType::F32);
        let errors = self.draws(target, &host).map(|set| {
            let zero = mean_squared_error(|x| x.zeros_like(), &set);
            (zero, mean_squared_error(|x| linear.forward(x), &set))
        });
        let (zero, line): (Vec<_>, Vec<_>) = errors.unzip();
        Reference {
            zero_db: Score::new(&zero, self.evaluation.points).mse_db_mean,
            linear_db: Score::new(&line, self.evaluation.points).mse_db_mean,
            constant_db: None,
            affine_db: None,
            linear_is_a_bound,
        }
    }
}

impl RunPairs for FormulaPairs {
    fn formula(&self) -> Option<&TargetConfig> {
        Some(&self.config)
    }

    fn batch_size(&self) -> usize {
        self.train.batch
    }

    fn tested(&self) -> usize {
        self.evaluation.points_a_draw()
    }

    fn test_points(&self) -> Vec<f32> {
        let first = self.tested().min(PointSet::CHUNK);
        self.target.draw(self.seed, Stream::Test, 0, first)
    }

    fn exhibit(&self, points: usize) -> Exhibit {
        let evaluation = EvaluationConfig {
            points,
            sampling: Sampling::Uniform,
            ..self.evaluation.clone()
        };
        let target = self.target.as_ref();
        let points = test_points(&evaluation, target, self.seed, 0);
        Exhibit {
            pairs: PointSet::new(&points, target, &self.device),
            target: Some(self.target.clone()),
            region: Region::default(),
            shows: Shown::Errors,
        }
    }
}

/// The points of one test draw, row after row.
pub fn test_points(
    config: &EvaluationConfig,
    target: &dyn Target,
    seed: u64,
    draw: usize,
) -> Vec<f32> {
    match config.sampling {
        Sampling::Uniform => target.draw(seed, Stream::Test, draw as u64, config.points),
        Sampling::Grid => grid_points(config.points.isqrt()),
    }
}

/// `[target.NAME]`.
impl Settings for TargetConfig {
    fn task(&self) -> &'static str {
        "regression"
    }

    fn headline(&self) -> Headline {
        HEADLINE
    }

    fn name(&self) -> &'static str {
        self.entry().name
    }

    fn title(&self) -> &'static str {
        self.entry().title
    }

    fn heading(&self) -> String {
        let entry = self.entry();
        format!(
            "The gradient field of a formula: {}, {}",
            entry.title, entry.equation
        )
    }

    fn table(&self) -> String {
        format!("target.{}", self.name())
    }

    fn dim(&self) -> usize {
        Self::dim(self)
    }

    fn check(&self) -> Result<(), ExperimentError> {
        Self::check(self).map_err(|error| ExperimentError::setting(&Settings::table(self), error))
    }

    fn check_rest(&self, protocol: &Protocol) -> Result<(), ExperimentError> {
        protocol.train.check_data()?;
        protocol.evaluation.check(Self::dim(self))
    }

    fn check_room(&self, protocol: &Protocol) -> Result<(), ExperimentError> {
        protocol.drawn_points_room(Self::dim(self))
    }

    fn suits_monotone(&self) -> bool {
        self.entry().convex
    }

    fn draws(&self) -> bool {
        true
    }

    fn build(
        &self,
        protocol: &Protocol,
        device: &Device,
        _before: Option<&DataFacts>,
    ) -> Result<Box<dyn RunTask>, TaskError> {
        let (train, evaluation) = (&protocol.train, &protocol.evaluation);
        let pairs = FormulaPairs::new(self, train, evaluation, protocol.seed, device)?;
        Ok(Box::new(Regression::new(pairs)))
    }
}
