use super::*;
use crate::data::{generator, uniform_points};
use crate::targets::TargetConfig;
use crate::task::regression::{decibels, mean_squared_error};

fn random_matrix(rows: usize, cols: usize, index: u64) -> DMatrix<f64> {
    let points = uniform_points(&mut generator(1, Stream::Test, index), rows, cols);
    DMatrix::from_iterator(rows, cols, points.into_iter().map(|p| p as f64 - 0.5))
}

/// A symmetric matrix as a tensor.
fn tensor(matrix: &DMatrix<f64>) -> Tensor<2> {
    let data = TensorData::new(matrix.as_slice().to_vec(), [matrix.nrows(), matrix.ncols()]);
    Tensor::from_data(data, (&Device::flex(), FloatDType::F64.into()))
}

fn matrix(tensor: Tensor<2>) -> DMatrix<f64> {
    let [rows, cols] = tensor.dims();
    DMatrix::from_row_iterator(rows, cols, numbers(tensor))
}

/// The second way: in the eigenbasis of C the entries of A are those of H over sums of two
/// eigenvalues.
fn direct(c: &DMatrix<f64>, h: &DMatrix<f64>) -> DMatrix<f64> {
    let eigen = c.clone().symmetric_eigen();
    let mut entries = eigen.eigenvectors.transpose() * h * &eigen.eigenvectors;
    for i in 0..c.nrows() {
        for j in 0..c.nrows() {
            entries[(i, j)] /= eigen.eigenvalues[i] + eigen.eigenvalues[j];
        }
    }
    &eigen.eigenvectors * entries * eigen.eigenvectors.transpose()
}

#[test]
fn conjugate_gradients_agree_with_the_eigenbasis() {
    let root = random_matrix(30, 12, 0);
    let c = root.transpose() * &root;
    let half = random_matrix(12, 12, 1);
    let h = &half + half.transpose();
    let expected = direct(&c, &h);
    // With no error to lower, the residual alone decides.
    let solved = solve_symmetric(&tensor(&c), &tensor(&h), 0.0, 0.0, DOUBLE, STEPS);
    let solution = matrix(solved.matrix);
    assert!((&solution - &expected).norm() < 1e-7 * expected.norm());
    assert!((&solution - solution.transpose()).norm() == 0.0);
}

/// Fresh points, so that what the fit makes of its own counts for nothing.
fn error_db(map: &SymmetricLinearMap, target: &dyn Target) -> f64 {
    let device = Device::flex();
    let points = target.draw(7, Stream::Test, 0, 2_000);
    let set = PointSet::new(&points, target, &device);
    let field = map.on_device(&device, FloatDType::F32);
    decibels(mean_squared_error(|x| field.forward(x), &set))
}

/// Two decimals are printed; here four agree, also at -95 dB, where 32-bit moments decide the fifth.
#[test]
fn the_error_is_the_one_of_the_eigen_decomposition() {
    let device = Device::flex();
    for (name, dim) in [
        ("piecewise_quadratic", 2),
        ("piecewise_quadratic", 30),
        ("gaussian_mixture_score", 24),
        ("quartic_polynomial", 2),
        ("two_body", 8),
    ] {
        let mut config = TargetConfig::from_name(name).unwrap();
        match &mut config {
            TargetConfig::PiecewiseQuadratic(config) => config.dim = dim,
            TargetConfig::GaussianMixtureScore(config) => config.dim = dim,
            _ => {}
        }
        let target = config.init(&device).unwrap();
        let mut moments = Moments::zeros(dim, &device);
        let points = target.draw(0, Stream::Reference, 0, 2_000);
        moments.add(Batch::new(points, target.as_ref(), &device));
        let equation = moments.equation();
        let [c, h] = [&equation.c, &equation.h].map(|side| matrix(side.clone()));
        let mean = DVector::from_vec(numbers(equation.z.clone()));
        let equation_error = equation.error;
        let expected = equation.map(tensor(&direct(&c, &h)), false);
        let map = SymmetricLinearMap::fit(target.as_ref(), 2_000, 0, &device);
        let errors = [&map, &expected].map(|map| error_db(map, target.as_ref()));
        assert!((errors[0] - errors[1]).abs() < 1e-4, "{name}: {errors:?}");
        // As in high dimensions: the same to the digits printed, or to what 32 bits resolve.
        let [c, h] = [tensor(&c), tensor(&h)].map(|side| side.cast(FloatDType::F32));
        let single = solve_symmetric(&c, &h, equation_error, 0.0, SINGLE, STEPS).matrix;
        let a = matrix(single);
        let offset = expected.offset() + (expected.matrix() - &a) * &mean;
        let map = SymmetricLinearMap {
            matrix: a,
            offset,
            cut_short: false,
        };
        let single = error_db(&map, target.as_ref());
        assert!((single - errors[1]).abs() < 2e-3, "{name}: {single}");
    }
}

/// The products stay within their bound in every dimension, and those that are always allowed
/// suffice for uniform points.
#[test]
fn the_work_is_bounded_and_enough_for_uniform_points() {
    for dim in [1, 32, 1_024, 1_260, 3_000, 10_000] {
        let cube = (dim as f64).powi(3);
        assert!(steps(dim) >= LEAST_STEPS);
        assert!(steps(dim) as f64 * cube <= WORK.max(LEAST_STEPS as f64 * cube));
    }
    let mut config = TargetConfig::from_name("piecewise_quadratic").unwrap();
    if let TargetConfig::PiecewiseQuadratic(config) = &mut config {
        config.dim = 200;
    }
    let device = Device::flex();
    let target = config.init(&device).unwrap();
    let mut found = Vec::new();
    for points in [400, 4_000] {
        let mut moments = Moments::zeros(200, &device);
        let points = target.draw(0, Stream::Reference, 0, points);
        moments.add(Batch::new(points, target.as_ref(), &device));
        let equation = moments.equation();
        let Equation { c, h, error, .. } = equation;
        let solved = solve_symmetric(&c, &h, error, 0.0, DOUBLE, STEPS);
        found.push(solved.steps);
    }
    assert!(found[1] <= LEAST_STEPS, "{found:?}");
    assert!(found[0] <= 4 * LEAST_STEPS, "{found:?}");
}

/// Points in a plane, y = (2 x1, 2 x2, 0) there, with x3 = x1 + x2 (or 5 everywhere): matrices that differ across the
/// plane fit alike, and the one found is finite, no larger than the exact diag(2, 2, 0), and exact on the plane.
#[test]
fn points_in_a_plane_or_with_a_constant_coordinate_have_a_finite_fit() {
    let device = Device::flex();
    let plane = uniform_points(&mut generator(3, Stream::Test, 0), 400, 2);
    for constant in [false, true] {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for point in plane.chunks(2) {
            let third = if constant { 5.0 } else { point[0] + point[1] };
            x.extend([point[0], point[1], third]);
            y.extend([2.0 * point[0], 2.0 * point[1], 0.0]);
        }
        let set = PointSet::from_pairs(&x, &y, 3, &device);
        let map = SymmetricLinearMap::fit_pairs(&set, 3, &device);
        assert!(map.matrix().iter().all(|entry| entry.is_finite()));
        assert!(map.matrix().norm() < 8f64.sqrt() + 1e-2, "{}", map.matrix());
        let field = map.on_device(&device, FloatDType::F32);
        let error = mean_squared_error(|x| field.forward(x), &set);
        assert!(error < 1e-6, "constant {constant}: {error}");
    }
    let same = PointSet::from_pairs(&[0.5; 30], &[1.0; 30], 3, &device);
    let map = SymmetricLinearMap::fit_pairs(&same, 3, &device);
    assert!(map.matrix().norm() < 1e-2, "{}", map.matrix());
    assert!((map.offset().mean() - 1.0).abs() < 1e-2, "{}", map.offset());
}

/// diag(1, 10, .., 10^5) has six eigenvalues: two products are not enough, and thirty are.
#[test]
fn a_fit_that_is_cut_short_says_so() {
    let spread = |i: usize, j: usize| if i == j { 10f64.powi(i as i32) } else { 0.0 };
    let c = DMatrix::from_fn(6, 6, spread);
    let a = random_matrix(6, 6, 5);
    let a = &a + a.transpose();
    let h = &a * &c + &c * &a;
    let tensor = |matrix: &DMatrix<f64>| {
        let data = TensorData::new(matrix.as_slice().to_vec(), [6, 6]);
        Tensor::<2>::from_data(data, (&Device::flex(), burn::tensor::DType::F64))
    };
    let error = a.component_mul(&h).sum();
    let found = |most| solve_symmetric(&tensor(&c), &tensor(&h), error, 0.0, DOUBLE, most);
    assert!(found(2).is_cut_short);
    assert!(!found(STEPS).is_cut_short);
}

/// A target that is linear is found: the score of one Gaussian is (mu - x)/(2 sqrt d), so A = -I/(2 sqrt d) and
/// b = (mu - 1/2)/(2 sqrt d).
#[test]
fn a_linear_field_is_recovered() {
    let mut config = TargetConfig::from_name("gaussian_mixture_score").unwrap();
    if let TargetConfig::GaussianMixtureScore(config) = &mut config {
        (config.dim, config.components, config.normalise) = (6, 1, false);
    }
    let device = Device::flex();
    let target = config.init(&device).unwrap();
    let map = SymmetricLinearMap::fit(target.as_ref(), 500, 0, &device);
    let expected = DMatrix::identity(6, 6) * (-0.5 / 6f64.sqrt());
    assert!((map.matrix() - expected).norm() < 1e-5, "{}", map.matrix());

    let x = Tensor::<2>::ones([1, 6], &device) * 0.3;
    let ours = map.on_device(&device, FloatDType::F32).forward(x.clone());
    let difference = (ours - target.gradient(x)).abs().max();
    assert!(difference.into_scalar::<f32>() < 1e-5);
}
