//! Learned linear splines, one for each hidden unit: the activations of the baselines CRR and RR.
//!
//! A unit's function is piecewise linear through its coefficients `c_k` at `knots` uniform knots of
//! `[−range, range]` and continues with its end slopes outside. The CRR (Goujon et al., "A
//! Neural-Network-Based Convex Regularizer for Inverse Problems") makes it nondecreasing: slopes are
//! clipped at zero, the first and the last slope are zero, and the value at the middle knot is zero.
//! The RR is the same network without that constraint (App. A). The shapes, one more among them, are [`SplineShape`]s.

use super::spline_shape::{SplineShape, assert_knots};
use super::{
    Activation, ActivationPotential, BlockDiagonalActivation, GradientActivation,
    MonotoneActivation,
};
use crate::kernel::{Knots, linear_spline};
use crate::sign::{NonNegative, Sign};
use crate::source::ParameterSource;
use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor};

/// A learned linear spline for each unit; nondecreasing for `S = NonNegative`.
#[derive(Module, Debug)]
pub struct SplineActivation<S: Sign> {
    /// The stored coefficients, `[hidden, knots]`.
    pub coefficients: Param<Tensor<2>>,
    range: f64,
    slope_penalty: f64,
    #[module(skip)]
    shape: S,
}

impl<S: SplineShape> SplineActivation<S> {
    /// `hidden` splines through `knots` knots on `[-range, range]`, close to `slope * u` so that
    /// all parameters receive gradients from the start: where a clipped slope starts at zero it
    /// stays there.
    ///
    /// # Panics
    /// If there are fewer knots than [`SplineShape::LEAST_KNOTS`] (2, or 4 for nondecreasing
    /// splines), or `range` is not a positive number.
    pub fn new(shape: [usize; 2], range: f64, slope: f64, source: &mut ParameterSource) -> Self
    where
        S: Default,
    {
        Self::shaped(S::default(), shape, range, slope, source)
    }

    /// Splines as [`new`](Self::new) makes them, of a shape that has settings of its own; `slope` must be one that it
    /// allows.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    pub fn shaped(
        shape: S,
        [hidden, knots]: [usize; 2],
        range: f64,
        slope: f64,
        source: &mut ParameterSource,
    ) -> Self {
        assert_possible::<S>(knots, range);
        let (slope, end) = (shape.stored_slope(slope), shape.stored_range(range));
        let step = Knots::new(knots, end).step();
        let noise = source.uniform([hidden, knots], -0.1, 0.1);
        let line = (0..hidden * knots)
            .map(|index| ((index % knots) as f64 * step - end) * slope)
            .collect();
        let line = source.values([hidden, knots], line).val();
        Self {
            coefficients: Param::from_tensor((noise.val() * (slope * step) + line).detach()),
            range,
            slope_penalty: 0.0,
            shape,
        }
    }

    /// Splines of a shape that have `values` at their knots, `[hidden, knots]` row by row; nondecreasing ones, and
    /// those with slopes between bounds, up to a constant.
    ///
    /// # Panics
    /// As [`new`](Self::new), or if there are not as many values as knots.
    pub fn through(
        values: &[f64],
        shape: S,
        [hidden, knots]: [usize; 2],
        range: f64,
        source: &mut ParameterSource,
    ) -> Self {
        assert_possible::<S>(knots, range);
        assert_eq!(values.len(), hidden * knots, "a value for each knot");
        let [step, of_stored] =
            [range, shape.stored_range(range)].map(|end| Knots::new(knots, end).step());
        let stored = values.chunks_exact(knots).flat_map(|values| {
            let rises = values.windows(2).map(|pair| (pair[1] - pair[0]) / step);
            let rises = rises.map(|slope| shape.stored_slope(slope) * of_stored);
            let heights = rises.scan(values[0], |height, rise| {
                *height += rise;
                Some(*height)
            });
            std::iter::once(values[0]).chain(heights)
        });
        let stored = stored.collect();
        Self {
            coefficients: source.values([hidden, knots], stored),
            range,
            slope_penalty: 0.0,
            shape,
        }
    }

    /// With a weight λ of the [`penalty`](Self::penalty), which a training loop adds to its loss.
    pub fn with_slope_penalty(self, slope_penalty: f64) -> Self {
        Self {
            slope_penalty,
            ..self
        }
    }

    /// `λ Σ |s_{k+1} − s_k|` over the slopes `s_k` of all units, `[1]`, if λ is not 0: Goujon et al.'s second-order
    /// total variation, which is small for splines of few pieces.
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
        let stored = self.coefficients.val();
        self.shape.coefficients(stored, self.knots().step())
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

/// Panics unless there are knots enough for splines of shape `S`, on a range that is one.
fn assert_possible<S: SplineShape>(knots: usize, range: f64) {
    assert_knots::<S>(knots);
    assert!(
        range.is_finite() && range > 0.0,
        "the range of a spline must be a positive number, not {range}"
    );
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
