//! Learned linear splines: the activations of the ridge baselines RR and CRR.

use burn::tensor::Tensor;

use super::operands::Operands;
use super::{has_kernels, portable};

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
    let run = if has_kernels(&z) {
        fused
    } else {
        portable::linear_spline
    };
    operands.rounded(run(z, coefficients, range))
}

#[cfg(any(feature = "flex", feature = "wgpu", feature = "cuda", feature = "rocm"))]
fn fused(z: Tensor<2>, coefficients: Tensor<2>, range: f64) -> Tensor<2> {
    use super::extension::ForwardKernels;
    use burn::backend::Dispatch;

    let (z, coefficients) = (z.into_dispatch(), coefficients.into_dispatch());
    Tensor::from_dispatch(Dispatch::spline(z, coefficients, range))
}

/// Without a backend that has kernels there is no other way.
#[cfg(not(any(feature = "flex", feature = "wgpu", feature = "cuda", feature = "rocm")))]
use portable::linear_spline as fused;
