//! How well a field is learned: the mean squared error in decibels over several test draws, beside two reference rows.
//!
//! ```text
//! MSE dB = 10 log10 mean_i |f(x_i) - grad F(x_i)|^2,   the squared 2-norm summed over coordinates, 10,000 points a draw
//! ```
//!
//! Chaudhari, Pranav, Moura, IEEE TSP 2025, Tables I and II: mean and standard deviation (n - 1) over 15 draws of one trained network. Beside it
//! stand the errors of predicting zero and of the best symmetric linear map, without which the decibels cannot be judged; on a data file, whose
//! gradients may have any mean, those of the best constant and of the best symmetric affine map. The first arXiv version's
//! tables for d = 2 give 10 log10 of the root, which is half of the number here ([`Score::rmse_db_mean`]).

mod linear_map;
mod score;

use burn::tensor::{Device, FloatDType, Tensor};
use gradnet_core::VectorField;

pub use linear_map::SymmetricLinearMap;
pub use score::{Reference, Score, decibels, mean_squared_error};
pub(crate) use score::{deviation, mean, mean_squared_error_unless_stopped};

use crate::{
    backend,
    data::{PointSet, Stream, file::FilePairs, grid_points},
    experiment::{EvaluationConfig, Sampling},
    target::{Target, TargetConfig, TargetError},
};

/// A field's score and that of the reference rows on the same points.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The field's score.
    pub test: Score,
    /// The reference rows.
    pub reference: Reference,
}

/// Scores a field on a target, beside the reference rows.
///
/// The test points are determined by `seed` and the config alone; the field's parameters must live on `device` (autodiff is not needed).
///
/// # Errors
/// If the target's settings are out of range.
pub fn evaluate(
    field: &dyn VectorField,
    target: &TargetConfig,
    config: &EvaluationConfig,
    seed: u64,
    device: &Device,
) -> Result<Evaluation, TargetError> {
    Ok(Evaluation {
        test: score(field, target, config, seed, device)?,
        reference: reference_rows(target, config, seed, device)?,
    })
}

/// Scores a field on a target, on the points of [`evaluate`].
///
/// # Errors
/// If the target's settings are out of range.
pub fn score(
    field: &dyn VectorField,
    target: &TargetConfig,
    config: &EvaluationConfig,
    seed: u64,
    device: &Device,
) -> Result<Score, TargetError> {
    let device = device.clone().without_autodiff();
    let target = target.init(&device)?;
    let errors = draws(config).map(|draw| {
        let points = test_points(config, target.as_ref(), seed, draw);
        let set = PointSet::new(&points, target.as_ref(), &device);
        mean_squared_error(|x| field.forward(x), &set)
    });
    Ok(Score::new(&errors.collect::<Vec<_>>(), config.points))
}

/// The reference rows on the points of [`evaluate`]: they depend on the target, the seed and the config alone.
///
/// Both run on the processor: the fit needs large products, for which a software GPU would take minutes.
///
/// # Errors
/// If the target's settings are out of range.
pub fn reference_rows(
    target: &TargetConfig,
    config: &EvaluationConfig,
    seed: u64,
    device: &Device,
) -> Result<Reference, TargetError> {
    let host = backend::host(&device.clone().without_autodiff());
    let target = target.init(&host)?;
    let linear = SymmetricLinearMap::fit(target.as_ref(), config.linear_points, seed, &host);
    let linear_is_a_bound = linear.is_cut_short();
    let linear = linear.on_device(&host, FloatDType::F32);
    let (mut zero, mut line) = (Vec::new(), Vec::new());
    for draw in draws(config) {
        let points = test_points(config, target.as_ref(), seed, draw);
        let set = PointSet::new(&points, target.as_ref(), &host);
        zero.push(mean_squared_error(|x| x.zeros_like(), &set));
        line.push(mean_squared_error(|x| linear.forward(x), &set));
    }
    Ok(Reference {
        zero_db: Score::new(&zero, config.points).mse_db_mean,
        linear_db: Score::new(&line, config.points).mse_db_mean,
        constant_db: None,
        affine_db: None,
        linear_is_a_bound,
    })
}

/// Scores a network on the test rows of a file (at most `config.points` of them), in the file's units.
///
/// Constant and affine map are fitted to training rows, the latter to at most `config.linear_points`: like the network they have not seen the
/// test. The constant and zero are compared with the file's own numbers, in 64 bits.
pub fn evaluate_pairs(
    network: &dyn VectorField,
    pairs: &FilePairs,
    config: &EvaluationConfig,
    device: &Device,
) -> Evaluation {
    let device = device.clone().without_autodiff();
    let host = backend::host(&device);
    let training = pairs.set(&pairs.split().training, config.linear_points, &host);
    let affine = SymmetricLinearMap::fit_pairs(&training, network.dim(), &host);
    let linear_is_a_bound = affine.is_cut_short();
    let affine = affine.on_device(&device, FloatDType::F32);
    let test = &pairs.split().test;
    let set = pairs.set(test, config.points, &device);
    let error =
        |field: &dyn Fn(Tensor<2>) -> Tensor<2>| mean_squared_error(field, &set) * pairs.unit();
    let score = |error: f64| Score::new(&[error], set.points());
    let around = |constant: &[f64]| {
        let error = pairs.mean_square_around(constant, test, config.points);
        score(error).mse_db_mean
    };
    let affine_db = score(error(&|x| affine.forward(x))).mse_db_mean;
    Evaluation {
        test: score(error(&|x| network.forward(x))),
        reference: Reference {
            zero_db: around(&vec![0.0; network.dim()]),
            linear_db: affine_db,
            constant_db: Some(around(&pairs.mean_gradient())),
            affine_db: Some(affine_db),
            linear_is_a_bound,
        },
    }
}

/// The test's draws; a grid is one.
fn draws(config: &EvaluationConfig) -> std::ops::Range<usize> {
    match config.sampling {
        Sampling::Uniform => 0..config.draws,
        Sampling::Grid => 0..1,
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
