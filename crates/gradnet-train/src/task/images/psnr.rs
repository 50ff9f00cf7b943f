//! Peak signal to noise ratio, `−10 log10 mean (x̂ − x)²` for brightnesses with peak 1, from values that are not cut.

use burn::tensor::{DType, Device, Tensor, TensorData};
use gradnet_core::analysis::host;
use gradnet_core::image::{Identity, ImageOperator};
use rand_distr::{Distribution, StandardNormal};

use super::crops::WHITE;
use super::tuning::Measured;
use crate::data::{Stream, generator};
use crate::measure::{deviation, mean};
use crate::pictures::Picture;
use crate::task::Quantity;

/// Each picture without an operator, with noise of one level, of 255.
pub(super) fn trials(
    pictures: &[Picture],
    level: f64,
    seed: (u64, Stream),
    device: &Device,
) -> Vec<Measured> {
    let measure =
        |(place, picture)| measured(picture, Box::new(Identity), level, (seed, place), device);
    (0..).zip(pictures).map(measure).collect()
}

/// A picture measured, with noise of one level, of 255; the seed, the stream and the picture's place decide the noise,
/// so that all levels and all methods see the same one.
pub(crate) fn measured(
    picture: &Picture,
    operator: Box<dyn ImageOperator>,
    level: f64,
    ((seed, stream), place): ((u64, Stream), u64),
    device: &Device,
) -> Measured {
    let mut random = generator(seed, stream, 1 + place);
    let like = (device, DType::F32);
    let data = TensorData::new(
        picture.values().to_vec(),
        [1, picture.height, picture.width],
    );
    let y = operator.measure(Tensor::from_data(data, like));
    let shape = y.dims();
    let noisy = host(y).into_iter().map(|value| {
        let unit: f64 = StandardNormal.sample(&mut random);
        (value + level / WHITE * unit) as f32
    });
    let noisy = TensorData::new(noisy.collect::<Vec<f32>>(), shape);
    Measured {
        clean: picture.values().iter().map(|v| f64::from(*v)).collect(),
        y: Tensor::from_data(noisy, like),
        operator,
    }
}

/// The PSNR of restored pixels.
pub(super) fn psnr(clean: &[f64], restored: &[f64]) -> f64 {
    let errors = clean.iter().zip(restored).map(|(a, b)| (a - b).powi(2));
    -10.0 * (errors.sum::<f64>() / clean.len() as f64).log10()
}

impl Measured {
    /// The PSNR of the measurement, taken back by the operator's adjoint.
    pub(crate) fn adjoint_psnr(&self) -> f64 {
        psnr(&self.clean, &host(self.operator.adjoint(self.y.clone())))
    }

    /// Pixels of the measurement, and its rows and columns.
    pub(super) fn pixels(&self) -> (Vec<f64>, [usize; 2]) {
        let [_, rows, columns] = self.y.dims();
        (host(self.y.clone()), [rows, columns])
    }
}

/// The mean of some pictures' PSNR, with its spread.
pub(crate) fn mean_psnr(values: &[f64]) -> Quantity {
    Quantity {
        std: deviation(values),
        ..Quantity::new(mean(values), "dB")
    }
}
