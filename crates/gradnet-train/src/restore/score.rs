//! How well a run restores what it never saw: its test pictures, measured by an operator.

use burn::tensor::Device;

use super::tune::{all_measured, on_pictures, parts};
use super::{OperatorChoice, RestoreError, tune};
use crate::data::Stream;
use crate::run::{Run, RunError};
use crate::task::Quantity;
use crate::task::images::{Regularizer, Sets, Weights, mean_psnr};

/// The restored test pictures in numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Restorations {
    /// PSNR of the restored pictures, in dB.
    pub psnr_db: Quantity,
    /// PSNR of what was measured, taken back by the operator's adjoint, in dB.
    pub measured_db: Quantity,
    /// Strength and scale that the validation pictures chose.
    pub weights: [f64; 2],
    /// The mean number of steps.
    pub steps: f64,
}

/// Chooses strength and scale on the validation pictures, as [`tune`] does, and restores the same parts of the test
/// pictures.
///
/// # Errors
/// See [`RestoreError`].
pub fn score(
    run: &Run,
    device: &Device,
    operator: &OperatorChoice,
    noise: f64,
) -> Result<Restorations, RestoreError> {
    let tuned = tune(run, device, operator, noise)?;
    let device = device.clone().without_autodiff();
    let network = run.network(&device)?;
    let (field, config) = on_pictures(run, &network)?;
    let seed = run.experiment().seed;
    let pictures = Sets::test_of(config, seed).map_err(RunError::from)?;
    let pictures = parts(&pictures, operator)?;
    let seed = (seed, Stream::Test);
    let measured = all_measured(&pictures, (operator, noise), seed, &device)?;
    let regularizer = Regularizer::of(&field, noise);
    let weights = Weights {
        strength: tuned.strength,
        scale: tuned.scale,
    };
    let (values, steps) = regularizer.score(&measured, weights);
    let before: Vec<f64> = measured.iter().map(|one| one.adjoint_psnr()).collect();
    Ok(Restorations {
        psnr_db: mean_psnr(&values),
        measured_db: mean_psnr(&before),
        weights: [tuned.strength, tuned.scale],
        steps,
    })
}
