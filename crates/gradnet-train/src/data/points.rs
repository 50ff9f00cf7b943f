//! The fixed sets of points that a field is validated and tested on.

use burn::tensor::{Device, FloatDType};

use super::{Batch, points_tensor};

/// A fixed set of points with the target's gradient at them, on a device, in chunks that fit any
/// backend's memory.
#[derive(Clone, Debug)]
pub struct PointSet {
    chunks: Vec<Batch>,
    points: usize,
}

impl PointSet {
    /// Points a chunk: few enough that a network's hidden layers fit any memory, and one number for
    /// all sets, since a GPU compiles and tunes its kernels anew for every shape.
    pub(crate) const CHUNK: usize = 500;

    /// The sizes of the chunks that `points` points lead to.
    pub fn chunk_sizes(points: usize) -> [usize; 2] {
        [points.min(Self::CHUNK), points % Self::CHUNK]
    }

    /// The points of the first chunk, row after row.
    pub fn first_points(&self) -> Vec<f32> {
        let first = self.chunks.first();
        first.map_or_else(Vec::new, |chunk| chunk.x.to_data().iter::<f32>().collect())
    }

    /// Chunks of [`CHUNK`](Self::CHUNK) points each, `points` together.
    pub(crate) fn from_chunks(chunks: Vec<Batch>, points: usize) -> Self {
        Self { chunks, points }
    }

    /// Pairs that are known: `x` and `y` row after row, `dim` numbers each.
    pub fn from_pairs(x: &[f32], y: &[f32], dim: usize, device: &Device) -> Self {
        let tensor = |rows: &[f32]| points_tensor(rows.to_vec(), dim, device, FloatDType::F32);
        let chunks = x.chunks(Self::CHUNK * dim).zip(y.chunks(Self::CHUNK * dim));
        let chunks = chunks.map(|(x, y)| Batch {
            x: tensor(x),
            y: tensor(y),
        });
        Self {
            chunks: chunks.collect(),
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
