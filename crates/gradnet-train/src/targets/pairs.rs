//! Points with a target's gradient at them.

use burn::tensor::{Device, FloatDType};

use super::Target;
use crate::data::{Batch, PointSet, points_tensor};

impl Batch {
    /// Points with the target's gradient. The target is not differentiated, so `device` needs no
    /// autodiff; it must be the one the target was made for.
    pub fn new(points: Vec<f32>, target: &dyn Target, device: &Device) -> Self {
        let x = points_tensor(points, target.dim(), device, FloatDType::F32);
        let y = target.gradient(x.clone());
        Self { x, y }
    }
}

impl PointSet {
    /// Evaluates the target at `points` (row after row).
    pub fn new(points: &[f32], target: &dyn Target, device: &Device) -> Self {
        let dim = target.dim();
        let chunks = points
            .chunks(Self::CHUNK * dim)
            .map(|chunk| Batch::new(chunk.to_vec(), target, device));
        Self::from_chunks(chunks.collect(), points.len() / dim)
    }
}
