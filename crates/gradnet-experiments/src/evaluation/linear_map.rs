//! The best symmetric linear map: what a network must beat to have learned more than the field's slope.
//!
//! ```text
//! minimise over A = A', b the mean of |A z + b - y|^2,  z = x - 1/2:
//! A C + C A = M + M',  b = mean(y) - A mean(z),   C = cov(z, z),  M = cov(y, z)
//! ```
//!
//! The equation is the first-order condition on the symmetric matrices. Its left side is a symmetric positive definite operator on them, so
//! conjugate gradients solve it with one matrix product a step; its condition number is at most that of C, which for uniform points is near 1, and
//! d = 1024 takes a dozen steps. Not in the paper: decisions of this project ask for the row in every table (docs/deviations.md).
//!
//! Points on a line or in a plane have a C whose smallest eigenvalues are rounding, of either sign. There, and only there, the equation is solved
//! with C + r I, where r is as large as that rounding: A is then nearly the smallest of the matrices that fit such points equally well.

use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use nalgebra::{DMatrix, DVector};

use crate::{
    data::{Batch, PointSet, Stream},
    target::Target,
};

/// Residual, relative to the right-hand side, at which the solution is taken; far below what 32-bit products resolve.
const TOLERANCE: f64 = 1e-9;

/// The ridge, relative to the mean square of a coordinate: some bits above the rounding of 32-bit products.
const RIDGE: f64 = 1e-6;

/// Points a product; the sums over chunks run in 64 bits.
const CHUNK: usize = 4_000;

/// A bound on the steps for badly spread points.
const STEPS: usize = 500;

/// `x -> A (x - 1/2) + b` with A symmetric.
#[derive(Clone, Debug)]
pub struct SymmetricLinearMap {
    matrix: DMatrix<f64>,
    offset: DVector<f64>,
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
        let mut moments = Moments::zeros(dim);
        for chunk in target
            .draw(seed, Stream::Reference, 0, points)
            .chunks(CHUNK * dim)
        {
            moments.add(Batch::new(chunk.to_vec(), target, device));
        }
        moments.solve()
    }

    /// Least squares on a set of pairs.
    pub fn fit_pairs(set: &PointSet, dim: usize) -> Self {
        let mut moments = Moments::zeros(dim);
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

/// Sums over the points; the products run in 32 bits on the device, the sums over chunks in 64.
struct Moments {
    points: f64,
    z: DVector<f64>,
    y: DVector<f64>,
    zz: DMatrix<f64>,
    yz: DMatrix<f64>,
}

impl Moments {
    fn zeros(dim: usize) -> Self {
        Self {
            points: 0.0,
            z: DVector::zeros(dim),
            y: DVector::zeros(dim),
            zz: DMatrix::zeros(dim, dim),
            yz: DMatrix::zeros(dim, dim),
        }
    }

    fn add(&mut self, batch: Batch) {
        let (z, y) = (batch.x - 0.5, batch.y);
        let [points, dim] = z.dims();
        self.points += points as f64;
        self.z += DVector::from_iterator(dim, z.clone().sum_dim(0).into_data().iter::<f64>());
        self.y += DVector::from_iterator(dim, y.clone().sum_dim(0).into_data().iter::<f64>());
        let matrix = |product: Tensor<2>| {
            DMatrix::from_row_iterator(dim, dim, product.into_data().iter::<f64>())
        };
        self.zz += matrix(z.clone().transpose().matmul(z.clone()));
        self.yz += matrix(y.transpose().matmul(z));
    }

    fn solve(self) -> SymmetricLinearMap {
        let (z, y) = (self.z / self.points, self.y / self.points);
        let dim = z.len();
        let squares = self.zz / self.points;
        let ridge = RIDGE * squares.trace() / dim as f64;
        let covariance = squares - &z * z.transpose();
        let cross = self.yz / self.points - &y * z.transpose();
        let right = &cross + cross.transpose();
        let matrix = solve_symmetric(&covariance, &right, ridge)
            .or_else(|_| {
                let lifted = covariance + DMatrix::from_diagonal_element(dim, dim, ridge);
                solve_symmetric(&lifted, &right, 0.0)
            })
            .unwrap_or_else(|as_good_as_it_got| as_good_as_it_got);
        let offset = y - &matrix * z;
        SymmetricLinearMap { matrix, offset }
    }
}

/// The symmetric A with `A C + C A = H`, by conjugate gradients on the symmetric matrices.
///
/// # Errors
/// How far it got, if the operator curves no more than `least` in some direction, or the steps do not suffice.
fn solve_symmetric(
    c: &DMatrix<f64>,
    h: &DMatrix<f64>,
    least: f64,
) -> Result<DMatrix<f64>, DMatrix<f64>> {
    let apply = |a: &DMatrix<f64>| {
        let product = a * c;
        let transposed = product.transpose();
        product + transposed
    };
    let mut a = DMatrix::zeros(c.nrows(), c.ncols());
    let mut residual = h.clone();
    let mut direction = residual.clone();
    let mut size = residual.norm_squared();
    let enough = TOLERANCE.powi(2) * size;
    for _ in 0..STEPS {
        if size <= enough {
            return Ok(a);
        }
        let image = apply(&direction);
        let curvature = direction.dot(&image);
        if curvature <= least * direction.norm_squared() {
            return Err(a);
        }
        let step = size / curvature;
        a += &direction * step;
        residual -= image * step;
        let next = residual.norm_squared();
        direction = &residual + direction * (next / size);
        size = next;
    }
    Err(a)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{generator, uniform_points};
    use crate::evaluation::mean_squared_error;
    use crate::target::TargetConfig;

    fn random_matrix(rows: usize, cols: usize, index: u64) -> DMatrix<f64> {
        let points = uniform_points(&mut generator(1, Stream::Test, index), rows, cols);
        DMatrix::from_iterator(rows, cols, points.into_iter().map(|p| p as f64 - 0.5))
    }

    /// The second way: in the eigenbasis of C the entries of A are those of H over sums of two eigenvalues.
    #[test]
    fn conjugate_gradients_agree_with_the_eigenbasis() {
        let root = random_matrix(30, 12, 0);
        let c = root.transpose() * &root;
        let half = random_matrix(12, 12, 1);
        let h = &half + half.transpose();
        let eigen = c.clone().symmetric_eigen();
        let mut entries = eigen.eigenvectors.transpose() * &h * &eigen.eigenvectors;
        for i in 0..12 {
            for j in 0..12 {
                entries[(i, j)] /= eigen.eigenvalues[i] + eigen.eigenvalues[j];
            }
        }
        let expected = &eigen.eigenvectors * entries * eigen.eigenvectors.transpose();
        let solution = solve_symmetric(&c, &h, 0.0).unwrap();
        assert!((&solution - &expected).norm() < 1e-7 * expected.norm());
        assert!((&solution - solution.transpose()).norm() == 0.0);
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
            let map = SymmetricLinearMap::fit_pairs(&set, 3);
            assert!(map.matrix().iter().all(|entry| entry.is_finite()));
            assert!(map.matrix().norm() < 8f64.sqrt() + 1e-2, "{}", map.matrix());
            let field = map.on_device(&device, FloatDType::F32);
            let error = mean_squared_error(|x| field.forward(x), &set);
            assert!(error < 1e-6, "constant {constant}: {error}");
        }
        let same = PointSet::from_pairs(&[0.5; 30], &[1.0; 30], 3, &device);
        let map = SymmetricLinearMap::fit_pairs(&same, 3);
        assert!(map.matrix().norm() < 1e-2, "{}", map.matrix());
        assert!((map.offset().mean() - 1.0).abs() < 1e-2, "{}", map.offset());
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
