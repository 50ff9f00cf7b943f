//! Shapes of learned linear splines: how stored coefficients become those in use.
//!
//! | shape | slopes | in |
//! |---|---|---|
//! | [`Free`] | any | RR |
//! | [`NonNegative`] | `≥ 0`, flat outside the knots | CRR |
//! | [`WeaklyIncreasing`] | any, falls in units of `ρ`; flat outside the knots | WCRR |

use burn::tensor::Tensor;
use burn::tensor::activation::{leaky_relu, relu};

use crate::kernel::{Knots, widened};
use crate::sign::{Free, NonNegative, Sign};

/// How the stored coefficients become those in use.
pub trait SplineShape: Sign {
    /// The fewest knots that leave a spline something to learn.
    const LEAST_KNOTS: usize;

    /// Both `[hidden, knots]`, for knots that lie `step` apart.
    ///
    /// # Panics
    /// If there are fewer than [`LEAST_KNOTS`](Self::LEAST_KNOTS).
    fn coefficients(&self, stored: Tensor<2>, step: f64) -> Tensor<2>;

    /// The coefficients are stored as those of a spline whose knots end here, for knots in use on `[−range, range]`.
    fn stored_range(&self, range: f64) -> f64 {
        range
    }

    /// The slope that a stored spline has where the one in use has `slope`.
    fn stored_slope(&self, slope: f64) -> f64 {
        slope
    }
}

/// Slopes that may fall, flat outside the knots: the splines of the weakly convex ridge regularizer (Goujon, Neumayer,
/// Unser, "Learning Weakly Convex Regularizers for Convergent Image-Reconstruction Algorithms", SIAM J. Imaging Sci.
/// 2024).
///
/// A stored slope `t` is used as
///
/// ```text
/// s = t where t ≥ 0,  ρ t where t < 0
/// ```
///
/// so falls are learned in units of `ρ`: those of a good regularizer are hundreds of times less steep than its rises.
/// No slope is clipped, so none loses its gradient.
#[derive(Clone, Debug)]
pub struct WeaklyIncreasing {
    /// `ρ`.
    rho: f64,
}

impl WeaklyIncreasing {
    /// Falls in units of `rho`.
    ///
    /// # Panics
    /// If `rho` is not above 0 and at most 1.
    pub fn new(rho: f64) -> Self {
        assert!(
            rho > 0.0 && rho <= 1.0,
            "the falls of a spline are counted in units above 0 and at most 1, not {rho}"
        );
        Self { rho }
    }
}

impl Sign for WeaklyIncreasing {
    const NONNEGATIVE: bool = false;

    fn constrain<const D: usize>(stored: Tensor<D>) -> Tensor<D> {
        stored
    }
}

/// Coefficients of splines that are flat outside the knots and zero at the middle one, from stored ones and a map of
/// their rises, the differences of neighbours.
fn flat_outside(stored: Tensor<2>, rises: impl FnOnce(Tensor<2>) -> Tensor<2>) -> Tensor<2> {
    let ([hidden, knots], dtype) = (stored.dims(), stored.dtype());
    // In 16 bits the sums of many small rises would be wrong.
    let stored = widened(stored);
    let inner = knots - 3;
    let rises = rises(stored.clone().narrow(1, 2, inner) - stored.clone().narrow(1, 1, inner));
    let flat = Tensor::zeros([hidden, 1], (&stored.device(), stored.dtype()));
    let heights = rises.cumsum(1);
    let top = heights.clone().narrow(1, inner - 1, 1);
    let coefficients = Tensor::cat(vec![flat.clone(), flat, heights, top], 1);
    let middle = coefficients.clone().narrow(1, knots / 2, 1);
    (coefficients - middle).cast(dtype)
}

/// Coefficients that are learned as slopes are stored as those of splines whose knots end here: the slopes then have
/// one learning rate whatever the range.
const STORED_RANGE: f64 = 1.0;

/// How far the knots of stored splines lie apart.
fn stored_step<S: SplineShape>(knots: usize) -> f64 {
    assert_knots::<S>(knots);
    Knots::new(knots, STORED_RANGE).step()
}

/// Panics unless there are knots enough for splines of shape `S`.
pub(super) fn assert_knots<S: SplineShape>(knots: usize) {
    let least = S::LEAST_KNOTS;
    assert!(
        knots >= least,
        "a spline of this kind needs at least {least} knots, not {knots}"
    );
}

impl SplineShape for Free {
    /// One piece.
    const LEAST_KNOTS: usize = 2;

    fn coefficients(&self, stored: Tensor<2>, _step: f64) -> Tensor<2> {
        assert_knots::<Self>(stored.dims()[1]);
        stored
    }
}

impl SplineShape for NonNegative {
    /// One piece between the two outer ones, which are flat.
    const LEAST_KNOTS: usize = 4;

    /// Nondecreasing, flat outside the knots, zero at the middle one.
    fn coefficients(&self, stored: Tensor<2>, step: f64) -> Tensor<2> {
        let [_, knots] = stored.dims();
        let rise = step / stored_step::<Self>(knots);
        flat_outside(stored, |rises| relu(rises) * rise)
    }

    fn stored_range(&self, _range: f64) -> f64 {
        STORED_RANGE
    }
}

impl SplineShape for WeaklyIncreasing {
    /// One piece between the two outer ones, which are flat.
    const LEAST_KNOTS: usize = 4;

    /// Falls in units of `ρ`, flat outside the knots, zero at the middle one.
    fn coefficients(&self, stored: Tensor<2>, step: f64) -> Tensor<2> {
        let [_, knots] = stored.dims();
        let rise = step / stored_step::<Self>(knots);
        flat_outside(stored, |rises| leaky_relu(rises, self.rho) * rise)
    }

    fn stored_range(&self, _range: f64) -> f64 {
        STORED_RANGE
    }

    fn stored_slope(&self, slope: f64) -> f64 {
        match slope < 0.0 {
            true => slope / self.rho,
            false => slope,
        }
    }
}
