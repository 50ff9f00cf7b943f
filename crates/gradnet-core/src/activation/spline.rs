//! Learned linear splines, one for each hidden unit: the activations of the baselines CRR and RR.
//!
//! A unit's function is piecewise linear through its coefficients `c_k` at `knots` uniform knots of
//! `[−range, range]` and continues with its end slopes outside. The CRR (Goujon et al., "A
//! Neural-Network-Based Convex Regularizer for Inverse Problems") makes it nondecreasing: slopes are
//! clipped at zero, the first and the last slope are zero, and the value at the middle knot is zero.
//! The RR is the same network without that constraint (App. A). [`WithinOne`] is between the two: slopes of both signs, bounded.

use super::{
    Activation, ActivationPotential, BlockDiagonalActivation, GradientActivation,
    MonotoneActivation,
};
use crate::kernel::{Knots, linear_spline};
use crate::sign::{Free, NonNegative, Sign};
use crate::source::ParameterSource;
use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::{Int, Tensor};
use core::marker::PhantomData;

/// How the stored coefficients become those in use.
pub trait SplineShape: Sign {
    /// The fewest knots that leave a spline something to learn.
    const LEAST_KNOTS: usize;

    /// Both `[hidden, knots]`, for knots that lie `step` apart.
    ///
    /// # Panics
    /// If there are fewer than [`LEAST_KNOTS`](Self::LEAST_KNOTS).
    fn coefficients(stored: Tensor<2>, step: f64) -> Tensor<2>;
}

/// Slopes between −1 and 1, flat outside the knots: the splines of the weakly convex ridge regularizer (Goujon, Neumayer, Unser, "Learning
/// Weakly Convex Regularizers for Convergent Image-Reconstruction Algorithms", SIAM J. Imaging Sci. 2024).
#[derive(Clone, Debug)]
pub struct WithinOne;

impl Sign for WithinOne {
    const NONNEGATIVE: bool = false;

    fn constrain<const D: usize>(stored: Tensor<D>) -> Tensor<D> {
        stored
    }
}

/// Coefficients of splines that are flat outside the knots and zero at the middle one, from stored ones and a constraint on their rises, the
/// differences of neighbours.
fn flat_outside(stored: Tensor<2>, constrain: impl FnOnce(Tensor<2>) -> Tensor<2>) -> Tensor<2> {
    let [hidden, knots] = stored.dims();
    let inner = knots - 3;
    let rises = constrain(stored.clone().narrow(1, 2, inner) - stored.clone().narrow(1, 1, inner));
    let flat = Tensor::zeros([hidden, 1], (&stored.device(), stored.dtype()));
    let heights = rises.cumsum(1);
    let top = heights.clone().narrow(1, inner - 1, 1);
    let coefficients = Tensor::cat(vec![flat.clone(), flat, heights, top], 1);
    let middle = coefficients.clone().narrow(1, knots / 2, 1);
    coefficients - middle
}

impl SplineShape for WithinOne {
    /// One piece between the two outer ones, which are flat.
    const LEAST_KNOTS: usize = 4;

    /// Slopes in [−1, 1], flat outside the knots, zero at the middle one.
    fn coefficients(stored: Tensor<2>, step: f64) -> Tensor<2> {
        assert_knots::<Self>(stored.dims()[1]);
        flat_outside(stored, |rises| rises.clamp(-step, step))
    }
}

/// Panics unless there are knots enough for splines of shape `S`.
fn assert_knots<S: SplineShape>(knots: usize) {
    let least = S::LEAST_KNOTS;
    assert!(
        knots >= least,
        "a spline of this kind needs at least {least} knots, not {knots}"
    );
}

impl SplineShape for Free {
    /// One piece.
    const LEAST_KNOTS: usize = 2;

    fn coefficients(stored: Tensor<2>, _step: f64) -> Tensor<2> {
        assert_knots::<Self>(stored.dims()[1]);
        stored
    }
}

impl SplineShape for NonNegative {
    /// One piece between the two outer ones, which are flat.
    const LEAST_KNOTS: usize = 4;

    /// Nondecreasing, flat outside the knots, zero at the middle one.
    fn coefficients(stored: Tensor<2>, _step: f64) -> Tensor<2> {
        assert_knots::<Self>(stored.dims()[1]);
        flat_outside(stored, relu)
    }
}

/// A learned linear spline for each unit; nondecreasing for `S = NonNegative`.
#[derive(Module, Debug)]
pub struct SplineActivation<S: Sign> {
    /// The stored coefficients, `[hidden, knots]`.
    pub coefficients: Param<Tensor<2>>,
    range: f64,
    slope_penalty: f64,
    #[module(skip)]
    sign: PhantomData<S>,
}

impl<S: SplineShape> SplineActivation<S> {
    /// `hidden` splines through `knots` knots on `[-range, range]`, close to `slope * u` so that
    /// all parameters receive gradients from the start: where a clipped slope starts at zero it
    /// stays there.
    ///
    /// # Panics
    /// If there are fewer knots than [`SplineShape::LEAST_KNOTS`] (2, or 4 for nondecreasing
    /// splines), or `range` is not a positive number.
    pub fn new(
        [hidden, knots]: [usize; 2],
        range: f64,
        slope: f64,
        source: &mut ParameterSource,
    ) -> Self {
        assert_knots::<S>(knots);
        assert!(
            range.is_finite() && range > 0.0,
            "the range of a spline must be a positive number, not {range}"
        );
        let step = Knots::new(knots, range).step();
        let noise = source.uniform([hidden, knots], -0.1, 0.1);
        let line = (0..hidden * knots)
            .map(|index| ((index % knots) as f64 * step - range) * slope)
            .collect();
        let line = source.values([hidden, knots], line).val();
        Self {
            coefficients: Param::from_tensor((noise.val() * (slope * step) + line).detach()),
            range,
            slope_penalty: 0.0,
            sign: PhantomData,
        }
    }

    /// With a weight λ of the [`penalty`](Self::penalty), which a training loop adds to its loss.
    pub fn with_slope_penalty(self, slope_penalty: f64) -> Self {
        Self {
            slope_penalty,
            ..self
        }
    }

    /// `λ Σ |s_{k+1} − s_k|` over the slopes `s_k` of all units, `[1]`, if λ is not 0: Goujon et al.'s second-order total
    /// variation, which is small for splines of few pieces.
    pub fn penalty(&self) -> Option<Tensor<1>> {
        if self.slope_penalty == 0.0 {
            return None;
        }
        let slopes = self.slopes();
        let [_, pieces] = slopes.dims();
        if pieces == 1 {
            // One slope does not change.
            return Some(slopes.sum() * 0.0);
        }
        let right = slopes.clone().narrow(1, 1, pieces - 1);
        let changes = right - slopes.narrow(1, 0, pieces - 1);
        Some(changes.abs().sum() * self.slope_penalty)
    }

    /// The coefficients in use, `[hidden, knots]`.
    pub fn coefficients(&self) -> Tensor<2> {
        S::coefficients(self.coefficients.val(), self.knots().step())
    }

    /// The knots lie on `[-range, range]`.
    pub fn range(&self) -> f64 {
        self.range
    }

    fn knots(&self) -> Knots {
        let [_, count] = self.coefficients.dims();
        Knots::new(count, self.range)
    }

    /// The slopes of the pieces, `[hidden, knots − 1]`; the outer two continue outside.
    pub(crate) fn slopes(&self) -> Tensor<2> {
        self.slopes_of(self.coefficients())
    }

    /// The slopes that coefficients in use have.
    pub(crate) fn slopes_of(&self, coefficients: Tensor<2>) -> Tensor<2> {
        let [_, knots] = coefficients.dims();
        let right = coefficients.clone().narrow(1, 1, knots - 1);
        (right - coefficients.narrow(1, 0, knots - 1)) * self.knots().step().recip()
    }

    /// The piece each value falls on, `[batch, hidden]`, end pieces for values outside.
    fn piece(&self, z: Tensor<2>) -> Tensor<2, Int> {
        self.knots().locate(z).0
    }
}

/// `table[hidden, piece]` for the piece of each unit of each point.
fn look_up(table: Tensor<2>, piece: Tensor<2, Int>) -> Tensor<2> {
    table.transpose().gather(0, piece)
}

impl<S: SplineShape> Activation for SplineActivation<S> {
    fn forward(&self, z: Tensor<2>) -> Tensor<2> {
        linear_spline(z, self.coefficients(), self.range)
    }

    fn jacobian_vector(&self, z: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        look_up(self.slopes(), self.piece(z)) * v
    }
}

impl<S: SplineShape> GradientActivation for SplineActivation<S> {}
impl<S: SplineShape> BlockDiagonalActivation for SplineActivation<S> {}
impl MonotoneActivation for SplineActivation<NonNegative> {}

impl<S: SplineShape> ActivationPotential for SplineActivation<S> {
    /// The quadratic spline with `ψ_i = 0` at the first knot: trapezoids up to the knot on the left,
    /// then `c δ + slope δ²/2`.
    fn potential(&self, z: Tensor<2>) -> Tensor<1> {
        let coefficients = self.coefficients();
        let [hidden, knots] = coefficients.dims();
        let step = self.knots().step();
        let left = coefficients.clone().narrow(1, 0, knots - 1);
        let right = coefficients.clone().narrow(1, 1, knots - 1);
        let start = Tensor::zeros([hidden, 1], (&left.device(), left.dtype()));
        let areas = if knots == 2 {
            start
        } else {
            let areas = ((left.clone() + right.clone()) * (step / 2.0)).cumsum(1);
            Tensor::cat(vec![start, areas.narrow(1, 0, knots - 2)], 1)
        };

        let piece = self.piece(z.clone());
        let delta = z + self.range - piece.clone().float().cast(left.dtype()) * step;
        let value = look_up(left.clone(), piece.clone());
        let slope = look_up((right - left) / step, piece.clone());
        let area = look_up(areas, piece);
        (area + value * delta.clone() + slope * delta.square() * 0.5)
            .sum_dim(1)
            .squeeze_dim(1)
    }
}
