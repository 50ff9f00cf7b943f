//! A test picture with the noise of each level, and denoised, for a report's page.

use std::path::Path;

use gradnet_core::analysis::host;
use gradnet_core::image::LipschitzImageField;

use super::psnr::{psnr, trials};
use super::tuning::{Measured, Regularizer, Weights};
use super::{Images, lifted};
use crate::data::Stream;
use crate::registry::Network;
use crate::task::{Quantities, last_part};

/// A picture at each noise level, and what is certain of the field that denoises it.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownPictures {
    /// What the picture is called.
    pub name: String,
    /// Its rows and columns.
    pub size: [usize; 2],
    /// Its brightnesses.
    pub clean: Vec<f64>,
    /// What was made of it, level by level.
    pub levels: Vec<ShownLevel>,
    /// The certified Lipschitz bound of the field.
    pub lipschitz: f64,
    /// A number `ρ` for which the field plus `ρ x` is certainly monotone.
    pub concavity: f64,
}

/// The picture at one noise level.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownLevel {
    /// Standard deviation of the noise, of 255.
    pub level: f64,
    /// The brightnesses with noise.
    pub noisy: Vec<f64>,
    /// PSNR of those, in dB.
    pub noisy_psnr: f64,
    /// What a finished run makes of it.
    pub denoised: Option<Denoised>,
}

/// A denoised picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Denoised {
    /// The brightnesses.
    pub values: Vec<f64>,
    /// Their PSNR, in dB.
    pub psnr: f64,
    /// Strength `λ` and scale `μ`, as they were chosen at the end of the training.
    pub strength: f64,
    /// See [`strength`](Self::strength).
    pub scale: f64,
    /// The certified step, `1/(1 + λ μ L)`.
    pub step: f64,
    /// Steps taken.
    pub steps: usize,
}

impl Images {
    /// The first test picture, with the noise that the results were measured with. `metrics` are the results, or
    /// nothing of an unfinished run.
    pub(super) fn shown(&self, network: &Network, metrics: &Quantities) -> Option<ShownPictures> {
        let picture = self.sets.test.first()?;
        let field = lifted(network);
        let (lipschitz, concavity) = (field.lipschitz(), field.concavity());
        let levels = self.config.levels.iter().map(|level| {
            let first = std::slice::from_ref(picture);
            let trial = trials(first, *level, (self.seed, Stream::Test), &self.device);
            let trial = &trial[0];
            let regularizer = Regularizer {
                field: &field,
                lipschitz,
                concavity,
                level: *level,
            };
            let (noisy, _) = trial.pixels();
            ShownLevel {
                level: *level,
                noisy_psnr: psnr(&trial.clean, &noisy),
                noisy,
                denoised: chosen(metrics, *level)
                    .map(|weights| denoised(&regularizer, trial, weights)),
            }
        });
        Some(ShownPictures {
            name: last_part(Path::new(&picture.name)),
            size: [picture.height, picture.width],
            clean: picture.values().iter().map(|v| f64::from(*v)).collect(),
            levels: levels.collect(),
            lipschitz,
            concavity,
        })
    }
}

/// Strength and scale of a level, from the results.
pub(super) fn chosen(metrics: &Quantities, level: f64) -> Option<Weights> {
    let number = |name: &str| {
        metrics
            .get(&format!("{name}_{level}"))
            .map(|found| found.value)
    };
    Some(Weights {
        strength: number("strength")?,
        scale: number("scale")?,
    })
}

fn denoised(regularizer: &Regularizer<'_>, trial: &Measured, weights: Weights) -> Denoised {
    let point = regularizer.restore(trial, weights);
    let values = host(point.image);
    let Weights { strength, scale } = weights;
    Denoised {
        psnr: psnr(&trial.clean, &values),
        values,
        strength,
        scale,
        step: (1.0 + strength * scale * regularizer.lipschitz).recip(),
        steps: point.steps,
    }
}
