//! Batches: points with the values to be learned at them, one batch for each step.

use std::ops::Range;
use std::sync::Arc;

use burn::tensor::{Device, FloatDType, Tensor};

use super::ahead::{Ahead, Companion};
use super::{Sampler, points_tensor};
use crate::target::Target;

/// Points and the field to be learned at them.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Points, `[points, dim]`.
    pub x: Tensor<2>,
    /// The target's gradient at each, `[points, dim]`.
    pub y: Tensor<2>,
}

impl Batch {
    /// Points with the target's gradient. The target is not differentiated, so `device` needs no
    /// autodiff; it must be the one the target was made for.
    pub fn new(points: Vec<f32>, target: &dyn Target, device: &Device) -> Self {
        let x = points_tensor(points, target.dim(), device, FloatDType::F32);
        let y = target.gradient(x.clone());
        Self { x, y }
    }
}

/// Where the batches of a run come from.
///
/// A batch is a pure function of its step, which makes a resumed run exact.
pub trait BatchSource: Send + Sync {
    /// The batch of step `step`, counted from 0.
    fn batch(&self, step: usize) -> Batch;
}

/// Batches of sampled points with their target's gradient at them; `device` must be the one the
/// target was made for.
pub fn sampled(sampler: Sampler, device: Device) -> Arc<dyn BatchSource> {
    Arc::new(SampledField { sampler, device })
}

/// Sampled points with a target's gradient at them.
struct SampledField {
    sampler: Sampler,
    device: Device,
}

impl BatchSource for SampledField {
    fn batch(&self, step: usize) -> Batch {
        let points = self.sampler.batch(step);
        Batch::new(points, self.sampler.target(), &self.device)
    }
}

/// The batches of some steps, in order.
///
/// On a thread of a pool with others, one of them makes the next batch while the caller works on
/// the last.
pub struct Batches {
    source: Arc<dyn BatchSource>,
    steps: Range<usize>,
    companion: Option<Companion>,
    /// The batch after the last one given out.
    ahead: Option<Ahead>,
}

impl Batches {
    /// The batches of `steps`, counted from 0.
    pub fn new(source: Arc<dyn BatchSource>, steps: Range<usize>) -> Self {
        Self {
            source,
            steps,
            companion: Companion::new(),
            ahead: None,
        }
    }
}

impl Iterator for Batches {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let step = self.steps.next()?;
        let begun = self.ahead.take().and_then(Ahead::finish);
        let batch = begun.unwrap_or_else(|| self.source.batch(step));
        if !self.steps.is_empty() {
            let companion = self.companion.as_ref();
            self.ahead = companion.map(|c| c.make(&self.source, self.steps.start));
        }
        Some(batch)
    }
}
