//! Chooses strength and scale for an operator and a noise level on the run's validation pictures, and notes them in the
//! run.

use burn::tensor::{DType, Device, Tensor};

use super::{OperatorChoice, RestoreError, check_noise};
use crate::data::Stream;
use crate::experiment::TaskConfig;
use crate::pictures::Picture;
use crate::registry::{Lifted, Network};
use crate::run::{Run, RunError, Tuned};
use crate::task::images::{
    ImagesConfig, Measured, Regularizer, Sets, TUNING_SIDE, Weights, first_weights, measured,
    middle,
};

/// Measures the validation pictures, restores them with many strengths and scales, and keeps the best of these in the
/// run, where [`restore`](super::restore) finds it.
///
/// Denoising and blur look at the middle 128 × 128 pixels of each picture, a mask, a Fourier mask or a matrix at as
/// many as it has.
///
/// # Errors
/// See [`RestoreError`]; the run is then as it was.
pub fn tune(
    run: &Run,
    device: &Device,
    operator: &OperatorChoice,
    noise: f64,
) -> Result<Tuned, RestoreError> {
    check_noise(noise)?;
    let device = device.clone().without_autodiff();
    let network = run.network(&device)?;
    let (field, config) = on_pictures(run, &network)?;
    let seed = run.experiment().seed;
    let pictures = Sets::validation_of(config, seed).map_err(RunError::from)?;
    let pictures = parts(&pictures, operator)?;
    let seed = (seed, Stream::Validation);
    let measured = all_measured(&pictures, (operator, noise), seed, &device)?;
    if let Some(first) = measured.first() {
        super::device::check(run, &network, operator, &first.y)?;
    }
    let regularizer = Regularizer::of(&field, noise);
    // What was chosen for denoising is a good place to begin.
    let near = super::chosen_for(run, &OperatorChoice::Identity.key()?, noise)?;
    let start = match near {
        Some(near) => Weights {
            strength: near.strength,
            scale: near.scale,
        },
        None => first_weights(config.noise, noise),
    };
    let (weights, psnr_db) = regularizer.tune(&measured, start);
    if !psnr_db.is_finite() {
        return Err(RestoreError::NotFinite);
    }
    let tuned = Tuned {
        operator: operator.key()?,
        noise,
        strength: weights.strength,
        scale: weights.scale,
        psnr_db,
        pictures: pictures.len(),
    };
    run.note_tuned(tuned.clone())?;
    Ok(tuned)
}

/// The field of a run's network on pictures, and what the run says of them.
pub(super) fn on_pictures<'a>(
    run: &'a Run,
    network: &'a Network,
) -> Result<(Lifted<'a>, &'a ImagesConfig), RestoreError> {
    match (network.lifted(), &run.experiment().task) {
        (Some(field), TaskConfig::Images(config)) => Ok((field, config)),
        _ => Err(super::no_regularizer(run).into()),
    }
}

/// The middle parts of pictures that an operator takes, those left out that are too small for it.
pub(super) fn parts(
    pictures: &[Picture],
    operator: &OperatorChoice,
) -> Result<Vec<Picture>, RestoreError> {
    let Some([height, width]) = operator.size()? else {
        let part = |picture| middle(picture, [TUNING_SIDE; 2]);
        return Ok(pictures.iter().map(part).collect());
    };
    let fits = |picture: &&Picture| picture.height >= height && picture.width >= width;
    let large: Vec<Picture> = pictures
        .iter()
        .filter(fits)
        .map(|picture| middle(picture, [height, width]))
        .collect();
    match large.is_empty() {
        true => Err(RestoreError::TooLarge { height, width }),
        false => Ok(large),
    }
}

/// Pictures measured, with noise that the seed, the stream and the place of each decide.
pub(super) fn all_measured(
    pictures: &[Picture],
    (operator, noise): (&OperatorChoice, f64),
    seed: (u64, Stream),
    device: &Device,
) -> Result<Vec<Measured>, RestoreError> {
    let measure = |(place, picture): (u64, &Picture)| {
        let like = Tensor::<3>::zeros([1, picture.height, picture.width], (device, DType::F32));
        let operator = operator.of_pictures(&like)?;
        Ok(measured(picture, operator, noise, (seed, place), device))
    };
    (0..).zip(pictures).map(measure).collect()
}
