//! Denoisers are differentiated as finite differences of the exactly solved problem say.

use burn::module::Param;
use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use gradnet_core::activation::{SplineActivation, WeaklyIncreasing};
use gradnet_core::analysis::host;
use gradnet_core::combine::MeanFree;
use gradnet_core::image::{Denoiser, LipschitzImageField, Proximal, RidgeLift};
use gradnet_core::network::WeakRidge;
use gradnet_core::{ParameterSource, TiedNetwork};

const SIZE: [usize; 2] = [5, 6];
const PIXELS: usize = 30;
const UNITS: usize = 3;
const KNOTS: usize = 9;

/// Weights `[3, 9]`, spline coefficients `[3, 9]`, strength and scale of two images.
type Theta = Vec<f64>;

fn numbers(count: usize, seed: u64, size: f64) -> Vec<f64> {
    let mut source = ParameterSource::new(&Device::flex(), seed).with_dtype(FloatDType::F64);
    host(source.uniform([count], -size, size).val())
}

fn theta() -> Theta {
    let mut theta = numbers(UNITS * 9, 1, 0.6);
    theta.extend(numbers(UNITS * KNOTS, 2, 0.3));
    theta.extend([0.25, 0.4, 1.2, 0.7]);
    theta
}

/// A weakly convex ridge of these numbers, with autodiff.
fn ridge(theta: &[f64]) -> MeanFree<WeakRidge> {
    let mut source =
        ParameterSource::new(&Device::flex().autodiff(), 0).with_dtype(FloatDType::F64);
    let shape = WeaklyIncreasing::new(0.3);
    let mut splines = SplineActivation::shaped(shape, [UNITS, KNOTS], 1.5, 0.5, &mut source);
    let (weights, rest) = theta.split_at(UNITS * 9);
    splines.coefficients = source.values([UNITS, KNOTS], rest[..UNITS * KNOTS].to_vec());
    let mut shell = TiedNetwork::new([UNITS, 9], splines, &mut source);
    shell.weight = source.values([UNITS, 9], weights.to_vec());
    MeanFree::new(shell)
}

fn images(values: Vec<f64>) -> Tensor<3> {
    let data = TensorData::new(values, [2, SIZE[0], SIZE[1]]);
    Tensor::from_data(data, (&Device::flex(), DType::F64))
}

fn noisy() -> Tensor<3> {
    images(numbers(2 * PIXELS, 5, 1.0))
}

fn covector() -> Tensor<3> {
    images(numbers(2 * PIXELS, 6, 1.0))
}

/// Strength and scale as parameters, `[2, 1, 1]` each.
fn weights(theta: &[f64]) -> [Param<Tensor<3>>; 2] {
    let source = ParameterSource::new(&Device::flex().autodiff(), 0).with_dtype(FloatDType::F64);
    let last = &theta[theta.len() - 4..];
    [&last[..2], &last[2..]].map(|values| source.values([2, 1, 1], values.to_vec()))
}

fn inner(a: Tensor<3>, b: Tensor<3>) -> f64 {
    host((a * b).sum())[0]
}

/// The derivatives of `value` in all numbers, by central differences.
fn differences(value: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let step = 1e-5;
    let slope = |i: usize| {
        let at = |by: f64| {
            let mut theta = theta();
            theta[i] += by;
            value(&theta)
        };
        (at(step) - at(-step)) / (2.0 * step)
    };
    (0..theta().len()).map(slope).collect()
}

/// The gradient of a tracked number in all numbers of `theta`.
fn gradient(
    number: Tensor<1>,
    ridge: &MeanFree<WeakRidge>,
    weights: &[Param<Tensor<3>>; 2],
) -> Vec<f64> {
    let gradients = number.backward();
    let mut all = host(ridge.field.weight.val().grad(&gradients).unwrap());
    all.extend(host(
        ridge
            .field
            .activation
            .coefficients
            .val()
            .grad(&gradients)
            .unwrap(),
    ));
    for weight in weights {
        all.extend(host(weight.val().grad(&gradients).unwrap()));
    }
    all
}

#[track_caller]
fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    let size = expected.iter().fold(0.0_f64, |size, e| size.max(e.abs()));
    assert!(size > 1e-3, "numbers that say something");
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance * size, "{i}: {a} against {b}");
    }
}

fn denoiser(weights: &[Param<Tensor<3>>; 2], lipschitz: f64) -> Denoiser {
    let [strength, scale] = weights;
    Denoiser {
        strength: strength.val(),
        scale: scale.val(),
        lipschitz,
    }
}

/// The length of the steps counts as a constant, so the differences hold `λ μ L` of each image by itself.
#[test]
fn unrolled_steps_have_the_gradient_of_finite_differences() {
    let steps = 7;
    let all = theta();
    let products = |theta: &[f64]| {
        let last = &theta[theta.len() - 4..];
        [last[0] * last[2], last[1] * last[3]]
    };
    let held = ridge(&all);
    let lipschitz = RidgeLift::new(&held).unwrap().lipschitz();
    let value = |theta: &[f64]| {
        let ridge = ridge(theta);
        let field = RidgeLift::new(&ridge).unwrap();
        let mut sum = 0.0;
        for image in 0..2 {
            let length = lipschitz * products(&all)[image] / products(theta)[image];
            let denoiser = denoiser(&weights(theta), length);
            let x = denoiser.unrolled(&field, noisy(), steps);
            let part = (x * covector()).narrow(0, image, 1);
            sum += host(part.sum())[0];
        }
        sum
    };
    let weights = weights(&all);
    let x = {
        let field = RidgeLift::new(&held).unwrap();
        denoiser(&weights, lipschitz).unrolled(&field, noisy(), steps)
    };
    // By the definition, for one image.
    let field = RidgeLift::new(&held).unwrap();
    let first = |x: &Tensor<3>| x.clone().narrow(0, 0, 1);
    let proximal = Proximal {
        strength: 0.25,
        scale: 1.2,
        lipschitz,
        concavity: 0.0,
        tolerance: 0.0,
        most: 0,
    };
    let mut expected = first(&noisy());
    for _ in 0..steps {
        let slope = proximal.gradient(&field, expected.clone(), first(&noisy()));
        expected = expected - slope * (1.99 / proximal.smoothness());
    }
    assert_close(&host(first(&x)), &host(expected), 1e-12);
    let number = (x * covector()).sum();
    assert_close(
        &gradient(number, &held, &weights),
        &differences(value),
        1e-6,
    );
}

/// The proximal points of two images with weights of their own are those of each by itself, and their gradient by the
/// implicit function theorem is that of differences of points solved to 1e-11. The Jacobian-free direction leads the
/// same way.
#[test]
fn implicit_gradients_are_those_of_the_exactly_solved_minimum() {
    let all = theta();
    let exact = |theta: &[f64]| {
        let ridge = ridge(theta);
        let field = RidgeLift::new(&ridge).unwrap();
        let denoiser = denoiser(&weights(theta), field.lipschitz());
        let tolerance = Tensor::full([2, 1, 1], 1e-11, (&Device::flex(), DType::F64));
        let found = denoiser.proximal(&field, &noisy(), tolerance, 4000);
        assert!(found.gradient <= 1e-11, "{found:?}");
        found.image
    };
    let x = exact(&all);
    let (ridge, weights) = (ridge(&all), weights(&all));
    let field = RidgeLift::new(&ridge).unwrap();
    for (image, (strength, scale)) in [(0.25, 1.2), (0.4, 0.7)].into_iter().enumerate() {
        let alone = Proximal {
            strength,
            scale,
            lipschitz: field.lipschitz(),
            concavity: field.concavity(),
            tolerance: 1e-11,
            most: 20_000,
        };
        assert!(alone.modulus() > 0.0, "{}", alone.modulus());
        let found = alone.find(&field, noisy().narrow(0, image, 1));
        assert_close(
            &host(x.clone().narrow(0, image, 1)),
            &host(found.image),
            1e-9,
        );
    }

    let denoiser = denoiser(&weights, field.lipschitz());
    let v = denoiser.adjoint(&field, &x, covector(), 1e-12, 200);
    let number = denoiser.implicit(&field, x.clone(), v.clone());
    let expected = differences(|theta| inner(exact(theta), covector()));
    let found = gradient(number, &ridge, &weights);
    assert_close(&found, &expected, 1e-6);

    assert!(
        inner(v.clone() - covector(), v).abs() > 1e-3,
        "the Hessian says something"
    );
    let number = denoiser.implicit(&field, x, covector());
    let free = gradient(number, &ridge, &weights);
    let along: f64 = free.iter().zip(&expected).map(|(a, b)| a * b).sum();
    let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    let cosine = along / (norm(&free) * norm(&expected));
    assert!(cosine > 0.3 && cosine < 0.9999, "{cosine}");
}

/// Of images that need many and few steps, each is solved to its tolerance; one whose covector is zero has a solution
/// that is zero.
#[test]
fn the_adjoint_equation_is_solved_image_by_image() {
    let all = theta();
    let (ridge, weights) = (ridge(&all), weights(&all));
    let field = RidgeLift::new(&ridge).unwrap();
    let denoiser = denoiser(&weights, field.lipschitz()).still();
    let g = covector().slice_assign(
        [1..2, 0..SIZE[0], 0..SIZE[1]],
        noisy().narrow(0, 1, 1) * 0.0,
    );
    let v = denoiser.adjoint(&field, &noisy(), g.clone(), 1e-10, 100);
    let point = noisy() * denoiser.scale.clone();
    use gradnet_core::image::ImageField;
    let product = field.derivative(point, v.clone());
    let left = v.clone() + product * denoiser.strength * denoiser.scale - g;
    assert!(host(left.abs().max())[0] < 1e-8);
    assert!(host(v.clone().narrow(0, 1, 1)).iter().all(|v| *v == 0.0));
    assert!(host(v.abs().max())[0] > 0.1);
}

/// The gradient of the concavity, at the peak of its symbol, against differences of the certified bound.
#[test]
fn the_concavity_has_the_gradient_of_its_bound() {
    let all = theta();
    let held = ridge(&all);
    let peak = RidgeLift::new(&held).unwrap().concavity_gradient().unwrap();
    let gradients = peak.clone().backward();
    let mut found = host(held.field.weight.val().grad(&gradients).unwrap());
    found.extend(host(
        held.field
            .activation
            .coefficients
            .val()
            .grad(&gradients)
            .unwrap(),
    ));
    let bound = |theta: &[f64]| RidgeLift::new(&ridge(theta)).unwrap().concavity();
    assert!(
        host(peak)[0] <= bound(&all)
            && host(RidgeLift::new(&held).unwrap().concavity_gradient().unwrap())[0]
                > 0.99 * bound(&all)
    );
    let expected = differences(bound);
    // The bound is a maximum on a grid times 1.0007.
    assert_close(&found, &expected[..found.len()], 5e-3);
}
