//! Inverses, conjugates and log-determinants of strongly monotone fields, and line integrals.

use burn::module::{Module, ModuleDisplay};
use burn::tensor::{Device, FloatDType, Tensor};
use gradnet_core::activation::{
    BlockDiagonalActivation, CascadedActivation, ElementwiseActivation, IcgnActivation,
    ModularActivation, MonotoneActivation, NeuralActivation, One, ScalarFunction, SoftmaxBlock,
    SoftplusRho, SplineActivation,
};
use gradnet_core::analysis::{
    LogDetEstimate, host, jacobians, line_integral, log_det_jacobian, log_det_jacobian_estimate,
};
use gradnet_core::combine::StronglyMonotone;
use gradnet_core::inverse::InverseSettings;
use gradnet_core::network::{MGradNetC, MGradNetCConfig, MGradNetMConfig, UnitFunction};
use gradnet_core::sign::{Free, NonNegative};
use gradnet_core::{ParameterSource, Potential, TiedNetwork, VectorField};

const DIM: usize = 5;

fn source(seed: u64) -> ParameterSource {
    ParameterSource::new(&Device::flex(), seed).with_dtype(FloatDType::F64)
}

fn points_in(dim: usize, rows: usize, seed: u64) -> Tensor<2> {
    source(seed).uniform([rows, dim], -3.0, 3.0).val().detach()
}

fn points(rows: usize, seed: u64) -> Tensor<2> {
    points_in(DIM, rows, seed)
}

/// A field with steep units, far from linear.
fn field() -> StronglyMonotone<MGradNetC> {
    let mut network = MGradNetCConfig::new(DIM)
        .with_width(12)
        .with_activation(UnitFunction::Tanh)
        .init_from(&mut source(1))
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

/// 300 rows, which are searched in three parts, are each what they are alone, in their order.
#[test]
fn a_batch_in_parts_is_its_rows() {
    let network = MGradNetMConfig::new(DIM).with_width(6);
    let field = StronglyMonotone::new(network.init_from(&mut source(11)).unwrap(), 0.3);
    let x = points(300, 12);
    let y = field.forward(x.clone());
    let found = field.solve(y.clone(), None, &precise());
    assert!(found.is_solved());
    assert_eq!(found.verdicts.len(), 300);
    for (a, b) in host(found.x).iter().zip(host(x)) {
        assert!((a - b).abs() < 1e-9, "{a} against {b}");
    }
    for row in [0, 127, 128, 299] {
        let alone = field.solve(y.clone().narrow(0, row, 1), None, &precise());
        assert_eq!(alone.verdicts[0], found.verdicts[row]);
        assert!(alone.residuals[0] < 1e-9 && found.residuals[row] < 1e-9);
    }
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
fn a_tolerance_below_what_single_precision_allows_is_refused_with_the_remedy() {
    let mut single = ParameterSource::new(&Device::flex(), 3);
    let network = MGradNetCConfig::new(DIM)
        .with_width(16)
        .init_from(&mut single)
        .expect("the settings are valid");
    let field = StronglyMonotone::new(network, 0.5);
    let y = single.uniform([32, DIM], -2.0, 2.0).val();
    let settings = InverseSettings {
        tolerance: 1e-12,
        ..Default::default()
    };
    let error = field
        .inverse(y, &settings)
        .expect_err("32 residuals of f32 are not all 0");
    assert!(error.to_string().contains("compute in f64"), "{error}");
}

/// A strongly monotone shell around an activation, on `dim` coordinates.
fn strong<A>(activation: A, [hidden, dim]: [usize; 2]) -> StronglyMonotone<TiedNetwork<A>>
where
    A: MonotoneActivation + Module + ModuleDisplay,
{
    let shell = TiedNetwork::new([hidden, dim], activation, &mut source(5));
    StronglyMonotone::new(shell.with_biases(&mut source(6)), 0.3)
}

/// The structure gives what the dense Jacobian gives, to 1e-10 of the value.
#[track_caller]
fn assert_log_det<A>(activation: A, shape: [usize; 2])
where
    A: MonotoneActivation + BlockDiagonalActivation + Module + ModuleDisplay,
{
    let field = strong(activation, shape);
    let x = points_in(shape[1], 4, 9);
    let ours = field.log_det_jacobian(x.clone());
    let dense = log_det_jacobian(&field, x.clone());
    for ((ours, dense), jacobian) in ours.iter().zip(&dense).zip(jacobians(&field, x)) {
        let expected = jacobian.determinant().ln();
        for value in [ours, dense] {
            let error = (value - expected).abs();
            assert!(
                error < 1e-10 * expected.abs().max(1.0),
                "{value} against {expected} at {shape:?}"
            );
        }
    }
}

#[test]
fn log_determinants_by_the_structure_are_those_of_the_jacobians() {
    // Fewer hidden units than coordinates, as many, more.
    for [hidden, dim] in [[6, 20], [12, 12], [24, 5]] {
        let (tanh, shape) = (ScalarFunction::Tanh, [hidden, dim]);
        let mut origin = source(1);
        assert_log_det(
            ElementwiseActivation::<NonNegative>::new(hidden, tanh, &mut origin),
            shape,
        );
        let cascade = CascadedActivation::<NonNegative>::learned([3, hidden], dim, &mut origin);
        assert_log_det(cascade, shape);
        assert_log_det(
            NeuralActivation::<NonNegative>::new([hidden, 4], tanh, &mut origin),
            shape,
        );
        assert_log_det(IcgnActivation::new(hidden, dim, &mut origin), shape);
        let spline = SplineActivation::<NonNegative>::new([hidden, 9], 1.5, 1.0, &mut origin);
        assert_log_det(spline, shape);
        // Blocks of three units, with and without a part of rank one.
        let modules = hidden / 3;
        let block = SoftmaxBlock::<NonNegative>::new(modules, true, &mut origin);
        let sigma =
            ModularActivation::<_, _, NonNegative>::new(modules, block.clone(), One, &mut origin);
        assert_log_det(sigma, shape);
        let sigma =
            ModularActivation::<_, _, NonNegative>::new(modules, block, SoftplusRho, &mut origin);
        assert_log_det(sigma, shape);
    }
}

#[test]
fn log_determinants_of_what_is_no_number_are_none() {
    let block = SoftmaxBlock::<NonNegative>::new(2, true, &mut source(1));
    let sigma = ModularActivation::<_, _, NonNegative>::new(2, block, One, &mut source(2));
    let field = strong(sigma, [6, DIM]);
    let x = points(2, 9) * f64::NAN;
    assert!(
        field
            .log_det_jacobian(x.clone())
            .iter()
            .all(|value| value.is_nan())
    );
    assert!(
        log_det_jacobian(&field, x)
            .iter()
            .all(|value| value.is_nan())
    );
}

/// Within four standard errors of the truth at every point: wrong once in 16,000 points for a right estimate.
fn agrees(estimate: &LogDetEstimate, exact: &[f64]) -> bool {
    let errors = estimate.standard_errors.iter();
    let values = estimate.values.iter().zip(exact);
    values
        .zip(errors)
        .all(|((ours, exact), error)| (ours - exact).abs() < 4.0 * error)
}

#[test]
fn the_stochastic_log_determinant_in_dimension_64_is_exact_within_its_standard_error() {
    let (hidden, dim) = (96, 64);
    let sigma =
        ElementwiseActivation::<NonNegative>::new(hidden, ScalarFunction::Tanh, &mut source(1));
    let mut field = strong(sigma, [hidden, dim]);
    field.field.weight = source(2).normal([hidden, dim], 0.0, 0.5);
    let x = points_in(dim, 4, 9);
    let exact = field.log_det_jacobian(x.clone());
    let estimate = log_det_jacobian_estimate(&field, x.clone(), 200, 20, 1);
    assert!(agrees(&estimate, &exact), "{estimate:?} against {exact:?}");
    // 200 probes leave a standard error of about 1 on a sum of 64 logarithms: the agreement says something.
    for error in &estimate.standard_errors {
        assert!((0.1..1.5).contains(error), "{error}");
    }
    // One Lanczos step takes the logarithm of a mean for the mean of a logarithm: far outside.
    let crude = log_det_jacobian_estimate(&field, x, 200, 1, 1);
    assert!(!agrees(&crude, &exact), "{crude:?} against {exact:?}");
}

/// `ln det (c² J) = ln det J + 2 dim ln c`, for slopes whose squares are zero in 32 bits.
#[test]
fn the_stochastic_log_determinant_of_a_nearly_flat_field_in_32_bits_is_exact_as_well() {
    let (hidden, dim) = (48, 32);
    let narrow = |seed| ParameterSource::new(&Device::flex(), seed);
    let tanh = ScalarFunction::Tanh;
    let sigma = ElementwiseActivation::<NonNegative>::new(hidden, tanh, &mut narrow(1));
    let network = TiedNetwork::new([hidden, dim], sigma, &mut narrow(2));
    for scale in [1.0, 1e-5, 1e-12, 1e-16] {
        let mut field = StronglyMonotone::new(network.clone(), 0.3 * scale * scale);
        field.field.weight = narrow(3).normal([hidden, dim], 0.0, 0.5 * scale);
        let x = narrow(4).uniform([3, dim], -1.0, 1.0).val().detach();
        let exact = log_det_jacobian(&field, x.clone());
        let estimate = log_det_jacobian_estimate(&field, x, 200, 20, 1);
        assert!(
            agrees(&estimate, &exact),
            "{scale}: {estimate:?} against {exact:?}"
        );
    }
}

#[test]
fn line_integrals_are_differences_of_potentials() {
    let network = MGradNetMConfig::new(DIM)
        .with_width(6)
        .init_from(&mut source(3))
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

/// A field on the line that is 1 between `left` and `right` and 0 outside, with edges `4/steepness` wide.
fn pulse([left, right]: [f64; 2], steepness: f64) -> TiedNetwork<ElementwiseActivation<Free>> {
    let mut sigma = ElementwiseActivation::<Free>::new(2, ScalarFunction::Tanh, &mut source(1));
    sigma.alpha = source(0).values([2], vec![0.5 / steepness, -0.5 / steepness]);
    let mut pulse = TiedNetwork::new([2, 1], sigma, &mut source(1));
    pulse.weight = source(0).constant([2, 1], steepness);
    let biases = [left, right].map(|edge| -steepness * edge);
    pulse.hidden_bias = Some(source(0).values([2], biases.to_vec()));
    pulse
}

#[test]
fn line_integrals_do_not_see_what_lies_between_their_nodes() {
    let at = |t: f64| source(0).constant([1, 1], t).val();
    // In the middle of the way neither 8 nor 16 nodes have one.
    let narrow = pulse([0.499, 0.501], 5e3);
    let rise = host(narrow.potential(at(1.0)) - narrow.potential(at(0.0)))[0];
    assert!((rise - 0.002).abs() < 1e-9, "{rise}");
    // It settles, on the wrong value, with an error of nothing: the change says nothing of what no node saw.
    let unseen = line_integral(&narrow, at(0.0), at(1.0), 1e-6).expect("it settles");
    assert!(
        unseen.values[0].abs() < 1e-9 && unseen.errors[0] < 1e-9,
        "{unseen:?}"
    );
    // On a way that is not much longer than the pulse the nodes are close enough.
    let near = line_integral(&narrow, at(0.49), at(0.51), 1e-9).expect("it settles");
    assert!((near.values[0] - rise).abs() < 1e-9, "{near:?}");
    // Edges as sharp that nodes lie on both sides of are seen, and no doubling settles them.
    let wide = pulse([0.3, 0.63], 1e6);
    let error = line_integral(&wide, at(0.0), at(1.0), 1e-6).expect_err("it was seen");
    assert!(error.change > 1e-5, "{error}");
}
