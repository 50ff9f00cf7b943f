//! The kernels against the portable operations in f64, whose derivatives are Burn's own.

#![allow(clippy::unwrap_used)] // in a test a failure is the finding

#[cfg(feature = "flex")]
use std::process::Command;

use burn::tensor::{DType, Device, Tensor, TensorData};

use super::*;
#[cfg(feature = "flex")]
use crate::vectors::forced::{Kind, VECTORS};

mod patches;
#[cfg(feature = "flex")]
mod shells;

/// What an operation returned, then the gradient of each input.
type Found = Vec<(String, Vec<f64>)>;

/// Uniform numbers, the same on every backend and in both precisions.
struct Draw(u64);

impl Draw {
    fn uniform(&mut self, count: usize, low: f64, high: f64) -> Vec<f64> {
        let mut next = || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            low + (high - low) * (self.0 >> 40) as f64 / (1u64 << 24) as f64
        };
        // Rounded to f32, so that both precisions start from the same numbers.
        (0..count).map(|_| f64::from(next() as f32)).collect()
    }
}

/// An input: its name, numbers and shape.
type Input = (&'static str, Vec<f64>, Vec<usize>);

fn tensor<const D: usize>(input: &Input, device: &Device, dtype: DType) -> Tensor<D> {
    let data = TensorData::new(input.1.clone(), input.2.clone());
    Tensor::<D>::from_data(data.convert_dtype(dtype), (device, dtype)).require_grad()
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().convert::<f64>().try_to_vec().unwrap()
}

/// The output and the gradients of ⟨output, weights⟩, the weights fixed and of both signs.
fn differentiated(
    output: Tensor<2>,
    twos: &[(&str, Tensor<2>)],
    ones: &[(&str, Tensor<1>)],
) -> Found {
    let shape = output.dims();
    let weights = Draw(99).uniform(shape[0] * shape[1], -1.0, 1.0);
    let data = TensorData::new(weights, shape).convert_dtype(output.dtype());
    let weights = Tensor::<2>::from_data(data, (&output.device(), output.dtype()));
    let gradients = (output.clone() * weights).sum().backward();
    let mut found = vec![("output".to_string(), numbers(output.inner()))];
    for (name, input) in twos {
        found.push((name.to_string(), numbers(input.grad(&gradients).unwrap())));
    }
    for (name, input) in ones {
        found.push((name.to_string(), numbers(input.grad(&gradients).unwrap())));
    }
    found
}

/// Holds each number of `found` to `reference` within `tolerance` of the largest of its kind, or of 0.1 where all are
/// small: gradients are differences of numbers of order 1, so that is what rounding leaves of them.
fn assert_close(found: &Found, reference: &Found, tolerance: f64, case: &str) {
    for ((name, found), (_, reference)) in found.iter().zip(reference) {
        assert_eq!(found.len(), reference.len(), "{case}: {name}");
        let scale = reference.iter().fold(0.1_f64, |s, x| s.max(x.abs()));
        for (i, (x, r)) in found.iter().zip(reference).enumerate() {
            assert!(
                (x - r).abs() <= tolerance * scale,
                "{case}: {name}[{i}] is {x}, not {r} (largest {scale})"
            );
        }
    }
}

/// What a test runs on: a device, an element type, and how closely it must agree.
struct Place {
    name: &'static str,
    device: Device,
    dtype: DType,
    tolerance: f64,
}

fn places() -> Vec<Place> {
    let mut places = Vec::new();
    #[cfg(feature = "flex")]
    for (name, dtype, tolerance) in [
        ("flex f32", DType::F32, 1e-5),
        ("flex f64", DType::F64, 1e-12),
    ] {
        let device = Device::flex().autodiff();
        // Fewer lanes add up more numbers one after the other.
        let rounding = if Kind::current() == Kind::Widest {
            1.0
        } else {
            8.0
        };
        let tolerance = rounding * tolerance;
        places.push(Place {
            name,
            device,
            dtype,
            tolerance,
        });
    }
    #[cfg(feature = "flex")]
    if Kind::current() != Kind::Widest {
        return places;
    }
    #[cfg(feature = "ndarray")]
    {
        #[expect(deprecated, reason = "still one of the backends")]
        let device = Device::ndarray().autodiff();
        places.push(Place {
            name: "ndarray f64",
            device,
            dtype: DType::F64,
            tolerance: 1e-12,
        });
    }
    #[cfg(feature = "wgpu")]
    if let Some(device) = wgpu() {
        places.push(Place {
            name: "wgpu f32",
            device,
            dtype: DType::F32,
            tolerance: 1e-5,
        });
    }
    places
}

/// A wgpu device that computes, if this machine has one.
#[cfg(feature = "wgpu")]
fn wgpu() -> Option<Device> {
    let device = std::panic::catch_unwind(|| {
        let device = Device::wgpu(burn::tensor::DeviceKind::DefaultDevice).autodiff();
        let sum = Tensor::<1>::from_floats([1.0, 2.0], &device).sum();
        assert_eq!(sum.into_scalar::<f32>(), 3.0);
        device
    });
    if device.is_err() {
        eprintln!("SKIPPED on wgpu: no adapter on this machine");
    }
    device.ok()
}

/// Where the reference is computed: in f64, as Burn operations.
fn reference_device() -> (Device, DType) {
    #[cfg(feature = "flex")]
    return (Device::flex().autodiff(), DType::F64);
    #[cfg(not(feature = "flex"))]
    return (Device::default().autodiff(), DType::F64);
}

type RunCascade = fn(Tensor<2>, Cascade) -> Tensor<2>;

/// The inputs of a cascade, by name.
#[derive(Clone)]
struct CascadeInputs {
    w: Input,
    parameters: Cascade<Input>,
}

impl CascadeInputs {
    /// Of a fixed function, or of learned ones.
    fn new([batch, hidden, layers]: [usize; 3], function: Option<ScalarFunction>) -> Self {
        let mut draw = Draw(7 + (batch * hidden * layers) as u64);
        let w = draw.uniform(batch * hidden, -2.0, 2.0);
        let mut parameter = |name, low, high| {
            let numbers = draw.uniform(layers * hidden, low, high);
            (name, numbers, vec![layers, hidden])
        };
        let parameters = Cascade {
            alpha: parameter("alpha", 0.3, 1.2),
            beta: parameter("beta", 0.3, 1.2),
            bias: parameter("bias", -1.0, 1.0),
            function: match function {
                Some(function) => CascadeFunction::Fixed(function),
                None => CascadeFunction::Learned {
                    a: parameter("a", 0.3, 1.2),
                    b: parameter("b", 0.1, 0.8),
                },
            },
        };
        Self {
            w: ("w", w, vec![batch, hidden]),
            parameters,
        }
    }

    /// The parameters as tensors, and by name.
    fn tensors(&self, device: &Device, dtype: DType) -> (Cascade, Vec<(&'static str, Tensor<2>)>) {
        let cascade = self
            .parameters
            .as_ref()
            .map(|_, input| tensor::<2>(input, device, dtype));
        let mut named = Vec::new();
        cascade
            .as_ref()
            .map(|name, tensor| named.push((name, tensor.clone())));
        (cascade, named)
    }
}

fn run_cascade(
    run: RunCascade,
    inputs: &CascadeInputs,
    (device, dtype): (&Device, DType),
) -> Found {
    let w = tensor::<2>(&inputs.w, device, dtype);
    let (cascade, mut named) = inputs.tensors(device, dtype);
    named.push(("w", w.clone()));
    differentiated(run(w, cascade), &named, &[])
}

/// Every fixed function, and the learned ones.
fn functions() -> impl Iterator<Item = Option<ScalarFunction>> {
    ScalarFunction::ALL.map(Some).into_iter().chain([None])
}

#[test]
fn a_cascade_agrees_with_its_portable_form_on_every_backend() {
    let places = places();
    let (device, dtype) = reference_device();
    for batch in [1, 7, 100, 1000] {
        for hidden in [1, 5, 7, 629] {
            for layers in [1, 2, 4, 5] {
                // The largest shape once a function: the cost is the reference's.
                if batch * hidden > 100_000 && layers != 4 {
                    continue;
                }
                for function in functions() {
                    let inputs = CascadeInputs::new([batch, hidden, layers], function);
                    let reference = run_cascade(portable::cascade, &inputs, (&device, dtype));
                    for place in &places {
                        let case = format!(
                            "{}, batch {batch}, hidden {hidden}, layers {layers}, {function:?}",
                            place.name
                        );
                        let at = (&place.device, place.dtype);
                        let found = run_cascade(cascade, &inputs, at);
                        assert_close(&found, &reference, place.tolerance, &case);
                    }
                }
            }
        }
    }
}

type RunModules = fn(Tensor<2>, SoftmaxModules) -> Tensor<2>;

/// The inputs of softmax modules, by name.
struct ModulesInputs {
    z: Input,
    parameters: SoftmaxModules<Input>,
}

impl ModulesInputs {
    /// Modules of so many units; with temperatures of both signs.
    fn new([batch, width, modules]: [usize; 3], learned: bool) -> Self {
        let mut draw = Draw(17 + (batch * width * modules) as u64);
        let hidden = width * modules;
        let z = draw.uniform(batch * hidden, -3.0, 3.0);
        let mut parameter =
            |name, low, high| (name, draw.uniform(modules, low, high), vec![modules]);
        let parameters = SoftmaxModules {
            alpha: parameter("alpha", 0.5, 1.5),
            temperature: parameter("temperature", -1.5, 1.5),
            mix: learned.then(|| Mix {
                a: parameter("a", 0.5, 1.5),
                b: parameter("b", -1.0, 1.0),
            }),
        };
        Self {
            z: ("z", z, vec![batch, hidden]),
            parameters,
        }
    }

    /// The parameters as tensors, and by name.
    fn tensors(
        &self,
        device: &Device,
        dtype: DType,
    ) -> (SoftmaxModules, Vec<(&'static str, Tensor<1>)>) {
        let modules = self
            .parameters
            .as_ref()
            .map(|_, input| tensor::<1>(input, device, dtype));
        let mut named = Vec::new();
        modules
            .as_ref()
            .map(|name, tensor| named.push((name, tensor.clone())));
        (modules, named)
    }
}

fn run_modules(
    run: RunModules,
    inputs: &ModulesInputs,
    (device, dtype): (&Device, DType),
) -> Found {
    let z = tensor::<2>(&inputs.z, device, dtype);
    let (modules, named) = inputs.tensors(device, dtype);
    differentiated(run(z.clone(), modules), &[("z", z)], &named)
}

#[test]
fn softmax_modules_agree_with_their_portable_form_on_every_backend() {
    let places = places();
    let (device, dtype) = reference_device();
    for batch in [1, 7, 100, 1000] {
        for width in [1, 5, 7, 33, 247] {
            for modules in [1, 4] {
                for learned in [false, true] {
                    let inputs = ModulesInputs::new([batch, width, modules], learned);
                    let at = (&device, dtype);
                    let reference = run_modules(portable::softmax_modules, &inputs, at);
                    for place in &places {
                        let case = format!(
                            "{}, batch {batch}, width {width}, modules {modules}, learned {learned}",
                            place.name
                        );
                        let at = (&place.device, place.dtype);
                        let found = run_modules(softmax_modules, &inputs, at);
                        assert_close(&found, &reference, place.tolerance, &case);
                    }
                }
            }
        }
    }
}

/// `J_σ(z) v` by central differences of the portable form in f64, for a cascade and for softmax modules.
#[cfg(feature = "flex")]
#[test]
fn products_with_the_jacobian_are_difference_quotients() {
    let (batch, hidden, step) = (9, 12, 1e-5);
    let device = Device::flex().autodiff();
    let draw = |seed: u64| Draw(seed).uniform(batch * hidden, -1.5, 1.5);
    let input = |name, numbers| (name, numbers, vec![batch, hidden]);
    let (z, v) = (input("z", draw(3)), input("v", draw(4)));
    let activations = |dtype: DType| {
        let cascades = functions().map(|function| {
            let inputs = CascadeInputs::new([batch, hidden, 4], function);
            FusedActivation::Cascade(inputs.tensors(&device, dtype).0.map(|_, of| of.inner()))
        });
        let modules = [false, true].map(|learned| {
            let inputs = ModulesInputs::new([batch, 3, 4], learned);
            FusedActivation::SoftmaxModules(
                inputs.tensors(&device, dtype).0.map(|_, of| of.inner()),
            )
        });
        cascades.chain(modules).collect::<Vec<_>>()
    };
    let portable = |z: Tensor<2>, activation: &FusedActivation| match activation.clone() {
        FusedActivation::Cascade(of) => portable::cascade(z, of),
        FusedActivation::SoftmaxModules(of) => portable::softmax_modules(z, of),
    };
    let [at, along] = [&z, &v].map(|input| tensor::<2>(input, &device, DType::F64).inner());
    let references = activations(DType::F64).into_iter().map(|activation| {
        let value = |by: f64| portable(at.clone() + along.clone() * by, &activation);
        numbers((value(step) - value(-step)) / (2.0 * step))
    });
    let references: Vec<Vec<f64>> = references.collect();
    for (dtype, tolerance) in [(DType::F64, 1e-6), (DType::F32, 2e-5)] {
        let [at, along] = [&z, &v].map(|input| tensor::<2>(input, &device, dtype).inner());
        for (activation, reference) in activations(dtype).into_iter().zip(&references) {
            // A quotient across a kink of a piecewise linear function is that of no side.
            let found = numbers(jacobian_vector(&at, &along, activation).unwrap());
            let pairs = found.iter().zip(reference);
            let off = pairs.filter(|(x, r)| (*x - *r).abs() > tolerance * (1.0 + r.abs()));
            assert_eq!(off.count(), 0, "{found:?} {reference:?}");
        }
    }
}

/// The product is not differentiable: where a gradient may be asked for there is none.
#[test]
fn on_an_autodiff_device_there_is_no_product_with_the_jacobian() {
    let device = Device::flex().autodiff();
    let inputs = CascadeInputs::new([2, 3, 4], None);
    let (cascade, _) = inputs.tensors(&device, DType::F32);
    let z = tensor::<2>(&inputs.w, &device, DType::F32);
    assert!(jacobian_vector(&z, &z, FusedActivation::Cascade(cascade)).is_none());
}

type Spline = fn(Tensor<2>, Tensor<2>, f64) -> Tensor<2>;

fn run_spline(
    run: Spline,
    inputs: &[Input],
    range: f64,
    (device, dtype): (&Device, DType),
) -> Found {
    let [z, coefficients] = std::array::from_fn(|i| tensor::<2>(&inputs[i], device, dtype));
    let output = run(z.clone(), coefficients.clone(), range);
    differentiated(output, &[("z", z), ("coefficients", coefficients)], &[])
}

#[test]
fn a_linear_spline_agrees_with_its_portable_form_on_every_backend() {
    let places = places();
    let (device, dtype) = reference_device();
    let range = 0.75;
    for batch in [1, 7, 100, 1000] {
        for hidden in [1, 5, 7, 629] {
            for knots in [2, 7, 41] {
                let mut draw = Draw(27 + (batch * hidden * knots) as u64);
                let step = 2.0 * range / (knots - 1) as f64;
                let size = batch * hidden;
                // Inside and outside the knots, but not so near one that rounding decides the side.
                let cells = draw.uniform(size, -3.0, knots as f64 + 2.0);
                let within = draw.uniform(size, 0.1, 0.9);
                let z = cells
                    .iter()
                    .zip(within)
                    .map(|(cell, f)| f64::from(((cell.floor() + f) * step - range) as f32));
                let inputs = vec![
                    ("z", z.collect(), vec![batch, hidden]),
                    (
                        "coefficients",
                        draw.uniform(hidden * knots, -1.0, 1.0),
                        vec![hidden, knots],
                    ),
                ];
                let at = (&device, dtype);
                let reference = run_spline(portable::linear_spline, &inputs, range, at);
                for place in &places {
                    let case = format!(
                        "{}, batch {batch}, hidden {hidden}, knots {knots}",
                        place.name
                    );
                    let at = (&place.device, place.dtype);
                    let found = run_spline(linear_spline, &inputs, range, at);
                    // The fraction is what is left of a position up to `knots` large.
                    let tolerance = place.tolerance * knots as f64;
                    assert_close(&found, &reference, tolerance, &case);
                }
            }
        }
    }
}

/// One piece for every number, a knot and its neighbours among the floats included, whoever looks.
#[test]
fn every_kernel_finds_the_piece_that_the_knots_say() {
    for (count, range) in [(2, 0.75), (7, 0.75), (41, 4.0), (10, 0.1)] {
        let knots = Knots::new(count, range);
        for place in places() {
            let mut z = Vec::new();
            for knot in 0..count {
                let at = knot as f64 * knots.step() - range;
                let single = at as f32;
                let near = [single.next_down(), single, single.next_up()];
                z.extend(near.map(f64::from).into_iter().chain([at]));
            }
            let units = z.len();
            // The values k² at the knots: the slope tells the piece.
            let squares = (0..units * count).map(|i| ((i % count) * (i % count)) as f64);
            let coefficients = ("coefficients", squares.collect(), vec![units, count]);
            let at = |input| tensor::<2>(input, &place.device, place.dtype);
            let z = ("z", z, vec![1, units]);
            let z = at(&z);
            let gradients = linear_spline(z.clone(), at(&coefficients), range).sum();
            let slopes = numbers(z.grad(&gradients.backward()).unwrap());
            let piece = |slope: f64| ((slope * knots.step() - 1.0) / 2.0).round();
            let found: Vec<f64> = slopes.into_iter().map(piece).collect();
            let expected = knots.locate(z.inner()).0.into_data();
            let expected = expected.convert::<f64>().try_to_vec::<f64>().unwrap();
            assert_eq!(found, expected, "{}, {count} knots", place.name);
        }
    }
}

type Product = fn(Tensor<2>, Tensor<2>) -> Tensor<2>;

#[test]
fn the_products_of_a_tied_network_are_burns_on_every_backend() {
    let (device, dtype) = reference_device();
    // A batch below the dimension and above it, whole blocks of 16 and others, one row and one column.
    for [batch, hidden, dim] in [
        [11, 13, 5],
        [5, 33, 16],
        [16, 32, 48],
        [1, 7, 3],
        [40, 1, 47],
        [530, 70, 50],
        [100, 300, 700],
    ] {
        let mut draw = Draw(31 + (batch * hidden * dim) as u64);
        let inputs = [
            ("x", draw.uniform(batch * dim, -1.0, 1.0), vec![batch, dim]),
            (
                "w",
                draw.uniform(hidden * dim, -1.0, 1.0),
                vec![hidden, dim],
            ),
        ];
        let run = |first: Product, second: Product, device: &Device, dtype: DType| {
            let [x, w] = [0, 1].map(|i| tensor::<2>(&inputs[i], device, dtype));
            // W twice, as in a tied network: both gradients are added up.
            let y = second(first(x.clone(), w.clone()), w.clone());
            differentiated(y, &[("x", x), ("w", w)], &[])
        };
        let reference = run(
            |x, w| x.matmul(w.transpose()),
            |s, w| s.matmul(w),
            &device,
            dtype,
        );
        for place in places() {
            // Burn's own products there, which it tunes anew for each shape.
            if place.name.starts_with("wgpu") && batch * hidden > 1000 {
                continue;
            }
            let found = run(product_transposed, product, &place.device, place.dtype);
            let case = format!("{}, {batch} x {hidden} x {dim}", place.name);
            assert_close(&found, &reference, place.tolerance, &case);
        }
    }
}

#[test]
fn softplus_is_the_logarithm_of_one_plus_the_exponential_on_every_backend() {
    // Both tails: e^-80 is 1.8e-35, and log(1 + e^80) is 80 to the last bit.
    let x: Vec<f64> = (-40..=40)
        .map(|i| f64::from(2 * i))
        .chain([0.3, -0.7])
        .collect();
    let size = x.len();
    let values: Vec<f64> = x
        .iter()
        .map(|&x| x.max(0.0) + (-x.abs()).exp().ln_1p())
        .collect();
    let slopes: Vec<f64> = x.iter().map(|&x| 1.0 / (1.0 + (-x).exp())).collect();
    let input = ("x", x, vec![1, size]);
    for place in places() {
        let x = tensor::<2>(&input, &place.device, place.dtype);
        let y = softplus(x.clone());
        let gradients = y.clone().sum().backward();
        let found = [numbers(y.inner()), numbers(x.grad(&gradients).unwrap())];
        for (found, expected) in found.iter().zip([&values, &slopes]) {
            for ((found, expected), x) in found.iter().zip(expected).zip(&input.1) {
                // Relative, so that the small values of the left tail count; a GPU's logarithm of 1 + x loses them.
                let small = if place.name == "wgpu f32" { 0.1 } else { 0.0 };
                assert!(
                    (found - expected).abs() <= place.tolerance * expected.abs().max(small),
                    "{}: {found}, not {expected}, at {x}",
                    place.name
                );
            }
        }
    }
}

#[test]
fn the_mean_squared_error_and_its_gradients_are_those_of_tensor_operations_on_every_backend() {
    // More elements than a piece of work, and none at the end of a vector.
    for (batch, dim) in [(1, 1), (7, 5), (300, 257)] {
        let mut draw = Draw(batch as u64);
        let inputs = ["y", "t"].map(|name| {
            let numbers = draw.uniform(batch * dim, -1.0, 1.0);
            (name, numbers, vec![batch, dim])
        });
        let run = |loss: fn(Tensor<2>, Tensor<2>) -> Tensor<1>, device: &Device, dtype: DType| {
            let [y, t] = inputs
                .each_ref()
                .map(|input| tensor::<2>(input, device, dtype));
            // Read turned, so that the elements are not in their order.
            let turned = [&y, &t].map(|x| x.clone().transpose());
            let [a, b] = turned;
            let output = (loss(a, b) * 3.0).unsqueeze();
            differentiated(output, &[("y", y), ("t", t)], &[])
        };
        let exact = Device::flex().autodiff();
        let reference = run(portable::mean_squared_error, &exact, DType::F64);
        for place in places() {
            let found = run(mean_squared_error, &place.device, place.dtype);
            let case = format!("{} {batch} x {dim}", place.name);
            assert_close(&found, &reference, place.tolerance, &case);
            let size = (batch * dim) as f64;
            let scaled = |found: &Found| {
                let of = |(name, x): &(String, Vec<f64>)| {
                    (name.clone(), x.iter().map(|x| x * size).collect())
                };
                found[1..].iter().map(of).collect()
            };
            assert_close(&scaled(&found), &scaled(&reference), place.tolerance, &case);
        }
    }
}

#[test]
fn operations_read_transposed_and_sliced_inputs_in_their_order() {
    let (batch, hidden, layers) = (9, 13, 4);
    let inputs = CascadeInputs::new([batch, hidden, layers], Some(ScalarFunction::Tanh));
    for place in places() {
        // The output read transposed makes the gradient arrive transposed.
        let run = |views: bool| {
            let w = tensor::<2>(&inputs.w, &place.device, place.dtype);
            let (mut parameters, mut named) = inputs.tensors(&place.device, place.dtype);
            named.push(("w", w.clone()));
            let twice = |t: &Tensor<2>| Tensor::cat(vec![t.clone(), t.clone()], 0);
            let w = if views {
                parameters.alpha = twice(&parameters.alpha).narrow(0, layers, layers);
                parameters.bias = twice(&parameters.bias).narrow(0, 0, layers);
                twice(&w)
                    .transpose()
                    .slice([0..hidden, batch..2 * batch])
                    .transpose()
            } else {
                w
            };
            differentiated(cascade(w, parameters).transpose(), &named, &[])
        };
        assert_close(&run(true), &run(false), 1e-6, place.name);
    }
}

#[test]
fn an_input_that_is_not_a_number_gives_no_number() {
    for place in places() {
        let nan = ("w", vec![f64::NAN, 0.5], vec![1, 2]);
        let one = ("p", vec![1.0, 1.0], vec![1, 2]);
        let at = |input| tensor::<2>(input, &place.device, place.dtype);
        for function in ScalarFunction::ALL {
            // The rule max(NaN, 0) = NaN is not every device's.
            if place.name.starts_with("wgpu") {
                continue;
            }
            let case = format!("{} {function:?}", place.name);
            let [alpha, beta, bias] = [(); 3].map(|()| at(&one));
            let parameters = Cascade {
                alpha,
                beta,
                bias,
                function: CascadeFunction::Fixed(function),
            };
            let y = cascade(at(&nan), parameters);
            let y = numbers(y.inner());
            assert!(y[0].is_nan() && y[1].is_finite(), "{case}: {y:?}");
        }
    }
}

#[test]
fn adam_takes_the_steps_of_burns_adam() {
    use super::FusedAdam;
    use burn::optim::{Adam, AdamConfig, Optimizer};

    fn run<O: Optimizer>(optimizer: &O, place: &Place, shape: [usize; 2]) -> Vec<f64> {
        let device = place.device.clone().inner();
        let mut draw = Draw(3);
        let mut input = |low| {
            (
                "x",
                draw.uniform(shape[0] * shape[1], low, 1.0),
                shape.to_vec(),
            )
        };
        let plain = |input: Input| {
            let data = TensorData::new(input.1, input.2).convert_dtype(place.dtype);
            Tensor::<2>::from_data(data, (&device, place.dtype))
        };
        let (mut tensor, mut state) = (plain(input(-1.0)), None);
        for _ in 0..5 {
            (tensor, state) = optimizer.step(1e-2, tensor, plain(input(-1.0)), state);
        }
        numbers(tensor)
    }
    let burns: Adam = AdamConfig::new().with_epsilon(1e-8).build();
    for place in places() {
        for shape in [[1, 1], [3, 7], [300, 257]] {
            let ours = run(&FusedAdam::default(), &place, shape);
            let reference = run(&burns, &place, shape);
            // Burn's bias correction is computed in f32.
            let named = |numbers| vec![("parameter".to_string(), numbers)];
            let case = format!("{} {shape:?}", place.name);
            assert_close(&named(ours), &named(reference), 1e-6, &case);
        }
    }
}

#[test]
fn adam_without_epsilon_is_finite_and_still_without_a_gradient_on_every_backend() {
    use super::FusedAdam;
    use burn::optim::Optimizer;

    let adam = FusedAdam {
        epsilon: 0.0,
        ..FusedAdam::default()
    };
    let gradients = vec![0.0, 1e-30, -1e-25, 1e-12, 1e-3, -4.0];
    for place in places() {
        let device = place.device.clone().inner();
        let of = |values: &[f64]| {
            let data = TensorData::new(values.to_vec(), [1, values.len()]);
            Tensor::<2>::from_data(data.convert_dtype(place.dtype), (&device, place.dtype))
        };
        let (mut tensor, mut state) = (of(&[1.0; 6]), None);
        for _ in 0..3 {
            (tensor, state) = adam.step(1e-2, tensor, of(&gradients), state);
        }
        let found = numbers(tensor);
        assert_eq!(found[0], 1.0, "{}", place.name);
        for (found, gradient) in found.iter().zip(&gradients) {
            assert!(
                (found - 1.0).abs() <= 0.0301,
                "{}: {found} at {gradient}",
                place.name
            );
        }
        assert!((found[5] - 1.03).abs() < 1e-4, "{}: {found:?}", place.name);
    }
}

/// Sums are added in an order that the shape alone decides.
#[cfg(feature = "flex")]
#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let at = (&Device::flex().autodiff(), DType::F32);
    let cascade_inputs = CascadeInputs::new([1000, 97, 4], None);
    let module_inputs = ModulesInputs::new([1000, 20, 5], true);
    let mut draw = Draw(5);
    let spline_inputs = vec![
        ("z", draw.uniform(1000 * 97, -2.0, 2.0), vec![1000, 97]),
        ("coefficients", draw.uniform(97 * 7, -2.0, 2.0), vec![97, 7]),
    ];
    let with_threads = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            (
                run_cascade(cascade, &cascade_inputs, at),
                run_modules(softmax_modules, &module_inputs, at),
                run_spline(linear_spline, &spline_inputs, 1.0, at),
                shells::tied(at),
            )
        })
    };
    let alone = with_threads(1);
    for threads in [2, 3, 8] {
        assert!(with_threads(threads) == alone, "{threads} threads");
    }
}

/// All tests of this module run with the widest vectors of this processor; here they run once more in a process for
/// each narrower kind, on Flex alone.
#[cfg(feature = "flex")]
#[test]
fn the_kernels_agree_with_their_portable_forms_on_narrower_vectors() {
    if std::env::var_os(VECTORS).is_some() {
        assert_ne!(Kind::current(), Kind::Widest);
        return;
    }
    for kind in Kind::all() {
        if kind == Kind::Widest {
            continue;
        }
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["tests::", "--skip", "flex::"])
            .env(VECTORS, format!("{kind:?}"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{kind:?}: {said}");
        let ran = "a_cascade_agrees_with_its_portable_form_on_every_backend ... ok";
        assert!(said.contains(ran), "{kind:?}: {said}");
    }
}
