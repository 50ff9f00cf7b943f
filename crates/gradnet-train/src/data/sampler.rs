//! Points on the unit cube, and the batches a run trains on.

use std::sync::Arc;

use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use rand::Rng;

use super::Stream;
use super::epochs::Epochs;
use crate::experiment::{DataConfig, FixedData};
use crate::targets::Target;

/// `points` uniform points of [0, 1)^dim, row after row.
///
/// The values are multiples of 2^-24 and so exact in 32-bit floats, on every backend.
pub fn uniform_points(random: &mut impl Rng, points: usize, dim: usize) -> Vec<f32> {
    let mut bytes = vec![0; 4 * points * dim];
    random.fill_bytes(&mut bytes);
    let (words, _) = bytes.as_chunks();
    // As a signed number it is turned into a float by one instruction on any processor.
    let value = |&word| (u32::from_le_bytes(word) >> 8).cast_signed() as f32 * 2f32.powi(-24);
    words.iter().map(value).collect()
}

/// The nodes of the regular `side` x `side` grid on the unit square, borders included, row after row.
pub fn grid_points(side: usize) -> Vec<f32> {
    let node = |i: usize| (i as f64 / (side - 1) as f64) as f32;
    (0..side)
        .flat_map(|i| (0..side).flat_map(move |j| [node(i), node(j)]))
        .collect()
}

/// Points as a tensor `[points, dim]`.
pub fn points_tensor(
    points: Vec<f32>,
    dim: usize,
    device: &Device,
    dtype: FloatDType,
) -> Tensor<2> {
    let rows = points.len() / dim;
    Tensor::from_data(TensorData::new(points, [rows, dim]), (device, dtype.into()))
}

/// The training points of a run: batch `step` is a pure function of seed and step.
#[derive(Clone)]
pub struct Sampler {
    target: Arc<dyn Target>,
    seed: u64,
    batch: usize,
    fixed: Option<FixedSet>,
}

/// A fixed set in memory and the epochs that visit it.
#[derive(Clone, Debug)]
struct FixedSet {
    points: Arc<Vec<f32>>,
    epochs: Epochs,
}

impl Sampler {
    /// The sampler a training config asks for.
    pub fn new(data: &DataConfig, target: Arc<dyn Target>, seed: u64, batch: usize) -> Self {
        let fixed = match data {
            DataConfig::Online => None,
            DataConfig::Fixed(FixedData { points }) => Some(FixedSet {
                points: Arc::new(target.draw(seed, Stream::Training, 0, *points)),
                epochs: Epochs::new((0..*points as u32).collect(), seed),
            }),
        };
        Self {
            target,
            seed,
            batch,
            fixed,
        }
    }

    /// The target whose points they are.
    pub fn target(&self) -> &dyn Target {
        self.target.as_ref()
    }

    /// The points of step `step` (counted from 0), row after row.
    pub fn batch(&self, step: usize) -> Vec<f32> {
        let Some(set) = &self.fixed else {
            let index = step as u64;
            return self
                .target
                .draw(self.seed, Stream::Training, index, self.batch);
        };
        let dim = self.target.dim();
        set.epochs
            .batch(step, self.batch)
            .iter()
            .flat_map(|row| {
                let start = *row as usize * dim;
                &set.points[start..start + dim]
            })
            .copied()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::generator;
    use crate::targets::QuarticPolynomial;

    fn sampler(data: &DataConfig) -> Sampler {
        Sampler::new(data, Arc::new(QuarticPolynomial), 5, 10)
    }

    #[test]
    fn uniform_points_fill_the_cube_evenly() {
        let points = uniform_points(&mut generator(3, Stream::Test, 0), 20_000, 2);
        assert!(points.iter().all(|p| (0.0..1.0).contains(p)));
        let n = points.len() as f64;
        let mean = points.iter().map(|p| *p as f64).sum::<f64>() / n;
        let variance = points
            .iter()
            .map(|p| (*p as f64 - 0.5).powi(2))
            .sum::<f64>()
            / n;
        // Standard errors at n = 40,000: 0.0014 and 0.0004.
        assert!((mean - 0.5).abs() < 0.006, "{mean}");
        assert!((variance - 1.0 / 12.0).abs() < 0.0016, "{variance}");
    }

    #[test]
    fn the_grid_reaches_the_corners() {
        let grid = grid_points(3);
        assert_eq!(grid[..4], [0.0, 0.0, 0.0, 0.5]);
        assert_eq!(grid[16..], [1.0, 1.0]);
    }

    #[test]
    fn a_batch_does_not_depend_on_the_batches_before_it() {
        for data in [
            DataConfig::Online,
            DataConfig::Fixed(FixedData { points: 50 }),
        ] {
            let ran_through = sampler(&data);
            for step in 0..12 {
                ran_through.batch(step);
            }
            let fresh = sampler(&data);
            assert_eq!(ran_through.batch(12), fresh.batch(12));
            assert_ne!(fresh.batch(12), fresh.batch(13));
        }
    }

    #[test]
    fn an_epoch_visits_every_point_of_a_fixed_set_once() {
        let sampler = sampler(&DataConfig::Fixed(FixedData { points: 50 }));
        let epoch = |e: usize| -> Vec<[u32; 2]> {
            let points: Vec<f32> = (5 * e..5 * e + 5).flat_map(|s| sampler.batch(s)).collect();
            points
                .chunks(2)
                .map(|p| [p[0].to_bits(), p[1].to_bits()])
                .collect()
        };
        let (mut first, mut second) = (epoch(0), epoch(1));
        assert_ne!(first, second);
        first.sort_unstable();
        second.sort_unstable();
        first.dedup();
        assert_eq!(first.len(), 50);
        assert_eq!(first, second);
    }
}
