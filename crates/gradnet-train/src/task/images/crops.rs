//! Crops with noise, by the seed.

use burn::tensor::{DType, Device, Tensor, TensorData};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

use crate::pictures::Picture;

/// Noise levels are of 255, brightnesses of 1.
pub(super) const WHITE: f64 = 255.0;

/// Clean crops with noise on them.
pub(super) struct Noisy {
    /// `[batch, side, side]`.
    pub(super) noisy: Tensor<3>,
    /// What was added, `[batch, side, side]`.
    pub(super) noise: Tensor<3>,
    /// The standard deviations, of 1, `[batch]`.
    pub(super) deviations: Tensor<1>,
}

/// How crops are drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crops {
    pub(super) side: usize,
    pub(super) augment: bool,
    /// Of 255.
    pub(super) noise: [f64; 2],
}

/// The sizes of augmented crops, as a part of the picture's.
const SCALES: [f64; 4] = [1.0, 0.9, 0.8, 0.7];

impl Crops {
    /// Draws `count` crops of the pictures, each with noise of a level drawn from the range.
    pub(super) fn draw(
        &self,
        pictures: &[Picture],
        count: usize,
        random: &mut impl Rng,
        device: &Device,
    ) -> Noisy {
        let [low, high] = self.noise.map(|level| level / WHITE);
        let pixels = self.side * self.side;
        let (mut noisy, mut noise) = (Vec::new(), Vec::new());
        let mut deviations = Vec::with_capacity(count);
        noisy.reserve(count * pixels);
        noise.reserve(count * pixels);
        for _ in 0..count {
            let picture = &pictures[random.random_range(0..pictures.len())];
            let crop = self.crop(picture, random);
            let deviation = (low + (high - low) * random.random::<f64>()) as f32;
            deviations.push(deviation);
            for value in crop {
                let unit: f32 = StandardNormal.sample(random);
                noise.push(deviation * unit);
                noisy.push(value + deviation * unit);
            }
        }
        let shape = [count, self.side, self.side];
        Noisy {
            noisy: Tensor::from_data(TensorData::new(noisy, shape), (device, DType::F32)),
            noise: Tensor::from_data(TensorData::new(noise, shape), (device, DType::F32)),
            deviations: Tensor::from_data(
                TensorData::new(deviations, [count]),
                (device, DType::F32),
            ),
        }
    }

    /// A crop, turned, mirrored and scaled down where that is asked for and the picture is large enough.
    fn crop(&self, picture: &Picture, random: &mut impl Rng) -> Vec<f32> {
        let (scale, turn) = match self.augment {
            true => (
                SCALES[random.random_range(0..SCALES.len())],
                random.random_range(0..8),
            ),
            false => (1.0, 0),
        };
        let shorter = picture.height.min(picture.width);
        let span = (self.side as f64 / scale).ceil() as usize + 1;
        let scale = if span <= shorter { scale } else { 1.0 };
        let span = if scale == 1.0 { self.side } else { span };
        let top = random.random_range(0..=picture.height - span);
        let left = random.random_range(0..=picture.width - span);
        let at = |row: usize, column: usize| {
            picture.values()[(top + row) * picture.width + left + column]
        };
        let last = self.side - 1;
        let pixel = |index: usize| {
            let (mut row, mut column) = (index / self.side, index % self.side);
            if turn & 1 == 1 {
                (row, column) = (column, row);
            }
            if turn & 2 == 2 {
                row = last - row;
            }
            if turn & 4 == 4 {
                column = last - column;
            }
            if scale == 1.0 {
                return at(row, column);
            }
            let split = |place: usize| {
                let place = place as f64 / scale;
                let floor = (place as usize).min(span - 2);
                (floor, (place - floor as f64) as f32)
            };
            let ((i, down), (j, right)) = (split(row), split(column));
            let mix = |a: f32, b: f32, part: f32| a + part * (b - a);
            mix(
                mix(at(i, j), at(i, j + 1), right),
                mix(at(i + 1, j), at(i + 1, j + 1), right),
                down,
            )
        };
        (0..self.side * self.side).map(pixel).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Stream, generator};

    /// Brightness 0.01 row + 0.001 column, so that a crop tells where it comes from.
    fn ramp(height: usize, width: usize) -> Picture {
        let values = (0..height * width)
            .map(|i| 0.01 * (i / width) as f32 + 0.001 * (i % width) as f32)
            .collect();
        Picture {
            name: "ramp".into(),
            height,
            width,
            planes: vec![values],
            white: 1.0,
            bits: 16,
        }
    }

    #[test]
    fn crops_are_pieces_turned_mirrored_and_scaled() {
        let picture = ramp(40, 50);
        for augment in [false, true] {
            let crops = Crops {
                side: 16,
                augment,
                noise: [5.0, 5.0],
            };
            let mut random = generator(1, Stream::Training, 0);
            let mut seen = std::collections::BTreeSet::new();
            for _ in 0..200 {
                let crop = crops.crop(&picture, &mut random);
                // On a ramp every crop is a ramp, down and right with the steps of its turn and scale.
                let (down, right) = (crop[16] - crop[0], crop[1] - crop[0]);
                for (i, value) in crop.iter().enumerate() {
                    let expected = crop[0] + down * (i / 16) as f32 + right * (i % 16) as f32;
                    assert!((value - expected).abs() < 1e-4);
                }
                seen.insert(((down * 1e5).round() as i64, (right * 1e5).round() as i64));
            }
            // Eight turns at four scales, or one.
            assert_eq!(seen.len() > 20, augment, "{seen:?}");
        }
    }

    #[test]
    fn the_noise_has_its_deviation_and_is_what_was_added() {
        let pictures = [ramp(30, 30)];
        let crops = Crops {
            side: 20,
            augment: false,
            noise: [10.0, 30.0],
        };
        let mut random = generator(1, Stream::Training, 3);
        let device = Device::flex();
        let noisy = crops.draw(&pictures, 40, &mut random, &device);
        let deviations = noisy.deviations.try_into_vec_as::<f64>().unwrap();
        let noise = noisy.noise.try_into_vec_as::<f64>().unwrap();
        for (deviation, noise) in deviations.iter().zip(noise.chunks_exact(400)) {
            assert!((10.0..=30.0).contains(&(deviation * 255.0)));
            let square = noise.iter().map(|e| e * e).sum::<f64>() / 400.0;
            // Four standard errors of a variance from 400 numbers.
            assert!((square.sqrt() / deviation - 1.0).abs() < 4.0 / 800f64.sqrt());
        }
    }
}
