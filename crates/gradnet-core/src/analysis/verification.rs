//! The whole check of a field against what it claims, on sampled points.

use super::jacobian::{jacobians, monotonicity, relative_asymmetry, smallest_eigenvalue};
use super::loop_integral::loop_integral;
use crate::field::VectorField;
use crate::network::Claim;
use burn::tensor::{Tensor, TensorData};
use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use serde::Serialize;

/// The box `[low, high]^dim` the points are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Region {
    /// The lower end of every coordinate.
    pub low: f64,
    /// The upper end of every coordinate.
    pub high: f64,
}

/// The unit cube, the domain of the paper's experiments.
impl Default for Region {
    fn default() -> Self {
        Self {
            low: 0.0,
            high: 1.0,
        }
    }
}

/// The worst number of each kind over all samples, and whether they bear out the claim.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verification {
    /// What was claimed.
    pub claim: Claim,
    /// Jacobians, pairs and loops looked at.
    pub samples: usize,
    /// Relative to the size of the Jacobian, how far a number may be off: rounding, not doubt.
    pub tolerance: f64,
    /// The largest `‖J − Jᵀ‖ / ‖J‖`.
    pub relative_asymmetry: f64,
    /// The largest size of the work around a closed loop, relative to its length.
    pub loop_integral: f64,
    /// The smallest eigenvalue of the symmetric part of a Jacobian, relative to the norm of that Jacobian.
    pub smallest_eigenvalue: f64,
    /// The smallest `⟨f(x) − f(y), x − y⟩ / ‖x − y‖²`.
    pub monotonicity: f64,
    /// The largest norm of a Jacobian.
    pub jacobian_norm: f64,
    /// Whether the Jacobians are symmetric and the loops closed, within the tolerance.
    pub symmetric: bool,
    /// Whether no Jacobian has a negative eigenvalue and no pair a negative product, within the tolerance.
    pub positive_semidefinite: bool,
    /// Whether everything that is claimed holds.
    pub passed: bool,
}

/// Steps of the trapezoidal rule around a loop, and what its error may amount to: with `n` steps a field
/// with kinks, as splines have, leaves about `(2π/n)²/12`.
const LOOP_STEPS: usize = 256;
const LOOP_TOLERANCE: f64 = 1e-3;

/// Looks at `samples` Jacobians, pairs of points and loops in `region`.
///
/// `like` gives the device and the precision the field lives in; the tolerance is 1e-4 in `f32` and 1e-9 in
/// `f64`, except for loops, whose quadrature has an error of its own: 1e-3. Any number that is not finite
/// fails every claim but [`Claim::None`]'s, and that one too if it is a Jacobian's.
pub fn verify(
    field: &impl VectorField,
    claim: Claim,
    like: &Tensor<2>,
    region: Region,
    samples: usize,
    seed: u64,
) -> Verification {
    let dim = field.dim();
    let mut generator = ChaCha12Rng::seed_from_u64(seed);
    let mut points = |rows: usize| -> Vec<f64> {
        (0..rows * dim)
            .map(|_| generator.random_range(region.low..region.high))
            .collect()
    };
    let tensor = |values: Vec<f64>| {
        let rows = values.len() / dim;
        Tensor::<2>::from_data(
            TensorData::new(values, [rows, dim]),
            (&like.device(), like.dtype()),
        )
    };
    let (x, y) = (tensor(points(samples)), tensor(points(samples)));
    let centres = points(samples);

    let double = like.dtype() == burn::tensor::DType::F64;
    let tolerance = if double { 1e-9 } else { 1e-4 };

    let jacobians = jacobians(field, x.clone());
    let norms: Vec<f64> = jacobians.iter().map(|j| j.norm()).collect();
    let asymmetry = largest(jacobians.iter().map(relative_asymmetry));
    let eigenvalue = smallest(
        jacobians
            .iter()
            .zip(&norms)
            .map(|(j, norm)| smallest_eigenvalue(j) / norm.max(f64::MIN_POSITIVE)),
    );
    let pairs = smallest(monotonicity(field, x, y));
    let radius = (region.high - region.low) / 2.0;
    let loops = largest(centres.chunks_exact(dim).map(|centre| {
        let [u, v] = [
            direction(dim, radius, &mut generator),
            direction(dim, radius, &mut generator),
        ];
        loop_integral(field, like, [centre, &u, &v], LOOP_STEPS).abs()
    }));
    let norm = largest(norms);

    let symmetric = asymmetry <= tolerance && loops <= LOOP_TOLERANCE;
    let positive_semidefinite = eigenvalue >= -tolerance && pairs >= -tolerance * norm;
    Verification {
        claim,
        samples,
        tolerance,
        relative_asymmetry: asymmetry,
        loop_integral: loops,
        smallest_eigenvalue: eigenvalue,
        monotonicity: pairs,
        jacobian_norm: norm,
        symmetric,
        positive_semidefinite,
        passed: norm.is_finite()
            && match claim {
                Claim::None => true,
                Claim::Gradient => symmetric,
                Claim::Monotone => symmetric && positive_semidefinite,
            },
    }
}

/// A random direction of the given length.
fn direction(dim: usize, length: f64, generator: &mut ChaCha12Rng) -> Vec<f64> {
    let values: Vec<f64> = (0..dim).map(|_| StandardNormal.sample(generator)).collect();
    let norm = values.iter().map(|value| value * value).sum::<f64>().sqrt();
    values.iter().map(|value| value * length / norm).collect()
}

/// The largest number, NaN if there is one.
fn largest(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(f64::NEG_INFINITY, |a, b| {
        if a.is_nan() || b.is_nan() {
            f64::NAN
        } else {
            a.max(b)
        }
    })
}

/// The smallest number, NaN if there is one.
fn smallest(values: impl IntoIterator<Item = f64>) -> f64 {
    -largest(values.into_iter().map(|value| -value))
}
