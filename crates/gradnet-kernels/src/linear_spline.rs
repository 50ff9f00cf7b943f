//! Learned linear splines: the activations of the ridge baselines RR and CRR.

use burn::tensor::{Int, Tensor};

use super::operands::Operands;
use super::operation::Operation;
use super::{has_kernels, portable};

/// Uniform knots on [−range, range], two or more: where a number lies between them is said here, and said the same by
/// every kernel (`tests`).
#[derive(Clone, Copy, Debug)]
pub struct Knots {
    count: usize,
    range: f64,
}

impl Knots {
    /// `count` ≥ 2 knots from −range to range.
    pub fn new(count: usize, range: f64) -> Self {
        Self { count, range }
    }

    /// The distance of neighbours.
    pub fn step(&self) -> f64 {
        2.0 * self.range / (self.count - 1) as f64
    }

    /// Knots per unit of length, which positions are products with.
    pub(crate) fn density(&self) -> f64 {
        (self.count - 1) as f64 / (2.0 * self.range)
    }

    /// The piece each number lies on, counted from 0, and the fraction of the way along it: at a knot the piece to its
    /// right, outside the knots the end piece and a fraction below 0 or above 1.
    ///
    /// # Shapes
    /// `z` and both: `[batch, hidden]`
    pub fn locate(&self, z: Tensor<2>) -> (Tensor<2, Int>, Tensor<2>) {
        let position = (z + self.range) * self.density();
        let last = (self.count - 2) as f64;
        let piece = position.clone().detach().floor().clamp(0.0, last);
        (piece.clone().int(), position - piece)
    }
}

/// Evaluates one piecewise linear function per hidden unit.
///
/// The knots are uniform, linspace(−range, range, knots), and `coefficients` holds the values at them. Outside the
/// knots the function continues with its end slope (the index is clamped, the fraction is not). The derivative in `z`
/// is the local slope, to the right of a knot at a knot.
///
/// Differentiable in `z` and `coefficients`.
///
/// # Shapes
/// - `z`: `[batch, hidden]`
/// - `coefficients`: `[hidden, knots]`
/// - output: `[batch, hidden]`
///
/// # Panics
/// If the shapes or the float types disagree, there are fewer than two knots, or `range` is not a
/// positive number.
pub fn linear_spline(z: Tensor<2>, coefficients: Tensor<2>, range: f64) -> Tensor<2> {
    let [_, hidden] = z.dims();
    let [units, knots] = coefficients.dims();
    assert_eq!(
        units, hidden,
        "`coefficients` of a linear spline must be [hidden, knots]"
    );
    assert!(knots >= 2, "a linear spline needs two knots, not {knots}");
    assert!(
        range.is_finite() && range > 0.0,
        "the range of a linear spline must be positive, not {range}"
    );
    let (operands, z) = Operands::new("linear spline", z);
    let coefficients = operands.with("coefficients", coefficients);
    let y = if has_kernels(&z) {
        let inputs = vec![z.into_dispatch(), coefficients.into_dispatch()];
        Operation::LinearSpline { range }.run(inputs)
    } else {
        portable::linear_spline(z, coefficients, range)
    };
    operands.rounded(y)
}
