//! The task: losses, the number that chooses the weights, the numbers of the result.

use std::sync::OnceLock;

use burn::tensor::{Device, FloatDType, Tensor};
use gradnet_core::Laplacian;
use gradnet_core::analysis::{Claim, Region};
use gradnet_core::kernel::mean_squared_error as batch_error;

use super::function::{FieldScore, ScoreFunction, heldout_loss, relative_error};
use super::rows::{Gaussian, KernelDensity, Zero};
use super::samples::{Noisy, Samples};
use super::{ENERGY_DISTANCE, FISHER_RELATIVE, HELDOUT_LOSS, ScoreConfig, ScoreLoss};
use crate::data::file::{DataFacts, Similarity};
use crate::data::{PointSet, Stream, generator, points_tensor};
use crate::measure::energy_distance;
use crate::measure::{deviation, mean};
use crate::sampling::{Chains, walk};
use crate::settings::{EvaluationConfig, Protocol};
use crate::task::regression::{Exhibit, Shown};
use crate::task::{Criterion, Lesson, Quantities, Quantity, Rows, RunTask, Task, TaskError};

/// Samples that are compared by their energy distance, and steps of the chains that draw them.
const COMPARED: usize = 1_000;
const CHAIN_STEPS: usize = 500;

/// Samples a baseline row is measured on at most: a kernel density takes a look at each of its centres.
const ROW_POINTS: usize = 2_000;

/// Score matching on samples.
pub struct ScoreMatching {
    samples: Samples,
    loss: ScoreLoss,
    sign: f64,
    standardised: bool,
    validated: usize,
    evaluation: EvaluationConfig,
    seed: u64,
    device: Device,
    validation: OnceLock<Noisy>,
}

impl ScoreMatching {
    /// Prepares the samples. The field that learns models the score, or minus the score if the protocol says that it is
    /// monotone.
    ///
    /// # Errors
    /// If a file cannot be used or a setting is out of range.
    pub fn new(
        config: &ScoreConfig,
        protocol: &Protocol,
        device: &Device,
    ) -> Result<Self, TaskError> {
        let sign = match protocol.claim {
            Claim::Monotone => -1.0,
            _ => 1.0,
        };
        Ok(Self {
            samples: Samples::new(config, protocol, sign)?,
            loss: config.loss(),
            sign,
            standardised: config.standardise(),
            validated: protocol.train.validation.points,
            evaluation: protocol.evaluation.clone(),
            seed: protocol.seed,
            device: device.clone().without_autodiff(),
            validation: OnceLock::new(),
        })
    }

    fn dim(&self) -> usize {
        self.samples.dim()
    }

    fn score<'a, F>(&'a self, field: &'a F) -> FieldScore<'a, F> {
        FieldScore {
            field,
            sign: self.sign,
            device: &self.device,
        }
    }

    /// What a loss or an error, a squared score, is multiplied by to be in the user's units.
    fn unit(&self) -> f64 {
        self.samples.similarity().x_scale.powi(-2)
    }

    fn tensor(&self, numbers: impl Iterator<Item = f64>) -> Tensor<2> {
        let numbers = numbers.map(|number| number as f32).collect();
        points_tensor(numbers, self.dim(), &self.device, FloatDType::F32)
    }

    /// The exact smoothed score at points in the network's units, and in those.
    fn exact(&self, x: &[f64]) -> Option<Vec<f64>> {
        let density = self.samples.density()?;
        let Similarity { x_scale, .. } = self.samples.similarity();
        let points = self.samples.similarity().unscale_points(x);
        let (_, score) = density.log_density_and_score(&points, self.samples.noise * x_scale);
        Some(score.into_iter().map(|s| x_scale * s).collect())
    }

    /// The loss and, where the density is known, the relative error on one test draw.
    fn tested(&self, function: &dyn ScoreFunction, noisy: &Noisy) -> (f64, Option<f64>) {
        let loss = heldout_loss(function, noisy, self.samples.noise, self.dim(), &|| false);
        let loss = loss.expect("nobody stops it") * self.unit();
        let exact = self.exact(&noisy.x);
        let fisher = exact.map(|exact| relative_error(&function.scores(&noisy.x), &exact));
        (loss, fisher)
    }

    /// The numbers over some test draws.
    fn quantities(&self, function: &dyn ScoreFunction, draws: usize, points: usize) -> Quantities {
        let tested: Vec<_> = (0..draws)
            .map(|draw| self.tested(function, &self.samples.test(draw, points)))
            .collect();
        let quantity = |values: &[f64]| Quantity {
            std: deviation(values),
            draws: Some(draws),
            points: Some(points),
            ..Quantity::new(mean(values), "")
        };
        let losses: Vec<f64> = tested.iter().map(|(loss, _)| *loss).collect();
        let fishers: Vec<f64> = tested.iter().filter_map(|(_, fisher)| *fisher).collect();
        let mut found = Quantities::from([(HELDOUT_LOSS.to_owned(), quantity(&losses))]);
        if !fishers.is_empty() {
            found.insert(FISHER_RELATIVE.to_owned(), quantity(&fishers));
        }
        found
    }

    /// The energy distance of samples in the network's units from samples of the test, in the user's.
    fn distance(&self, drawn: &[f64]) -> Quantity {
        let noisy = self.samples.test(0, COMPARED);
        let test = &noisy.x[..noisy.x.len().min(COMPARED * self.dim())];
        let distance = energy_distance(drawn, test, self.dim());
        Quantity {
            points: Some(drawn.len() / self.dim()),
            ..Quantity::new(distance * self.samples.similarity().x_scale, "")
        }
    }

    /// The kernel density of training samples.
    fn kernels(&self, clean: &[f64]) -> KernelDensity {
        let size = (clean.iter().map(|x| x * x).sum::<f64>() / clean.len() as f64).sqrt();
        let validation = |most| self.samples.validation(most);
        KernelDensity::fit(clean, self.dim(), self.samples.noise, size, validation)
    }

    fn draws(&self) -> usize {
        match self.samples.density() {
            Some(_) => self.evaluation.draws,
            None => 1,
        }
    }

    /// Test samples a draw: each has its noise with both signs.
    fn points(&self) -> usize {
        match self.samples.density() {
            Some(_) => self.evaluation.points,
            None => self.evaluation.points.min(self.samples.facts().test),
        }
    }
}

impl<F: Laplacian> Task<F> for ScoreMatching {
    fn dim(&self) -> usize {
        self.dim()
    }

    fn lesson(&self, step: usize) -> Lesson<F> {
        let Noisy { x, e } = self.samples.lesson(step);
        let (sign, noise, dim) = (self.sign, self.samples.noise, self.dim());
        match self.loss {
            ScoreLoss::Denoising => {
                let y = self.tensor(e.into_iter().map(|e| -sign * e / noise));
                let x = self.tensor(x.into_iter());
                Box::new(move |field| batch_error(field.forward(x), y))
            }
            ScoreLoss::Hyvarinen => {
                let x = self.tensor(x.into_iter());
                Box::new(move |field| {
                    let trace = field.laplacian(x.clone()) * (sign / dim as f64);
                    field.forward(x).square().mean() * 0.5 + trace.mean()
                })
            }
            ScoreLoss::Sliced => {
                let mut random = generator(self.seed, Stream::Projections, step as u64);
                let v = self.tensor(random_signs(&mut random, x.len()).into_iter());
                let x = self.tensor(x.into_iter());
                Box::new(move |field| {
                    let along = field.jacobian_vector(x.clone(), v.clone()) * v;
                    field.forward(x).square().mean() * 0.5 + along.mean() * sign
                })
            }
        }
    }

    fn criterion(&self) -> Criterion {
        Criterion {
            name: HELDOUT_LOSS,
            unit: "",
            title: "held-out score-matching loss",
        }
    }

    fn validate(&self, field: &F, stop: &dyn Fn() -> bool) -> Option<f64> {
        let noisy = self
            .validation
            .get_or_init(|| self.samples.validation(self.validated));
        let noise = self.samples.noise;
        let loss = heldout_loss(&self.score(field), noisy, noise, self.dim(), stop)?;
        Some(loss * self.unit())
    }

    fn evaluate(&self, field: &F) -> Quantities {
        let mut found = self.quantities(&self.score(field), self.draws(), self.points());
        // A score that is not standardised has points of any size.
        let facts = self.samples.facts();
        let size = if self.standardised {
            1.0
        } else {
            (facts.high - facts.low) / 5.0
        };
        let chains = Chains {
            count: COMPARED,
            warm_up: CHAIN_STEPS,
            kept: 1,
            thinning: 1,
            step_size: Chains::step_size(self.samples.noise / size) * size * size,
            start: (0.0, size),
            seed: self.seed,
        };
        let sign = self.sign;
        let drawn = walk(&chains, self.dim(), &self.device, |x| {
            (field.forward(x) * sign, None)
        });
        found.insert(ENERGY_DISTANCE.to_owned(), self.distance(&drawn.samples));
        found
    }

    fn baselines(&self) -> Rows {
        let (dim, noise) = (self.dim(), self.samples.noise);
        let points = self.points().min(ROW_POINTS);
        let measured = |function: &dyn ScoreFunction| self.quantities(function, 1, points);
        let mut random = generator(self.seed, Stream::Chains, 1);
        let clean = self.samples.clean(self.evaluation.linear_points);
        let mut rows = Rows::from([("zero".to_owned(), measured(&Zero { dim }))]);
        let mut insert = |name: &str, numbers: Quantities, drawn: &[f64]| {
            let distance = (ENERGY_DISTANCE.to_owned(), self.distance(drawn));
            rows.insert(
                name.to_owned(),
                numbers.into_iter().chain([distance]).collect(),
            );
        };
        if let Some(gaussian) = Gaussian::fit(&clean, dim, noise) {
            let drawn = gaussian.draw(&mut random, COMPARED);
            insert("gaussian", measured(&gaussian), &drawn);
        }
        let kernels = self.kernels(&clean);
        let drawn = kernels.draw(&mut random, COMPARED);
        insert("kernel_density", measured(&kernels), &drawn);
        insert("samples", Quantities::new(), &self.samples.others(COMPARED));
        rows
    }
}

/// Numbers 1 and -1.
fn random_signs(random: &mut impl rand::Rng, count: usize) -> Vec<f64> {
    let mut bytes = vec![0; count];
    random.fill_bytes(&mut bytes);
    let sign = |byte: u8| if byte & 1 == 0 { 1.0 } else { -1.0 };
    bytes.into_iter().map(sign).collect()
}

impl RunTask for ScoreMatching {
    fn facts(&self) -> Option<DataFacts> {
        Some(self.samples.facts().clone())
    }

    /// Test samples with the exact score where it is known, else with that of the kernel density.
    fn exhibit(&self, points: usize) -> Option<Exhibit> {
        let noisy = self.samples.test(0, points.min(ROW_POINTS));
        let score = self.exact(&noisy.x).unwrap_or_else(|| {
            let clean = self.samples.clean(self.evaluation.linear_points);
            self.kernels(&clean).scores(&noisy.x)
        });
        let narrow = |numbers: &[f64], factor: f64| -> Vec<f32> {
            numbers
                .iter()
                .map(|number| (factor * number) as f32)
                .collect()
        };
        let (x, y) = (narrow(&noisy.x, 1.0), narrow(&score, self.sign));
        let facts = self.samples.facts();
        Some(Exhibit {
            pairs: PointSet::from_pairs(&x, &y, self.dim(), &self.device),
            target: None,
            region: Region {
                low: facts.low,
                high: facts.high,
            },
            shows: Shown::Errors,
        })
    }
}
