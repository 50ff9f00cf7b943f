//! The inverse row by row: starting points, verdicts, and rows that nothing can be found for.

use burn::module::{Module, Param};
use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use gradnet_core::activation::SplineActivation;
use gradnet_core::analysis::host;
use gradnet_core::combine::StronglyMonotone;
use gradnet_core::inverse::{InverseSettings, Solution, Verdict};
use gradnet_core::network::{MGradNetC, MGradNetCConfig, MGradNetM, MGradNetMConfig};
use gradnet_core::sign::NonNegative;
use gradnet_core::{GradientField, MonotoneField, ParameterSource, TiedNetwork, VectorField};
use std::sync::atomic::{AtomicUsize, Ordering};

const DIM: usize = 4;

fn source(seed: u64) -> ParameterSource {
    ParameterSource::new(&Device::flex(), seed).with_dtype(FloatDType::F64)
}

fn points(rows: usize, seed: u64) -> Tensor<2> {
    source(seed)
        .uniform([rows, DIM], -3.0, 3.0)
        .val()
        .detach()
        .set_require_grad(false)
}

fn modules(seed: u64) -> StronglyMonotone<MGradNetM> {
    let mut network = MGradNetMConfig::new(DIM)
        .with_width(8)
        .init_from(&mut source(seed))
        .expect("the settings are valid");
    let [hidden, _] = network.weight.dims();
    network.weight = source(seed + 1).normal([hidden, DIM], 0.0, 3.0);
    StronglyMonotone::new(network, 0.3)
}

fn cascade(source: &mut ParameterSource) -> MGradNetC {
    MGradNetCConfig::new(DIM)
        .with_width(6)
        .init_from(source)
        .expect("the settings are valid")
}

fn precise() -> InverseSettings {
    InverseSettings {
        tolerance: 1e-10,
        ..Default::default()
    }
}

/// Every row that is called solved is: the residual is computed anew. And every point is finite.
#[track_caller]
fn assert_honest(
    field: &impl VectorField,
    y: &Tensor<2>,
    found: &Solution,
    settings: &InverseSettings,
) {
    assert!(host(found.x.clone()).iter().all(|x| x.is_finite()));
    let residual = host(field.forward(found.x.clone()) - y.clone());
    let dim = field.dim();
    for (row, (residual, y)) in residual
        .chunks(dim)
        .zip(host(y.clone()).chunks(dim))
        .enumerate()
    {
        let norm = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>().sqrt();
        if found.verdicts[row] == Verdict::Solved {
            let bound = settings.tolerance * norm(y).max(1.0);
            assert!(norm(residual) <= bound * (1.0 + 1e-9), "row {row}");
        }
    }
}

#[test]
fn a_start_at_the_solution_takes_no_step_and_a_near_one_fewer() {
    let (field, x) = (modules(1), points(6, 3));
    let y = field.forward(x.clone());
    let there = field.solve(y.clone(), Some(x.clone()), &precise());
    assert!(there.is_solved() && there.steps == 0, "{there:?}");
    let near = field.solve(y.clone(), Some(x + 1e-3), &precise());
    let far = field.solve(y.clone(), None, &precise());
    assert!(near.is_solved() && far.is_solved());
    assert!(near.steps < far.steps, "{} and {}", near.steps, far.steps);
    assert_honest(&field, &y, &far, &precise());
}

#[test]
fn residuals_and_potentials_lead_to_the_same_points() {
    let (field, x) = (modules(2), points(20, 4));
    let y = field.forward(x.clone());
    let by_residual = field.solve(y.clone(), None, &precise());
    let by_potential = field.solve_by_potential(y.clone(), None, &precise());
    for found in [by_residual, by_potential] {
        assert!(found.is_solved(), "{:?}", found.verdicts);
        assert_honest(&field, &y, &found, &precise());
        for (a, b) in host(found.x).iter().zip(host(x.clone())) {
            assert!((a - b).abs() < 1e-8, "{a} against {b}");
        }
    }
}

#[test]
fn a_row_without_a_finite_value_stays_at_its_start_and_the_others_are_solved() {
    let (field, x) = (modules(1), points(5, 5));
    let y = host(field.forward(x.clone()));
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut y = y.clone();
        y[DIM + 1] = bad;
        let y = Tensor::<2>::from_data(TensorData::new(y, [5, DIM]), (&Device::flex(), DType::F64));
        for by_potential in [false, true] {
            let start = x.clone() * 0.5;
            let found = if by_potential {
                field.solve_by_potential(y.clone(), Some(start.clone()), &precise())
            } else {
                field.solve(y.clone(), Some(start.clone()), &precise())
            };
            let failed: Vec<usize> = found.failed().map(|(row, _)| row).collect();
            assert_eq!(failed, [1], "{bad}");
            assert_eq!(found.verdicts[1], Verdict::NotFinite);
            let row = |x: Tensor<2>| host(x.narrow(0, 1, 1));
            assert_eq!(row(found.x.clone()), row(start), "{bad}");
            assert_honest(&field, &y, &found, &precise());
        }
        let error = field
            .inverse(y, &precise())
            .expect_err("a row has no value");
        assert_eq!(error.failed.len(), 1);
        assert_eq!(error.failed[0].0, 1);
    }
}

#[test]
fn a_start_that_is_not_finite_is_as_none() {
    let (field, x) = (modules(1), points(3, 5));
    let y = field.forward(x.clone());
    let start = host(x.zeros_like());
    let start = start
        .iter()
        .enumerate()
        .map(|(i, x)| if i == 2 { f64::NAN } else { *x });
    let start = Tensor::<2>::from_data(
        TensorData::new(start.collect::<Vec<f64>>(), [3, DIM]),
        (&Device::flex(), DType::F64),
    );
    let found = field.solve(y.clone(), Some(start), &precise());
    assert!(found.is_solved());
    assert_honest(&field, &y, &found, &precise());
}

/// `x` up to a wall, beyond which nothing is finite; it counts the rows it is asked for.
#[derive(Module, Debug)]
struct Walled {
    scale: Param<Tensor<1>>,
    #[module(skip)]
    rows: std::sync::Arc<AtomicUsize>,
}

impl Walled {
    fn new(scale: f64) -> Self {
        Self {
            scale: source(0).constant([1], scale),
            rows: Default::default(),
        }
    }
}

impl VectorField for Walled {
    fn dim(&self) -> usize {
        DIM
    }

    /// `scale sinh x`: overflows for a step that is too long.
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.rows.fetch_add(x.dims()[0], Ordering::Relaxed);
        let e = x.clone().exp();
        let f = (-x).exp();
        (e - f) * self.scale.val().unsqueeze()
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        (x.clone().exp() + (-x).exp()) * v * self.scale.val().unsqueeze()
    }
}

impl GradientField for Walled {}
impl MonotoneField for Walled {}

#[test]
fn a_step_that_leaves_the_finite_numbers_is_shortened() {
    // From 0 Newton's step goes to 1e8/(2e-9 + 0.01): sinh of that is infinite.
    let field = StronglyMonotone::new(Walled::new(1e-9), 0.01);
    let y = points(4, 3) * 1e8;
    let settings = InverseSettings {
        newton_steps: 200,
        ..precise()
    };
    let found = field.solve(y.clone(), None, &settings);
    assert!(found.is_solved(), "{found:?}");
    assert_honest(&field, &y, &found, &settings);
}

#[test]
fn one_hard_row_does_not_make_the_others_run_on() {
    let field = StronglyMonotone::new(Walled::new(1e-9), 0.01);
    // 63 rows solved at the start, and one that takes many steps.
    let rows = 64;
    let mut y = vec![0.0; rows * DIM];
    y[DIM * 17..DIM * 18].fill(1e8);
    let y = Tensor::<2>::from_data(
        TensorData::new(y, [rows, DIM]),
        (&Device::flex(), DType::F64),
    );
    let settings = InverseSettings {
        newton_steps: 200,
        ..precise()
    };
    let found = field.solve(y.clone(), None, &settings);
    assert!(found.is_solved() && found.steps > 4, "{}", found.steps);
    assert_honest(&field, &y, &found, &settings);
    let asked = field.field.rows.load(Ordering::Relaxed);
    // Two looks at all rows, then one row for each trial of a step.
    assert!(asked < 2 * rows + 40 * found.steps, "{asked}");
    // One of the looks is the test's own.
    assert_eq!(found.work.values + rows, asked);
}

/// A cascade has no cheap whole Jacobians: conjugate gradients take their place, and none of their iterations waits.
#[test]
fn the_host_waits_less_often_than_the_search_iterates() {
    let rows = 6;
    let mut network = cascade(&mut source(3));
    network.weight = source(4).normal([6, DIM], 0.0, 0.3);
    let field = StronglyMonotone::new(network, 0.3);
    let y = field.forward(points(rows, 6));
    let found = field.solve(y.clone(), None, &precise());
    assert!(found.is_solved(), "{found:?}");
    let iterations = found.work.products / rows;
    assert!(
        0 < iterations && found.work.reads < iterations,
        "{:?}",
        found.work
    );
    assert_eq!(found.work.jacobians, 0);

    let field = modules(1);
    let y = field.forward(points(rows, 6));
    let work = field.solve(y, None, &precise()).work;
    assert!(work.jacobians >= rows && work.products == 0, "{work:?}");
}

/// A field that claims to be monotone and is not: `slope tanh x` with a negative slope.
#[derive(Module, Debug)]
struct Falling {
    slope: Param<Tensor<1>>,
}

impl VectorField for Falling {
    fn dim(&self) -> usize {
        DIM
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        x.clone().tanh() * self.slope.val().unsqueeze()
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        (x.tanh().square().neg() + 1.0) * v * self.slope.val().unsqueeze()
    }
}

impl GradientField for Falling {}
impl MonotoneField for Falling {}

#[test]
fn negative_curvature_of_a_field_that_breaks_its_claim_ends_in_a_verdict_not_in_a_wild_step() {
    let field = Falling {
        slope: source(0).constant([1], -2.0),
    };
    let field = StronglyMonotone::new(field, 0.5);
    let y = points(8, 3) * 0.1;
    let found = field.solve(y.clone(), None, &precise());
    assert_honest(&field, &y, &found, &precise());
    assert!(
        found.verdicts.contains(&Verdict::Stalled),
        "{:?}",
        found.verdicts
    );
    // Newton's step along a curvature of 1e-30 would be 1e28 long.
    assert!(host(found.x).iter().all(|x| x.abs() < 1e6));
}

#[test]
fn an_unsolved_row_is_never_called_solved() {
    let (field, x) = (modules(3), points(16, 6));
    let y = field.forward(x);
    for newton_steps in 0..6 {
        let settings = InverseSettings {
            newton_steps,
            ..precise()
        };
        let found = field.solve(y.clone(), None, &settings);
        assert_honest(&field, &y, &found, &settings);
        let claimed = found.failed().count();
        let over = found.relative_residuals.iter();
        let over = over
            .filter(|residual| **residual > settings.tolerance)
            .count();
        assert_eq!(claimed, over, "after {newton_steps} steps");
    }
}

#[test]
fn kinks_do_not_hold_up_a_search_by_the_potential() {
    let mut sigma = SplineActivation::<NonNegative>::new([12, 9], 2.0, 1.0, &mut source(1));
    sigma.coefficients = source(2).uniform([12, 9], -20.0, 20.0);
    let shell = TiedNetwork::new([12, DIM], sigma, &mut source(3)).with_biases(&mut source(4));
    let field = StronglyMonotone::new(shell, 0.05);
    let x = points(64, 7);
    let y = field.forward(x);
    let found = field.solve_by_potential(y.clone(), None, &precise());
    assert_honest(&field, &y, &found, &precise());
    let solved = 64 - found.failed().count();
    assert!(solved >= 60, "{solved} of 64: {:?}", found.verdicts);
}

#[test]
fn nothing_is_recorded_on_an_autodiff_device() {
    let device = Device::flex().autodiff();
    let mut origin = ParameterSource::new(&device, 1).with_dtype(FloatDType::F64);
    let network = cascade(&mut origin);
    let field = StronglyMonotone::new(network, 0.3);
    let y = origin.uniform([3, DIM], -1.0, 1.0).val();
    assert!(y.is_require_grad());
    let found = field.inverse(y.clone(), &precise()).expect("it converges");
    let probe = Tensor::<2>::ones([3, DIM], (&device, DType::F64)).require_grad();
    let gradients = (found.x.clone() * probe).sum().backward();
    assert!(y.grad(&gradients).is_none());
    assert!(field.field.weight.val().grad(&gradients).is_none());
    // The gradient of the conjugate in y is the inverse, without a graph through the search.
    let value = field
        .conjugate(y.clone(), &precise())
        .expect("it converges");
    let gradients = value.sum().backward();
    let slope = host(y.grad(&gradients).expect("y is in the conjugate"));
    for (a, b) in slope.iter().zip(host(found.x)) {
        assert!((a - b).abs() < 1e-8, "{a} against {b}");
    }
}

#[test]
fn values_whose_squares_overflow_are_inverted() {
    let mut single = ParameterSource::new(&Device::flex(), 1);
    let network = cascade(&mut single);
    let field = StronglyMonotone::new(network, 0.5);
    for scale in [1e19, 3e25, 1e37] {
        let x = single.uniform([4, DIM], -1.0, 1.0).val().detach() * scale;
        let y = field.forward(x.clone());
        for found in [
            field.solve(y.clone(), None, &InverseSettings::default()),
            field.solve_by_potential(y.clone(), None, &InverseSettings::default()),
        ] {
            assert!(found.is_solved(), "{scale}: {found:?}");
            for (a, b) in host(found.x).iter().zip(host(x.clone())) {
                assert!((a - b).abs() < 1e-4 * scale, "{a} against {b}");
            }
        }
    }
}

#[test]
fn an_empty_batch_has_an_empty_inverse() {
    let field = modules(1);
    let y = points(2, 3).slice([0..0, 0..DIM]);
    let found = field.solve(y, None, &precise());
    assert!(found.is_solved() && found.verdicts.is_empty());
    assert_eq!(found.x.dims(), [0, DIM]);
}

#[test]
fn half_precision_is_solved_to_its_own_tolerance() {
    for (dtype, tolerance) in [(FloatDType::F16, 2e-2), (FloatDType::BF16, 8e-2)] {
        let mut origin = ParameterSource::new(&Device::flex(), 1).with_dtype(dtype);
        let network = cascade(&mut origin);
        let field = StronglyMonotone::new(network, 0.5);
        let y = field.forward(origin.uniform([8, DIM], -1.0, 1.0).val().detach());
        let settings = InverseSettings {
            tolerance,
            ..Default::default()
        };
        let found = field.solve(y, None, &settings);
        assert!(
            found.is_solved(),
            "{dtype:?}: {:?}",
            found.relative_residuals
        );
        assert!(host(found.x).iter().all(|x| x.is_finite()));
    }
}
