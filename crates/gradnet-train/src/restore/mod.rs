//! Restores a picture with a trained regularizer: `min_x ½‖H x − y‖² + (λ/μ) R(μ x)`.
//!
//! The strength `λ` and the scale `μ` are those that the run's validation pictures chose for the nearest noise level, the strength moved
//! with the square of the noise: the prior is the same, and a measurement counts by its variance. A noise outside the levels that the run
//! knows is told of, and refused if it is more than [`FARTHEST`] times beyond them. `H` is an [`OperatorChoice`]. Colours are restored one by one.

mod error;
mod operator;

use std::path::Path;

use burn::tensor::{DType, Device, Tensor, TensorData};
use gradnet_core::analysis::{Claim, host};
use gradnet_core::image::{ImageOperator, Iteration, LipschitzImageField, Restoration};

use crate::experiment::TaskConfig;
use crate::pictures::{Picture, read_table};
use crate::registry::Lifted;
use crate::run::{Run, check_output};

pub use error::RestoreError;
pub use operator::OperatorChoice;

/// By what factor a noise may lie beyond the levels that a run was trained and tested with.
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
    /// The least and the largest noise level that the run knows, where the noise is not between them.
    pub beyond: Option<[f64; 2]>,
    /// The bound on the Lipschitz constant of the regularizer's gradient.
    pub lipschitz: f64,
    /// Steps taken, over all colours.
    pub steps: usize,
    /// How often the objective rose from one step to the next: never.
    pub rises: usize,
    /// Whether the regularizer is convex, so that the result is the minimum and no critical point.
    pub convex: bool,
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
    check_output(output, Some(input), std::slice::from_ref(run))?;
    if !options.noise.is_finite() || options.noise <= 0.0 {
        return Err(RestoreError::Noise {
            value: options.noise,
        });
    }
    let device = device.clone().without_autodiff();
    let network = run.network(&device)?;
    let Some(field) = network.lifted() else {
        return Err(RestoreError::NoRegularizer {
            network: network.name(),
        });
    };
    let Chosen {
        strength,
        scale,
        tuned_for,
        beyond,
    } = chosen(run, options)?;
    let lipschitz = field.lipschitz();
    let planes = measurements(input, options)?;
    let mut restored = Restored {
        strength,
        scale,
        tuned_for,
        beyond,
        lipschitz,
        steps: 0,
        rises: 0,
        convex: network.claim() == Claim::Monotone,
    };
    let mut picture: Option<Picture> = None;
    for (colour, (values, size)) in planes.into_iter().enumerate() {
        let data = TensorData::new(values, [1, size[0], size[1]]);
        let y = Tensor::<3>::from_data(data, (&device, DType::F32));
        let operator = options.operator.on(&y)?;
        let restoration = Restoration {
            field: &field,
            operator: operator.as_ref(),
            strength,
            scale,
            lipschitz,
            convex: restored.convex,
        };
        let mut last = f64::INFINITY;
        let (x, count) = run_one(&restoration, &y, options, |now| {
            restored.rises += usize::from(now.objective > last);
            last = now.objective;
            observe(colour, now);
        });
        restored.steps += count;
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

/// A colour of a measurement, row after row, with its height and width.
type Measured = (Vec<f32>, [usize; 2]);

/// The colours of a measurement.
fn measurements(input: &Path, options: &RestoreOptions) -> Result<Vec<Measured>, RestoreError> {
    if options.operator.measures_pictures() {
        let picture = Picture::read(input)?;
        let size = [picture.height, picture.width];
        return Ok(picture
            .planes
            .into_iter()
            .map(|plane| (plane, size))
            .collect());
    }
    let (values, size) = read_table(input)?;
    Ok(vec![(values.into_iter().map(|v| v as f32).collect(), size)])
}

/// Strength and scale, and where they are from.
struct Chosen {
    strength: f64,
    scale: f64,
    /// The noise level they were chosen for.
    tuned_for: Option<f64>,
    beyond: Option<[f64; 2]>,
}

/// Strength and scale as given, or those of the nearest noise level that was tested.
fn chosen(run: &Run, options: &RestoreOptions) -> Result<Chosen, RestoreError> {
    for (name, value) in [("strength", options.strength), ("scale", options.scale)] {
        if let Some(value) = value
            && !(value.is_finite() && value > 0.0)
        {
            return Err(RestoreError::Weight { name, value });
        }
    }
    if let (Some(strength), Some(scale)) = (options.strength, options.scale) {
        return Ok(Chosen {
            strength,
            scale,
            tuned_for: None,
            beyond: None,
        });
    }
    let summary = run.summary()?;
    let metrics = summary.as_ref().map(|summary| &summary.scores.metrics);
    let value = |name: &str, level: f64| Some(metrics?.get(&format!("{name}_{level}"))?.value);
    let levels = metrics.into_iter().flat_map(|metrics| metrics.keys());
    let levels = levels.filter_map(|key| key.strip_prefix("strength_")?.parse::<f64>().ok());
    let levels: Vec<f64> = levels.collect();
    let far = |level: &f64| (level / options.noise).ln().abs();
    let nearest = levels
        .iter()
        .copied()
        .min_by(|a, b| far(a).total_cmp(&far(b)));
    let found =
        nearest.and_then(|level| Some((level, value("strength", level)?, value("scale", level)?)));
    let Some((level, strength, scale)) = found else {
        return Err(RestoreError::Untuned {
            run: run.path().into(),
        });
    };
    Ok(Chosen {
        strength: options
            .strength
            .unwrap_or(strength * (options.noise / level).powi(2)),
        scale: options.scale.unwrap_or(scale),
        tuned_for: Some(level),
        beyond: beyond(run, levels, options.noise)?,
    })
}

/// The least and the largest of the levels tested and trained with, if the noise is not between them.
fn beyond(run: &Run, levels: Vec<f64>, noise: f64) -> Result<Option<[f64; 2]>, RestoreError> {
    let trained = match &run.experiment().task {
        TaskConfig::Images(images) => images.noise.to_vec(),
        _ => Vec::new(),
    };
    let known = levels.into_iter().chain(trained);
    let (low, high) = known.fold((f64::INFINITY, 0.0_f64), |(low, high), level| {
        (low.min(level), high.max(level))
    });
    if (low..=high).contains(&noise) {
        return Ok(None);
    }
    if noise > FARTHEST * high || noise * FARTHEST < low {
        let value = noise;
        return Err(RestoreError::OutOfRange { value, low, high });
    }
    Ok(Some([low, high]))
}

#[cfg(test)]
mod tests;
