//! Score functions on the host, and what is measured of them.

use burn::tensor::{Device, FloatDType, Tensor};
use gradnet_core::analysis::host;
use gradnet_core::{Laplacian, VectorField};

use super::samples::Noisy;
use crate::data::{PointSet, points_tensor};

/// A score at points in the network's units, row after row.
pub(super) trait ScoreFunction {
    /// The scores.
    fn scores(&self, x: &[f64]) -> Vec<f64>;

    /// The traces of their Jacobians, one a point.
    fn traces(&self, x: &[f64]) -> Vec<f64>;
}

/// The score that a field models, `sign` times its values.
pub(super) struct FieldScore<'a, F> {
    pub(super) field: &'a F,
    pub(super) sign: f64,
    pub(super) device: &'a Device,
}

impl<F: VectorField> FieldScore<'_, F> {
    fn each_chunk<const D: usize>(
        &self,
        x: &[f64],
        of: impl Fn(Tensor<2>) -> Tensor<D>,
    ) -> Vec<f64> {
        let dim = self.field.dim();
        let chunks = x.chunks(PointSet::CHUNK * dim);
        let values = chunks.flat_map(|chunk| {
            let points = chunk.iter().map(|x| *x as f32).collect();
            host(of(points_tensor(points, dim, self.device, FloatDType::F32)))
        });
        values.map(|value| self.sign * value).collect()
    }
}

impl<F: Laplacian> ScoreFunction for FieldScore<'_, F> {
    fn scores(&self, x: &[f64]) -> Vec<f64> {
        self.each_chunk(x, |x| self.field.forward(x))
    }

    fn traces(&self, x: &[f64]) -> Vec<f64> {
        self.each_chunk(x, |x| self.field.laplacian(x))
    }
}

/// The mean over samples of `½‖f‖² + ⟨f, e⟩/s`, or of `½‖f‖² + tr J_f` where there is no noise; `None` if `stop` said
/// so.
pub(super) fn heldout_loss(
    function: &dyn ScoreFunction,
    noisy: &Noisy,
    noise: f64,
    dim: usize,
    stop: &dyn Fn() -> bool,
) -> Option<f64> {
    let chunk = PointSet::CHUNK * dim;
    let mut sum = 0.0;
    for (x, e) in noisy.x.chunks(chunk).zip(noisy.e.chunks(chunk)) {
        if stop() {
            return None;
        }
        let f = function.scores(x);
        sum += f.iter().map(|f| f * f / 2.0).sum::<f64>();
        sum += match noise > 0.0 {
            true => f.iter().zip(e).map(|(f, e)| f * e / noise).sum::<f64>(),
            false => function.traces(x).iter().sum::<f64>(),
        };
    }
    Some(sum / (noisy.x.len() / dim) as f64)
}

/// `E‖f − s‖² / E‖s‖²` with the values of the exact score `s`.
pub(super) fn relative_error(found: &[f64], exact: &[f64]) -> f64 {
    let error: f64 = found.iter().zip(exact).map(|(f, s)| (f - s).powi(2)).sum();
    error / exact.iter().map(|s| s * s).sum::<f64>()
}
