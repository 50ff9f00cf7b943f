//! A sample of the training rows, on which the shape of the field is judged.

use nalgebra::{DMatrix, DVector};

use crate::data::file::storage::Storage;
use crate::data::file::{Similarity, Split};

/// Rows of a sample.
const ROWS: usize = 3_000;

/// Beyond so many coordinates eigenvalues take too long for something nobody asked for.
pub(super) const LARGEST_DIM: usize = 256;

/// Rows farther out than so many times the median are left out, of points and of gradients: one of
/// them would decide every sum of squares.
const FAR: [f64; 2] = [5.0, 8.0];

/// Directions in which the points spread less than this, relative to the largest and squared, are
/// none: what the field does there cannot be seen.
const FLAT: f64 = 1e-8;

/// Points and the gradients at them, a row each.
#[derive(Clone)]
pub(super) struct Rows {
    pub(super) x: DMatrix<f64>,
    pub(super) y: DMatrix<f64>,
}

/// Rows to fit maps to and rows to judge them on, about the former's mean, in the coordinates of the
/// principal axes of the points, each half with a root mean square of one.
///
/// A rotation of points and gradients together keeps gradients gradients, and so does leaving out
/// the axes along which the points do not spread.
pub(super) struct Sample {
    pub(super) fit: Rows,
    pub(super) check: Rows,
    /// Mean squares of the points along the axes.
    pub(super) spread: DVector<f64>,
    /// What an eigenvalue in these units is multiplied by to be one in those of the similarity.
    pub(super) slope: f64,
}

impl Rows {
    /// The first training rows, which are in random order, scaled.
    pub(super) fn of(
        storage: &Storage,
        split: &Split,
        similarity: &Similarity,
        most: usize,
    ) -> Self {
        let dim = storage.dim();
        let rows = &split.training[..split.training.len().min(most)];
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for row in rows {
            storage.row(*row, &mut x, &mut y);
        }
        let inside = |numbers: &[f64], mean: &[f64], scale: f64| {
            let pairs = numbers.iter().zip(mean.iter().cycle());
            let scaled = pairs.map(|(value, mean)| (value - mean) / scale);
            DMatrix::from_row_iterator(rows.len(), dim, scaled)
        };
        Self {
            x: inside(&x, &similarity.mean, similarity.x_scale),
            y: inside(&y, &similarity.constant, similarity.y_scale) * f64::from(similarity.sign),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.x.nrows()
    }

    /// The mean over the rows of the squared 2-norm of the gradient.
    pub(super) fn mean_square(&self) -> f64 {
        self.y.norm_squared() / self.len() as f64
    }

    /// The squared 2-norm of each row of `y − map(x)`, where `map` is linear: `x Aᵀ`.
    pub(super) fn errors(&self, map: &DMatrix<f64>) -> Vec<f64> {
        squared_norms(&(&self.y - &self.x * map.transpose()))
    }

    fn select(&self, rows: &[usize]) -> Self {
        Self {
            x: self.x.select_rows(rows),
            y: self.y.select_rows(rows),
        }
    }
}

impl Sample {
    /// The first training rows; None if they show nothing, or have too many coordinates.
    pub(super) fn of(storage: &Storage, split: &Split, similarity: &Similarity) -> Option<Self> {
        match storage.dim() > LARGEST_DIM {
            true => None,
            false => Self::new(Rows::of(storage, split, similarity, ROWS)),
        }
    }

    /// Two thirds of the rows to fit to, the rest to judge on; None if they show nothing.
    fn new(rows: Rows) -> Option<Self> {
        let near_x = near(&rows.x, FAR[0]);
        let near_y = near(&rows.y, FAR[1]);
        let kept: Vec<usize> = (0..rows.len())
            .filter(|row| near_x[*row] && near_y[*row])
            .collect();
        let (fit, check) = kept.split_at(2 * kept.len() / 3);
        if fit.len() < 6 {
            return None;
        }
        let (mut fit, mut check) = (rows.select(fit), rows.select(check));
        let (x_mean, y_mean) = (fit.x.row_mean(), fit.y.row_mean());
        for rows in [&mut fit, &mut check] {
            rows.x.row_iter_mut().for_each(|mut row| row -= &x_mean);
            rows.y.row_iter_mut().for_each(|mut row| row -= &y_mean);
        }
        let root = |matrix: &DMatrix<f64>| (matrix.norm_squared() / matrix.len() as f64).sqrt();
        let (x_unit, y_unit) = (root(&fit.x), root(&fit.y));
        if x_unit == 0.0 || y_unit == 0.0 {
            return None;
        }
        let eigen = (fit.x.tr_mul(&fit.x) / fit.len() as f64).symmetric_eigen();
        let largest = eigen.eigenvalues.max();
        let axes: Vec<usize> = (0..eigen.eigenvalues.len())
            .filter(|axis| eigen.eigenvalues[*axis] > FLAT * largest)
            .collect();
        let basis = eigen.eigenvectors.select_columns(&axes);
        for rows in [&mut fit, &mut check] {
            rows.x = &rows.x * &basis / x_unit;
            rows.y = &rows.y * &basis / y_unit;
        }
        let squares = axes
            .iter()
            .map(|axis| eigen.eigenvalues[*axis] / x_unit.powi(2));
        Some(Self {
            fit,
            check,
            spread: DVector::from_iterator(axes.len(), squares),
            slope: y_unit / x_unit,
        })
    }

    /// Directions in which the points spread.
    pub(super) fn dim(&self) -> usize {
        self.spread.len()
    }

    /// Best maps `y ≈ A x` of the rows to fit to: without a constraint, and symmetric.
    ///
    /// On the principal axes C is diagonal, and `A C = M`, `A C + C A = M + Mᵀ` are solved entry by
    /// entry, with M the mean of `y xᵀ`.
    pub(super) fn maps(&self) -> (DMatrix<f64>, DMatrix<f64>) {
        let (dim, spread) = (self.dim(), &self.spread);
        let moments = self.fit.y.tr_mul(&self.fit.x) / self.fit.len() as f64;
        let free = DMatrix::from_fn(dim, dim, |i, j| moments[(i, j)] / spread[j]);
        let symmetric = DMatrix::from_fn(dim, dim, |i, j| {
            (moments[(i, j)] + moments[(j, i)]) / (spread[i] + spread[j])
        });
        (free, symmetric)
    }

    /// The third of the rows nearest to one of them, as a sample of its own.
    pub(super) fn around(&self, row: usize) -> Option<Self> {
        let together = |a: &DMatrix<f64>, b: &DMatrix<f64>| {
            let rows: Vec<_> = a.row_iter().chain(b.row_iter()).collect();
            DMatrix::from_rows(&rows)
        };
        let all = Rows {
            x: together(&self.fit.x, &self.check.x),
            y: together(&self.fit.y, &self.check.y),
        };
        let centre = all.x.row(row).into_owned();
        let distances: Vec<f64> = all
            .x
            .row_iter()
            .map(|x| (x - &centre).norm_squared())
            .collect();
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_by(|a, b| distances[*a].total_cmp(&distances[*b]));
        order.truncate(all.len() / 3);
        // In the order they had, which is random: by distance the rows to judge on would be outside.
        order.sort_unstable();
        Self::new(all.select(&order))
    }
}

/// The squared 2-norm of each row.
pub(super) fn squared_norms(matrix: &DMatrix<f64>) -> Vec<f64> {
    matrix.row_iter().map(|row| row.norm_squared()).collect()
}

/// The value in the middle, or above it.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

/// Which rows are within `far` times the median distance from the median of every column.
fn near(matrix: &DMatrix<f64>, far: f64) -> Vec<bool> {
    let middle: Vec<f64> = matrix
        .column_iter()
        .map(|column| median(column.as_slice()))
        .collect();
    let distance = |row: usize| {
        let parts = (0..matrix.ncols()).map(|column| matrix[(row, column)] - middle[column]);
        parts.map(|part| part * part).sum::<f64>().sqrt()
    };
    let distances: Vec<f64> = (0..matrix.nrows()).map(distance).collect();
    let limit = match median(&distances) {
        // Most rows are the same: the others are all there is.
        0.0 => f64::INFINITY,
        middle => far * middle,
    };
    distances
        .iter()
        .map(|distance| *distance <= limit)
        .collect()
}
