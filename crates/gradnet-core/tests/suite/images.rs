//! Fields on images keep what the fields on their patches promise, for every size of image, and their Lipschitz bounds
//! hold.

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use gradnet_core::activation::{SplineActivation, WeaklyIncreasing};
use gradnet_core::analysis::host;
use gradnet_core::combine::{LipschitzField, MeanFree};
use gradnet_core::image::{
    ImageField, ImagePotential, LipschitzImageField, PatchLift, RidgeLift, patch_side,
};
use gradnet_core::network::{
    Architecture, BaselineNetworkConfig, ConvexRidge, GradNetC, GradNetCConfig, MGradNetM,
    MGradNetMConfig, PatchRidgeConfig, PatchWeakRidgeConfig, Ridge, WeakRidge,
};
use gradnet_core::sign::{Free, NonNegative};
use gradnet_core::{ParameterSource, TiedNetwork};
use nalgebra::DMatrix;

fn source(seed: u64) -> ParameterSource {
    ParameterSource::new(&Device::flex(), seed).with_dtype(FloatDType::F64)
}

fn images(shape: [usize; 3], seed: u64) -> Tensor<3> {
    let [batch, height, width] = shape;
    let values = host(
        source(seed)
            .uniform([batch, height * width], -1.0, 1.0)
            .val(),
    );
    Tensor::from_data(
        TensorData::new(values, shape),
        (&Device::flex(), DType::F64),
    )
}

fn convex_ridge(side: usize, seed: u64) -> MeanFree<ConvexRidge> {
    let (mut source, units) = (source(seed), 3);
    let splines = SplineActivation::<NonNegative>::new([units, 11], 0.4, 0.8, &mut source);
    MeanFree::new(TiedNetwork::new([units, side * side], splines, &mut source))
}

fn free_ridge(side: usize, seed: u64) -> MeanFree<Ridge> {
    let (mut source, units) = (source(seed), 3);
    let mut splines = SplineActivation::<Free>::new([units, 11], 0.4, 0.8, &mut source);
    // Slopes of both signs.
    splines.coefficients = source.uniform([units, 11], -0.1, 0.1);
    let shell = TiedNetwork::new([units, side * side], splines, &mut source);
    MeanFree::new(shell.with_biases(&mut source))
}

/// Slopes of both signs, up to 50.
fn weak_ridge(side: usize, seed: u64) -> MeanFree<WeakRidge> {
    let (mut source, units) = (source(seed), 3);
    let shape = WeaklyIncreasing::new(0.8);
    let mut splines = SplineActivation::shaped(shape, [units, 11], 0.4, 0.4, &mut source);
    splines.coefficients = source.uniform([units, 11], -5.0, 5.0);
    MeanFree::new(TiedNetwork::new([units, side * side], splines, &mut source))
}

fn modules(side: usize) -> MeanFree<MGradNetM> {
    let config = MGradNetMConfig::new(side * side)
        .with_width(4)
        .with_modules(2);
    MeanFree::new(config.build(&mut source(3)))
}

fn cascade(side: usize) -> GradNetC {
    let config = GradNetCConfig::new(side * side).with_width(5);
    config.build(&mut source(4))
}

/// The Jacobian at one image, from its products with the unit images.
fn jacobian(field: &impl ImageField, x: &Tensor<3>) -> DMatrix<f64> {
    let [_, height, width] = x.dims();
    let pixels = height * width;
    let units = Tensor::<2>::eye(pixels, &x.device()).cast(DType::F64);
    let columns = field.derivative(
        x.clone().repeat_dim(0, pixels),
        units.reshape([pixels, height, width]),
    );
    DMatrix::from_column_slice(pixels, pixels, &host(columns))
}

/// Symmetric, and the derivative of the field and of the potential by central differences.
fn keeps_its_promises(field: &impl ImagePotential, monotone: bool, shape: [usize; 3]) {
    let x = images([1, shape[1], shape[2]], 9);
    let jacobian = jacobian(field, &x);
    let size = jacobian.norm();
    assert!(size > 1e-3, "a field that is constant shows nothing");
    assert!((&jacobian - jacobian.transpose()).norm() <= 1e-12 * size);
    let smallest = jacobian.clone().symmetric_eigenvalues().min();
    assert_eq!(smallest >= -1e-10 * size, monotone, "{smallest} of {size}");

    let (x, v) = (images(shape, 1), images(shape, 2));
    let epsilon = 1e-6;
    let moved = |sign: f64| x.clone() + v.clone() * (sign * epsilon);
    let along = host(
        (field.apply(x.clone()) * v.clone())
            .sum_dim(2)
            .sum_dim(1)
            .flatten::<1>(0, 2),
    );
    let difference = field.energy(moved(1.0)) - field.energy(moved(-1.0));
    for (slope, difference) in along.iter().zip(host(difference)) {
        let quotient = difference / (2.0 * epsilon);
        assert!(
            (slope - quotient).abs() < 1e-6 * (1.0 + slope.abs()),
            "{slope} {quotient}"
        );
    }
}

#[test]
fn only_odd_squares_are_patches() {
    let found: Vec<usize> = (0..200).filter(|dim| patch_side(*dim).is_some()).collect();
    assert_eq!(found, [1, 9, 25, 49, 81, 121, 169]);
    let network = BaselineNetworkConfig::new(4).init(&Device::flex());
    assert!(PatchLift::new(&network).is_none());
}

#[test]
fn lifted_fields_keep_symmetry_monotonicity_and_potential() {
    for shape in [[3, 7, 5], [2, 2, 9], [1, 1, 1]] {
        if shape[1] > 1 {
            let (convex, free) = (convex_ridge(3, 1), free_ridge(5, 2));
            keeps_its_promises(&RidgeLift::new(&convex).unwrap(), true, shape);
            keeps_its_promises(&RidgeLift::new(&free).unwrap(), false, shape);
            let modules = modules(3);
            keeps_its_promises(&PatchLift::new(&modules).unwrap(), true, shape);
        }
        let cascade = cascade(3);
        let field = PatchLift::new(&cascade).unwrap();
        let x = images([1, shape[1], shape[2]], 9);
        let jacobian = jacobian(&field, &x);
        assert!((&jacobian - jacobian.transpose()).norm() <= 1e-12 * jacobian.norm());
    }
}

/// The control: a field without a guarantee is not symmetric on images either.
#[test]
fn the_lift_of_a_field_that_is_no_gradient_is_none() {
    let network = BaselineNetworkConfig::new(9).build(&mut source(5));
    let field = PatchLift::new(&network).unwrap();
    let jacobian = jacobian(&field, &images([1, 6, 5], 1));
    assert!((&jacobian - jacobian.transpose()).norm() > 1e-3 * jacobian.norm());
}

/// The sum over patches, written out with patches cut by hand.
#[test]
fn the_lift_is_the_sum_over_patches() {
    use gradnet_core::{Potential, VectorField};
    let (side, [height, width]) = (5_usize, [6, 4]);
    let network = modules(side);
    let x = images([1, height, width], 3);
    let pixels = host(x.clone());
    let (mut sum, mut energy) = (vec![0.0; height * width], 0.0);
    for pixel in 0..height * width {
        let places: Vec<Option<usize>> = (0..side * side)
            .map(|place| {
                let row = (pixel / width + place / side).checked_sub(side / 2)?;
                let column = (pixel % width + place % side).checked_sub(side / 2)?;
                (row < height && column < width).then_some(row * width + column)
            })
            .collect();
        let patch = places
            .iter()
            .map(|place| place.map_or(0.0, |place| pixels[place]));
        let data = TensorData::new(patch.collect::<Vec<f64>>(), [1, side * side]);
        let patch = Tensor::<2>::from_data(data, (&Device::flex(), DType::F64));
        energy += host(network.potential(patch.clone()))[0];
        for (place, value) in places.iter().zip(host(network.forward(patch))) {
            if let Some(place) = place {
                sum[*place] += value;
            }
        }
    }
    let lift = PatchLift::new(&network).unwrap();
    for (found, expected) in host(lift.apply(x.clone())).iter().zip(&sum) {
        assert!((found - expected).abs() < 1e-12);
    }
    assert!((host(lift.energy(x))[0] - energy).abs() < 1e-11 * energy.abs());
}

#[test]
fn the_fast_form_of_a_ridge_is_its_lift() {
    let network = free_ridge(5, 6);
    let (fast, general) = (
        RidgeLift::new(&network).unwrap(),
        PatchLift::new(&network).unwrap(),
    );
    let (x, v) = (images([2, 8, 6], 1), images([2, 8, 6], 2));
    let pairs = [
        (host(fast.apply(x.clone())), host(general.apply(x.clone()))),
        (
            host(fast.derivative(x.clone(), v.clone())),
            host(general.derivative(x.clone(), v)),
        ),
        (host(fast.energy(x.clone())), host(general.energy(x))),
    ];
    for (fast, general) in pairs {
        for (a, b) in fast.iter().zip(&general) {
            assert!((a - b).abs() < 1e-11, "{a} {b}");
        }
    }
}

#[test]
fn images_of_one_brightness_cost_nothing_inside() {
    let network = convex_ridge(5, 1);
    let field = RidgeLift::new(&network).unwrap();
    let base = images([1, 12, 12], 4);
    let inner = |x: Tensor<3>| host(field.apply(x).narrow(1, 4, 4).narrow(2, 4, 4));
    for (a, b) in inner(base.clone()).iter().zip(inner(base + 0.7)) {
        assert!((a - b).abs() < 1e-12);
    }
}

#[test]
fn a_scaled_field_is_the_gradient_of_the_scaled_potential() {
    let network = convex_ridge(3, 1);
    let field = RidgeLift::new(&network).unwrap();
    let (x, v) = (images([1, 5, 6], 1), images([1, 5, 6], 2));
    let scale = 2.5;
    let energy = |x: Tensor<3>| host(field.energy(x * scale))[0] / (scale * scale);
    let scales =
        Tensor::<1>::from_data(TensorData::new(vec![scale], [1]), (&x.device(), DType::F64));
    let along = host((field.apply_scaled(x.clone(), scales) * v.clone()).sum())[0];
    let step = 1e-6;
    let difference = energy(x.clone() + v.clone() * step) - energy(x - v * step);
    assert!((along - difference / (2.0 * step)).abs() < 1e-6);
}

/// The exact norm of `Hᵀ diag(s) H` on small images: below the bound on each, towards it with their size.
#[test]
fn the_bound_is_above_exact_norms_and_power_iterations() {
    for seed in 0..4 {
        let network = free_ridge(3, seed);
        let field = RidgeLift::new(&network).unwrap();
        let bound = field.lipschitz();
        let mut last = 0.0;
        for side in [4, 9, 14] {
            let exact = exact_norm(&network, side);
            let power = field.lipschitz_power([side, side], 400);
            assert!(exact <= bound, "{exact} of {bound}");
            assert!(
                power <= exact * (1.0 + 1e-12) && power > 0.97 * exact,
                "{power} {exact}"
            );
            assert!(exact >= last, "a part of a larger operator");
            last = exact;
        }
        assert!(last > 0.8 * bound, "{last} of {bound}");
    }
}

/// The norm by a matrix: the ridge with every spline replaced by the line of its steepest slope.
fn exact_norm(network: &MeanFree<Ridge>, side: usize) -> f64 {
    let shell = &network.field;
    let [units, dim] = shell.weight.dims();
    let slopes: Vec<f64> = host(shell.activation.coefficients())
        .chunks_exact(11)
        .map(|c| {
            c.windows(2)
                .fold(0.0_f64, |s, c| s.max((c[1] - c[0]).abs() / 0.08))
        })
        .collect();
    let weights = host(shell.weight.val());
    let patch = dim.isqrt();
    let mut operator = DMatrix::zeros(units * side * side, side * side);
    for (unit, kernel) in weights.chunks_exact(dim).enumerate() {
        let mean = kernel.iter().sum::<f64>() / dim as f64;
        for pixel in 0..side * side {
            for (place, w) in kernel.iter().enumerate() {
                let row = (pixel / side + place / patch).wrapping_sub(patch / 2);
                let column = (pixel % side + place % patch).wrapping_sub(patch / 2);
                if row < side && column < side {
                    operator[(unit * side * side + pixel, row * side + column)] =
                        (w - mean) * slopes[unit].sqrt();
                }
            }
        }
    }
    operator.singular_values().max().powi(2)
}

#[test]
fn no_jacobian_exceeds_the_bounds() {
    let ridge = free_ridge(3, 8);
    let ridge = RidgeLift::new(&ridge).unwrap();
    let modules = modules(3);
    let patch_bound = host(modules.lipschitz_bound())[0];
    let lift = PatchLift::new(&modules).unwrap();
    assert!((lift.lipschitz() - 9.0 * patch_bound).abs() < 1e-12 * patch_bound);
    for seed in 0..5 {
        let x = images([1, 6, 7], seed);
        assert!(jacobian(&ridge, &x).singular_values().max() <= ridge.lipschitz());
        assert!(jacobian(&lift, &x).singular_values().max() <= lift.lipschitz());
    }
}

/// The Jacobian falls no deeper than the bound of concavity, which is 0 for a convex ridge.
#[test]
fn no_jacobian_falls_below_the_concavity() {
    let (weak, free, convex) = (weak_ridge(3, 21), free_ridge(3, 8), convex_ridge(3, 5));
    let (weak, free) = (
        RidgeLift::new(&weak).unwrap(),
        RidgeLift::new(&free).unwrap(),
    );
    let convex = RidgeLift::new(&convex).unwrap();
    assert_eq!(convex.concavity(), 0.0);
    let depth = |jacobian: DMatrix<f64>| -jacobian.symmetric_eigenvalues().min();
    let mut seen = 0.0_f64;
    for seed in 0..8 {
        let x = images([1, 6, 7], seed);
        let found = depth(jacobian(&weak, &x));
        assert!(found <= weak.concavity(), "{found}");
        assert!(depth(jacobian(&free, &x)) <= free.concavity());
        assert!(depth(jacobian(&convex, &x)) <= 1e-12);
        seen = seen.max(found);
    }
    assert!(weak.concavity() <= weak.lipschitz());
    assert!(seen > 0.1 * weak.concavity(), "a bound that says something");
    keeps_its_promises(&weak, false, [1, 5, 6]);
}

/// Every inner piece can learn from the start: convex splines rise everywhere, weakly convex ones fall to zero from the
/// kink.
#[test]
fn fresh_ridges_have_splines_with_a_kink_at_zero() {
    const KNOTS: usize = 9;
    // Between the flat outermost pieces.
    let slopes = |coefficients: Tensor<2>| -> Vec<f64> {
        let heights = host(coefficients);
        let pieces = heights[..KNOTS].windows(2).skip(1).take(KNOTS - 3);
        pieces.map(|pair| (pair[1] - pair[0]) / 0.1).collect()
    };
    let convex = PatchRidgeConfig::new(9).with_knots(KNOTS).with_range(0.4);
    let convex = convex.build(&mut source(1)).field.activation;
    let found = slopes(convex.coefficients());
    let steepest = found[2];
    for (slope, part) in found.iter().zip([0.02, 0.02, 1.0, 1.0, 0.02, 0.02]) {
        assert!((slope / steepest - part).abs() < 1e-9, "{found:?}");
    }
    let weak = PatchWeakRidgeConfig::new(9)
        .with_knots(KNOTS)
        .with_range(0.4);
    let weak = weak.build(&mut source(1)).field.activation;
    let heights = host(weak.coefficients());
    assert!(
        heights[0].abs() < 1e-12 && heights[KNOTS - 1].abs() < 1e-12,
        "{heights:?}"
    );
    for (slope, expected) in slopes(weak.coefficients())
        .iter()
        .zip([-0.25, -0.25, 0.5, 0.5, -0.25, -0.25])
    {
        assert!((slope - expected).abs() < 1e-12, "{slope} {expected}");
    }
}
