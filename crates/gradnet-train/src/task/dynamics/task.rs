//! Dynamics as a task.

use burn::module::Module;
use burn::tensor::{Device, FloatDType, TensorData};
use gradnet_core::VectorField;
use gradnet_core::analysis::host;
use gradnet_core::combine::Separated;
use rand::RngExt;

use super::coefficients::Coefficients;
use super::config::DynamicsConfig;
use super::examination::examine;
use super::flow::Flow;
use super::kind::Kind;
use super::loss::{Loss, Rollout, fit_starts, midpoint, rollout};
use super::paths::{Path, Paths};
use super::predict::{Exact, LinearSystem, Predictor, stand_still};
use super::score::{Energy, Scorer, mean, square};
use super::units;
use super::window::Window;
use crate::backend;
use crate::data::file::{DataFacts, Finding, Similarity, Split};
use crate::data::{Stream, generator};
use crate::digest::Digest;
use crate::files::FileError;
use crate::registry::{Network, registry};
use crate::setting::SettingError;
use crate::settings::{Protocol, TrainConfig};
use crate::task::{Criterion, Lesson, Quantities, Quantity, Rows, RunTask, Task, TaskError};

/// Name of the friction in results.
pub(crate) const FRICTION: &str = "friction";

/// Name of an entry of the input matrix in results, counted from 1.
pub(crate) fn input_name(coordinate: usize, input: usize) -> String {
    format!("input_{}_{}", coordinate + 1, input + 1)
}

/// Rows of a chunk of windows.
const CHUNK: usize = 500;

/// Dynamics from recorded paths.
pub struct Dynamics {
    config: DynamicsConfig,
    seed: u64,
    train: TrainConfig,
    /// Samples of the test that one step is measured from, at most.
    tested: usize,
    paths: Paths,
    split: Split,
    /// Test paths of their own, where the equations are known.
    tests: Option<Paths>,
    units: Similarity,
    findings: Vec<Finding>,
    digest: String,
    device: Device,
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
            Some(_) => digest_of(&paths),
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
            units: same.map_or(fitted, |facts| facts.similarity.clone()),
            findings,
            digest,
            split,
            tests,
            paths,
            device: device.clone().without_autodiff(),
        })
    }

    fn training(&self) -> Vec<&Path> {
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

    /// Windows of paths side by side, each beginning where the last ends, at most so many.
    fn windows<'a>(&self, paths: &[&'a Path], most: usize) -> Vec<(&'a Path, usize)> {
        let starts = paths.iter().flat_map(|path| {
            (0..path.len() - 1)
                .step_by(self.config.horizon)
                .map(move |first| (*path, first))
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
        let picks = self.windows(&self.training(), 4 * CHUNK);
        let window = self.window(&picks, self.config.horizon);
        Coefficients::find(field, self.config.kind, self.config.friction, &window)
    }

    fn how(&self) -> Rollout {
        Rollout {
            substeps: self.config.substeps,
            start_steps: self.config.start_steps,
        }
    }

    /// The learned energy in the paths' units, where the potential is known.
    fn energy<'a>(&'a self, network: &'a Network) -> Option<impl Fn(&[f64]) -> f64 + 'a> {
        registry()
            .iter()
            .any(|entry| entry.name == network.name() && entry.potential)
            .then_some(move |x: &[f64]| {
                let point = TensorData::new(self.units.scale_points(x), [1, x.len()]);
                let point = burn::tensor::Tensor::from_data(
                    point,
                    (&self.device, burn::tensor::DType::F32),
                );
                let value = energy_at(network, self.config.kind, point)
                    .map_or(f64::NAN, |value| host(value)[0]);
                self.units.potential_scale() * value
            })
    }

    fn scorer<'a>(&'a self, paths: &'a [&'a Path], energy: Option<Energy<'a>>) -> Scorer<'a> {
        let size = self.units.x_scale * (self.paths.dim() as f64).sqrt();
        Scorer {
            paths,
            size,
            energy,
        }
    }

    /// The samples of the test whose next is predicted.
    fn pairs<'a>(&self, paths: &[&'a Path]) -> Vec<(&'a Path, usize)> {
        let all = paths
            .iter()
            .flat_map(|path| (0..path.len() - 1).map(move |n| (*path, n)));
        all.take(self.tested).collect()
    }

    fn one_step(&self, paths: &[&Path], of: impl Fn(&[(&Path, usize)]) -> Vec<f64>) -> Quantity {
        let pairs = self.pairs(paths);
        let dim = self.paths.dim();
        let squares = pairs.chunks(CHUNK).flat_map(|chunk| {
            let next = of(chunk);
            let pairs = chunk.iter().zip(next.chunks(dim));
            pairs
                .map(|((path, n), found)| square(path.state(n + 1), found))
                .collect::<Vec<_>>()
        });
        Quantity {
            points: Some(pairs.len()),
            ..Quantity::new(mean(squares), "state^2")
        }
    }

    /// The numbers of a predictor.
    fn measure<F: VectorField + Module>(
        &self,
        predictor: &Predictor<F>,
        learned: Option<Energy<'_>>,
    ) -> Quantities {
        let paths = self.test_paths();
        let truth = self.true_energy();
        let truth = truth.as_ref().map(|energy| energy as Energy<'_>);
        let mut numbers = self
            .scorer(&paths, truth)
            .score(&predictor.paths(&paths), learned);
        let one = self.one_step(&paths, |picks| predictor.picks(picks, 1).swap_remove(1));
        numbers.insert("one_step_mse".into(), one);
        numbers
    }

    fn true_energy(&self) -> Option<impl Fn(&[f64]) -> f64> {
        let system = self.config.system.as_ref()?.name;
        Some(move |x: &[f64]| system.energy(x))
    }
}

/// The learned energy at points in the network's units.
pub(crate) fn energy_at(
    network: &Network,
    kind: Kind,
    x: burn::tensor::Tensor<2>,
) -> Option<burn::tensor::Tensor<1>> {
    if kind != Kind::Separable {
        return network.potential(x);
    }
    // F(q, 0) + F(0, p).
    let [of_q, of_p] = Separated::new(network.clone()).halves(&x);
    Some(network.potential(of_q)? + network.potential(of_p)?)
}

/// A digest of all numbers of some paths.
fn digest_of(paths: &Paths) -> String {
    let mut digest = Digest::default();
    for path in &paths.paths {
        let numbers = [path.number].into_iter().chain(
            path.times
                .iter()
                .chain(&path.states)
                .chain(&path.inputs)
                .copied(),
        );
        numbers.for_each(|number| digest.add(&number.to_le_bytes()));
    }
    format!("{:016x}", digest.value())
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
        }
    }

    /// The mean squared error over windows of the validation paths, from starts fitted as in training.
    fn validate(&self, field: &Network, stop: &dyn Fn() -> bool) -> Option<f64> {
        let paths = self.paths.some(&self.split.validation);
        let picks = self.windows(&paths, self.train.validation.points);
        let coefficients = self.coefficients(field);
        let flow = Flow::new(field, coefficients.structure(self.config.kind));
        let (mut sum, mut count) = (0.0, 0.0);
        for chunk in picks.chunks(CHUNK) {
            if stop() {
                return None;
            }
            let window = self.window(chunk, self.config.horizon);
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
        let coefficients = self.coefficients(field);
        let predictor = Predictor {
            field,
            kind: self.config.kind,
            coefficients: &coefficients,
            substeps: self.config.substeps,
            units: &self.units,
            device: &self.device,
            dtype: FloatDType::F32,
        };
        let energy = self.energy(field);
        let learned = energy.as_ref().map(|energy| energy as Energy<'_>);
        let mut numbers = self.measure(&predictor, learned);
        if self.config.kind == Kind::Dissipative {
            numbers.insert(FRICTION.into(), Quantity::new(coefficients.friction, ""));
        }
        for i in 0..coefficients.inputs.nrows() {
            for j in 0..coefficients.inputs.ncols() {
                let value = coefficients.inputs[(i, j)] * self.units.y_scale;
                numbers.insert(input_name(i, j), Quantity::new(value, "state/time"));
            }
        }
        numbers
    }

    fn baselines(&self) -> Rows {
        let paths = self.test_paths();
        let truth = self.true_energy();
        let scorer = self.scorer(&paths, truth.as_ref().map(|energy| energy as Energy<'_>));
        let linear = LinearSystem::fit(&self.training(), &self.units);
        let rest = |picks: &[(&Path, usize)]| {
            picks
                .iter()
                .flat_map(|(path, n)| path.state(*n).to_vec())
                .collect()
        };
        let next = |picks: &[(&Path, usize)]| {
            let dim = self.paths.dim();
            picks
                .iter()
                .flat_map(|(path, n)| linear.path(path, *n, 1)[dim..].to_vec())
                .collect()
        };
        let row = |mut numbers: Quantities, one: Quantity| {
            numbers.insert("one_step_mse".into(), one);
            numbers
        };
        let mut rows = Rows::from([
            (
                "stand_still".into(),
                row(
                    scorer.score(&stand_still(&paths), None),
                    self.one_step(&paths, rest),
                ),
            ),
            (
                "linear_system".into(),
                row(
                    scorer.score(&linear.paths(&paths), None),
                    self.one_step(&paths, next),
                ),
            ),
        ]);
        if let Some(system) = &self.config.system {
            let field = Exact::new(system.name, self.units.clone());
            let kind = match system.name.friction() > 0.0 {
                true => Kind::Dissipative,
                false => self.config.kind,
            };
            let predictor = Predictor {
                field: &field,
                kind,
                coefficients: &Coefficients::given(system.name.friction(), self.paths.dim()),
                substeps: self.config.substeps,
                units: &self.units,
                device: &backend::host(&self.device),
                dtype: FloatDType::F64,
            };
            rows.insert("exact".into(), self.measure(&predictor, None));
        }
        rows
    }
}

impl RunTask for Dynamics {
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
            rows: self.paths.samples(),
            digest: self.digest.clone(),
            training: samples(&self.split.training),
            validation: samples(&self.split.validation),
            test: samples(&self.split.test),
            similarity: self.units.clone(),
            low,
            high,
            findings: self.findings.clone(),
        })
    }
}
