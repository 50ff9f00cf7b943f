//! `verify` accepts every sound field, however steep, flat, kinked or far away, and refuses every
//! unsound one.

use burn::module::Param;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use gradnet_core::activation::{
    Activation, CascadedActivation, HardmaxActivation, ScalarFunction, StepActivation,
};
use gradnet_core::analysis::Claim;
use gradnet_core::analysis::{
    Loop, Region, Verification, in_double_precision, loop_integral, parameters_not_finite, verify,
    verify_module,
};
use gradnet_core::sign::Free;
use gradnet_core::{ParameterSource, TiedNetwork, VectorField};
use gradnet_train::registry::{Network, NetworkConfig, Registered, Size, registry};

/// About three deviations of data that was scaled to deviation 1.
const AROUND: Region = Region {
    low: -1.7,
    high: 1.7,
};

fn build(name: &str, dim: usize, width: usize, seed: u64, device: &Device) -> Network {
    let mut source = ParameterSource::new(device, seed);
    let config = NetworkConfig::from_name(name).unwrap();
    config
        .with_size(Size::Width(width))
        .init(dim, &mut source)
        .unwrap()
}

fn numbers(values: Vec<f64>, dim: usize, dtype: DType) -> Tensor<2> {
    let shape = [values.len() / dim, dim];
    Tensor::from_data(TensorData::new(values, shape), (&Device::flex(), dtype))
}

/// Numbers in `[-1, 1)`.
fn draws(count: usize, seed: u64) -> Vec<f64> {
    let mut source = ParameterSource::new(&Device::flex(), seed).with_dtype(FloatDType::F64);
    let drawn = source.uniform([count], -1.0, 1.0).val();
    drawn.into_data().iter::<f64>().collect()
}

/// Like the weights of a run: `f64` on the processor, whatever they were trained in.
fn checked(network: &Network, region: Region, samples: usize, seed: u64) -> Verification {
    verify_module(
        network,
        network.claim(),
        &Device::flex(),
        region,
        samples,
        seed,
    )
}

/// The same for a field that is no module.
fn judged(field: &impl VectorField, claim: Claim, region: Region, seed: u64) -> Verification {
    let like = numbers(vec![0.0; field.dim()], field.dim(), DType::F64);
    verify(field, claim, &like, region, 64, seed)
}

// ---- Sound fields ---------------------------------------------------------------------------------------

type Field = Box<dyn Fn(&[f64]) -> Vec<f64>>;

/// Twelve fields that saturate, in the units of a run on a data file.
fn saturating() -> Vec<(String, Field)> {
    let mut fields: Vec<(String, Field)> = Vec::new();
    for k in [1.0_f64, 2.0, 5.0, 10.0, 20.0, 50.0, 200.0] {
        let steep = move |x: &[f64]| -> Vec<f64> { x.iter().map(|x| (k * x).tanh()).collect() };
        fields.push((format!("tanh({k} x)"), Box::new(steep)));
    }
    let sign = |x: &[f64]| -> Vec<f64> { x.iter().map(|x| x.signum()).collect() };
    fields.push(("sign x".into(), Box::new(sign)));
    for pieces in [3, 5, 9, 17] {
        let planes = draws(3 * pieces, pieces as u64);
        let steepest = move |x: &[f64]| {
            let height =
                |plane: &[f64]| 1.5 * plane[0] * x[0] + 1.5 * plane[1] * x[1] + 0.3 * plane[2];
            let highest = planes
                .chunks(3)
                .max_by(|a, b| height(a).total_cmp(&height(b)))
                .unwrap();
            vec![1.5 * highest[0], 1.5 * highest[1]]
        };
        fields.push((format!("maximum of {pieces}"), Box::new(steepest)));
    }
    fields
}

/// Fits all twelve in `f32` for a moment, at a rate that makes the weights grow.
fn fits(name: &str, seed: u64, steps: u64, mut check: impl FnMut(&str, Network)) {
    let device = Device::flex().autodiff();
    for (target, field) in saturating() {
        let mut network = build(name, 2, 12, seed, &device);
        let mut optimizer = AdamConfig::new().init();
        for step in 0..steps {
            let x: Vec<f64> = draws(128, 1000 * seed + step)
                .iter()
                .map(|x| 1.7 * x)
                .collect();
            let y: Vec<f64> = x.chunks(2).flat_map(&field).collect();
            let [x, y] = [x, y].map(|values| {
                Tensor::<2>::from_data(TensorData::new(values, [64, 2]), (&device, DType::F32))
            });
            let loss = (network.forward(x) - y).square().mean();
            let gradients = GradientsParams::from_grads(loss.backward(), &network);
            network = optimizer.step(0.05, network, gradients);
        }
        check(&target, network);
    }
}

/// The same network with another `W`.
fn steeper(network: Network, factor: f64) -> Network {
    let scaled = |weight: Param<Tensor<2>>| weight.map(|weight| weight * factor);
    let steeper = match network.registered {
        Registered::MGradNetM(mut network) => {
            network.weight = scaled(network.weight);
            Registered::MGradNetM(network)
        }
        Registered::GradNetM(mut network) => {
            network.weight = scaled(network.weight);
            Registered::GradNetM(network)
        }
        Registered::MGradNetC(mut network) => {
            network.weight = scaled(network.weight);
            Registered::MGradNetC(network)
        }
        other => panic!("{} is not among the fits", other.name()),
    };
    steeper.into()
}

fn saturated_fits_pass(name: &str) {
    for seed in [0, 1] {
        fits(name, seed, 120, |target, network| {
            for factor in [1.0, 7.0, 50.0] {
                let found = checked(&steeper(network.clone(), factor), AROUND, 64, seed);
                assert!(
                    found.passed,
                    "{name} on {target}, W x {factor}, seed {seed}: {found:?}"
                );
                assert_eq!(found.precision, "f64");
                assert!(found.jacobian_norm > 0.0);
            }
        });
    }
}

#[test]
fn all_fits_of_mgradnet_m_to_saturating_fields_pass() {
    saturated_fits_pass("mgradnet_m");
}

#[test]
fn all_fits_of_gradnet_m_to_saturating_fields_pass() {
    saturated_fits_pass("gradnet_m");
}

#[test]
fn all_fits_of_mgradnet_c_to_saturating_fields_pass() {
    saturated_fits_pass("mgradnet_c");
}

#[test]
fn every_registered_network_in_f32_is_judged_in_f64() {
    for entry in registry() {
        let network = build(entry.name, 4, 5, 3, &Device::flex());
        let found = checked(&network, AROUND, 8, 1);
        assert!(found.passed, "{}: {found:?}", entry.name);
        assert_eq!(found.precision, "f64", "{}", entry.name);
        let asymmetric = found.relative_asymmetry > 1e-12;
        assert_eq!(
            asymmetric,
            entry.claim == Claim::None,
            "{}: {found:?}",
            entry.name
        );
    }
}

#[test]
fn the_cast_network_is_the_same_function() {
    for entry in registry()
        .iter()
        .filter(|entry| entry.name != "icgn_monte_carlo")
    {
        let network = build(entry.name, 4, 5, 3, &Device::flex().autodiff());
        let x = draws(12, 5);
        let short = network
            .forward(numbers(x.clone(), 4, DType::F32))
            .into_data();
        let double = in_double_precision(network, &Device::flex());
        let long = double.forward(numbers(x, 4, DType::F64)).into_data();
        for (short, long) in short.iter::<f64>().zip(long.iter::<f64>()) {
            assert!(
                (short - long).abs() < 1e-4 * long.abs().max(1.0),
                "{}",
                entry.name
            );
        }
    }
}

/// The shell of width 20 around an activation, in `f64`, with slopes of hundreds.
fn steep_shell<A: Activation + burn::module::Module>(activation: A, seed: u64) -> TiedNetwork<A> {
    let mut source = ParameterSource::new(&Device::flex(), seed).with_dtype(FloatDType::F64);
    let mut network = TiedNetwork::new([20, 2], activation, &mut source).with_biases(&mut source);
    network.weight = source.uniform([20, 2], -300.0, 300.0);
    network.hidden_bias = Some(source.uniform([20], -200.0, 200.0));
    network
}

#[test]
fn kinks_and_jumps_leave_loops_closed_within_their_estimated_errors() {
    for seed in 0..3 {
        let mut source = ParameterSource::new(&Device::flex(), seed).with_dtype(FloatDType::F64);
        let jumps = steep_shell(HardmaxActivation, seed);
        let steps = steep_shell(StepActivation::new(20, &mut source), seed);
        let relu = ScalarFunction::Relu;
        let kinks = steep_shell(
            CascadedActivation::<Free>::fixed([3, 20], 2, relu, &mut source),
            seed,
        );
        for (claim, found) in [
            (
                Claim::Monotone,
                judged(&jumps, Claim::Monotone, AROUND, seed),
            ),
            (
                Claim::Monotone,
                judged(&steps, Claim::Monotone, AROUND, seed),
            ),
            (
                Claim::Gradient,
                judged(&kinks, Claim::Gradient, AROUND, seed),
            ),
        ] {
            assert!(found.passed, "{claim:?}, seed {seed}: {found:?}");
            // The estimate decides something: it is far below the work of an unsound field.
            assert!(found.loop_error < 1e-4, "{found:?}");
        }
    }
    for name in ["crr", "rr"] {
        for seed in 0..3 {
            let network = build(name, 2, 9, seed, &Device::flex());
            let found = checked(&network, AROUND, 64, seed);
            assert!(found.passed, "{name}: {found:?}");
        }
    }
}

#[test]
fn a_strip_between_the_nodes_of_a_loop_does_not_count_against_the_field() {
    // Two steep units of opposite signs: the field is zero but for a strip.
    let mut source = ParameterSource::new(&Device::flex(), 0).with_dtype(FloatDType::F64);
    let relu = ScalarFunction::Relu;
    let mut sigma = CascadedActivation::<Free>::fixed([1, 3], 2, relu, &mut source);
    sigma.beta = source.constant([1, 3], 1.0);
    sigma.alpha = source.values([1, 3], vec![1.0, -2.0, 1.0]);
    sigma.bias = source.constant([1, 3], 0.0);
    let mut network = TiedNetwork::new([3, 2], sigma, &mut source).with_hidden_bias(&mut source);
    network.weight = source.values([3, 2], [1.0, 0.3].repeat(3));
    for width in [2e-2, 5e-3, 1e-3, 1e-4, 1e-5] {
        for offset in [0.11, 0.37, 0.71] {
            let at = |shift: f64| -offset - shift * width;
            let biases = source.values([3], vec![at(0.0), at(0.5), at(1.0)]);
            network.hidden_bias = Some(biases);
            for seed in 4..6 {
                let found = judged(&network, Claim::Gradient, Region::default(), seed);
                let holds = found.passed || width < 5e-3 && found.undecided;
                assert!(holds, "{width} at {offset}, {seed}: {found:?}");
            }
        }
    }
}

/// `sin(k xᵢ)` in every coordinate, a gradient; with `turned`, `sin(k x₁)` and `sin(k x₀)`, none.
struct Waves {
    steepness: f64,
    turned: bool,
}

impl VectorField for Waves {
    fn dim(&self) -> usize {
        2
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = if self.turned { x.flip([1]) } else { x };
        (x * self.steepness).sin()
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        let [x, v] = [x, v].map(|x| if self.turned { x.flip([1]) } else { x });
        (x * self.steepness).cos() * self.steepness * v
    }
}

#[test]
fn waves_shorter_than_the_nodes_are_not_decided_unless_the_jacobian_decides() {
    for (steepness, decided) in [(1.0, true), (1e2, true), (1e7, false)] {
        for seed in 0..3 {
            let waves = |turned| Waves { steepness, turned };
            let found = judged(&waves(false), Claim::Gradient, AROUND, seed);
            assert_eq!(found.passed, decided, "{steepness}: {found:?}");
            assert_eq!(found.undecided, !decided, "{found:?}");
            assert_eq!(found.loops_undecided > 0, !decided, "{found:?}");
            assert!(found.symmetric, "{found:?}");
            let found = judged(&waves(true), Claim::Gradient, AROUND, seed);
            assert!(!found.passed && !found.undecided, "{steepness}: {found:?}");
            let found = judged(&waves(true), Claim::None, AROUND, seed);
            assert!(found.passed && !found.undecided, "{steepness}: {found:?}");
        }
    }
}

#[test]
fn points_far_away_and_tiny_regions_pass() {
    let far = |size: f64| Region {
        low: -size,
        high: size,
    };
    let shifted = Region {
        low: 1e7,
        high: 1e7 + 1.0,
    };
    let tiny = Region {
        low: 0.3,
        high: 0.3 + 1e-6,
    };
    for entry in registry() {
        for region in [far(1e4), far(1e8), shifted, tiny] {
            let network = build(entry.name, 2, 6, 8, &Device::flex());
            let found = checked(&network, region, 8, 2);
            assert!(found.passed, "{} in {region:?}: {found:?}", entry.name);
        }
    }
}

#[test]
fn constant_networks_pass_and_one_dimension_is_enough() {
    for name in ["mgradnet_m", "gradnet_m", "mgradnet_c", "crr"] {
        for seed in 0..3 {
            let found = checked(&build(name, 1, 6, seed, &Device::flex()), AROUND, 16, seed);
            assert!(
                found.passed && found.relative_asymmetry == 0.0,
                "{name}: {found:?}"
            );
        }
    }
    // Saturated everywhere: the Jacobian is rounding and no more. Then flat: it is zero.
    for factor in [0.0, 1.0, 300.0] {
        for name in ["mgradnet_m", "gradnet_m", "mgradnet_c"] {
            let network = steeper(build(name, 2, 6, 1, &Device::flex()), factor);
            let corner = Region {
                low: 40.0,
                high: 41.0,
            };
            let found = checked(&network, corner, 64, 3);
            assert!(found.passed, "{name} x {factor}: {found:?}");
        }
    }
}

// ---- Negative controls ----------------------------------------------------------------------------------

/// `tanh(steepness (x − ½))` in both coordinates, and `strength` times a rotation in the upper
/// right corner, where both coordinates exceed `from`.
struct Corner {
    steepness: f64,
    strength: f64,
    from: f64,
    /// Whether the Jacobian conceals the rotation.
    hidden: bool,
}

impl Corner {
    fn turned(&self, x: &Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        let inside = x
            .clone()
            .greater_elem(self.from)
            .float()
            .cast(x.dtype())
            .prod_dim(1);
        let turned = Tensor::cat(vec![-v.clone().narrow(1, 1, 1), v.narrow(1, 0, 1)], 1);
        turned * inside * self.strength
    }
}

impl VectorField for Corner {
    fn dim(&self) -> usize {
        2
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let steep = ((x.clone() - 0.5) * self.steepness).tanh();
        steep + self.turned(&x, x.clone() - self.from)
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        let tanh = ((x.clone() - 0.5) * self.steepness).tanh();
        let steep = (tanh.square() * -1.0 + 1.0) * self.steepness * v.clone();
        if self.hidden {
            steep
        } else {
            steep + self.turned(&x, v)
        }
    }
}

#[test]
fn a_rotation_of_a_thousandth_in_one_corner_fails() {
    for seed in 0..10 {
        for (steepness, from) in [(1.0, 0.5), (5.0, 0.8), (20.0, 0.9)] {
            for hidden in [false, true] {
                let field = |strength| Corner {
                    steepness,
                    strength,
                    from,
                    hidden,
                };
                let turned = field(1e-3 * steepness);
                let found = judged(&turned, Claim::Gradient, Region::default(), seed);
                assert!(
                    !found.passed && !found.symmetric,
                    "{seed} {steepness} {hidden}: {found:?}"
                );
                let sound = judged(&field(0.0), Claim::Monotone, Region::default(), seed);
                assert!(sound.passed, "{seed} {steepness}: {sound:?}");
            }
        }
    }
}

/// Constant on each of four quarters of the plane: no gradient, and no Jacobian shows it.
struct Quarters(f64);

impl VectorField for Quarters {
    fn dim(&self) -> usize {
        2
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let sign = (x - 0.45).sign();
        let product = sign.clone().prod_dim(1) * self.0;
        Tensor::cat(vec![product, sign.narrow(1, 1, 1)], 1)
    }

    fn jacobian_vector(&self, x: Tensor<2>, _v: Tensor<2>) -> Tensor<2> {
        x.zeros_like()
    }
}

#[test]
fn jumps_that_enclose_a_circulation_fail_however_small() {
    for seed in 0..5 {
        for strength in [1.0, 1e-2, 1e-3] {
            let field = Quarters(strength);
            let found = judged(&field, Claim::Gradient, Region::default(), seed);
            assert!(!found.symmetric, "{strength}: {found:?}");
        }
        let found = judged(&Quarters(0.0), Claim::Monotone, Region::default(), seed);
        assert!(found.passed, "{found:?}");
    }
}

/// A tied network whose output weight differs from the transpose of its input weight.
struct Untied {
    network: Network,
    difference: Tensor<2>,
}

impl VectorField for Untied {
    fn dim(&self) -> usize {
        self.network.dim()
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let y = self.network.forward(x);
        y.clone() + y.matmul(self.difference.clone())
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        let y = self.network.jacobian_vector(x, v);
        y.clone() + y.matmul(self.difference.clone())
    }
}

#[test]
fn an_untied_saturated_fit_fails_even_if_one_weight_is_off_by_a_millionth() {
    fits("mgradnet_m", 5, 40, |target, network| {
        let network = in_double_precision(network, &Device::flex());
        for size in [1.0, 1e-3, 1e-6] {
            let difference = numbers(vec![0.0, size, 0.0, 0.0], 2, DType::F64);
            let untied = Untied {
                network: network.clone(),
                difference,
            };
            let found = judged(&untied, Claim::Gradient, AROUND, 0);
            assert!(!found.passed, "{target}, {size}: {found:?}");
        }
        let difference = numbers(vec![0.0; 4], 2, DType::F64);
        let tied = Untied {
            network,
            difference,
        };
        assert!(judged(&tied, Claim::Monotone, AROUND, 0).passed, "{target}");
    });
}

#[test]
fn one_slightly_negative_weight_of_a_monotone_network_fails() {
    for (seed, negative) in [(3, -0.2), (4, -1e-2), (5, -1e-3)] {
        let mut source = ParameterSource::new(&Device::flex(), seed).with_dtype(FloatDType::F64);
        let tanh = ScalarFunction::Tanh;
        let mut sigma = CascadedActivation::<Free>::fixed([1, 2], 3, tanh, &mut source);
        sigma.beta = source.constant([1, 2], 1.0);
        sigma.alpha = source.values([1, 2], vec![1.0, negative]);
        let mut field = TiedNetwork::new([2, 3], sigma, &mut source);
        let found = judged(&field, Claim::Monotone, Region::default(), seed);
        assert!(found.symmetric, "{found:?}");
        assert!(
            !found.positive_semidefinite && !found.passed,
            "{negative}: {found:?}"
        );
        field.activation.alpha = source.values([1, 2], vec![1.0, -negative]);
        assert!(judged(&field, Claim::Monotone, Region::default(), seed).passed);
    }
}

#[test]
fn a_weight_that_is_not_a_number_fails_every_claim() {
    for entry in registry() {
        for value in [f32::NAN, f32::INFINITY] {
            let network = build(entry.name, 2, 4, 1, &Device::flex());
            assert_eq!(parameters_not_finite(&network), 0, "{}", entry.name);
            let broken = burn::module::Module::map(network, &mut Spoil(Some(value)));
            assert_eq!(parameters_not_finite(&broken), 1, "{}", entry.name);
            let found = checked(&broken, AROUND, 4, 0);
            assert!(
                !found.passed && found.weights_not_finite == 1,
                "{}: {found:?}",
                entry.name
            );
        }
    }
}

/// Replaces the first number of the first parameter.
struct Spoil(Option<f32>);

impl burn::module::ModuleMapper for Spoil {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(value) = self.0.take() else {
            return parameter;
        };
        parameter.map(|tensor| {
            let (shape, device) = (tensor.dims(), tensor.device());
            let mut values: Vec<f32> = tensor.into_data().iter::<f32>().collect();
            values[0] = value;
            Tensor::from_data(TensorData::new(values, shape), &device)
        })
    }
}

#[test]
fn a_field_in_f32_is_judged_within_its_rounding_and_still_refused() {
    let like = numbers(vec![0.0; 2], 2, DType::F32);
    for seed in 0..5 {
        let field = |strength| Corner {
            steepness: 5.0,
            strength,
            from: 0.8,
            hidden: false,
        };
        let found = verify(
            &field(0.5),
            Claim::Gradient,
            &like,
            Region::default(),
            64,
            seed,
        );
        assert!(!found.passed && found.precision == "f32", "{found:?}");
        let found = verify(
            &field(0.0),
            Claim::Monotone,
            &like,
            Region::default(),
            64,
            seed,
        );
        assert!(found.passed, "{found:?}");
    }
}

#[test]
fn the_work_around_a_loop_is_the_curl_inside_it_within_the_estimated_error() {
    let like = numbers(vec![0.0; 2], 2, DType::F64);
    let field = Corner {
        steepness: 20.0,
        strength: 1.0,
        from: 0.5,
        hidden: false,
    };
    let circle = Loop {
        centre: vec![0.5, 0.5],
        axes: [vec![0.4, 0.0], vec![0.0, 0.4]],
    };
    // The rotation works along the quarter of the circle above ½ only, and there at every point: r²
    // π/2, twice the area.
    let quarter = 0.16 * std::f64::consts::FRAC_PI_2;
    let found = loop_integral(&field, &like, &circle);
    let error = found.quadrature_error + found.rounding_error;
    assert!(
        (found.work - quarter).abs() <= 2.0 * error,
        "{found:?} against {quarter}"
    );
    assert!(error < 1e-4, "{found:?}");
    let gradient = Corner {
        strength: 0.0,
        ..field
    };
    let found = loop_integral(&gradient, &like, &circle);
    assert!(found.closes(0.0) && found.size > 0.1, "{found:?}");
}
