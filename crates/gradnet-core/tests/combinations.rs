//! Fields made of fields: each keeps the guarantee its type claims, and is what its formula says.

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use gradnet_core::activation::{QuadraticLseActivation, ScalarFunction};
use gradnet_core::analysis::{Region, Verification, host, jacobians, verify};
use gradnet_core::combine::{
    Centred, Combination, Difference, FreeTransformation, LipschitzField, SmoothComplement,
    SoftplusTransformation, StronglyMonotone, Sum, Transformed, WithLinearPart,
};
use gradnet_core::network::{
    Builds, CascadeConfig, Claim, GradNet, GradNetC, IcgnConfig, MGradNet, MGradNetC, MGradNetM,
    ModularConfig, SingleConfig, UnitFunction,
};
use gradnet_core::sign::{Free, NonNegative};
use gradnet_core::{MonotoneField, ParameterSource, Potential, TiedNetwork, VectorField};

const DIM: usize = 3;

fn source(seed: u64) -> ParameterSource {
    ParameterSource::new(&Device::flex(), seed).with_dtype(FloatDType::F64)
}

fn points(rows: usize, seed: u64) -> Tensor<2> {
    let values = host(source(seed).uniform([rows, DIM], -1.0, 1.0).val());
    let data = TensorData::new(values, [rows, DIM]);
    Tensor::from_data(data, (&Device::flex(), DType::F64))
}

fn cascade<N>(seed: u64) -> N
where
    CascadeConfig: Builds<N>,
{
    let config = CascadeConfig {
        width: Some(6),
        ..Default::default()
    };
    config
        .init(DIM, &mut source(seed))
        .expect("the settings are valid")
}

fn report(field: &impl VectorField, claim: Claim) -> Verification {
    let region = Region {
        low: -2.0,
        high: 2.0,
    };
    verify(field, claim, &points(1, 0), region, 9, 4)
}

#[track_caller]
fn assert_gradient(field: &impl Potential) {
    let report = report(field, Claim::Gradient);
    assert!(report.passed, "{report:?}");
    let (x, v, h) = (points(5, 1), points(5, 2), 1e-5);
    let difference = (field.potential(x.clone() + v.clone() * h)
        - field.potential(x.clone() - v.clone() * h))
        / (2.0 * h);
    let slope = (field.forward(x) * v).sum_dim(1);
    for (a, b) in host(slope).iter().zip(host(difference)) {
        assert!((a - b).abs() < 1e-7 * b.abs().max(1.0), "{a} against {b}");
    }
}

#[track_caller]
fn assert_monotone(field: &(impl MonotoneField + Potential)) {
    assert_gradient(field);
    let report = report(field, Claim::Monotone);
    assert!(report.passed, "{report:?}");
}

#[test]
fn linear_combinations_are_gradients_and_conical_ones_of_monotone_fields_monotone() {
    let fields: Vec<GradNetC> = (0..3).map(cascade).collect();
    let mut linear = Combination::<_, Free>::new(fields.clone(), &source(0));
    linear.coefficients = source(0).values([3], vec![1.0, -2.0, 0.5]);
    assert_gradient(&linear);
    let x = points(4, 3);
    let expected = fields[0].forward(x.clone()) - fields[1].forward(x.clone()) * 2.0
        + fields[2].forward(x.clone()) * 0.5;
    for (a, b) in host(linear.forward(x)).iter().zip(host(expected)) {
        assert!((a - b).abs() < 1e-12);
    }

    let monotone: Vec<MGradNetC> = (0..3).map(cascade).collect();
    let mut conical = Combination::<_, NonNegative>::new(monotone, &source(0));
    conical.coefficients = source(0).values([3], vec![0.3, -5.0, 2.0]);
    assert_monotone(&conical);
}

#[test]
fn the_difference_of_monotone_fields_is_a_gradient_but_not_monotone() {
    let modular = |seed| -> MGradNetM {
        let config = ModularConfig {
            width: Some(5),
            ..Default::default()
        };
        config
            .init(DIM, &mut source(seed))
            .expect("the settings are valid")
    };
    let difference = Difference::new(modular(1), modular(2));
    assert_gradient(&difference);
    let report = report(&difference, Claim::Monotone);
    assert!(
        !report.passed,
        "a difference may not pass as monotone: {report:?}"
    );
    assert_monotone(&Sum::new(modular(1), modular(2)));
}

#[test]
fn adding_mu_x_raises_every_eigenvalue_by_mu() {
    let field: MGradNetC = cascade(5);
    let strong = StronglyMonotone::new(field.clone(), 0.7);
    assert_monotone(&strong);
    let x = points(3, 6);
    for (with, without) in jacobians(&strong, x.clone())
        .iter()
        .zip(jacobians(&field, x))
    {
        let raised = with.symmetric_eigenvalues().min() - without.symmetric_eigenvalues().min();
        assert!((raised - 0.7).abs() < 1e-12, "{raised}");
    }
}

#[test]
fn a_linear_part_is_symmetric_or_positive_semidefinite() {
    let mut free = WithLinearPart::symmetric(cascade::<GradNetC>(1), &source(0));
    free.matrix = source(3).normal([DIM, DIM], 0.0, 2.0);
    assert_gradient(&free);
    assert!(!report(&free, Claim::Monotone).passed);
    let positive = WithLinearPart::positive(cascade::<MGradNetC>(1), 2, 1.0, &mut source(3));
    assert_monotone(&positive);
}

/// The largest singular value of a Jacobian over random points, a lower bound of the Lipschitz constant.
fn steepest(field: &impl VectorField) -> f64 {
    let norms = jacobians(field, points(400, 8));
    norms
        .iter()
        .map(|j| j.singular_values().max())
        .fold(0.0, f64::max)
}

#[test]
fn lipschitz_bounds_bound_and_the_complement_is_monotone() {
    let bound = |field: &dyn Fn() -> Tensor<1>| host(field())[0];
    let single: GradNet = SingleConfig {
        width: Some(8),
        ..Default::default()
    }
    .init(DIM, &mut source(2))
    .expect("the settings are valid");
    let learned: GradNetC = cascade(2);
    let sigmoid: GradNetC = CascadeConfig {
        width: Some(6),
        activation: UnitFunction::Sigmoid,
        ..Default::default()
    }
    .init(DIM, &mut source(2))
    .expect("the settings are valid");
    let icgn = IcgnConfig {
        width: Some(8),
        ..Default::default()
    }
    .init(DIM, &mut source(2))
    .expect("the settings are valid");
    assert!(steepest(&single) <= bound(&|| single.lipschitz_bound()));
    assert!(steepest(&learned) <= bound(&|| learned.lipschitz_bound()));
    assert!(steepest(&sigmoid) <= bound(&|| sigmoid.lipschitz_bound()));
    assert!(steepest(&icgn) <= bound(&|| icgn.lipschitz_bound()));
    assert_monotone(&SmoothComplement::new(single));
    assert_monotone(&SmoothComplement::new(learned));
    assert_monotone(&SmoothComplement::new(sigmoid));
    assert_monotone(&SmoothComplement::new(icgn));
}

#[test]
fn the_lipschitz_bound_is_met_where_all_units_are_at_their_steepest() {
    // Without biases every tanh is steepest at x = 0, where the Jacobian is Wᵀ diag(α) W.
    let mut network: MGradNet = SingleConfig {
        width: Some(8),
        ..Default::default()
    }
    .init(DIM, &mut source(2))
    .expect("the settings are valid");
    network.hidden_bias = None;
    let at_zero = jacobians(&network, points(1, 0) * 0.0)[0]
        .singular_values()
        .max();
    let bound = host(network.lipschitz_bound())[0];
    let (rounding, excess) = (1e-12, (DIM as f64).powf(1.0 / 256.0));
    assert!(
        bound >= at_zero * (1.0 - rounding) && bound <= at_zero * excess,
        "{bound} against {at_zero}"
    );
}

#[test]
fn transformed_fields_are_gradients_monotone_under_thm_6_and_nest() {
    let mut origin = source(11);
    let tanh = ScalarFunction::Tanh;
    let free = FreeTransformation::new(3, tanh, &mut origin);
    let general = Transformed::new(cascade::<GradNetC>(1), free, &origin);
    assert_gradient(&general);
    let gamma = SoftplusTransformation::new(3, tanh, &mut origin);
    let convex = Transformed::new(cascade::<MGradNetC>(1), gamma.clone(), &origin);
    assert_monotone(&convex);
    assert_monotone(&Transformed::new(convex, gamma, &origin));
    // Without nonnegativity nothing is claimed, and nothing holds.
    let free = FreeTransformation::new(3, tanh, &mut origin);
    let unclaimed = Transformed::new(cascade::<MGradNetC>(1), free, &origin);
    assert!(!report(&unclaimed, Claim::Monotone).passed);
}

#[test]
fn a_centred_field_is_the_field_seen_from_its_centre() {
    let field: MGradNetC = cascade(3);
    let mut centred = Centred::new(field.clone(), 0.5, &source(0));
    centred.centre = source(0).values([DIM], vec![0.5, -1.0, 2.0]);
    assert_monotone(&centred);
    let x = points(4, 7);
    let shifted = x.clone() - centred.centre.val().unsqueeze();
    let expected = host(field.forward(shifted));
    for (a, b) in host(centred.forward(x)).iter().zip(expected) {
        assert!((a - b).abs() < 1e-14, "{a} against {b}");
    }
}

#[test]
fn a_positive_linear_part_starts_near_its_scale_times_the_identity() {
    let rank = 4000;
    let part = WithLinearPart::positive(cascade::<MGradNetC>(1), rank, 0.3, &mut source(3));
    let v = part.matrix.val();
    let gram = host(v.clone().transpose().matmul(v));
    // Each entry spreads by at most 0.3 √(2/4000), 0.007.
    for (index, entry) in gram.iter().enumerate() {
        let expected = if index % (DIM + 1) == 0 { 0.3 } else { 0.0 };
        assert!(
            (entry - expected).abs() < 0.03,
            "{entry} against {expected}"
        );
    }
}

#[test]
fn the_shell_around_a_log_sum_exp_of_quadratics_is_monotone() {
    for temperature in [0.5, 20.0, 500.0_f64] {
        let sigma = QuadraticLseActivation::new(3, temperature, &source(0));
        let shell = TiedNetwork::new([12, DIM], sigma, &mut source(4)).with_biases(&mut source(5));
        let report = report(&shell, Claim::Monotone);
        assert!(report.passed, "{report:?}");
    }
}
