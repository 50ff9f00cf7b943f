//! Images: a regularizer learned by removing noise, in one step, in some, or by minimisation.
//!
//! ```text
//! y = x + s e,  e ~ N(0, I)
//! one step:  loss = mean a² (∇R_σ(y) − s e)²        ∇R_σ(z) = ∇R(a z)/a,   a(σ) = (σ₀ + σ_m)/(σ₀ + σ)
//! others:    loss = mean |x*(y) − x|                x* some steps towards argmin ½‖x − y‖² + (λ/μ) R(μ x), or the minimum itself
//! test: x* = argmin ½‖x − y‖² + (λ/μ) R(μ x), with λ and μ chosen on the validation pictures for each noise level
//! ```
//!
//! The one-step denoiser `y − ∇R_σ(y)` is regression on generated pairs (Goujon et al., "A Neural-Network-Based Convex
//! Regularizer for Inverse Problems", Sec. IV, with one step). The scale `a` lets one regularizer serve a range of
//! noise levels around its middle `σ_m`; it is bounded for small `σ` by `σ₀` = 1/255, and 1 where one level is trained
//! on. The others are [`Objective::Unrolled`] and [`Objective::Proximal`].
//!
//! Beside the result stand the noisy pictures, the best linear filter and total variation. PSNR is computed with peak
//! 1, from values that are not cut, and averaged over pictures.

mod baselines;
mod config;
mod crops;
mod objective;
mod psnr;
mod sets;
mod shown;
mod template;
mod total_variation;
mod tuning;
mod wiener;

use std::sync::{Arc, OnceLock};

use burn::tensor::{Device, Tensor};
use gradnet_core::analysis::host;
use gradnet_core::image::LipschitzImageField;

use super::{Criterion, Lesson, Quantities, Quantity, Rows, RunTask, Task};
use crate::data::{Contents, Stream, generator};
use crate::pictures::Picture;
use crate::registry::{Lifted, Network};
use crate::settings::{Objective, Protocol};
use crops::{Crops, Noisy, WHITE};
use objective::Denoising;
use psnr::trials;

pub(crate) use psnr::{mean_psnr, measured};
pub(crate) use tuning::{Measured, Regularizer, Weights};

pub use config::{ImagesConfig, PixelError};
pub use sets::Sets;
pub use shown::{Denoised, ShownLevel, ShownPictures};

/// What the names of the PSNR of the noise levels begin with.
const PSNR: &str = "psnr_db_";

/// `σ₀`, of 1.
const LEAST_DEVIATION: f64 = 1.0 / WHITE;

/// Crops in the one draw that chooses weights.
const VALIDATION_CROPS: usize = 64;

/// Side of the middle parts of the validation pictures that strength and scale are chosen on.
pub(crate) const TUNING_SIDE: usize = 128;

/// Power iterations beside the certified bound.
const POWER_ITERATIONS: usize = 200;

/// The denoising of pictures.
pub struct Images {
    config: ImagesConfig,
    sets: Arc<Sets>,
    seed: u64,
    batch: usize,
    objective: Objective,
    device: Device,
    validation: OnceLock<Noisy>,
}

impl Images {
    pub(super) fn new(
        config: ImagesConfig,
        sets: Sets,
        protocol: &Protocol,
        device: &Device,
    ) -> Self {
        Self {
            config,
            sets: Arc::new(sets),
            seed: protocol.seed,
            batch: protocol.train.batch,
            objective: protocol.train.objective.unwrap_or_default(),
            device: device.clone().without_autodiff(),
            validation: OnceLock::new(),
        }
    }

    fn crops(&self) -> Crops {
        Crops {
            side: self.config.patch,
            augment: self.config.augment,
            noise: self.config.noise,
        }
    }

    /// `a(σ)` of each deviation, `[batch]`.
    fn contrast(&self, deviations: Tensor<1>) -> Tensor<1> {
        let [low, high] = self.config.noise;
        let middle = 0.5 * (low + high) / WHITE + LEAST_DEVIATION;
        (deviations + LEAST_DEVIATION).recip() * middle
    }

    /// The denoising that is learned with.
    fn denoising(&self) -> Denoising {
        Denoising {
            objective: self.objective,
            error: self.config.pixel_error(self.objective),
            unrolled_steps: self.config.unrolled_steps(),
            tolerance: self.config.tolerance(),
            most_steps: self.config.most_steps(),
            jacobian_free: self.config.jacobian_free == Some(true),
        }
    }

    /// The crops of the validation pictures that choose the weights: never turned, the same for every validation.
    fn validation(&self) -> &Noisy {
        self.validation.get_or_init(|| {
            let pictures = &self.sets.validation;
            let least = |picture: &Picture| picture.height.min(picture.width);
            let side = pictures.iter().map(least).min().unwrap_or(1);
            let crops = Crops {
                side: side.min(self.config.patch),
                augment: false,
                ..self.crops()
            };
            let mut random = generator(self.seed, Stream::Validation, 0);
            crops.draw(pictures, VALIDATION_CROPS, &mut random, &self.device)
        })
    }

    /// The numbers of one noise level, and the weights chosen for it by a search from `start` on.
    fn at_level(
        &self,
        regularizer: &Regularizer<'_>,
        start: Weights,
        metrics: &mut Quantities,
    ) -> Weights {
        let level = regularizer.level;
        let noisy = |pictures: &[Picture], stream| {
            trials(pictures, level, (self.seed, stream), &self.device)
        };
        let parts = noisy(&middles(&self.sets.validation), Stream::Validation);
        let (weights, _) = regularizer.tune(&parts, start);
        let test = noisy(&self.sets.test, Stream::Test);
        let (values, steps) = regularizer.score(&test, weights);
        let mut note = |name: &str, quantity| metrics.insert(format!("{name}{level}"), quantity);
        note(PSNR, mean_psnr(&values));
        note("strength_", Quantity::new(weights.strength, ""));
        note("scale_", Quantity::new(weights.scale, ""));
        note("steps_", Quantity::new(steps, ""));
        weights
    }
}

/// Where a search for weights begins: at the scale at which a noise of `level` looks like the noise of training, of
/// `[low, high]`.
pub(crate) fn first_weights([low, high]: [f64; 2], level: f64) -> Weights {
    Weights {
        strength: 1.0,
        scale: 0.5 * (low + high) / level,
    }
}

/// `(σ + σ₀)/(σ_m + σ₀)`, of 255.
fn noise_ratio([low, high]: [f64; 2], level: f64) -> f64 {
    let least = LEAST_DEVIATION * WHITE;
    (level + least) / (0.5 * (low + high) + least)
}

/// Strength and scale that a network learned for a noise level.
fn learned_weights(network: &Network, noise: [f64; 2], level: f64) -> Option<Weights> {
    let weights = network.noise_weights.as_ref()?;
    let ratio = noise_ratio(noise, level);
    let like = weights.scale.val();
    let ratio = Tensor::<3>::full([1, 1, 1], ratio, (&like.device(), like.dtype()));
    let [strength, scale] = weights.at(ratio).map(|value| host(value)[0]);
    Some(Weights { strength, scale })
}

/// The middle parts of pictures.
fn middles(pictures: &[Picture]) -> Vec<Picture> {
    let part = |picture| middle(picture, [TUNING_SIDE; 2]);
    pictures.iter().map(part).collect()
}

/// The middle part of a picture, of so many rows and columns at most.
pub(crate) fn middle(picture: &Picture, [rows, columns]: [usize; 2]) -> Picture {
    let (height, width) = (picture.height.min(rows), picture.width.min(columns));
    let (top, left) = ((picture.height - height) / 2, (picture.width - width) / 2);
    let rows = (top..top + height).map(|row| row * picture.width + left);
    let values = rows.flat_map(|start| picture.values()[start..start + width].to_vec());
    Picture {
        name: picture.name.clone(),
        height,
        width,
        planes: vec![values.collect()],
        white: picture.white,
        bits: picture.bits,
    }
}

/// The image field of a network. A checked experiment has one that lives on patches.
fn lifted(network: &Network) -> Lifted<'_> {
    network
        .lifted()
        .expect("an experiment on pictures is checked to have a network on patches of an odd side")
}

impl Task<Network> for Images {
    /// Pictures have any size.
    fn dim(&self) -> usize {
        0
    }

    fn lesson(&self, step: usize) -> Lesson<Network> {
        let mut random = generator(self.seed, Stream::Training, step as u64);
        let crops = self
            .crops()
            .draw(&self.sets.train, self.batch, &mut random, &self.device);
        let contrast = self.contrast(crops.deviations.clone());
        let denoising = self.denoising();
        Box::new(move |network| denoising.loss(network, crops, contrast))
    }

    fn criterion(&self) -> Criterion {
        match self.objective {
            Objective::OneStep => Criterion {
                name: "one_step_mse_db",
                unit: "dB",
                title: "error of one-step denoising on validation crops",
            },
            Objective::Unrolled | Objective::Proximal => Criterion {
                name: "denoised_mse_db",
                unit: "dB",
                title: "error of denoised validation crops",
            },
        }
    }

    fn validate(&self, network: &Network, stop: &dyn Fn() -> bool) -> Option<f64> {
        if stop() {
            return None;
        }
        let crops = self.validation();
        let contrast = self.contrast(crops.deviations.clone());
        let error = self.denoising().squared_error(network, crops, contrast);
        Some(10.0 * error.log10())
    }

    fn evaluate(&self, network: &Network) -> Quantities {
        let field = lifted(network);
        let mut metrics = Quantities::new();
        let (lipschitz, concavity) = (field.lipschitz(), field.concavity());
        let mut last: Option<(f64, Weights)> = None;
        for level in &self.config.levels {
            let regularizer = Regularizer {
                field: &field,
                lipschitz,
                concavity,
                level: *level,
            };
            let learned = learned_weights(network, self.config.noise, *level);
            let start = learned.unwrap_or_else(|| match last {
                None => first_weights(self.config.noise, *level),
                // Levels want about one product, and strengths that grow with them.
                Some((other, weights)) => Weights {
                    strength: weights.strength * level / other,
                    scale: weights.scale * other / level,
                },
            });
            let chosen = self.at_level(&regularizer, start, &mut metrics);
            last = Some((*level, chosen));
        }
        metrics.insert("lipschitz_bound".into(), Quantity::new(lipschitz, ""));
        let size = self
            .sets
            .test
            .iter()
            .map(|picture| [picture.height, picture.width]);
        let largest = size.max_by_key(|[height, width]| height * width);
        let power = largest.and_then(|size| field.lipschitz_power(size, POWER_ITERATIONS));
        if let Some(power) = power {
            metrics.insert("lipschitz_power".into(), Quantity::new(power, ""));
        }
        metrics
    }

    fn baselines(&self) -> Rows {
        baselines::rows(&self.sets, &self.config.levels, self.seed, &self.device)
    }
}

impl RunTask for Images {
    fn contents(&self) -> Option<Contents> {
        self.sets.contents(&self.config)
    }

    /// For the minimum; a few unrolled steps come nowhere near it, and begin where one step does.
    fn chosen_weights(&self, metrics: &Quantities) -> Option<[f64; 2]> {
        if self.objective != Objective::Proximal {
            return None;
        }
        let middle = 0.5 * (self.config.noise[0] + self.config.noise[1]);
        let levels = metrics
            .keys()
            .filter_map(|name| name.strip_prefix("strength_"));
        let levels = levels.filter_map(|level| level.parse::<f64>().ok());
        let far = |level: &f64| (level / middle).ln().abs();
        let level = levels.min_by(|a, b| far(a).total_cmp(&far(b)))?;
        let Weights { strength, scale } = shown::chosen(metrics, level)?;
        // By the functions of the noise that the learning begins with.
        let ratio = noise_ratio(self.config.noise, level);
        Some([strength / ratio, scale * ratio])
    }

    fn shown_pictures(&self, network: &Network, metrics: &Quantities) -> Option<ShownPictures> {
        self.shown(network, metrics)
    }
}

#[cfg(test)]
mod tests;
