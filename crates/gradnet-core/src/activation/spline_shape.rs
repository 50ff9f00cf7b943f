//! Shapes of learned linear splines: how stored coefficients become those in use.
//!
//! | shape | slopes | in |
//! |---|---|---|
//! | [`Free`] | any | RR |
//! | [`NonNegative`] | `≥ 0`, flat outside the knots | CRR |
//! | [`WeaklyIncreasing`] | in `(−ρ, 1)`, flat outside the knots | WCRR |

use burn::tensor::Tensor;
use burn::tensor::activation::relu;

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

/// Slopes in `(−ρ, 1)`, flat outside the knots: the splines of the weakly convex ridge regularizer (Goujon, Neumayer,
/// Unser, "Learning Weakly Convex Regularizers for Convergent Image-Reconstruction Algorithms", SIAM J. Imaging Sci.
/// 2024).
///
/// A stored slope `t` is used as
///
/// ```text
/// s = m + h u/√(1 + u²),   u = (t − m)/h,   m = (1 − ρ)/2,   h = (1 + ρ)/2
/// ```
///
/// which is strictly increasing: no slope is clipped, so none loses its gradient. Coefficients are stored as those of a
/// spline on `[−1, 1]`, which gives the slopes one learning rate whatever the range.
#[derive(Clone, Debug)]
pub struct WeaklyIncreasing {
    /// `ρ`: the slopes are above `−ρ`.
    rho: f64,
}

impl WeaklyIncreasing {
    /// Slopes in `(−rho, 1)`.
    ///
    /// # Panics
    /// If `rho` is not a number from 0 to 1.
    pub fn new(rho: f64) -> Self {
        assert!(
            (0.0..=1.0).contains(&rho),
            "the slopes of a spline are between -rho and 1 for a rho from 0 to 1, not {rho}"
        );
        Self { rho }
    }

    /// The middle of the slopes and half of their range.
    fn middle(&self) -> (f64, f64) {
        (0.5 * (1.0 - self.rho), 0.5 * (1.0 + self.rho))
    }

    /// The slopes in use, from stored ones.
    fn slopes(&self, stored: Tensor<2>) -> Tensor<2> {
        let (middle, half) = self.middle();
        let dtype = stored.dtype();
        // In 16 bits the square would overflow.
        let u = (widened(stored) - middle) / half;
        let bounded = u.clone() / (u.square() + 1.0).sqrt();
        (bounded * half + middle).cast(dtype)
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
    let [hidden, knots] = stored.dims();
    let inner = knots - 3;
    let rises = rises(stored.clone().narrow(1, 2, inner) - stored.clone().narrow(1, 1, inner));
    let flat = Tensor::zeros([hidden, 1], (&stored.device(), stored.dtype()));
    let heights = rises.cumsum(1);
    let top = heights.clone().narrow(1, inner - 1, 1);
    let coefficients = Tensor::cat(vec![flat.clone(), flat, heights, top], 1);
    let middle = coefficients.clone().narrow(1, knots / 2, 1);
    coefficients - middle
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
    fn coefficients(&self, stored: Tensor<2>, _step: f64) -> Tensor<2> {
        assert_knots::<Self>(stored.dims()[1]);
        flat_outside(stored, relu)
    }
}

impl SplineShape for WeaklyIncreasing {
    /// One piece between the two outer ones, which are flat.
    const LEAST_KNOTS: usize = 4;

    /// Slopes in (−ρ, 1), flat outside the knots, zero at the middle one.
    fn coefficients(&self, stored: Tensor<2>, step: f64) -> Tensor<2> {
        let [_, knots] = stored.dims();
        assert_knots::<Self>(knots);
        let of_stored = Knots::new(knots, self.stored_range(1.0)).step();
        flat_outside(stored, |rises| self.slopes(rises / of_stored) * step)
    }

    fn stored_range(&self, _range: f64) -> f64 {
        1.0
    }

    fn stored_slope(&self, slope: f64) -> f64 {
        let (middle, half) = self.middle();
        let bounded = (slope - middle) / half;
        middle + half * bounded / (1.0 - bounded * bounded).sqrt()
    }
}
