//! Operators have the adjoint and the norm they claim, and restorations go down all the way to the minimum.

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use gradnet_core::activation::SplineActivation;
use gradnet_core::analysis::host;
use gradnet_core::combine::MeanFree;
use gradnet_core::image::{
    Blur, Descent, Fourier, Identity, ImageOperator, LipschitzImageField, Mask, Matrix, PatchLift,
    Proximal, Restoration, RidgeLift,
};
use gradnet_core::network::{ConvexRidge, GradNetC, GradNetCConfig};
use gradnet_core::sign::NonNegative;
use gradnet_core::{ParameterSource, TiedNetwork};
use nalgebra::DMatrix;

const SIZE: [usize; 2] = [6, 9];

fn source(seed: u64) -> ParameterSource {
    ParameterSource::new(&Device::flex(), seed).with_dtype(FloatDType::F64)
}

fn numbers(shape: [usize; 3], seed: u64) -> Tensor<3> {
    let values = host(
        source(seed)
            .uniform([shape.iter().product()], 0.0, 1.0)
            .val(),
    );
    Tensor::from_data(
        TensorData::new(values, shape),
        (&Device::flex(), DType::F64),
    )
}

fn image(seed: u64) -> Tensor<3> {
    numbers([1, SIZE[0], SIZE[1]], seed)
}

fn mask(seed: u64) -> Tensor<2> {
    let weights = image(seed).squeeze_dim::<2>(0);
    weights.clone().greater_elem(0.4).float().cast(DType::F64) * 0.8
}

/// A kernel that is no square, with an even side.
const KERNEL: [f64; 6] = [0.3, 0.25, 0.1, 0.2, 0.1, 0.05];

fn table([rows, columns]: [usize; 2]) -> Tensor<2> {
    let values = numbers([1, rows, columns], 17) - 0.4;
    values.squeeze_dim::<2>(0)
}

fn operators() -> Vec<(&'static str, Box<dyn ImageOperator>)> {
    vec![
        ("identity", Box::new(Identity)),
        ("blur", Box::new(Blur::new(&KERNEL, [2, 3], &image(1)))),
        ("mask", Box::new(Mask::new(mask(2)))),
        ("fourier", Box::new(Fourier::new(mask(3)))),
        ("wide", Box::new(Matrix::new(table([20, 54]), SIZE))),
        ("tall", Box::new(Matrix::new(table([70, 54]), SIZE))),
    ]
}

fn dot(a: Tensor<3>, b: Tensor<3>) -> f64 {
    host((a * b).sum())[0]
}

#[test]
fn operators_have_their_adjoint_and_are_no_longer_than_they_say() {
    for (name, operator) in operators() {
        let measured = operator.measure(image(4)).dims();
        let y = numbers(measured, 5);
        let left = dot(operator.measure(image(4)), y.clone());
        let right = dot(image(4), operator.adjoint(y));
        assert!(
            (left - right).abs() < 1e-11 * left.abs(),
            "{name}: {left} {right}"
        );

        let pixels = SIZE[0] * SIZE[1];
        let columns = (0..pixels).map(|pixel| {
            let mut unit = vec![0.0; pixels];
            unit[pixel] = 1.0;
            let data = TensorData::new(unit, [1, SIZE[0], SIZE[1]]);
            host(operator.measure(Tensor::from_data(data, (&Device::flex(), DType::F64))))
        });
        let columns: Vec<f64> = columns.flatten().collect();
        let matrix = DMatrix::from_column_slice(columns.len() / pixels, pixels, &columns);
        let norm = matrix.singular_values().max().powi(2);
        assert!(norm <= operator.norm_squared() * (1.0 + 1e-12), "{name}");
        assert!(
            norm > 0.5 * operator.norm_squared(),
            "{name}: a bound that says something"
        );
        let gram = matrix.transpose() * matrix;
        let least = gram.symmetric_eigenvalues().min();
        assert!(operator.modulus() <= least + 1e-12, "{name}: {least}");
    }
}

/// By the definition, pixel by pixel.
#[test]
fn a_blur_is_a_convolution_and_fourier_a_transform() {
    let (x, [height, width]) = (host(image(7)), SIZE);
    let blurred = host(operators()[1].1.measure(image(7)));
    let transformed = host(operators()[3].1.measure(image(7)));
    let weights = host(mask(3));
    for i in 0..height {
        for j in 0..width {
            let mut sum = 0.0;
            for (index, weight) in KERNEL.iter().enumerate() {
                let row = (i + 1).wrapping_sub(index / 3);
                let column = (j + 1).wrapping_sub(index % 3);
                if row < height && column < width {
                    sum += weight * x[row * width + column];
                }
            }
            assert!((blurred[i * width + j] - sum).abs() < 1e-12);

            let (mut real, mut imaginary) = (0.0, 0.0);
            for (pixel, value) in x.iter().enumerate() {
                let turns = (i * (pixel / width)) as f64 / height as f64
                    + (j * (pixel % width)) as f64 / width as f64;
                let angle = std::f64::consts::TAU * turns;
                real += value * angle.cos();
                imaginary -= value * angle.sin();
            }
            let scale = weights[i * width + j] / ((height * width) as f64).sqrt();
            let place = i * width + j;
            assert!((transformed[place] - scale * real).abs() < 1e-12);
            assert!((transformed[height * width + place] - scale * imaginary).abs() < 1e-12);
        }
    }
}

fn ridge() -> MeanFree<ConvexRidge> {
    let mut source = source(11);
    let splines = SplineActivation::<NonNegative>::new([4, 11], 0.3, 0.8, &mut source);
    MeanFree::new(TiedNetwork::new([4, 9], splines, &mut source))
}

fn cascade() -> GradNetC {
    use gradnet_core::network::Architecture;
    GradNetCConfig::new(9).with_width(6).build(&mut source(12))
}

#[test]
fn the_objective_never_rises_and_the_gradient_vanishes() {
    let (ridge, cascade) = (ridge(), cascade());
    let mut slow = 0;
    let ridge = RidgeLift::new(&ridge).unwrap();
    let cascade = PatchLift::new(&cascade).unwrap();
    for (name, operator) in operators() {
        let y = operator.measure(image(8)) + numbers(operator.measure(image(8)).dims(), 9) * 0.1;
        let convex = Restoration {
            field: &ridge,
            operator: operator.as_ref(),
            strength: 0.7,
            scale: 1.5,
            lipschitz: ridge.lipschitz(),
            concavity: 0.0,
        };
        let mut objectives = Vec::new();
        let x = convex.run(&y, 1e-8, 20_000, |now| objectives.push(now.objective));
        let rises = objectives
            .windows(2)
            .filter(|pair| pair[1] > pair[0])
            .count();
        assert_eq!(rises, 0, "{name}");
        let gradient = host(convex.gradient(x.clone(), y.clone()).square().sum())[0].sqrt();
        assert!(gradient < 1e-5, "{name}: {gradient}");
        assert!(objectives.last() < objectives.first(), "{name}");
        // The same minimum without a look at the objective, from elsewhere.
        let found = convex.find_from(image(1), &y, 1e-9, 20_000);
        assert!(found.gradient <= 1e-9, "{name}: {found:?}");
        let now = convex.objective(&found.image, &y);
        let last = objectives.last().copied().unwrap_or(f64::NAN);
        assert!(
            (now - last).abs() < 1e-9 * last.abs(),
            "{name}: {now} {last}"
        );

        let free = Restoration {
            field: &cascade,
            operator: operator.as_ref(),
            strength: 0.2,
            scale: 1.0,
            lipschitz: cascade.lipschitz(),
            concavity: cascade.concavity(),
        };
        let mut objectives = Vec::new();
        let x = free.run(&y, 1e-7, 20_000, |now| objectives.push(now.objective));
        assert!(objectives.len() > 3, "{name}");
        assert!(
            objectives.windows(2).all(|pair| pair[1] <= pair[0]),
            "{name}"
        );
        // A critical point, where plain gradient steps of the same length are still on their way.
        let size = |x| host(free.gradient(x, y.clone()).square().sum())[0].sqrt();
        assert!(size(x.clone()) < 1e-5, "{name}: {}", size(x));
        if !free.is_convex() && objectives.len() > 100 {
            let plain = Descent {
                smoothness: free.step().recip(),
                modulus: free.modulus(),
                tolerance: 1e-7,
                most: objectives.len(),
            };
            let start = operator.adjoint(y.clone());
            let plain = plain.run(start, |x| free.gradient(x, y.clone()));
            assert!(plain.gradient > 1e-7, "{name}: {plain:?}");
            slow += 1;
        }
    }
    assert!(
        slow > 0,
        "no operator is hard enough to tell the steps apart"
    );
}

/// The proximal point is the restoration without an operator, found another way; and its error is what its gradient
/// says.
#[test]
fn the_proximal_point_is_the_restoration_without_an_operator() {
    let ridge = ridge();
    let field = RidgeLift::new(&ridge).unwrap();
    let y = image(3);
    let proximal = Proximal {
        strength: 2.0,
        scale: 0.8,
        lipschitz: field.lipschitz(),
        concavity: 0.0,
        tolerance: 1e-9,
        most: 2000,
    };
    let point = proximal.find(&field, y.clone());
    assert!(point.gradient <= 1e-9 && point.steps < 2000, "{point:?}");
    let restoration = Restoration {
        field: &field,
        operator: &Identity,
        strength: 2.0,
        scale: 0.8,
        lipschitz: field.lipschitz(),
        concavity: 0.0,
    };
    let other = restoration.run(&y, 1e-9, 20_000, |_| ());
    let distance = host((point.image.clone() - other).square().sum())[0].sqrt();
    assert!(distance < 1e-7, "{distance}");
    let moved = host((point.image - y.clone()).square().sum())[0].sqrt();
    assert!(moved > 1e-2, "the regularizer does something: {moved}");

    let rough = Proximal {
        tolerance: 1e-3,
        ..proximal
    };
    let near = rough.find(&field, y.clone());
    let exact = proximal.find(&field, y.clone());
    let gradient = host(rough.gradient(&field, near.image.clone(), y).square().sum())[0].sqrt();
    let error = host((near.image - exact.image).square().sum())[0].sqrt();
    assert!(error <= gradient + 1e-8, "{error} {gradient}");
}
