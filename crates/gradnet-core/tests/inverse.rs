//! Inverses, conjugates and log-determinants of strongly monotone fields, and line integrals.

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use gradnet_core::analysis::{
    host, jacobians, line_integral, log_det_jacobian, log_det_jacobian_estimate,
};
use gradnet_core::combine::StronglyMonotone;
use gradnet_core::inverse::InverseSettings;
use gradnet_core::network::{
    Builds, CascadeConfig, MGradNetC, MGradNetM, ModularConfig, UnitFunction,
};
use gradnet_core::{ParameterSource, Potential, VectorField};

const DIM: usize = 5;

fn source(seed: u64) -> ParameterSource {
    ParameterSource::new(&Device::flex(), seed).with_dtype(FloatDType::F64)
}

fn points(rows: usize, seed: u64) -> Tensor<2> {
    let values = host(source(seed).uniform([rows, DIM], -3.0, 3.0).val());
    let data = TensorData::new(values, [rows, DIM]);
    Tensor::from_data(data, (&Device::flex(), DType::F64))
}

/// A field with steep units, far from linear.
fn field() -> StronglyMonotone<MGradNetC> {
    let config = CascadeConfig {
        width: Some(12),
        activation: UnitFunction::Tanh,
        ..Default::default()
    };
    let mut network: MGradNetC = config
        .init(DIM, &mut source(1))
        .expect("the settings are valid");
    network.weight = source(2).normal([12, DIM], 0.0, 3.0);
    StronglyMonotone::new(network, 0.3)
}

fn precise() -> InverseSettings {
    InverseSettings {
        tolerance: 1e-11,
        ..Default::default()
    }
}

#[test]
fn the_inverse_takes_values_back_to_their_points() {
    let (field, x) = (field(), points(20, 3));
    let found = field
        .inverse(field.forward(x.clone()), &precise())
        .expect("it converges");
    // ‖x − f⁻¹(y)‖ ≤ residual / μ.
    for (a, b) in host(found.x).iter().zip(host(x)) {
        assert!((a - b).abs() < 1e-9, "{a} against {b}");
    }
    assert!(found.residuals.iter().all(|residual| *residual < 1e-9));
}

#[test]
fn fenchel_young_holds_with_equality_at_the_gradient_only() {
    let (field, x) = (field(), points(8, 4));
    let y = field.forward(x.clone());
    let conjugate = host(
        field
            .conjugate(y.clone(), &precise())
            .expect("it converges"),
    );
    let pairing = |x: Tensor<2>| host((x * y.clone()).sum_dim(1));
    let gap = |x: Tensor<2>| -> Vec<f64> {
        let value = host(field.potential(x.clone()));
        let sums = value.iter().zip(&conjugate).map(|(f, g)| f + g);
        sums.zip(pairing(x))
            .map(|(sum, product)| sum - product)
            .collect()
    };
    assert!(
        gap(x.clone()).iter().all(|gap| gap.abs() < 1e-8),
        "{:?}",
        gap(x.clone())
    );
    // F(x') + F*(y) − ⟨x', y⟩ ≥ μ/2 ‖x' − x‖².
    let away = x + 0.5;
    assert!(
        gap(away)
            .iter()
            .all(|gap| *gap > 0.15 * DIM as f64 * 0.25 - 1e-9)
    );
}

#[test]
fn the_gradient_of_the_conjugate_is_the_inverse() {
    let (field, y, v, h) = (field(), points(4, 5), points(4, 6), 1e-4);
    let value = |y| field.conjugate(y, &precise()).expect("it converges");
    let difference =
        (value(y.clone() + v.clone() * h) - value(y.clone() - v.clone() * h)) / (2.0 * h);
    let x = field.inverse(y, &precise()).expect("it converges").x;
    for (a, b) in host((x * v).sum_dim(1)).iter().zip(host(difference)) {
        assert!((a - b).abs() < 1e-5 * b.abs().max(1.0), "{a} against {b}");
    }
}

#[test]
fn an_inverse_that_does_not_converge_says_which_points() {
    let settings = InverseSettings {
        newton_steps: 1,
        ..precise()
    };
    let error = field()
        .inverse(points(3, 7), &settings)
        .expect_err("one step is too few");
    assert_eq!((error.batch, error.steps), (3, 1));
    assert!(
        error.to_string().contains("of 3 points did not reach"),
        "{error}"
    );
    let nan = points(2, 8) * f64::NAN;
    let error = field()
        .inverse(nan, &precise())
        .expect_err("NaN has no inverse");
    assert_eq!(error.failed.len(), 2);
}

#[test]
fn log_determinants_are_those_of_the_jacobians() {
    let (field, x) = (field(), points(6, 9));
    let exact = log_det_jacobian(&field, x.clone());
    for (ours, jacobian) in exact.iter().zip(jacobians(&field, x.clone())) {
        let expected = jacobian.determinant().ln();
        assert!((ours - expected).abs() < 1e-9, "{ours} against {expected}");
    }
    // With as many steps as dimensions the quadrature is exact; only the probes are random.
    let estimate = log_det_jacobian_estimate(&field, x, 400, DIM, 1);
    for (ours, exact) in estimate.iter().zip(&exact) {
        assert!(
            (ours - exact).abs() < 0.05 * exact.abs().max(5.0),
            "{ours} against {exact}"
        );
    }
}

#[test]
fn line_integrals_are_differences_of_potentials() {
    let config = ModularConfig {
        width: Some(6),
        ..Default::default()
    };
    let network: MGradNetM = config
        .init(DIM, &mut source(3))
        .expect("the settings are valid");
    let (from, to) = (points(5, 1), points(5, 2));
    let integral = line_integral(&network, from.clone(), to.clone(), 1e-11).expect("it settles");
    let expected = host(network.potential(to.clone()) - network.potential(from.clone()));
    for (a, b) in integral.values.iter().zip(expected) {
        assert!((a - b).abs() < 1e-10, "{a} against {b}");
    }
    let error = line_integral(&network, from, to, 0.0).expect_err("no quadrature is exact");
    assert_eq!(error.nodes, 1024);
}
