//! The work of a field around a closed loop, which is zero for a gradient.

use super::jacobian::host;
use crate::field::VectorField;
use burn::tensor::{Tensor, TensorData};
use core::f64::consts::TAU;

/// The relative work of the field around a circle, `∮⟨f, dx⟩ / ∮‖f‖‖dx‖`, by the trapezoidal rule.
///
/// The circle has centre `centre` and spans the plane of the directions `u` and `v`, whose lengths are its
/// half axes. The rule converges faster than any power of `steps` for a smooth field; the value lies in
/// `[-1, 1]`, and is 0 up to rounding and quadrature for a gradient field.
///
/// # Shapes
/// `centre`, `u`, `v`: `dim` numbers each.
///
/// # Panics
/// If the lengths differ from the dimension of the field.
pub fn loop_integral(
    field: &impl VectorField,
    like: &Tensor<2>,
    [centre, u, v]: [&[f64]; 3],
    steps: usize,
) -> f64 {
    let dim = field.dim();
    assert!(
        [centre, u, v].iter().all(|vector| vector.len() == dim),
        "the loop must lie in R^{dim}"
    );
    let angle = |step: usize| TAU * step as f64 / steps as f64;
    let points: Vec<f64> = (0..steps)
        .flat_map(|step| {
            let (sin, cos) = angle(step).sin_cos();
            (0..dim).map(move |i| centre[i] + u[i] * cos + v[i] * sin)
        })
        .collect();
    let x = Tensor::<2>::from_data(
        TensorData::new(points, [steps, dim]),
        (&like.device(), like.dtype()),
    );
    let values = host(field.forward(x));
    let (mut work, mut length) = (0.0, 0.0);
    for (step, value) in values.chunks_exact(dim).enumerate() {
        let (sin, cos) = angle(step).sin_cos();
        let tangent: Vec<f64> = (0..dim).map(|i| v[i] * cos - u[i] * sin).collect();
        work += dot(value, &tangent);
        length += dot(value, value).sqrt() * dot(&tangent, &tangent).sqrt();
    }
    if length == 0.0 { 0.0 } else { work / length }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
