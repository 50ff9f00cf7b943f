//! The best symmetric linear map: what a network must beat to have learned more than the field's slope.
//!
//! ```text
//! minimise over A = A', b the mean of |A z + b - y|^2,  z = x - 1/2:
//! A C + C A = M + M',  b = mean(y) - A mean(z),   C = cov(z, z),  M = cov(y, z)
//! ```
//!
//! The equation is the first-order condition on the symmetric matrices. Its left side is a symmetric
//! positive definite operator on them, so conjugate gradients solve it with one matrix product a
//! step. Their condition number is at most that of C, which for uniform points is near 1. Half the
//! operator's quadratic form is the mean squared error itself, so each step knows by how much it
//! lowers the error: the iteration ends when that is nothing any more, after about ten steps, or when
//! the products have cost what [`WORK`] allows. The test
//! `the_error_is_the_one_of_the_eigen_decomposition` holds the result to the direct solution.
//!
//! Not in the paper: decisions of this project ask for the row in every table (docs/deviations.md).
//!
//! Points on a line or in a plane have a C whose smallest eigenvalues are rounding, of either sign.
//! There, and only there, the equation is solved with C + r I, where r is as large as that rounding:
//! A is then nearly the smallest of the matrices that fit such points equally well.

use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use nalgebra::{DMatrix, DVector};

use crate::{
    backend,
    data::{Batch, PointSet, Stream},
    targets::Target,
};

/// How exactly the equation is solved.
#[derive(Clone, Copy)]
struct Precision {
    dtype: FloatDType,
    /// Residual, relative to the right-hand side, at which the solution is taken.
    tolerance: f64,
    /// A step that lowers the error by less than this part of it was not worth its product.
    gain: f64,
}

/// Where a product costs little: far below what the moments, made of 32-bit products, resolve.
const DOUBLE: Precision = Precision {
    dtype: FloatDType::F64,
    tolerance: 1e-9,
    gain: 1e-8,
};

/// Elsewhere: the error in decibels is right to five decimals.
const SINGLE: Precision = Precision {
    dtype: FloatDType::F32,
    tolerance: 1e-7,
    gain: 1e-6,
};

impl Precision {
    fn new(dim: usize, host: &Device) -> Self {
        let cheap = steps(dim) == STEPS && host.supports_dtype(FloatDType::F64);
        if cheap { DOUBLE } else { SINGLE }
    }
}

/// The ridge, relative to the mean square of a coordinate: some bits above the rounding of 32-bit
/// products.
const RIDGE: f64 = 1e-6;

/// Points a product; the sums over chunks run in 64 bits.
const CHUNK: usize = 4_000;

/// A bound on the steps for badly spread points.
const STEPS: usize = 500;

/// Multiplications that the steps may take together: half a minute on two cores. Each takes `d^3`,
/// so that it bounds the steps from d = 1,260 on, and there they run in 32 bits.
const WORK: f64 = 1e12;

/// Steps that are taken whatever they cost: uniform points need no more in any dimension.
const LEAST_STEPS: usize = 16;

/// `x -> A (x - 1/2) + b` with A symmetric.
#[derive(Clone, Debug)]
pub struct SymmetricLinearMap {
    matrix: DMatrix<f64>,
    offset: DVector<f64>,
    cut_short: bool,
}

/// A [`SymmetricLinearMap`] on a device.
#[derive(Clone, Debug)]
pub struct LinearField {
    matrix: Tensor<2>,
    offset: Tensor<2>,
}

impl SymmetricLinearMap {
    /// Least squares on a draw of `points` points of the target's domain. The target must live on `device`.
    pub fn fit(target: &dyn Target, points: usize, seed: u64, device: &Device) -> Self {
        let dim = target.dim();
        let mut moments = Moments::zeros(dim, device);
        for chunk in target
            .draw(seed, Stream::Reference, 0, points)
            .chunks(CHUNK * dim)
        {
            moments.add(Batch::new(chunk.to_vec(), target, device));
        }
        moments.solve()
    }

    /// Least squares on a set of pairs, which must live on `device`.
    pub fn fit_pairs(set: &PointSet, dim: usize, device: &Device) -> Self {
        let mut moments = Moments::zeros(dim, device);
        set.chunks()
            .iter()
            .for_each(|batch| moments.add(batch.clone()));
        moments.solve()
    }

    /// The matrix A.
    pub fn matrix(&self) -> &DMatrix<f64> {
        &self.matrix
    }

    /// The offset b, the value at the cube's centre.
    pub fn offset(&self) -> &DVector<f64> {
        &self.offset
    }

    /// Whether the fit ended because of what it costs: a better map may exist.
    pub fn is_cut_short(&self) -> bool {
        self.cut_short
    }

    /// The map on a device.
    pub fn on_device(&self, device: &Device, dtype: FloatDType) -> LinearField {
        let dim = self.offset.len();
        // Column-major or row-major is all one for a symmetric matrix.
        let tensor = |values: &[f64], shape| {
            Tensor::from_data(
                TensorData::new(values.to_vec(), shape),
                (device, dtype.into()),
            )
        };
        LinearField {
            matrix: tensor(self.matrix.as_slice(), [dim, dim]),
            offset: tensor(self.offset.as_slice(), [1, dim]),
        }
    }
}

impl LinearField {
    /// The map at each row of `x`, `[points, dim] -> [points, dim]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        (x - 0.5).matmul(self.matrix.clone()) + self.offset.clone()
    }
}

/// Sums over the points; the products run in 32 bits where the points are, the sums over chunks on
/// the processor as exactly as the equation is solved.
struct Moments {
    points: f64,
    z: Tensor<2>,
    y: Tensor<2>,
    zz: Tensor<2>,
    yz: Tensor<2>,
    /// Of `|y|^2`.
    squares: f64,
    precision: Precision,
}

impl Moments {
    fn zeros(dim: usize, device: &Device) -> Self {
        let host = backend::host(device);
        let precision = Precision::new(dim, &host);
        let zeros = |rows| Tensor::zeros([rows, dim], (&host, precision.dtype.into()));
        Self {
            points: 0.0,
            z: zeros(1),
            y: zeros(1),
            zz: zeros(dim),
            yz: zeros(dim),
            squares: 0.0,
            precision,
        }
    }

    fn add(&mut self, batch: Batch) {
        let (z, y) = (batch.x - 0.5, batch.y);
        self.points += z.dims()[0] as f64;
        self.squares += y.clone().square().sum().into_scalar::<f64>();
        add(&mut self.z, z.clone().sum_dim(0));
        add(&mut self.y, y.clone().sum_dim(0));
        add(&mut self.zz, z.clone().transpose().matmul(z.clone()));
        add(&mut self.yz, y.transpose().matmul(z));
    }

    /// The first-order condition on the symmetric matrices.
    fn equation(self) -> Equation {
        let (z, y) = (self.z / self.points, self.y / self.points);
        let second = self.zz / self.points;
        let cross = self.yz / self.points - y.clone().transpose().matmul(z.clone());
        Equation {
            mean_square: dot(&second, &identity(&second)) / z.dims()[1] as f64,
            c: second - z.clone().transpose().matmul(z.clone()),
            h: cross.clone() + cross.transpose(),
            error: self.squares / self.points - dot(&y, &y),
            precision: self.precision,
            z,
            y,
        }
    }

    fn solve(self) -> SymmetricLinearMap {
        let equation = self.equation();
        let found = equation.solve();
        equation.map(found.matrix, found.is_cut_short)
    }
}

/// `A C + C A = H`, and what else the map is made of.
struct Equation {
    c: Tensor<2>,
    h: Tensor<2>,
    /// The means of z and y.
    z: Tensor<2>,
    y: Tensor<2>,
    /// The mean squared error of A = 0.
    error: f64,
    /// Of a coordinate of z.
    mean_square: f64,
    precision: Precision,
}

impl Equation {
    /// The matrix A.
    fn solve(&self) -> Found {
        let ridge = RIDGE * self.mean_square;
        let most = steps(self.c.dims()[0]);
        let found = solve_symmetric(&self.c, &self.h, self.error, ridge, self.precision, most);
        if !found.is_flat {
            return found;
        }
        let lifted = self.c.clone() + identity(&self.c) * ridge;
        solve_symmetric(&lifted, &self.h, self.error, 0.0, self.precision, most)
    }

    /// The map with the matrix A and the offset that fits it.
    fn map(self, matrix: Tensor<2>, cut_short: bool) -> SymmetricLinearMap {
        let dim = matrix.dims()[0];
        let offset = self.y - self.z.matmul(matrix.clone());
        SymmetricLinearMap {
            matrix: DMatrix::from_vec(dim, dim, numbers(matrix)),
            offset: DVector::from_vec(numbers(offset)),
            cut_short,
        }
    }
}

/// Adds a part, which may be on another device and of another type, to a sum.
fn add(sum: &mut Tensor<2>, part: Tensor<2>) {
    let part = Tensor::from_data(part.into_data(), (&sum.device(), sum.dtype()));
    *sum = sum.clone() + part;
}

/// The sum of the products of all entries.
fn dot(a: &Tensor<2>, b: &Tensor<2>) -> f64 {
    (a.clone() * b.clone()).sum().into_scalar::<f64>()
}

/// The identity matrix of a square matrix's size.
fn identity(like: &Tensor<2>) -> Tensor<2> {
    let dim = like.dims()[0];
    let mut ones = vec![0.0; dim * dim];
    ones.iter_mut().step_by(dim + 1).for_each(|one| *one = 1.0);
    Tensor::from_data(
        TensorData::new(ones, [dim, dim]),
        (&like.device(), like.dtype()),
    )
}

/// The entries, row after row.
fn numbers(tensor: Tensor<2>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// Steps of `d^3` multiplications that are allowed.
fn steps(dim: usize) -> usize {
    let affordable = WORK / (dim as f64).powi(3);
    (affordable as usize).clamp(LEAST_STEPS, STEPS)
}

/// What conjugate gradients came to.
struct Found {
    matrix: Tensor<2>,
    /// Products taken.
    steps: usize,
    /// Whether they ended since the operator curves too little in some direction.
    is_flat: bool,
    /// Whether they ended since no more products were allowed.
    is_cut_short: bool,
}

/// The symmetric A with `A C + C A = H`, by conjugate gradients on the symmetric matrices; `error` is
/// the mean squared error of A = 0, which a step lowers by half its length times the residual's square.
///
/// It ends where the operator curves no more than `least` in some direction, and after `most` products.
fn solve_symmetric(
    c: &Tensor<2>,
    h: &Tensor<2>,
    mut error: f64,
    least: f64,
    precision: Precision,
    most: usize,
) -> Found {
    let mut found = Found {
        matrix: h.zeros_like(),
        steps: 0,
        is_flat: false,
        is_cut_short: false,
    };
    let mut residual = h.clone();
    let mut direction = residual.clone();
    let mut size = dot(&residual, &residual);
    let enough = precision.tolerance.powi(2) * size;
    let mut idle = 0;
    while size > enough && idle < 2 {
        if found.steps == most {
            found.is_cut_short = true;
            break;
        }
        let product = direction.clone().matmul(c.clone());
        let image = product.clone() + product.transpose();
        found.steps += 1;
        let curvature = dot(&direction, &image);
        if curvature <= least * dot(&direction, &direction) {
            found.is_flat = true;
            break;
        }
        let step = size / curvature;
        found.matrix = found.matrix + direction.clone() * step;
        residual = residual - image * step;
        let gain = step * size / 2.0;
        error -= gain;
        idle = if gain <= precision.gain * error {
            idle + 1
        } else {
            0
        };
        let next = dot(&residual, &residual);
        direction = residual.clone() + direction * (next / size);
        size = next;
    }
    found
}

#[cfg(test)]
mod tests {
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

    /// Points in a plane, y = (2 x1, 2 x2, 0) there, with x3 = x1 + x2 (or 5 everywhere): matrices that differ across the plane fit alike, and
    /// the one found is finite, no larger than the exact diag(2, 2, 0), and exact on the plane.
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

    /// A target that is linear is found: the score of one Gaussian is (mu - x)/(2 sqrt d), so A = -I/(2 sqrt d) and b = (mu - 1/2)/(2 sqrt d).
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
}
