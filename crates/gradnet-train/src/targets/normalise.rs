//! The number a target is divided by so that predicting zero scores about 0 dB: its mean gradient norm over the cube.
//!
//! The released code does this for (22) (`Nd_field/test_functions.py`) with points of the run's own seed; here the
//! points have a fixed seed, so that the target is the same field in every run, and the mean is taken on the processor,
//! so that it is the same field on every backend.

use burn::tensor::{Device, FloatDType};

use super::Target;
use crate::data::{Stream, generator, points_tensor, uniform_points};

/// Points in the mean, as in the released code.
const POINTS: usize = 10_000;

/// Points a product: at d = 1024 the images of one chunk take 12 MB.
const CHUNK: usize = 1_000;

/// The mean over uniform points of the gradient's 2-norm.
pub(super) fn mean_gradient_norm(target: &dyn Target, device: &Device, dtype: FloatDType) -> f64 {
    let mut random = generator(0, Stream::TargetScale, 0);
    let mut sum = 0.0;
    for _ in 0..POINTS / CHUNK {
        let points = uniform_points(&mut random, CHUNK, target.dim());
        let x = points_tensor(points, target.dim(), device, dtype);
        let norms = target.gradient(x).square().sum_dim(1).sqrt();
        sum += norms.sum().into_scalar::<f64>();
    }
    sum / POINTS as f64
}
