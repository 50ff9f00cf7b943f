//! The points a run on a formula trains on.

use std::sync::Arc;

use crate::data::{Epochs, Stream};
use crate::settings::{DataConfig, FixedData};
use crate::targets::Target;

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
    use crate::targets::QuarticPolynomial;

    fn sampler(data: &DataConfig) -> Sampler {
        Sampler::new(data, Arc::new(QuarticPolynomial), 5, 10)
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
