//! Peak signal to noise ratio, `−10 log10 mean (x̂ − x)²` for brightnesses with peak 1, from values that are not cut.

use burn::tensor::{DType, Device, Tensor, TensorData};
use gradnet_core::analysis::host;
use rand_distr::{Distribution, StandardNormal};

use super::crops::WHITE;
use crate::data::{Stream, generator};
use crate::pictures::Picture;
use crate::task::Quantity;
use crate::task::regression::{deviation, mean};

/// A picture with noise on it.
pub(super) struct Trial {
    /// Pixels of the clean picture.
    pub(super) clean: Vec<f64>,
    /// `[1, height, width]`.
    pub(super) noisy: Tensor<3>,
}

/// Each picture with noise of one level, of 255; the seed, the stream and the picture's place decide the noise, so that all levels and all
/// methods see the same one.
pub(super) fn trials(
    pictures: &[Picture],
    level: f64,
    (seed, stream): (u64, Stream),
    device: &Device,
) -> Vec<Trial> {
    let trial = |(place, picture): (usize, &Picture)| {
        let mut random = generator(seed, stream, 1 + place as u64);
        let mut noise = || -> f64 { StandardNormal.sample(&mut random) };
        let clean: Vec<f64> = picture.values().iter().map(|v| f64::from(*v)).collect();
        let noisy = clean.iter().map(|v| (v + level / WHITE * noise()) as f32);
        let shape = [1, picture.height, picture.width];
        let data = TensorData::new(noisy.collect::<Vec<f32>>(), shape);
        Trial {
            noisy: Tensor::from_data(data, (device, DType::F32)),
            clean,
        }
    };
    pictures.iter().enumerate().map(trial).collect()
}

impl Trial {
    /// The PSNR of a restored picture, `[1, height, width]`.
    pub(super) fn psnr(&self, restored: Tensor<3>) -> f64 {
        self.psnr_of(&host(restored))
    }

    /// The PSNR of restored pixels.
    pub(super) fn psnr_of(&self, restored: &[f64]) -> f64 {
        let errors = self
            .clean
            .iter()
            .zip(restored)
            .map(|(a, b)| (a - b).powi(2));
        -10.0 * (errors.sum::<f64>() / self.clean.len() as f64).log10()
    }

    /// Pixels of the noisy picture, and its height and width.
    pub(super) fn pixels(&self) -> (Vec<f64>, [usize; 2]) {
        let [_, height, width] = self.noisy.dims();
        (host(self.noisy.clone()), [height, width])
    }
}

/// The mean of some pictures' PSNR, with its spread.
pub(super) fn mean_psnr(values: &[f64]) -> Quantity {
    Quantity {
        std: deviation(values),
        ..Quantity::new(mean(values), "dB")
    }
}
