//! Batches on a device: the endless stream a run trains on, and the fixed sets it is validated and tested on.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use burn::data::{
    dataloader::{DataLoader, DataLoaderIterator, Progress},
    dataset::DatasetError,
};
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
    /// Points with the target's gradient; the target is not differentiated, so `device` needs no autodiff.
    pub fn new(points: Vec<f32>, target: &dyn Target, device: &Device) -> Self {
        let x = points_tensor(points, target.dim(), device, FloatDType::F32);
        let y = target.gradient(x.clone());
        Self { x, y }
    }

    /// The same numbers on another device.
    pub fn to_device(self, device: &Device) -> Self {
        Self {
            x: self.x.to_device(device),
            y: self.y.to_device(device),
        }
    }
}

/// Where the batches of a run come from. A batch is a pure function of its step, which is what makes a resumed run exact.
pub trait BatchSource: Send + Sync {
    /// Points a batch.
    fn batch_size(&self) -> usize;

    /// The device batches are made on.
    fn device(&self) -> &Device;

    /// The batch of step `step`, counted from 0.
    fn batch(&self, step: usize) -> Batch;
}

/// Batches of sampled points with their target's gradient at them; `device` must be the one the target was made for.
pub fn sampled(sampler: Sampler, device: Device) -> Arc<dyn BatchSource> {
    Arc::new(SampledField { sampler, device })
}

/// Sampled points with a target's gradient at them.
struct SampledField {
    sampler: Sampler,
    device: Device,
}

impl BatchSource for SampledField {
    fn batch_size(&self) -> usize {
        self.sampler.batch_size()
    }

    fn device(&self) -> &Device {
        &self.device
    }

    fn batch(&self, step: usize) -> Batch {
        Batch::new(
            self.sampler.batch(step),
            self.sampler.target(),
            &self.device,
        )
    }
}

/// The training stream: one pass over it is one validation interval, and the next pass goes on where the last one ended.
#[derive(Clone)]
pub struct FieldSampler {
    source: Arc<dyn BatchSource>,
    /// Where batches are handed over, if that is not the source's device.
    destination: Option<Device>,
    steps: usize,
    interval: usize,
    batch: usize,
    position: Arc<AtomicUsize>,
}

impl FieldSampler {
    /// A stream of `steps` batches of a target from step `position` on; passes end at multiples of `interval`.
    ///
    /// `device` must be the one the target was made for.
    pub fn new(
        sampler: Sampler,
        device: Device,
        steps: usize,
        interval: usize,
        position: usize,
    ) -> Self {
        Self::over(sampled(sampler, device), steps, interval, position)
    }

    /// A stream of `steps` batches of any source from step `position` on; passes end at multiples of `interval`.
    pub fn over(
        source: Arc<dyn BatchSource>,
        steps: usize,
        interval: usize,
        position: usize,
    ) -> Self {
        Self {
            batch: source.batch_size(),
            source,
            destination: None,
            steps,
            interval,
            position: Arc::new(AtomicUsize::new(position)),
        }
    }
}

/// One pass of a [`FieldSampler`].
struct Pass<'a> {
    stream: &'a FieldSampler,
    first: usize,
    next: usize,
    end: usize,
    companion: Option<Companion>,
    /// The batch after the last one given out.
    ahead: Option<Ahead>,
}

impl Iterator for Pass<'_> {
    type Item = Result<Batch, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next == self.end {
            return None;
        }
        let stream = self.stream;
        let begun = self.ahead.take().and_then(Ahead::finish);
        let batch = begun.unwrap_or_else(|| stream.source.batch(self.next));
        self.next += 1;
        if self.next < self.end {
            let companion = self.companion.as_ref();
            self.ahead = companion.map(|c| c.make(&stream.source, self.next));
        }
        stream.position.store(self.next, Ordering::Relaxed);
        Some(Ok(match &stream.destination {
            Some(device) => batch.to_device(device),
            None => batch,
        }))
    }
}

impl DataLoaderIterator<Batch> for Pass<'_> {
    fn progress(&self) -> Progress {
        Progress::new(
            (self.next - self.first) * self.stream.batch,
            (self.end - self.first) * self.stream.batch,
            Some("points".into()),
        )
    }
}

impl DataLoader<Batch> for FieldSampler {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<Batch> + 'a> {
        let first = self.position.load(Ordering::Relaxed).min(self.steps);
        Box::new(Pass {
            stream: self,
            first,
            next: first,
            end: (first - first % self.interval + self.interval).min(self.steps),
            companion: Companion::new(),
            ahead: None,
        })
    }

    fn num_items(&self) -> usize {
        self.interval * self.batch
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<Batch>> {
        let mut moved = self.clone();
        moved.destination = (*device != *self.source.device()).then(|| device.clone());
        Arc::new(moved)
    }

    /// The whole stream again: a pass is drawn as it goes and has no parts.
    fn slice(&self, _start: usize, _end: usize) -> Arc<dyn DataLoader<Batch>> {
        Arc::new(self.clone())
    }
}

/// A fixed set of points with the target's gradient at them, on a device, in chunks that fit any backend's memory.
#[derive(Clone, Debug)]
pub struct PointSet {
    chunks: Arc<Vec<Batch>>,
    points: usize,
}

impl PointSet {
    /// Points a chunk: few enough that a network's hidden layers fit any memory, and one number for all sets, since a GPU compiles and tunes
    /// its kernels anew for every shape.
    const CHUNK: usize = 500;

    /// Evaluates the target at `points` (row after row).
    pub fn new(points: &[f32], target: &dyn Target, device: &Device) -> Self {
        let dim = target.dim();
        let chunks = points
            .chunks(Self::CHUNK * dim)
            .map(|chunk| Batch::new(chunk.to_vec(), target, device))
            .collect();
        Self {
            chunks: Arc::new(chunks),
            points: points.len() / dim,
        }
    }

    /// Pairs that are known: `x` and `y` row after row, `dim` numbers each.
    pub fn from_pairs(x: &[f32], y: &[f32], dim: usize, device: &Device) -> Self {
        let tensor = |rows: &[f32]| points_tensor(rows.to_vec(), dim, device, FloatDType::F32);
        let chunks = x.chunks(Self::CHUNK * dim).zip(y.chunks(Self::CHUNK * dim));
        Self {
            chunks: Arc::new(
                chunks
                    .map(|(x, y)| Batch {
                        x: tensor(x),
                        y: tensor(y),
                    })
                    .collect(),
            ),
            points: x.len() / dim,
        }
    }

    /// The chunks in order.
    pub fn chunks(&self) -> &[Batch] {
        &self.chunks
    }

    /// The number of points.
    pub fn points(&self) -> usize {
        self.points
    }
}

/// The chunks of a [`PointSet`] as a validation loader.
struct Chunks<'a> {
    set: &'a PointSet,
    next: usize,
}

impl Iterator for Chunks<'_> {
    type Item = Result<Batch, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let chunk = self.set.chunks.get(self.next)?;
        self.next += 1;
        Some(Ok(chunk.clone()))
    }
}

impl DataLoaderIterator<Batch> for Chunks<'_> {
    fn progress(&self) -> Progress {
        let done = self.set.chunks[..self.next]
            .iter()
            .map(|chunk| chunk.x.dims()[0])
            .sum();
        Progress::new(done, self.set.points, Some("points".into()))
    }
}

impl DataLoader<Batch> for PointSet {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<Batch> + 'a> {
        Box::new(Chunks { set: self, next: 0 })
    }

    fn num_items(&self) -> usize {
        self.points
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<Batch>> {
        let chunks = self.chunks.iter().cloned();
        Arc::new(Self {
            chunks: Arc::new(chunks.map(|chunk| chunk.to_device(device)).collect()),
            points: self.points,
        })
    }

    /// The points from `start` to `end`, rounded outwards to whole chunks.
    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<Batch>> {
        let mut first = 0;
        let chunks: Vec<Batch> = self
            .chunks
            .iter()
            .filter(|chunk| {
                let last = first + chunk.x.dims()[0];
                let inside = first < end && last > start;
                first = last;
                inside
            })
            .cloned()
            .collect();
        Arc::new(Self {
            points: chunks.iter().map(|chunk| chunk.x.dims()[0]).sum(),
            chunks: Arc::new(chunks),
        })
    }
}
