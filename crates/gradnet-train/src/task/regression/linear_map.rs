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

mod symmetric;

use crate::{
    backend,
    data::{Batch, PointSet, Stream},
    targets::Target,
};
use symmetric::{Found, dot, solve_symmetric};

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

#[cfg(test)]
mod tests;
