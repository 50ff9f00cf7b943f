//! Mean and covariance of samples.

use nalgebra::{DMatrix, DVector};

/// Mean `[dim]` and covariance `[dim, dim]`, the mean over the rows, of points, row after row.
pub fn mean_and_covariance(points: &[f64], dim: usize) -> (DVector<f64>, DMatrix<f64>) {
    let points = DMatrix::from_column_slice(dim, points.len() / dim, points);
    let mean = points.column_mean();
    let mut centred = points;
    centred
        .column_iter_mut()
        .for_each(|mut column| column -= &mean);
    let covariance = &centred * centred.transpose() / centred.ncols() as f64;
    (mean, covariance)
}
