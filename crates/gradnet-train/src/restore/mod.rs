//! Restores a picture with a trained regularizer: `min_x ½‖H x − y‖² + (λ/μ) R(μ x)`.
//!
//! The strength `λ` and the scale `μ` are those that the run's validation pictures chose ([`tune`]) for the operator,
//! or for denoising if nothing was chosen for the operator, at the nearest noise level. The strength is moved with the
//! square of the noise: the prior is the same, and a measurement counts by its variance. A noise outside the levels
//! that the run knows is told of, and refused if it is more than [`FARTHEST`] times the largest; a smaller one leaves
//! nearly the measurement, whatever the regularizer. `H` is an [`OperatorChoice`]. Colours are restored one by one.

mod device;
mod error;
mod measurement;
mod operator;
mod score;
mod tune;

use std::path::Path;

use burn::tensor::{DType, Device, Tensor, TensorData};
use gradnet_core::VectorField;
use gradnet_core::analysis::host;
use gradnet_core::image::{ImageOperator, Iteration, LipschitzImageField, Restoration};

use crate::experiment::TaskConfig;
use crate::pictures::Picture;
use crate::registry::Lifted;
use crate::registry::MOST_CONCAVE;
use crate::run::{Run, RunError, check_output};

use measurement::Measurement;

pub use error::RestoreError;
pub use operator::OperatorChoice;
pub use score::{Restorations, score};
pub use tune::tune;

/// Of a run that learned something else.
fn no_regularizer(run: &Run) -> RunError {
    run.other_task(
        "only a regularizer restores pictures",
        "train one: `gradnet train configs/denoise_demo.toml`, or [images] with pictures of your own (docs/inverse-problems.md)",
    )
}

/// By what factor a noise may exceed the largest level that a run was trained and tuned with.
pub const FARTHEST: f64 = 4.0;

/// What is known of a measurement, and how far to go.
#[derive(Clone, Debug)]
pub struct RestoreOptions {
    /// What the camera did.
    pub operator: OperatorChoice,
    /// Standard deviation of the noise, of 255.
    pub noise: f64,
    /// `λ`, where it is not to be taken from the run.
    pub strength: Option<f64>,
    /// `μ`, where it is not to be taken from the run.
    pub scale: Option<f64>,
    /// The most steps.
    pub steps: usize,
    /// The root mean square of the gradient, of 255, at which the search ends.
    pub tolerance: f64,
}

/// How a picture was restored.
#[derive(Clone, Debug, PartialEq)]
pub struct Restored {
    /// `λ`.
    pub strength: f64,
    /// `μ`.
    pub scale: f64,
    /// The noise level, of 255, that the two were chosen for; `None` where they were given.
    pub tuned_for: Option<f64>,
    /// Whether they were chosen for this operator, not for denoising.
    pub tuned_for_operator: bool,
    /// The least and the largest noise level that the run knows, where the noise is not between them.
    pub beyond: Option<[f64; 2]>,
    /// The bound on the Lipschitz constant of the regularizer's gradient.
    pub lipschitz: f64,
    /// Steps taken, over all colours.
    pub steps: usize,
    /// How often the objective rose from one step to the next: never.
    pub rises: usize,
    /// Whether a colour took all the steps allowed, so that the gradient may still be above the tolerance.
    pub cut: bool,
    /// Whether the objective is convex, so that the result is the minimum and no critical point.
    pub convex: bool,
    /// The number that is white in a `.npy` picture, in the measurement and in the result.
    pub white: f64,
}

/// Restores the measurement in `input` and writes the picture to `output`; `observe` is told each step of each colour.
///
/// # Errors
/// See [`RestoreError`]; `output` is then as it was.
pub fn restore(
    run: &Run,
    device: &Device,
    [input, output]: [&Path; 2],
    options: &RestoreOptions,
    mut observe: impl FnMut(usize, Iteration),
) -> Result<Restored, RestoreError> {
    let inputs: Vec<&Path> = [input].into_iter().chain(options.operator.file()).collect();
    check_output(output, &inputs, std::slice::from_ref(run))?;
    Picture::check_output(output)?;
    check_noise(options.noise)?;
    let device = device.clone().without_autodiff();
    let network = run.network(&device)?;
    let Some(field) = network.lifted() else {
        return Err(no_regularizer(run).into());
    };
    let Choice {
        strength,
        scale,
        tuned_for,
        tuned_for_operator,
        beyond,
    } = chosen(run, options)?;
    let (lipschitz, concavity) = (field.lipschitz(), field.concavity());
    let strength = match options.strength {
        Some(given) => given,
        // What was moved to another noise level stays where denoising is convex.
        None => strength.min(MOST_CONCAVE / (scale * concavity)),
    };
    let Measurement {
        planes,
        white,
        bits,
    } = Measurement::read(input, options)?;
    let mut restored = Restored {
        strength,
        scale,
        tuned_for,
        tuned_for_operator,
        beyond,
        lipschitz,
        steps: 0,
        rises: 0,
        cut: false,
        convex: true,
        white,
    };
    let mut picture: Option<Picture> = None;
    for (colour, (values, size)) in planes.into_iter().enumerate() {
        let data = TensorData::new(values, [1, size[0], size[1]]);
        let y = Tensor::<3>::from_data(data, (&device, DType::F32));
        let operator = options.operator.on(&y)?;
        let [_, height, width] = operator.adjoint(y.clone()).dims();
        let side = network.dim().isqrt();
        if height.min(width) < side {
            return Err(RestoreError::SmallerThanPatch {
                height,
                width,
                side,
            });
        }
        if colour == 0 {
            device::check(run, &network, &options.operator, &y)?;
        }
        let restoration = Restoration {
            field: &field,
            operator: operator.as_ref(),
            strength,
            scale,
            lipschitz,
            concavity,
        };
        restored.convex &= restoration.is_convex();
        let mut last = f64::INFINITY;
        let (x, count) = run_one(&restoration, &y, options, |now| {
            restored.rises += usize::from(now.objective > last);
            last = now.objective;
            observe(colour, now);
        });
        restored.steps += count;
        restored.cut |= count >= options.steps;
        let [_, height, width] = x.dims();
        let plane: Vec<f32> = host(x).into_iter().map(|value| value as f32).collect();
        if plane.iter().any(|value| !value.is_finite()) {
            return Err(RestoreError::NotFinite);
        }
        let whole = picture.get_or_insert_with(|| Picture {
            name: output.display().to_string(),
            height,
            width,
            planes: Vec::new(),
            white,
            bits,
        });
        whole.planes.push(plane);
    }
    if let Some(picture) = picture {
        picture.write(output)?;
    }
    Ok(restored)
}

/// One colour, and the steps it took.
fn run_one(
    restoration: &Restoration<'_, Lifted<'_>, dyn ImageOperator>,
    y: &Tensor<3>,
    options: &RestoreOptions,
    mut observe: impl FnMut(Iteration),
) -> (Tensor<3>, usize) {
    let mut steps = 0;
    let tolerance = options.tolerance / 255.0;
    let x = restoration.run(y, tolerance, options.steps, |now| {
        steps = now.step;
        observe(now);
    });
    (x, steps)
}

/// Refuses what is no noise level.
fn check_noise(value: f64) -> Result<(), RestoreError> {
    match value.is_finite() && value > 0.0 {
        true => Ok(()),
        false => Err(RestoreError::Noise { value }),
    }
}

/// Strength and scale, and what they were chosen for.
struct Choice {
    strength: f64,
    scale: f64,
    tuned_for: Option<f64>,
    tuned_for_operator: bool,
    beyond: Option<[f64; 2]>,
}

/// What a run has chosen for an operator at a noise level.
struct Near {
    level: f64,
    strength: f64,
    scale: f64,
}

/// What the run has chosen for the operator with this key at the nearest noise level, the strength moved to `noise`: by
/// `gradnet tune`, or for denoising at the end of its training. Of two choices for one level, what was tuned counts.
fn chosen_for(run: &Run, key: &str, noise: f64) -> Result<Option<Near>, RestoreError> {
    let mut found: Vec<Near> = run
        .tuned()?
        .into_iter()
        .filter(|tuned| tuned.operator == key)
        .map(|tuned| Near {
            level: tuned.noise,
            strength: tuned.strength,
            scale: tuned.scale,
        })
        .collect();
    if key == "identity"
        && let Some(summary) = run.summary()?
    {
        let metrics = &summary.scores.metrics;
        let value = |name: &str, level: &str| Some(metrics.get(&format!("{name}_{level}"))?.value);
        let levels = metrics
            .keys()
            .filter_map(|key| key.strip_prefix("strength_"));
        found.extend(levels.filter_map(|level| {
            Some(Near {
                level: level.parse().ok()?,
                strength: value("strength", level)?,
                scale: value("scale", level)?,
            })
        }));
    }
    let far = |near: &Near| (near.level / noise).ln().abs();
    let nearest = found.into_iter().min_by(|a, b| far(a).total_cmp(&far(b)));
    Ok(nearest.map(|near| Near {
        strength: near.strength * (noise / near.level).powi(2),
        ..near
    }))
}

/// Strength and scale for a restoration.
fn chosen(run: &Run, options: &RestoreOptions) -> Result<Choice, RestoreError> {
    for (name, value) in [("strength", options.strength), ("scale", options.scale)] {
        if let Some(value) = value
            && !(value.is_finite() && value > 0.0)
        {
            return Err(RestoreError::Weight { name, value });
        }
    }
    if let (Some(strength), Some(scale)) = (options.strength, options.scale) {
        return Ok(Choice {
            strength,
            scale,
            tuned_for: None,
            tuned_for_operator: false,
            beyond: None,
        });
    }
    let key = options.operator.key()?;
    let own = chosen_for(run, &key, options.noise)?;
    let tuned_for_operator = own.is_some();
    let near = match own {
        Some(near) => Some(near),
        None => chosen_for(run, "identity", options.noise)?,
    };
    let near = near.ok_or_else(|| RestoreError::Untuned {
        run: run.path().into(),
    })?;
    Ok(Choice {
        strength: options.strength.unwrap_or(near.strength),
        scale: options.scale.unwrap_or(near.scale),
        tuned_for: Some(near.level),
        tuned_for_operator,
        beyond: beyond(run, &key, options.noise)?,
    })
}

/// The least and the largest of the levels trained with, and tuned for the operator or for denoising, if the noise is
/// not between them.
fn beyond(run: &Run, key: &str, noise: f64) -> Result<Option<[f64; 2]>, RestoreError> {
    let trained = match &run.experiment().task {
        TaskConfig::Images(images) => images.noise.to_vec(),
        _ => Vec::new(),
    };
    let tuned = run.tuned()?.into_iter();
    let tuned = tuned.filter(|tuned| tuned.operator == key || tuned.operator == "identity");
    let summary = run.summary()?;
    let metrics = summary
        .iter()
        .flat_map(|summary| summary.scores.metrics.keys());
    let tested = metrics.filter_map(|name| name.strip_prefix("strength_")?.parse().ok());
    let known = trained
        .into_iter()
        .chain(tuned.map(|tuned| tuned.noise))
        .chain(tested);
    let (low, high) = known.fold((f64::INFINITY, 0.0_f64), |(low, high), level: f64| {
        (low.min(level), high.max(level))
    });
    if (low..=high).contains(&noise) {
        return Ok(None);
    }
    if noise > FARTHEST * high {
        let value = noise;
        return Err(RestoreError::OutOfRange { value, low, high });
    }
    Ok(Some([low, high]))
}

#[cfg(test)]
mod tests;
