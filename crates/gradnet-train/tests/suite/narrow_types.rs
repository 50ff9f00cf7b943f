//! Half precision and operands of several types: every network, its Jacobian, its gradients and the
//! optimizer in `f16` and `bf16` against the same weights in `f64`; quantised and mixed operands of
//! the fused operations.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::{GradientsParams, ModuleOptimizer, Optimizer};
use burn::tensor::quantization::{QuantScheme, QuantStore, QuantValue};
use burn::tensor::{DType, Device, FloatDType, Gradients, Tensor, TensorData};
use gradnet_core::analysis::host;
use gradnet_core::kernel::{
    Cascade, CascadeFunction, FusedActivation, FusedAdam, ScalarFunction, SoftmaxModules, cascade,
    linear_spline, mean_squared_error, product, product_transposed, softmax_modules, softplus,
    tied_shell,
};
use gradnet_core::{ParameterSource, VectorField};
use gradnet_train::registry::{Network, NetworkConfig, Size, registry};

const DIM: usize = 4;
const NARROW: [DType; 2] = [DType::F16, DType::BF16];

fn device() -> Device {
    Device::flex().autodiff()
}

fn epsilon(dtype: DType) -> f64 {
    dtype.finfo().unwrap().epsilon
}

fn numbers<const D: usize>(shape: [usize; D], seed: u64, dtype: DType) -> Tensor<D> {
    let mut source = ParameterSource::new(&Device::flex(), seed).with_dtype(FloatDType::F64);
    let values = host(source.uniform(shape, -1.0, 1.0).val());
    // Of the narrowest type, so that all types start from the same numbers.
    let data = TensorData::new(values, shape).convert_dtype(DType::BF16);
    Tensor::from_data(data.convert_dtype(dtype), (&device(), dtype))
}

fn tanh_cascade([alpha, beta, bias]: [Tensor<2>; 3]) -> Cascade {
    Cascade {
        alpha,
        beta,
        bias,
        function: CascadeFunction::Fixed(ScalarFunction::Tanh),
    }
}

fn softmax(alpha: Tensor<1>, temperature: Tensor<1>) -> SoftmaxModules {
    SoftmaxModules {
        alpha,
        temperature,
        mix: None,
    }
}

/// Casts every parameter.
struct Cast(DType);

impl ModuleMapper for Cast {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| tensor.detach().cast(self.0).detach().require_grad())
    }
}

fn build(name: &str, dtype: DType) -> Network {
    let mut source = ParameterSource::new(&device(), 7).with_dtype(FloatDType::F64);
    let mut config = NetworkConfig::from_name(name)
        .unwrap()
        .with_size(Size::Width(6));
    if let NetworkConfig::PatchWeakRidge(settings) = &mut config {
        // Between the heights at a hundred knots 16 bits see no differences.
        settings.knots = 21;
    }
    config.init(DIM, &mut source).unwrap().map(&mut Cast(dtype))
}

/// The gradients of all parameters, one after the other.
struct Collect<'a>(&'a Gradients, Vec<f64>);

impl ModuleVisitor for Collect<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().grad(self.0);
        self.1.extend(gradient.map(host).unwrap_or_default());
    }
}

/// The difference as a part of the size of what is expected.
fn relative(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let error = norm(&mut found.iter().zip(expected).map(|(a, b)| a - b));
    error / norm(&mut expected.iter().copied()).max(1e-6)
}

/// Value, product with the Jacobian, gradients of a loss.
fn everything(network: &Network, dtype: DType) -> [Vec<f64>; 3] {
    let (x, v) = (numbers([7, DIM], 1, dtype), numbers([7, DIM], 2, dtype));
    let y = network.forward(x.clone());
    assert_eq!(y.dtype(), dtype);
    let jacobian = network.jacobian_vector(x.clone(), v);
    assert_eq!(jacobian.dtype(), dtype);
    let loss = mean_squared_error(y.clone(), x);
    let gradients = loss.backward();
    let mut collected = Collect(&gradients, Vec::new());
    network.visit(&mut collected);
    [host(y), host(jacobian), collected.1]
}

#[test]
fn every_network_in_half_precision_is_that_of_the_same_weights_in_double() {
    for dtype in NARROW {
        for entry in registry() {
            // New random nodes at each call.
            if entry.name == "icgn_monte_carlo" {
                continue;
            }
            let narrow = build(entry.name, dtype);
            let found = everything(&narrow, dtype);
            let expected = everything(&narrow.map(&mut Cast(DType::F64)), DType::F64);
            let kinds = ["value", "Jacobian", "gradients"];
            for ((found, expected), kind) in found.iter().zip(&expected).zip(kinds) {
                assert!(
                    found.iter().all(|x| x.is_finite()),
                    "{}: {kind}",
                    entry.name
                );
                let error = relative(found, expected);
                // Slopes of both signs are differences of coefficients that lie close together, and cancel in sums.
                let most = match entry.name {
                    "patch_weak_ridge" => 32.0,
                    _ => 16.0,
                };
                assert!(
                    error <= most * epsilon(dtype),
                    "{} in {dtype:?}: the {kind} by {error}",
                    entry.name
                );
            }
        }
    }
}

#[test]
fn training_in_half_precision_follows_training_in_double() {
    for dtype in NARROW {
        for name in ["mgradnet_c", "mgradnet_m", "gradnet_c", "gradnet_m"] {
            let train = |dtype: DType, mut network: Network| {
                let mut optimizer = ModuleOptimizer::from(FusedAdam::default());
                for _ in 0..20 {
                    let x = numbers([16, DIM], 3, dtype);
                    let loss = mean_squared_error(network.forward(x.clone()), x * 0.5);
                    let gradients = GradientsParams::from_grads(loss.backward(), &network);
                    network = optimizer.step(1e-2, network, gradients);
                }
                let x = numbers([16, DIM], 4, dtype);
                host(network.forward(x))
            };
            let narrow = build(name, dtype);
            let before = host(narrow.forward(numbers([16, DIM], 4, dtype)));
            let expected = train(DType::F64, narrow.clone().map(&mut Cast(DType::F64)));
            let found = train(dtype, narrow);
            let (error, way) = (relative(&found, &expected), relative(&before, &expected));
            assert!(way > 0.1, "{name}: nothing was learned, {way}");
            assert!(error < 0.3 * way, "{name} in {dtype:?}: {error} of {way}");
        }
    }
}

fn steps(adam: FusedAdam, dtype: DType, device: &Device, gradients: &[f64]) -> Vec<f64> {
    let of = |values: &[f64]| {
        let data = TensorData::new(values.to_vec(), [1, values.len()]);
        Tensor::<2>::from_data(data, (device, dtype))
    };
    let (mut tensor, mut state) = (of(&vec![1.0; gradients.len()]), None);
    for _ in 0..3 {
        (tensor, state) = adam.step(1e-2, tensor, of(gradients), state);
    }
    assert_eq!(tensor.dtype(), dtype);
    host(tensor)
}

#[test]
fn adam_moves_half_precision_by_the_steps_of_double() {
    // Squares of 1e-4 are 0 in f16, and so is ε.
    let gradients = [0.0, 1e-6, 1e-4, -1e-4, 3e-2, -1.0, 300.0, 6e4];
    let device = Device::flex();
    for dtype in NARROW {
        let found = steps(FusedAdam::default(), dtype, &device, &gradients);
        let expected = steps(FusedAdam::default(), DType::F64, &device, &gradients);
        for ((found, expected), gradient) in found.iter().zip(expected).zip(gradients) {
            assert!(
                (found - expected).abs() <= 3.0 * epsilon(dtype),
                "{found} for {expected}: gradient {gradient} in {dtype:?}"
            );
        }
    }
}

#[test]
fn adam_without_epsilon_takes_no_step_for_a_gradient_of_zero_and_finite_ones_for_all() {
    let gradients = [
        0.0, -0.0, 1e-40, 1e-30, -1e-20, 1e-16, 1e-10, 1e-3, -5.0, 1e10,
    ];
    #[expect(deprecated, reason = "still one of the backends")]
    let devices = [Device::flex(), Device::ndarray()];
    for device in devices {
        for dtype in [DType::F32, DType::F64] {
            for epsilon in [0.0, 1e-38, 1e-20, 1e-8] {
                let adam = FusedAdam {
                    epsilon,
                    ..FusedAdam::default()
                };
                let found = steps(adam, dtype, &device, &gradients);
                assert_eq!(found[..2], [1.0, 1.0], "{dtype:?}, {epsilon}");
                for (found, gradient) in found.iter().zip(gradients) {
                    // Three steps of 0.01 at most.
                    assert!(
                        (found - 1.0).abs() <= 0.0301,
                        "{found}: gradient {gradient} with ε = {epsilon} in {dtype:?}"
                    );
                }
                // The large ones do move, by 0.01 a step.
                for (found, gradient) in found.iter().zip(gradients).skip(7) {
                    let expected = 1.0 - 0.03 * gradient.signum();
                    assert!((found - expected).abs() < 1e-4, "{found}: {gradient}");
                }
            }
        }
    }
    for dtype in NARROW {
        let adam = FusedAdam {
            epsilon: 0.0,
            ..FusedAdam::default()
        };
        let found = steps(adam, dtype, &Device::flex(), &[0.0, 1e-7, 1e-3, 1.0]);
        assert_eq!(found[0], 1.0);
        assert!(
            found.iter().all(|x| (x - 1.0).abs() < 0.04),
            "{dtype:?}: {found:?}"
        );
    }
}

fn quantised<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    let scheme = QuantScheme::default()
        .with_value(QuantValue::Q8S)
        .with_store(QuantStore::Native);
    tensor.quantize_dynamic(&scheme)
}

fn plain<const D: usize>(shape: [usize; D], seed: u64, dtype: DType) -> Tensor<D> {
    numbers(shape, seed, dtype).inner()
}

#[test]
fn quantised_operands_are_dequantised_as_in_burns_own_operations() {
    let x = plain([5, 3], 1, DType::F32);
    let w = quantised(plain([6, 3], 2, DType::F32));
    let dense = w.clone().dequantize();
    let same = |found: Tensor<2>, expected: Tensor<2>| {
        assert!(relative(&host(found), &host(expected)) < 1e-6);
    };
    same(
        product_transposed(x.clone(), w.clone()),
        product_transposed(x.clone(), dense.clone()),
    );
    let s = plain([5, 6], 3, DType::F32);
    same(
        product(s.clone(), w.clone()),
        product(s.clone(), dense.clone()),
    );
    let parameters = |seed| plain([2, 6], seed, DType::F32);
    let narrow = quantised(parameters(4));
    let run = |w: Tensor<2>, alpha: Tensor<2>| {
        let cascade = tanh_cascade([alpha, parameters(5), parameters(6)]);
        tied_shell(x.clone(), w, None, FusedActivation::Cascade(cascade))
    };
    same(
        run(w.clone(), narrow.clone()),
        run(dense.clone(), narrow.clone().dequantize()),
    );
    let module = |seed| plain([2], seed, DType::F32);
    let modules = |z: Tensor<2>, t: Tensor<1>| softmax_modules(z, softmax(module(7), t));
    let t = quantised(module(8));
    same(
        modules(s.clone(), t.clone()),
        modules(s.clone(), t.dequantize()),
    );
    same(
        linear_spline(s.clone(), quantised(plain([6, 5], 9, DType::F32)), 1.0),
        linear_spline(
            s.clone(),
            quantised(plain([6, 5], 9, DType::F32)).dequantize(),
            1.0,
        ),
    );
    same(softplus(w.clone()), softplus(dense));
    let loss = mean_squared_error(s.clone(), quantised(s));
    assert!(host(loss)[0] < 1e-4);
}

#[test]
fn a_network_of_quantised_weights_runs_on_floats() {
    for name in ["mgradnet_c", "mgradnet_m", "gradnet_c", "gradnet_m"] {
        let mut source = ParameterSource::new(&Device::flex(), 7);
        let network = NetworkConfig::from_name(name)
            .unwrap()
            .with_size(Size::Width(6))
            .init(DIM, &mut source)
            .unwrap();
        let x = plain([5, DIM], 1, DType::F32);
        let expected = host(network.forward(x.clone()));
        struct Quantise;
        impl ModuleMapper for Quantise {
            fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
                // Matrices alone, as usual: single numbers are kept.
                param.map(|tensor| {
                    if D > 1 {
                        quantised(tensor.detach())
                    } else {
                        tensor
                    }
                })
            }
        }
        let found = host(network.map(&mut Quantise).forward(x));
        assert!(
            relative(&found, &expected) < 0.1,
            "{name}: {found:?} for {expected:?}"
        );
    }
}

#[test]
fn operands_of_two_float_types_are_refused_by_name() {
    type Run = fn(DType, DType);
    let cases: [(&str, &str, Run); 8] = [
        (
            "cascade",
            "`beta` is f64, but the first operand is f32",
            |one, other| {
                let (w, p) = (plain([5, 6], 1, one), |dtype| plain([2, 6], 2, dtype));
                cascade(w, tanh_cascade([p(one), p(other), p(one)]));
            },
        ),
        ("softmax modules", "`temperature` is f64", |one, other| {
            let (alpha, t) = (plain([2], 1, one), plain([2], 2, other));
            softmax_modules(plain([5, 6], 1, one), softmax(alpha, t));
        }),
        ("linear spline", "`coefficients` is f64", |one, other| {
            linear_spline(plain([5, 6], 1, one), plain([6, 5], 2, other), 1.0);
        }),
        ("x Wᵀ", "`w` is f64", |one, other| {
            product_transposed(plain([5, 6], 1, one), plain([3, 6], 2, other));
        }),
        ("s W", "`w` is f64", |one, other| {
            product(plain([5, 6], 1, one), plain([6, 3], 2, other));
        }),
        ("mean squared error", "`t` is f64", |one, other| {
            mean_squared_error(plain([5, 6], 1, one), plain([5, 6], 2, other));
        }),
        ("tied cascade", "`w` is f64", |one, other| {
            let p = plain([2, 6], 2, one);
            let (x, w) = (plain([5, 3], 1, one), plain([6, 3], 2, other));
            let cascade = tanh_cascade([p.clone(), p.clone(), p]);
            tied_shell(x, w, None, FusedActivation::Cascade(cascade));
        }),
        ("tied softmax modules", "`alpha` is f64", |one, other| {
            let (x, w) = (plain([5, 3], 1, one), plain([6, 3], 2, one));
            let (bias, alpha, t) = (plain([6], 3, one), plain([2], 4, other), plain([2], 5, one));
            let modules = FusedActivation::SoftmaxModules(softmax(alpha, t));
            tied_shell(x, w, Some(bias), modules);
        }),
    ];
    for (operation, text, run) in cases {
        run(DType::F32, DType::F32);
        let caught = std::panic::catch_unwind(|| run(DType::F32, DType::F64));
        let message = caught.expect_err("two types").downcast::<String>().unwrap();
        assert!(message.starts_with(operation), "{message}");
        assert!(
            message.contains(text) && message.contains("cast"),
            "{message}"
        );
    }
    let caught = std::panic::catch_unwind(|| {
        product(plain([5, 6], 1, DType::F16), plain([6, 3], 2, DType::BF16))
    });
    let message = caught.expect_err("two types").downcast::<String>().unwrap();
    assert!(
        message.contains("`w` is bf16, but the first operand is f16"),
        "{message}"
    );
}
