//! Numbers that keep their digits at both ends of their range: potentials, softplus, Lipschitz
//! bounds, splines, losses.

use burn::module::Module;
use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use gradnet_core::activation::{
    Activation, ActivationPotential, AffineRho, BlockPotential, IcgnActivation, ModularActivation,
    One, QuadraticLseActivation, Rho, ScalarFunction, SigmoidBlock, SoftmaxBlock, SoftplusRho,
    SplineActivation, SplineShape,
};
use gradnet_core::analysis::{host, jacobians, smallest_eigenvalue};
use gradnet_core::combine::{LipschitzField, SmoothComplement, StronglyMonotone};
use gradnet_core::kernel::{linear_spline, mean_squared_error, softplus};
use gradnet_core::network::{
    GradNetC, GradNetCConfig, GradNetMConfig, MGradNetCConfig, MGradNetMConfig,
    MGradNetSoftmaxConfig, RidgeConfig, UnitFunction,
};
use gradnet_core::sign::{Free, NonNegative, Sign};
use gradnet_core::{ParameterSource, Potential, TiedNetwork};

fn single(seed: u64) -> ParameterSource {
    ParameterSource::new(&Device::flex(), seed)
}

fn double(seed: u64) -> ParameterSource {
    single(seed).with_dtype(FloatDType::F64)
}

fn row(values: &[f64], dtype: DType) -> Tensor<2> {
    let data = TensorData::new(values.to_vec(), [1, values.len()]);
    Tensor::from_data(data, (&Device::flex(), dtype))
}

/// Softplus takes what is stored to `value`, small or large.
fn stored(value: f64) -> f64 {
    value + (-(-value).exp_m1()).ln()
}

const TEMPERATURES: [f64; 7] = [1e-6, 1e-4, 1e-2, 1.0, 1e2, 1e4, 1e6];

/// A softmax block of one module, its temperature given.
fn block<S: Sign>(
    temperature: f64,
    learned: bool,
    source: &mut ParameterSource,
) -> SoftmaxBlock<S> {
    let mut block = SoftmaxBlock::<S>::new(1, learned, source);
    block.temperature = source.constant([1], stored(temperature));
    block
}

/// `ψ(z') − ψ(z)` is `∫ ⟨σ, dz⟩` from one to the other, by a fine rule in f64; the field does not
/// cancel.
fn work(sigma: &impl Activation, from: &[f64], to: &[f64]) -> f64 {
    let steps = 4000;
    let size = from.len();
    let points: Vec<f64> = (0..steps)
        .flat_map(|i| {
            let t = (i as f64 + 0.5) / f64::from(steps);
            (0..size).map(move |j| from[j] + t * (to[j] - from[j]))
        })
        .collect();
    let data = TensorData::new(points, [steps as usize, size]);
    let z = Tensor::<2>::from_data(data, (&Device::flex(), DType::F64));
    let values = host(sigma.forward(z));
    let along = values.chunks(size).map(|value| {
        let terms = value.iter().zip(from.iter().zip(to));
        terms.map(|(v, (a, b))| v * (b - a)).sum::<f64>()
    });
    along.sum::<f64>() / f64::from(steps)
}

#[test]
fn potentials_of_softmax_modules_keep_their_differences_at_every_temperature() {
    for width in [2, 7, 247, 1000] {
        let from = host(double(1).uniform([width], -0.5, 0.5).val());
        let to = host(double(2).uniform([width], -0.3, 0.7).val());
        for temperature in TEMPERATURES {
            for learned in [false, true] {
                let build = |mut source: ParameterSource| {
                    let block = block::<NonNegative>(temperature, learned, &mut source);
                    let mut sigma =
                        ModularActivation::<_, _, NonNegative>::new(1, block, One, &mut source);
                    sigma.alpha = source.constant([1], stored(1.0));
                    sigma
                };
                let expected = work(&build(double(3)), &from, &to);
                let sigma = build(single(3));
                let value = |z: &[f64]| host(sigma.potential(row(z, DType::F32)))[0];
                let found = value(&to) - value(&from);
                let error = (found - expected).abs();
                // A sharp softmax makes the midpoint rule coarse.
                let tolerance = if temperature > 100.0 { 5e-4 } else { 2e-5 };
                assert!(
                    error < tolerance * (1.0 + expected.abs()),
                    "{found} for {expected}: width {width}, temperature {temperature}, {learned}"
                );
            }
        }
    }
}

#[test]
fn potentials_of_weighed_modules_keep_their_differences_at_small_temperatures() {
    let width = 247;
    let from = host(double(1).uniform([width], -0.5, 0.5).val());
    let to = host(double(2).uniform([width], -0.3, 0.7).val());
    for temperature in [1e-6, 1e-3, 1.0, 1e3] {
        let build = |mut source: ParameterSource| {
            let block = block::<NonNegative>(temperature, false, &mut source);
            ModularActivation::<_, _, NonNegative>::new(1, block, SoftplusRho, &mut source)
        };
        let expected = work(&build(double(3)), &from, &to);
        let sigma = build(single(3));
        let value = |z: &[f64]| host(sigma.potential(row(z, DType::F32)))[0];
        let found = value(&to) - value(&from);
        let error = (found - expected).abs();
        assert!(
            error < 1e-4 * (0.1 + expected.abs()),
            "{found} for {expected} at {temperature}"
        );
    }
}

#[test]
fn the_integral_of_rho_is_that_of_its_values() {
    let mut source = double(1);
    fn check(name: &str, rho: &impl Rho, dtype: DType, tolerance: f64) {
        let one = |x: f64| row(&[x], dtype);
        for start in [-40.0, -2.0, 0.0, 3.0, 5e3] {
            for rise in [-3.0, -0.7, 1e-3, 0.4, 2.5, 30.0] {
                let nodes = 4000;
                let points = (0..nodes)
                    .map(|i| start + rise * (f64::from(i) + 0.5) / f64::from(nodes))
                    .map(|s| host(rho.value(one(s)))[0]);
                let expected = points.sum::<f64>() * rise / f64::from(nodes);
                let found = host(rho.integral(one(start), one(rise)))[0];
                let error = (found - expected).abs();
                assert!(
                    error < tolerance * expected.abs().max(1e-3),
                    "{name}: {found} for {expected} from {start} by {rise}"
                );
            }
        }
    }
    check("one", &One, DType::F64, 1e-9);
    check("softplus", &SoftplusRho, DType::F64, 1e-5);
    check(
        "affine",
        &AffineRho::new(1, 3, &mut source),
        DType::F64,
        1e-9,
    );
}

#[test]
fn a_maximum_of_quadratics_keeps_its_differences_at_every_temperature() {
    let from = host(double(1).uniform([12], -1.0, 1.0).val());
    let to = host(double(2).uniform([12], -1.0, 1.0).val());
    for temperature in TEMPERATURES {
        let build = |source: ParameterSource| {
            let mut sigma = QuadraticLseActivation::new(4, temperature, &source);
            sigma.offset = source.values([4], vec![0.1, -0.2, 0.05, 0.0]);
            sigma
        };
        let expected = work(&build(double(0)), &from, &to);
        let sigma = build(single(0));
        let value = |z: &[f64]| host(sigma.potential(row(z, DType::F32)))[0];
        let found = value(&to) - value(&from);
        let error = (found - expected).abs();
        assert!(error < 1e-4, "{found} for {expected} at {temperature}");
    }
}

#[test]
fn the_smooth_maximum_is_the_mean_at_temperature_zero_and_the_maximum_at_infinity() {
    let z = [0.3, -0.8, 1.1, -0.4];
    let mean = z.iter().sum::<f64>() / 4.0;
    for dtype in [DType::F32, DType::F64] {
        let at = |log_temperature: f64| {
            let mut sigma = QuadraticLseActivation::new(4, 1.0, &double(0));
            // Blocks of one unit at 0: the quadratics are their offsets.
            sigma.offset = double(0).values([4], z.to_vec());
            sigma.log_temperature = double(0).constant([1], log_temperature);
            let sigma = sigma.map(&mut Cast(dtype));
            host(sigma.potential(row(&[0.0; 4], dtype)))[0]
        };
        // e^-1000 is 0 in both types.
        assert!((at(-1000.0) - mean).abs() < 1e-6, "{}", at(-1000.0));
        assert!((at(-20.0) - mean).abs() < 1e-6, "{}", at(-20.0));
        assert!((at(20.0) - 1.1).abs() < 1e-6, "{}", at(20.0));
    }
}

/// Casts every parameter.
struct Cast(DType);

impl burn::module::ModuleMapper for Cast {
    fn map_float<const D: usize>(
        &mut self,
        param: burn::module::Param<Tensor<D>>,
    ) -> burn::module::Param<Tensor<D>> {
        param.map(|tensor| tensor.detach().cast(self.0))
    }
}

#[test]
fn small_inputs_have_potentials_of_the_right_size() {
    for size in [1e-8, 1e-6, 1e-4, 1e-2] {
        let z = row(&[size], DType::F32);
        let found = host(ScalarFunction::Tanh.antiderivative(z.clone()))[0];
        let expected = size * size / 2.0 - size.powi(4) / 12.0;
        assert!(
            (found / expected - 1.0).abs() < 1e-5,
            "{found} for {expected}"
        );
        // A block of sigmoids: what is above n ln 2 is z/2 + z²/8.
        let (_, rest) = SigmoidBlock::new(1).parts(z.clone().unsqueeze());
        let expected = size / 2.0 + size * size / 8.0;
        let found = host(rest)[0];
        assert!(
            (found / expected - 1.0).abs() < 1e-5,
            "{found} for {expected}"
        );

        let mut sigma = IcgnActivation::new(1, 1, &mut single(0));
        sigma.bias = single(0).constant([1], 0.4);
        let s: f64 = 1.0 / (1.0 + (-0.4_f64).exp());
        let slope = (s * (1.0 - s)).powi(2);
        let value = host(sigma.forward(z.clone()))[0] / (slope * size);
        assert!((value - 1.0).abs() < 2.0 * size + 1e-5, "{value} at {size}");
        let value = host(sigma.potential(z))[0] / (slope * size * size / 2.0);
        assert!((value - 1.0).abs() < 2.0 * size + 1e-5, "{value} at {size}");
    }
}

#[test]
fn slopes_of_saturated_units_are_even_and_keep_their_digits() {
    let u = [5.0, 12.0, 18.0, 30.0, 80.0];
    let (up, down) = (row(&u, DType::F32), row(&u.map(|u| -u), DType::F32));
    let sigmoid = ScalarFunction::Sigmoid;
    let (up, down) = (host(sigmoid.derivative(up)), host(sigmoid.derivative(down)));
    for ((up, down), u) in up.iter().zip(&down).zip(u) {
        let expected = (-u).exp() / (1.0 + (-u).exp()).powi(2);
        assert!((up / expected - 1.0).abs() < 1e-5, "{up} for {expected}");
        assert!((up / down - 1.0).abs() < 1e-6, "{up} and {down}");
    }
}

/// The value in f64, by the standard library.
fn exact(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn softplus_of(x: &[f64], dtype: DType, device: &Device) -> Vec<f64> {
    let data = TensorData::new(x.to_vec(), [x.len()]);
    host(softplus(Tensor::<1>::from_data(data, (device, dtype))))
}

#[test]
fn softplus_never_falls_between_neighbouring_floats_around_20() {
    let device = Device::flex();
    let mut floats = vec![16.0_f32];
    while floats[floats.len() - 1] < 24.0 {
        floats.push(floats[floats.len() - 1].next_up());
    }
    let x: Vec<f64> = floats.iter().map(|x| f64::from(*x)).collect();
    assert!(x.len() > 4_000_000);
    let y = softplus_of(&x, DType::F32, &device);
    assert!(y.windows(2).all(|pair| pair[0] <= pair[1]));
    // In f64 what is above x counts: all numbers 1e-9 apart, and neighbours of some.
    let mut x: Vec<f64> = (0..200_000)
        .map(|i| 19.9999 + 1e-9 * f64::from(i))
        .collect();
    x.extend((0..20_000).flat_map(|i| {
        let x = 16.0 + 4e-4 * f64::from(i);
        [x.next_down(), x, x.next_up()]
    }));
    x.sort_by(f64::total_cmp);
    let y = softplus_of(&x, DType::F64, &device);
    assert!(y.windows(2).all(|pair| pair[0] <= pair[1]));
    for (y, x) in y.iter().zip(&x) {
        assert!(
            (y - exact(*x)).abs() <= f64::EPSILON * exact(*x),
            "{y} at {x}"
        );
    }
}

#[test]
fn softplus_falls_between_neighbours_by_no_more_than_its_rounding() {
    let device = Device::flex();
    for (dtype, unit) in [
        (DType::F32, f64::from(f32::EPSILON)),
        (DType::F64, f64::EPSILON),
    ] {
        let draws = host(double(5).uniform([100_000], -45.0, 45.0).val());
        let x: Vec<f64> = draws
            .into_iter()
            .flat_map(|x| match dtype {
                DType::F32 => [x as f32, (x as f32).next_up()].map(f64::from),
                _ => [x, x.next_up()],
            })
            .collect();
        let y = softplus_of(&x, dtype, &device);
        for (pair, x) in y.chunks(2).zip(x.chunks(2)) {
            assert!(pair[1] >= pair[0] * (1.0 - 4.0 * unit), "{pair:?} at {x:?}");
        }
    }
}

#[test]
fn softplus_rises_with_sorted_draws_on_every_backend_and_in_every_type() {
    #[expect(deprecated, reason = "still one of the backends")]
    let others = [Device::ndarray()];
    let devices = [Device::flex(), Device::flex().autodiff()]
        .into_iter()
        .chain(others);
    let mut x = host(double(7).uniform([100_000], -60.0, 60.0).val());
    x.extend([20.0, 20.0 + 1e-9]);
    x.sort_by(f64::total_cmp);
    for device in devices {
        for (dtype, tolerance) in [(DType::F32, 4e-7), (DType::F64, 2e-15)] {
            let y = softplus_of(&x, dtype, &device);
            for (pair, x) in y.windows(2).zip(&x) {
                assert!(pair[0] <= pair[1], "{dtype:?}: {pair:?} after {x}");
            }
            for (y, x) in y.iter().zip(&x) {
                let x = if dtype == DType::F32 {
                    f64::from(*x as f32)
                } else {
                    *x
                };
                assert!(
                    (y - exact(x)).abs() <= tolerance * exact(x),
                    "{dtype:?}: {y} at {x}"
                );
            }
        }
    }
}

#[test]
fn the_slope_of_softplus_is_the_logistic_function_everywhere() {
    let x: Vec<f64> = vec![
        -700.0, -90.0, -20.0, -1e-3, 0.0, 1e-3, 19.999, 20.0, 20.001, 90.0, 1e4,
    ];
    #[expect(deprecated, reason = "still one of the backends")]
    let devices = [Device::flex(), Device::ndarray()].map(Device::autodiff);
    for device in devices {
        for (dtype, tolerance) in [(DType::F32, 1e-6), (DType::F64, 1e-14)] {
            let data = TensorData::new(x.clone(), [x.len()]);
            let input = Tensor::<1>::from_data(data, (&device, dtype)).require_grad();
            let gradients = softplus(input.clone()).sum().backward();
            for (found, x) in host(input.grad(&gradients).unwrap()).iter().zip(&x) {
                let expected = 1.0 / (1.0 + (-x).exp());
                assert!(
                    (found - expected).abs() <= tolerance * expected + 1e-37,
                    "{dtype:?}: {found} at {x}"
                );
            }
        }
    }
}

#[test]
fn splines_of_few_knots_work_or_say_what_they_need() {
    let message = |run: fn() -> ()| {
        let caught = std::panic::catch_unwind(run).expect_err("too few knots");
        caught.downcast_ref::<String>().cloned().unwrap()
    };
    fn build<S: SplineShape + Default>(knots: usize) {
        SplineActivation::<S>::new([3, knots], 1.0, 1.0, &mut single(0));
    }
    for found in [message(|| build::<Free>(0)), message(|| build::<Free>(1))] {
        assert!(found.contains("at least 2 knots"), "{found}");
    }
    for found in [
        message(|| build::<NonNegative>(0)),
        message(|| build::<NonNegative>(1)),
        message(|| build::<NonNegative>(2)),
        message(|| build::<NonNegative>(3)),
    ] {
        assert!(found.contains("at least 4 knots"), "{found}");
    }
    // Stored coefficients may come from elsewhere.
    let found = message(|| {
        let mut sigma = SplineActivation::<NonNegative>::new([3, 5], 1.0, 1.0, &mut single(0));
        sigma.coefficients = single(0).constant([3, 2], 1.0);
        sigma.forward(row(&[0.0; 3], DType::F32));
    });
    assert!(found.contains("at least 4 knots, not 2"), "{found}");

    // Two knots are a line: c_0 = −1 at −1, c_1 = 3 at 1.
    let mut sigma = SplineActivation::<Free>::new([1, 2], 1.0, 1.0, &mut double(0));
    sigma.coefficients = double(0).values([1, 2], vec![-1.0, 3.0]);
    for z in [-2.0, 0.25, 5.0] {
        let z_row = row(&[z], DType::F64);
        let value = host(sigma.forward(z_row.clone()))[0];
        assert!((value - (1.0 + 2.0 * z)).abs() < 1e-14);
        let slope = host(sigma.jacobian_vector(z_row.clone(), z_row.ones_like()))[0];
        assert!((slope - 2.0).abs() < 1e-14);
        // From the first knot: ∫ (1 + 2r) dr.
        let potential = host(sigma.potential(z_row))[0];
        assert!((potential - (z + z * z)).abs() < 1e-13, "{potential}");
    }
    let penalty = sigma.with_slope_penalty(1.0).penalty().unwrap();
    assert_eq!(host(penalty), [0.0]);
    let three = SplineActivation::<Free>::new([2, 3], 1.0, 1.0, &mut double(0));
    assert!(host(three.potential(row(&[0.3, -4.0], DType::F64)))[0].is_finite());
    assert!(host(three.with_slope_penalty(1.0).penalty().unwrap())[0].is_finite());

    for knots in [0, 1, 2, 3] {
        let config = RidgeConfig::new(2).with_width(4).with_knots(knots);
        let refused = config.init_from(&mut single(0));
        let error = refused.expect_err("too few knots").to_string();
        assert!(error.contains("`knots`"), "{error}");
    }
    let found = message(|| {
        linear_spline(row(&[0.0], DType::F32), row(&[0.0], DType::F32), 1.0);
    });
    assert!(found.contains("two knots"), "{found}");
}

#[test]
fn the_loss_of_no_rows_is_zero_and_so_are_its_gradients() {
    #[expect(deprecated, reason = "still one of the backends")]
    let devices = [Device::flex(), Device::ndarray()].map(Device::autodiff);
    for device in devices {
        for dtype in [DType::F32, DType::F64] {
            let x = Tensor::<2>::zeros([0, 3], (&device, dtype)).require_grad();
            let loss = mean_squared_error(x.clone() + 1.0, x.clone() * 2.0);
            assert_eq!(host(loss.clone()), [0.0], "{dtype:?}");
            let gradients = loss.backward();
            let gradient = x.grad(&gradients).unwrap();
            assert_eq!(gradient.dims(), [0, 3]);
        }
    }
}

#[test]
fn a_mean_of_squares_is_finite_where_their_sum_is_not() {
    let rows = 4000;
    #[expect(deprecated, reason = "still one of the backends")]
    let devices = [Device::flex(), Device::ndarray()];
    for device in devices {
        let y = Tensor::<2>::full([rows, 5], 1e18, (&device, DType::F32));
        let loss = host(mean_squared_error(y.clone(), y.zeros_like()))[0];
        assert!((loss / 1e36 - 1.0).abs() < 1e-4, "{loss}");
        // What is itself beyond f32 is infinite.
        let loss = mean_squared_error(y.clone() * 1e3, y.zeros_like());
        assert_eq!(host(loss), [f64::INFINITY]);
    }
}

#[test]
fn potentials_and_bounds_are_finite_where_squares_are_not() {
    let config = MGradNetCConfig::new(3)
        .with_width(6)
        .with_activation(UnitFunction::Tanh);
    let network = config.init_from(&mut single(1)).unwrap();
    let strong = StronglyMonotone::new(network.clone(), 1e-3);
    let x = row(&[2e19, 0.0, 0.0], DType::F32);
    let difference = host(strong.potential(x.clone()))[0] - host(network.potential(x))[0];
    assert!((difference / 2e35 - 1.0).abs() < 1e-3, "{difference}");

    // Weights of 2e19, whose Gram matrix overflows in f32, and slopes that bring the bound back.
    let config = GradNetCConfig::new(3)
        .with_width(6)
        .with_activation(UnitFunction::Tanh);
    let mut wide = config.init_from(&mut double(1)).unwrap();
    wide.activation.beta = double(2).uniform([4, 6], 0.1, 1.0);
    let bound = |network: &GradNetC, dtype| {
        let network = network.clone().map(&mut Cast(dtype));
        host(network.lipschitz_bound())[0]
    };
    let layers = wide.activation.alpha.dims()[0];
    wide.activation.alpha = double(2).uniform([layers, 6], 0.1, 1.0);
    wide.activation.beta = double(2).uniform([layers, 6], 0.1, 1.0);
    let expected = bound(&wide, DType::F64);
    let mut scaled = wide.clone();
    scaled.weight = scaled.weight.map(|w| w.detach() * 2e19);
    scaled.activation.beta = scaled.activation.beta.map(|b| b.detach() * 2.5e-39 * 1e9);
    let found = bound(&scaled, DType::F32);
    let expected = expected * 4e38 * 2.5e-30;
    assert!(
        (found / expected - 1.0).abs() < 1e-3,
        "{found} for {expected}"
    );
    scaled.weight = scaled.weight.map(|w| w.detach() * 0.0);
    assert_eq!(bound(&scaled, DType::F32), 0.0);
}

/// The bound of a network in a narrow type is at least that of the same weights in f64, and its
/// complement is monotone as computed in that type.
#[track_caller]
fn assert_bounded<F>(field: F, dtype: DType)
where
    F: LipschitzField + gradnet_core::GradientField + Module + Clone + burn::module::ModuleDisplay,
{
    let narrow = field.map(&mut Cast(dtype));
    let exact = narrow.clone().map(&mut Cast(DType::F64));
    let (bound, least) = (
        host(narrow.lipschitz_bound())[0],
        host(exact.lipschitz_bound())[0],
    );
    assert!(
        bound >= least * (1.0 - 1e-12),
        "{dtype:?}: {bound} below {least}"
    );
    assert!(bound <= least * 1.1, "{dtype:?}: {bound} for {least}");
    let complement = SmoothComplement::new(narrow);
    let x = double(8)
        .uniform([30, exact.dim()], -2.0, 2.0)
        .val()
        .cast(dtype);
    for jacobian in jacobians(&complement, x) {
        let eigenvalue = smallest_eigenvalue(&jacobian);
        assert!(eigenvalue >= 0.0, "{dtype:?}: {eigenvalue} of {bound}");
    }
}

#[test]
fn lipschitz_bounds_hold_in_every_element_type() {
    for dtype in [DType::F64, DType::F32, DType::F16, DType::BF16] {
        for seed in 0..4 {
            let mut source = double(seed);
            let free = GradNetCConfig::new(3).with_width(6);
            let mut network = free.init_from(&mut source).unwrap();
            // Where the bound is met: all units at their steepest in 0, with one sign.
            network.activation.bias = source.constant(network.activation.bias.dims(), 0.0);
            assert_bounded(network, dtype);
            let convex = MGradNetCConfig::new(3).with_width(6);
            let network = convex.init_from(&mut source).unwrap();
            assert_bounded(network, dtype);
            let free = GradNetMConfig::new(3).with_width(5);
            assert_bounded(free.init_from(&mut source).unwrap(), dtype);
            let convex = MGradNetMConfig::new(3).with_width(5);
            assert_bounded(convex.init_from(&mut source).unwrap(), dtype);
            let softmax = MGradNetSoftmaxConfig::new(3).with_width(5);
            assert_bounded(softmax.init_from(&mut source).unwrap(), dtype);
        }
    }
}

#[test]
fn a_shell_of_tanh_meets_its_bound_in_bf16_and_its_complement_is_monotone_there() {
    use gradnet_core::activation::ElementwiseActivation;
    for seed in 0..10 {
        let mut source = double(seed);
        let sigma = ElementwiseActivation::<NonNegative>::new(9, ScalarFunction::Tanh, &mut source);
        let shell = TiedNetwork::new([9, 4], sigma, &mut source);
        for dtype in [DType::F16, DType::BF16] {
            let complement = SmoothComplement::new(shell.clone().map(&mut Cast(dtype)));
            let zero = row(&[0.0; 4], dtype);
            let jacobian = &jacobians(&complement, zero)[0];
            assert!(
                smallest_eigenvalue(jacobian) >= 0.0,
                "{dtype:?}: {jacobian}"
            );
        }
    }
}
