//! Learned linear splines: the activations of the ridge baselines RR and CRR.

use burn::tensor::Tensor;

use super::portable;

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
/// If the shapes disagree, there are fewer than two knots, or `range` is not a positive number.
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
    portable::linear_spline(z, coefficients, range)
}
