//! The whole check of a field against what it claims, on sampled points.

use super::claim::Claim;
use super::closed::{Exactness, closed, largest, relative};
use super::curve::Loop;
use super::jacobian::{
    Measured, largest_norm, measured_jacobians, paired, rounding, smallest_eigenvalue,
};
use super::loop_integral::epsilon;
use super::precision::{double_precision, in_double_precision, parameters_not_finite};
use super::region::Region;
use crate::field::VectorField;
use burn::module::Module;
use burn::tensor::{DType, Device, Tensor, TensorData};
use rand::SeedableRng;
use rand::rngs::ChaCha12Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::Serialize;

/// Every second pair is as near as this part of the distance of two random points.
const NEAR: f64 = 0.01;

/// Units of rounding by which a difference of two values of the field may be off.
const ROUNDINGS: f64 = 16.0;

/// The worst number of each kind over all samples, and whether they bear out the claim.
///
/// Numbers are relative to the largest slope, not to the Jacobian at their own point: where a field
/// is saturated, its Jacobian is zero but for rounding, and so is the Jacobian's asymmetry.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verification {
    /// What was claimed.
    pub claim: Claim,
    /// Jacobians, pairs and loops looked at.
    pub samples: usize,
    /// The precision the field was evaluated in, `f64` or a shorter one.
    pub precision: &'static str,
    /// Relative to the largest slope, how far a number may be off beside the rounding that was
    /// measured.
    pub tolerance: f64,
    /// The largest `‖J − Jᵀ‖`, relative to the largest slope.
    pub relative_asymmetry: f64,
    /// The largest size of the work around a closed loop, relative to the largest `∮‖f − m‖ ‖dx‖`.
    pub loop_integral: f64,
    /// The error of that work by quadrature and rounding, likewise relative.
    pub loop_error: f64,
    /// The smallest eigenvalue of the symmetric part of a Jacobian, relative to the largest slope.
    pub smallest_eigenvalue: f64,
    /// The smallest `⟨f(x) − f(y), x − y⟩ / ‖x − y‖²`.
    pub monotonicity: f64,
    /// The largest slope: the largest norm of a Jacobian, or `‖f(x) − f(y)‖ / ‖x − y‖` of a pair if
    /// one is larger.
    pub jacobian_norm: f64,
    /// Points at which the field or its Jacobian is infinite or NaN.
    pub points_not_finite: usize,
    /// Weights that are infinite or NaN; 0 if only a field was given.
    pub weights_not_finite: usize,
    /// Loops around which the field is too rough to integrate: they show nothing.
    pub loops_undecided: usize,
    /// Whether the Jacobians are symmetric and the loops closed, within the errors; an undecided
    /// loop does not count against it.
    pub symmetric: bool,
    /// Whether no Jacobian has a negative eigenvalue and no pair a negative product, within the
    /// errors.
    pub positive_semidefinite: bool,
    /// Whether everything that is claimed holds, with every loop decided, and every number is
    /// finite.
    pub passed: bool,
    /// Whether `passed` is false for undecided loops alone: nothing speaks against the claim.
    pub undecided: bool,
}

/// Looks at the module in double precision on `device`, as [`verify`] does; what its own precision
/// rounds does not count.
///
/// `device` should be the processor. If it has no `f64`, the module is looked at in `f32`. A weight
/// that is not finite fails every claim.
pub fn verify_module<M: VectorField + Module>(
    module: &M,
    claim: Claim,
    device: &Device,
    region: Region,
    samples: usize,
    seed: u64,
) -> Verification {
    let weights_not_finite = parameters_not_finite(module);
    let device = device.clone().without_autodiff();
    let module = in_double_precision(module.clone(), &device);
    let like = Tensor::<2>::zeros([1, module.dim()], (&device, double_precision(&device)));
    let found = verify(&module, claim, &like, region, samples, seed);
    let finite = weights_not_finite == 0;
    Verification {
        weights_not_finite,
        passed: found.passed && finite,
        undecided: found.undecided && finite,
        ..found
    }
}

/// Looks at `samples` Jacobians, pairs of points and loops in `region`.
///
/// `like` gives the device and the precision the field lives in. A number may be off by the
/// tolerance, 1e-9 in `f64` and 1e-4 in shorter precisions, of the largest slope, and by its own
/// error:
/// - a Jacobian by the rounding seen in it, the difference between `J w` and `Σ wᵢ J eᵢ`, and by
///   the slope that the rounding of the field conceals;
/// - a loop by the estimated error of its quadrature. A loop that does not close is cut into parts,
///   and those that do not close again, so that a kink, a layer or a strip between the nodes does
///   not count against the field: it fails if a part as small as they get does not close. It is
///   undecided if the parts are too many, or if it closes with an error larger than a thousandth of
///   the largest size.
///
/// In short precisions a steep field rounds its input too, which no difference shows:
/// [`verify_module`] is the better judge. Any number that is not finite fails every claim,
/// [`Claim::None`] too.
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
    let tensor = |values: Vec<f64>| {
        let rows = values.len() / dim;
        let data = TensorData::new(values, [rows, dim]);
        Tensor::<2>::from_data(data, (&like.device(), like.dtype()))
    };
    let x = region.points(samples, dim, &mut generator);
    let mut y = region.points(samples, dim, &mut generator);
    for row in (1..samples).step_by(2) {
        for i in row * dim..(row + 1) * dim {
            y[i] = x[i] + NEAR * (y[i] - x[i]);
        }
    }
    let (x, y) = (tensor(x), tensor(y));
    let radius = (region.high - region.low) / 2.0;
    let centres = region.points(samples, dim, &mut generator);
    let loops: Vec<Loop> = centres
        .chunks_exact(dim)
        .map(|centre| Loop {
            centre: centre.to_vec(),
            axes: [(); 2].map(|()| direction(dim, radius, &mut generator)),
        })
        .collect();

    let tolerance = match like.dtype() {
        DType::F64 => 1e-9,
        _ => 1e-4,
    };
    let unit = epsilon(like);
    let noise = ROUNDINGS * rounding(field, x.clone(), unit);
    let jacobians = measured_jacobians(field, x.clone());
    let pairs = paired(field, x, y);
    let slope = largest_norm(&jacobians).max(largest(pairs.iter().map(|pair| pair.slope)));
    let points_not_finite = jacobians.iter().filter(|j| !j.is_finite()).count()
        + pairs.iter().filter(|pair| !pair.slope.is_finite()).count();
    let finite = points_not_finite == 0 && slope.is_finite();

    // A slope that moves the field by less than its rounding over the whole region is no slope.
    let hidden = if radius > 0.0 {
        noise / (2.0 * radius)
    } else {
        0.0
    };
    let scale = slope.max(hidden);
    let allowed = tolerance * slope + hidden;
    let symmetric = jacobians
        .iter()
        .all(|j| j.asymmetry() <= allowed + j.rounding);
    let eigenvalues: Vec<f64> = jacobians
        .iter()
        .map(|j| smallest_eigenvalue(&j.matrix))
        .collect();
    let positive = jacobians
        .iter()
        .zip(&eigenvalues)
        .all(|(j, value)| *value >= -allowed - j.rounding);
    let increasing = pairs.iter().all(|pair| {
        let places = ROUNDINGS * unit * slope * pair.places;
        pair.product >= -allowed - (places + noise) / pair.distance
    });

    // Whoever is no gradient already needs no smaller parts.
    let exactness = Exactness { tolerance, noise };
    let loops = closed(field, like, &loops, exactness, symmetric && finite);
    let symmetric = symmetric && loops.closed;
    let positive_semidefinite = positive && increasing;
    let holds = finite
        && match claim {
            Claim::None => true,
            Claim::Gradient => symmetric,
            Claim::Monotone => symmetric && positive_semidefinite,
        };
    let decided = claim == Claim::None || loops.undecided == 0;
    Verification {
        claim,
        samples,
        precision: like.dtype().name(),
        tolerance,
        relative_asymmetry: relative(largest(jacobians.iter().map(Measured::asymmetry)), scale),
        loop_integral: loops.work,
        loop_error: loops.error,
        smallest_eigenvalue: relative(smallest(eigenvalues), scale),
        monotonicity: smallest(pairs.iter().map(|pair| pair.product)),
        jacobian_norm: slope,
        points_not_finite,
        weights_not_finite: 0,
        loops_undecided: loops.undecided,
        symmetric,
        positive_semidefinite,
        passed: holds && decided,
        undecided: holds && !decided,
    }
}

/// A random direction of the given length.
fn direction(dim: usize, length: f64, generator: &mut ChaCha12Rng) -> Vec<f64> {
    let values: Vec<f64> = (0..dim).map(|_| StandardNormal.sample(generator)).collect();
    let norm = values.iter().map(|value| value * value).sum::<f64>().sqrt();
    values.iter().map(|value| value * length / norm).collect()
}

/// The smallest number, NaN if there is one.
fn smallest(values: impl IntoIterator<Item = f64>) -> f64 {
    -largest(values.into_iter().map(|value| -value))
}
