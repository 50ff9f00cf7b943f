//! Targets that tell the classes of Thm. 1 to 6 apart, on the cube of dimension 4 with `z = x − 1/2`.
//!
//! ```text
//! convex ridges       Σ_i softplus(8 ⟨a_i, z⟩)/8
//! waves               Σ_i sin(4 ⟨a_i, z⟩)/4
//! infinity norm       log(Σ_i 2 cosh(12 z_i))/12  →  ‖z‖_∞
//! exponential         exp(2 Σ_i √(z_i² + 0.05²))
//! ring                sin(3 Σ_i log(cosh(4 z_i))/4)/3
//! ```
//!
//! The `a_i` are fixed directions. The kinks of the infinity norm and the exponential, smoothed, are pieces of
//! hyperplanes, or of a strength that changes along them; a sum of ridges has its kinks on whole hyperplanes, each of
//! one strength, and where the ridges are convex nothing can cancel what is too much. So no sum of convex ridges comes
//! near either. The exponential is an increasing convex function of one, though, and the infinity norm an increasing
//! *concave* one (`log(Σ_i e^(12 |z_i|))/12`, nearly): Thm. 5 covers both, Thm. 6 the exponential only.
//!
//! The ring rises from the middle of the cube and falls again towards its corners. It couples all coordinates, which
//! sums of ridges do at a high price only, and it is not convex: of the classes of few units that of Thm. 5 alone has
//! it, with four ridges and one transformation.

use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use gradnet_train::data::{Stream, generator};
use gradnet_train::targets::Target;

/// Dimension of the cube. In the plane the infinity norm is a sum of convex ridges, `(|x + y| + |x − y|)/2`.
const DIM: usize = 4;
/// Directions of the ridges.
const RIDGES: usize = 6;
/// Steepness of the convex ridges, frequency of the waves, sharpness of the maximum.
const STEEPNESS: f64 = 8.0;
const FREQUENCY: f64 = 4.0;
const SHARPNESS: f64 = 12.0;
/// Growth of the exponential and radius over which its absolute values are rounded.
const GROWTH: f64 = 2.0;
const ROUNDING: f64 = 0.05;
/// Steepness of the bowls whose sum goes round in the sine, and how fast it does.
const BOWL: f64 = 4.0;
const PHASE: f64 = 3.0;

/// A target by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Shape {
    /// A sum of convex ridges.
    ConvexRidges,
    /// A sum of ridges, not convex.
    Waves,
    /// The infinity norm, smoothed: convex, no sum of ridges.
    InfinityNorm,
    /// The exponential of a sum of convex ridges: convex, no sum of ridges.
    Exponential,
    /// The sine of a sum of convex ridges: not convex, no sum of ridges.
    Ring,
}

impl Shape {
    /// All targets.
    pub const ALL: [Self; 5] = [
        Self::ConvexRidges,
        Self::Waves,
        Self::InfinityNorm,
        Self::Exponential,
        Self::Ring,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConvexRidges => "convex_ridges",
            Self::Waves => "waves",
            Self::InfinityNorm => "infinity_norm",
            Self::Exponential => "exponential",
            Self::Ring => "ring",
        }
    }
}

/// A target on a device, in `f32`.
#[derive(Clone, Debug)]
pub struct ShapeTarget {
    shape: Shape,
    /// The directions `a_i`, one a column, `[dim, ridges]`, of norm 1.
    directions: Tensor<2>,
}

impl ShapeTarget {
    /// The target of that shape.
    pub fn new(shape: Shape, device: &Device) -> Self {
        Self::with_dtype(shape, device, FloatDType::F32)
    }

    /// The target of that shape in another precision.
    pub fn with_dtype(shape: Shape, device: &Device, dtype: FloatDType) -> Self {
        let device = device.clone().without_autodiff();
        let mut random = generator(0, Stream::Target, 0);
        let values: Vec<f64> = (0..DIM * RIDGES)
            .map(|_| random.random_range(-1.0..1.0))
            .collect();
        let columns = Tensor::<2>::from_data(
            TensorData::new(values, [DIM, RIDGES]),
            (&device, dtype.into()),
        );
        let norms = columns.clone().square().sum_dim(0).sqrt();
        Self {
            shape,
            directions: columns / norms,
        }
    }

    /// Which one it is.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// `⟨a_i, z⟩`, `[points, ridges]`.
    fn along(&self, z: Tensor<2>) -> Tensor<2> {
        z.matmul(self.directions.clone())
    }
}

/// `2 cosh(t z)`.
fn twice_cosh(z: Tensor<2>) -> Tensor<2> {
    (z.clone() * SHARPNESS).exp() + (z * -SHARPNESS).exp()
}

/// `log(cosh(c z))/c`.
fn bowls(z: Tensor<2>) -> Tensor<2> {
    (z * BOWL).cosh().log() / BOWL
}

/// `√(z² + r²)`.
fn rounded_size(z: Tensor<2>) -> Tensor<2> {
    (z.square() + ROUNDING * ROUNDING).sqrt()
}

impl Target for ShapeTarget {
    fn name(&self) -> &'static str {
        self.shape.name()
    }

    fn dim(&self) -> usize {
        DIM
    }

    fn convex(&self) -> bool {
        !matches!(self.shape, Shape::Waves | Shape::Ring)
    }

    fn gradient(&self, x: Tensor<2>) -> Tensor<2> {
        let z = x - 0.5;
        match self.shape {
            Shape::ConvexRidges => {
                // The logistic function of the steepness times u is (1 + tanh(half of that))/2.
                let slopes = (self.along(z) * (STEEPNESS / 2.0)).tanh() * 0.5 + 0.5;
                slopes.matmul(self.directions.clone().transpose())
            }
            Shape::Waves => {
                let slopes = (self.along(z) * FREQUENCY).cos();
                slopes.matmul(self.directions.clone().transpose())
            }
            Shape::InfinityNorm => {
                let difference = (z.clone() * SHARPNESS).exp() - (z.clone() * -SHARPNESS).exp();
                difference / twice_cosh(z).sum_dim(1)
            }
            Shape::Exponential => {
                let sizes = rounded_size(z.clone());
                let value = (sizes.clone().sum_dim(1) * GROWTH).exp();
                z / sizes * value * GROWTH
            }
            Shape::Ring => {
                let phase = bowls(z.clone()).sum_dim(1) * PHASE;
                (z * BOWL).tanh() * phase.cos()
            }
        }
    }

    fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        let z = x - 0.5;
        let sum = |values: Tensor<2>| values.sum_dim(1).squeeze_dim(1);
        match self.shape {
            Shape::ConvexRidges => {
                let growing = (self.along(z) * STEEPNESS).exp();
                sum(growing.log1p()) / STEEPNESS
            }
            Shape::Waves => sum((self.along(z) * FREQUENCY).sin()) / FREQUENCY,
            Shape::InfinityNorm => sum(twice_cosh(z)).log() / SHARPNESS,
            Shape::Exponential => (sum(rounded_size(z)) * GROWTH).exp(),
            Shape::Ring => (sum(bowls(z)) * PHASE).sin() / PHASE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradnet_train::data::{points_tensor, uniform_points};

    fn points(rows: usize, index: u64) -> Tensor<2> {
        let mut random = generator(1, Stream::Test, index);
        let values = uniform_points(&mut random, rows, DIM);
        points_tensor(values, DIM, &Device::flex(), FloatDType::F64)
    }

    fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
        tensor.into_data().iter::<f64>().collect()
    }

    #[test]
    fn the_gradient_of_every_shape_is_the_central_difference_of_its_potential() {
        let h = 1e-6;
        for shape in Shape::ALL {
            let target = ShapeTarget::with_dtype(shape, &Device::flex(), FloatDType::F64);
            let (x, v) = (points(20, 0), points(20, 1) - 0.5);
            let ahead = target.potential(x.clone() + v.clone() * h);
            let behind = target.potential(x.clone() - v.clone() * h);
            let difference = numbers((ahead - behind) / (2.0 * h));
            let slope = numbers((target.gradient(x) * v).sum_dim(1));
            for (a, b) in slope.iter().zip(difference) {
                assert!((a - b).abs() < 1e-6, "{shape:?}: {a} against {b}");
            }
        }
    }

    #[test]
    fn shapes_are_convex_where_they_say_so_and_only_there() {
        for shape in Shape::ALL {
            let target = ShapeTarget::with_dtype(shape, &Device::flex(), FloatDType::F64);
            let (x, y) = (points(2000, 2), points(2000, 3));
            let rise = (target.gradient(x.clone()) - target.gradient(y.clone())) * (x - y);
            let least = numbers(rise.sum_dim(1))
                .into_iter()
                .fold(f64::INFINITY, f64::min);
            assert_eq!(least >= 0.0, target.convex(), "{shape:?}: {least}");
        }
    }

    #[test]
    fn the_smoothed_norm_is_near_the_infinity_norm() {
        let target = ShapeTarget::with_dtype(Shape::InfinityNorm, &Device::flex(), FloatDType::F64);
        let x = points(50, 4);
        let norm = numbers((x.clone() - 0.5).abs().max_dim(1));
        for (smooth, norm) in numbers(target.potential(x)).into_iter().zip(norm) {
            // Eight terms: between the largest and the largest plus ln(8)/12.
            assert!(smooth >= norm && smooth <= norm + 8f64.ln() / SHARPNESS);
        }
    }
}
