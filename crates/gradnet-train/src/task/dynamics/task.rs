//! Dynamics as a task.

use burn::module::Module;
use burn::tensor::{Device, FloatDType};
use gradnet_core::VectorField;
use gradnet_core::analysis::{Region, host};
use rand::RngExt;

use super::coefficients::Coefficients;
use super::config::DynamicsConfig;
use super::examination::examine;
use super::flow::Flow;
use super::kind::Kind;
use super::loss::{Loss, Rollout, fit_starts, midpoint, rollout};
use super::paths::{Path, Paths};
use super::shown::ShownPaths;
use super::units;
use super::window::{Window, cover};
use crate::data::file::{ColumnNames, DataFacts, Finding, Similarity, Split};
use crate::data::{FileDigests, Stream, generator};
use crate::digest::Digest;
use crate::files::FileError;
use crate::registry::Network;
use crate::setting_error::SettingError;
use crate::settings::{Protocol, TrainConfig};
use crate::task::regression::Exhibit;
use crate::task::{Criterion, Lesson, Quantities, Rows, RunTask, Task, TaskError};

/// Name of the friction in results.
pub(crate) const FRICTION: &str = "friction";

/// Name of an entry of the input matrix in results, counted from 1.
pub(crate) fn input_name(coordinate: usize, input: usize) -> String {
    format!("input_{}_{}", coordinate + 1, input + 1)
}

/// Rows of a chunk of windows.
pub(super) const CHUNK: usize = 500;

/// Validation follows paths so many times as far as training does: what is wrong with a field adds up, and noise hides
/// it for a while.
const HORIZONS: usize = 4;

/// Dynamics from recorded paths.
pub struct Dynamics {
    pub(super) config: DynamicsConfig,
    seed: u64,
    train: TrainConfig,
    /// Samples of the test that one step is measured from, at most.
    pub(super) tested: usize,
    pub(super) paths: Paths,
    split: Split,
    /// Test paths of their own, where the equations are known.
    tests: Option<Paths>,
    pub(super) units: Similarity,
    findings: Vec<Finding>,
    digest: String,
    pub(super) device: Device,
}

impl Dynamics {
    /// The task on a device that needs no autodiff, with the change of units that `before` has noted.
    ///
    /// # Errors
    /// If the paths cannot be read, are too few, or no training path is as long as a window.
    pub fn new(
        config: &DynamicsConfig,
        protocol: &Protocol,
        device: &Device,
        before: Option<&DataFacts>,
    ) -> Result<Self, TaskError> {
        let (paths, tests) = match (&config.file, &config.system) {
            (Some(file), _) => (super::table::read(file)?, None),
            (None, system) => {
                let system = system.clone().unwrap_or_default();
                let made = system.name.paths(system.sampled(), protocol.seed);
                (
                    made,
                    Some(system.name.test_paths(system.tested(), protocol.seed)),
                )
            }
        };
        let digest = match &config.file {
            Some(_) => paths.digest(),
            // Sines of two machines may differ in the last place.
            None => format!(
                "{:016x}",
                Digest::of(format!("{:?} {}", config.system, protocol.seed).as_bytes())
            ),
        };
        let count = paths.paths.len();
        let refused = |reason: String, remedy: &str| match &config.file {
            Some(file) => TaskError::Data(FileError::Format {
                file: file.path.clone(),
                reason,
                remedy: remedy.into(),
            }),
            None => TaskError::Setting(SettingError::Invalid {
                field: "system.paths",
                value: count.to_string(),
                requirement: format!("must do for all parts: {reason}"),
                remedy: remedy.into(),
            }),
        };
        if count < 3 {
            return Err(refused(
                format!("it has {count} paths, and training, validation and test need one each"),
                "record more paths, or give parts of a long one numbers of their own",
            ));
        }
        let split = Split::new(count as u32, protocol.seed, config.validation, config.test);
        let training = paths.some(&split.training);
        let longest = training.iter().map(|path| path.len()).max().unwrap_or(0);
        if training.is_empty() || longest <= config.horizon {
            return Err(TaskError::Setting(SettingError::Invalid {
                field: "horizon",
                value: config.horizon.to_string(),
                requirement: format!(
                    "must be below the samples of a training path, of which the longest has {longest}"
                ),
                remedy: format!("write horizon = {} under [dynamics]", (longest / 2).max(1)),
            }));
        }
        let fitted = units::fit(&training, config.horizon / 2)
            .map_err(|(reason, remedy)| refused(reason, &remedy))?;
        let same = before.filter(|facts| facts.digest == digest);
        let findings = match same {
            Some(facts) => facts.findings.clone(),
            None => examine(config, &training, &paths.states),
        };
        Ok(Self {
            config: config.clone(),
            seed: protocol.seed,
            train: protocol.train.clone(),
            tested: protocol.evaluation.points,
            units: units::kept(fitted, same.map(|facts| &facts.similarity)),
            findings,
            digest,
            split,
            tests,
            paths,
            device: device.clone().without_autodiff(),
        })
    }

    pub(super) fn training(&self) -> Vec<&Path> {
        self.paths.some(&self.split.training)
    }

    /// The test paths: of the file, or of the system without noise.
    pub(super) fn test_paths(&self) -> Vec<&Path> {
        match &self.tests {
            Some(tests) => tests.paths.iter().collect(),
            None => self.paths.some(&self.split.test),
        }
    }

    /// As many windows as a batch has, drawn from the training paths.
    fn batch(&self, length: usize, step: usize, again: u64) -> Window {
        let training = self.training();
        // Those too short for the last windows take part in the first.
        let count = |path: &Path| path.len().saturating_sub(length);
        let whole: usize = training.iter().map(|path| count(path)).sum();
        let mut random = generator(self.seed, Stream::Training, 2 * step as u64 + again);
        let pick = |_| {
            let mut place = random.random_range(0..whole);
            let of = |path: &&&Path| {
                let inside = place < count(path);
                if !inside {
                    place -= count(path);
                }
                inside
            };
            let path = *training.iter().find(of).unwrap_or(&training[0]);
            (path, place)
        };
        let picks: Vec<(&Path, usize)> = (0..self.train.batch).map(pick).collect();
        self.window(&picks, length)
    }

    fn window(&self, picks: &[(&Path, usize)], length: usize) -> Window {
        Window::new(picks, length, &self.units, &self.device, FloatDType::F32)
    }

    /// Windows of `length` steps that cover paths, at most so many.
    fn windows<'a>(paths: &[&'a Path], length: usize, most: usize) -> Vec<(&'a Path, usize)> {
        let starts = paths.iter().flat_map(|path| {
            let starts = cover(path.len() - 1, length);
            starts.into_iter().map(move |first| (*path, first))
        });
        starts.take(most).collect()
    }

    fn has_unknowns(&self) -> bool {
        let friction = self.config.kind == Kind::Dissipative && self.config.friction.is_none();
        friction || !self.paths.inputs.is_empty()
    }

    /// The friction and the input matrix for a field as it is, from the training paths.
    pub fn coefficients<F: VectorField + Module>(&self, field: &F) -> Coefficients {
        if !self.has_unknowns() {
            return Coefficients::given(self.config.friction.unwrap_or(0.0), self.paths.dim());
        }
        let picks = Self::windows(&self.training(), self.config.horizon, 4 * CHUNK);
        let window = self.window(&picks, self.config.horizon);
        Coefficients::find(field, self.config.kind, self.config.friction, &window)
    }

    fn how(&self) -> Rollout {
        Rollout {
            substeps: self.config.substeps,
            start_steps: self.config.start_steps,
        }
    }
}

impl Task<Network> for Dynamics {
    fn dim(&self) -> usize {
        self.paths.dim()
    }

    fn lesson(&self, step: usize) -> Lesson<Network> {
        let config = &self.config;
        let length = match config.loss {
            Loss::Midpoint => 1,
            Loss::Rollout => config.horizon_at(step, self.train.steps),
        };
        let window = self.batch(length, step, 0);
        // The longer a window, the less the noise of its ends counts.
        let wide = self
            .has_unknowns()
            .then(|| self.batch(config.horizon, step, 1));
        let (kind, friction, loss, how, dim) = (
            config.kind,
            config.friction,
            config.loss,
            self.how(),
            self.paths.dim(),
        );
        Box::new(move |field: &Network| {
            let coefficients = match wide {
                None => Coefficients::given(friction.unwrap_or(0.0), dim),
                Some(wide) => Coefficients::find(&field.valid(), kind, friction, &wide),
            };
            match loss {
                Loss::Midpoint => midpoint(field, kind, &coefficients, &window),
                Loss::Rollout => rollout(field, kind, &coefficients, &window, how),
            }
        })
    }

    fn criterion(&self) -> Criterion {
        Criterion {
            name: "window_mse",
            unit: "state^2",
            title: "squared error along held-out paths",
        }
    }

    /// The mean squared error over the validation paths whole, or windows of `HORIZONS` times the horizon, from starts
    /// fitted as in training.
    fn validate(&self, field: &Network, stop: &dyn Fn() -> bool) -> Option<f64> {
        let paths = self.paths.some(&self.split.validation);
        let longest = paths.iter().map(|path| path.len() - 1).max().unwrap_or(1);
        let length = longest.min(HORIZONS * self.config.horizon);
        let picks = Self::windows(&paths, length, self.train.validation.points);
        let coefficients = self.coefficients(field);
        let flow = Flow::new(field, coefficients.structure(self.config.kind));
        let (mut sum, mut count) = (0.0, 0.0);
        for chunk in picks.chunks(CHUNK) {
            if stop() {
                return None;
            }
            let window = self.window(chunk, length);
            let start = fit_starts(&flow, &window, &coefficients, self.how());
            let mut x = start;
            for (k, drive) in window.drives(&coefficients).into_iter().enumerate() {
                for _ in 0..self.config.substeps {
                    let h = window.steps[k].clone() / self.config.substeps as f64;
                    x = super::predict::held(super::step::step(&flow, x, h, drive.as_ref()).0);
                }
                let errors = (x.clone() - window.states[k + 1].clone())
                    .square()
                    .sum_dim(1);
                sum += host(errors).iter().sum::<f64>();
                count += chunk.len() as f64;
            }
        }
        Some(sum / count * self.units.x_scale.powi(2))
    }

    fn evaluate(&self, field: &Network) -> Quantities {
        self.numbers(field)
    }

    fn baselines(&self) -> Rows {
        self.rows()
    }
}

impl RunTask for Dynamics {
    fn exhibit(&self, points: usize) -> Option<Exhibit> {
        let facts = self.facts()?;
        let region = Region {
            low: facts.low,
            high: facts.high,
        };
        Some(self.states(points, region))
    }

    fn shown_paths(&self, network: &Network) -> Option<ShownPaths> {
        Some(self.shown(network))
    }

    fn facts(&self) -> Option<DataFacts> {
        let samples = |which: &[u32]| self.paths.some(which).iter().map(|path| path.len()).sum();
        let scaled = self.training();
        let scaled = scaled
            .iter()
            .flat_map(|path| self.units.scale_points(&path.states));
        let (low, high) = scaled.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
            (low.min(x.into()), high.max(x.into()))
        });
        Some(DataFacts {
            columns: ColumnNames::default(),
            rows: self.paths.samples(),
            digest: self.digest.clone(),
            training: samples(&self.split.training),
            validation: samples(&self.split.validation),
            test: samples(&self.split.test),
            similarity: self.units.clone(),
            low,
            high,
            findings: self.findings.clone(),
            files: FileDigests::default(),
        })
    }
}
