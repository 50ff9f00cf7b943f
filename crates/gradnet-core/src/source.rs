//! Where parameters come from: one seeded generator on the host, so that a seed gives the same
//! initial weights on every backend.
//!
//! `init` of the settings takes the seed from Burn's generator ([`ParameterSource::from_device`]); `init_from` takes a
//! source of its own seed.

use crate::sign::Sign;
use burn::module::Param;
use burn::tensor::{
    DType, Device, Distribution, FloatDType, Tensor, TensorCreationOptions, TensorData,
};
use nalgebra::DMatrix;
use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution as _, StandardNormal, Uniform};

/// Draws initial parameters and puts them on a device in a given precision.
///
/// ```
/// use burn::tensor::{Device, FloatDType};
/// use gradnet_core::ParameterSource;
///
/// let mut source = ParameterSource::new(&Device::flex(), 7).with_dtype(FloatDType::F64);
/// let weight = source.uniform([3, 2], -1.0, 1.0);
/// assert_eq!(weight.val().dims(), [3, 2]);
/// ```
#[derive(Debug)]
pub struct ParameterSource {
    options: TensorCreationOptions,
    generator: ChaCha12Rng,
}

impl ParameterSource {
    /// A source of `f32` parameters on `device`, determined by `seed`.
    pub fn new(device: &Device, seed: u64) -> Self {
        Self {
            options: TensorCreationOptions::new(device.clone()).with_dtype(FloatDType::F32.into()),
            generator: ChaCha12Rng::seed_from_u64(seed),
        }
    }

    /// A source of parameters on `device` in its default precision, determined by what [`Device::seed`] was given.
    pub fn from_device(device: &Device) -> Self {
        // Whole numbers of 16 bits, which f32 holds exactly.
        let uniform = Distribution::Uniform(0.0, 65_536.0);
        let draws = Tensor::<1>::random([4], uniform, (device, DType::F32)).into_data();
        let seed = draws
            .iter::<f64>()
            .fold(0, |seed, draw| (seed << 16) | draw as u64);
        Self {
            options: TensorCreationOptions::new(device.clone()),
            generator: ChaCha12Rng::seed_from_u64(seed),
        }
    }

    /// The same source with another precision.
    pub fn with_dtype(mut self, dtype: FloatDType) -> Self {
        self.options.dtype = Some(dtype.into());
        self
    }

    /// A parameter with the given values, row by row.
    ///
    /// # Panics
    /// If the number of values is not the product of `shape`.
    pub fn values<const D: usize>(&self, shape: [usize; D], values: Vec<f64>) -> Param<Tensor<D>> {
        let data = TensorData::new(values, shape);
        Param::from_tensor(Tensor::from_data(data, self.options.clone()))
    }

    /// A parameter with one value everywhere.
    pub fn constant<const D: usize>(&self, shape: [usize; D], value: f64) -> Param<Tensor<D>> {
        self.values(shape, vec![value; shape.iter().product()])
    }

    /// Independent draws from `U[low, high)`.
    ///
    /// # Panics
    /// If `low` is not below `high`.
    pub fn uniform<const D: usize>(
        &mut self,
        shape: [usize; D],
        low: f64,
        high: f64,
    ) -> Param<Tensor<D>> {
        assert!(low < high, "an empty range: [{low}, {high})");
        let values = (0..shape.iter().product())
            .map(|_| self.generator.random_range(low..high))
            .collect();
        self.values(shape, values)
    }

    /// Independent draws from the normal distribution.
    pub fn normal<const D: usize>(
        &mut self,
        shape: [usize; D],
        mean: f64,
        deviation: f64,
    ) -> Param<Tensor<D>> {
        let values = (0..shape.iter().product())
            .map(|_| mean + deviation * self.standard_normal())
            .collect();
        self.values(shape, values)
    }

    /// The uniform draw of PyTorch's linear layer, `U[-1/√inputs, 1/√inputs)`.
    pub fn linear<const D: usize>(&mut self, shape: [usize; D], inputs: usize) -> Param<Tensor<D>> {
        let bound = 1.0 / (inputs as f64).sqrt();
        self.uniform(shape, -bound, bound)
    }

    /// A matrix with orthonormal rows or columns, whichever are fewer, uniformly distributed.
    pub fn orthogonal(&mut self, [rows, columns]: [usize; 2]) -> Param<Tensor<2>> {
        let (long, short) = (rows.max(columns), rows.min(columns));
        let gaussian = DMatrix::from_fn(long, short, |_, _| self.standard_normal());
        let decomposition = gaussian.qr();
        let mut q = decomposition.q();
        // QR is unique only up to the signs of R's diagonal; without this step Q is not uniform.
        for (column, diagonal) in decomposition.r().diagonal().iter().enumerate() {
            if *diagonal < 0.0 {
                q.column_mut(column).neg_mut();
            }
        }
        let by_rows = if rows == long { q.transpose() } else { q };
        // nalgebra stores columns first: the transpose's columns are our rows.
        self.values([rows, columns], by_rows.as_slice().to_vec())
    }

    /// Independent draws `u` from `U[0, high)`, stored so that `softplus` gives `u` back.
    pub fn nonnegative<const D: usize>(
        &mut self,
        shape: [usize; D],
        high: f64,
    ) -> Param<Tensor<D>> {
        let distribution = Uniform::new(f64::MIN_POSITIVE, high).expect("high is positive");
        let values = (0..shape.iter().product())
            .map(|_| {
                let value: f64 = distribution.sample(&mut self.generator).max(1e-6);
                // ln(e^u - 1), which is finite for every u.
                if value < 30.0 {
                    value.exp_m1().ln()
                } else {
                    value + (-(-value).exp()).ln_1p()
                }
            })
            .collect();
        self.values(shape, values)
    }

    /// A seed for a module that draws numbers of its own.
    pub fn seed(&mut self) -> u64 {
        self.generator.random()
    }

    fn standard_normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.generator)
    }
}

impl ParameterSource {
    /// Scales as the released networks draw them: `U[0, 1)` before softplus where nonnegative,
    /// `U[-0.5, 0.5)` otherwise.
    pub(crate) fn scale<S: Sign, const D: usize>(&mut self, shape: [usize; D]) -> Param<Tensor<D>> {
        if S::NONNEGATIVE {
            self.uniform(shape, 0.0, 1.0)
        } else {
            self.uniform(shape, -0.5, 0.5)
        }
    }

    /// `copies` matrices one above the other, each nearly the same: normal entries of the given deviation, of which
    /// the fraction `difference` (of the deviation) is each copy's own and the rest is shared.
    pub(crate) fn near_copies(
        &mut self,
        copies: usize,
        [rows, columns]: [usize; 2],
        deviation: f64,
        difference: f64,
    ) -> Param<Tensor<2>> {
        let size = rows * columns;
        let shared: Vec<f64> = (0..size).map(|_| self.standard_normal()).collect();
        let common = (1.0 - difference.powi(2)).sqrt();
        let values = (0..copies * size)
            .map(|index| {
                let own = self.standard_normal();
                deviation * (common * shared[index % size] + difference * own)
            })
            .collect();
        self.values([copies * rows, columns], values)
    }

    /// Biases of a cascade, `[layers, hidden]`: `U(±1/√dim)` in the first layer, `U(±1/√hidden)` later.
    pub(crate) fn cascade_bias(
        &mut self,
        [layers, hidden]: [usize; 2],
        dim: usize,
    ) -> Param<Tensor<2>> {
        let values = (0..layers * hidden)
            .map(|index| {
                let inputs = if index < hidden { dim } else { hidden };
                let bound = 1.0 / (inputs as f64).sqrt();
                self.generator.random_range(-bound..bound)
            })
            .collect();
        self.values([layers, hidden], values)
    }
}
