//! Sums of waves as models of a field: gradients of sums, and free combinations.
//!
//! ```text
//! gradient:  y ≈ A x + b + Σ_k a_k w_k sin⟨w_k, x⟩ + ..,   A symmetric, one number a wave
//! free:      y ≈ B x + b + Σ_k u_k sin(⟨w_k, x⟩ + φ_k),    a vector u_k a wave
//! ```
//!
//! There are d times as many waves in the gradient, so that both have as many numbers to fit.

use nalgebra::{DMatrix, DVector};
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::rotation::Comparison;
use super::sample::{Rows, Sample, squared_norms};
use crate::data::{Stream, generator};

/// Waves of the free model at most; those of the gradient are d times as many.
const WAVES: usize = 64;
const GRADIENT_WAVES: usize = 200;

/// Directions in which the points may spread: in more, so few waves say nothing.
const LARGEST_DIM: usize = 8;

/// Rows times directions, at most.
const NUMBERS: usize = 6_000;

/// Ridges, relative to the mean square of a feature; the best on the rows to judge on counts.
const RIDGES: [f64; 4] = [1e-8, 1e-5, 1e-3, 1e-1];

/// `sin(⟨w, x⟩ + φ)`.
struct Wave {
    frequency: DVector<f64>,
    phase: f64,
}

/// The errors of both models; None where there are too few rows or too many directions.
pub(super) fn compare(sample: &Sample) -> Option<Comparison> {
    let dim = sample.dim();
    if dim > LARGEST_DIM {
        return None;
    }
    let first = |rows: &Rows, most: usize| Rows {
        x: rows.x.rows(0, rows.len().min(most)).into_owned(),
        y: rows.y.rows(0, rows.len().min(most)).into_owned(),
    };
    let fit = first(&sample.fit, 2 * NUMBERS / (3 * dim));
    let check = first(&sample.check, NUMBERS / (3 * dim));
    let count = (fit.len() / 4)
        .saturating_sub(dim + 1)
        .min(WAVES)
        .min(GRADIENT_WAVES / dim);
    let total = check.mean_square();
    if count == 0 || check.len() < 10 || total == 0.0 {
        return None;
    }
    let waves = waves(count * dim, dim);
    let free = least_squares(
        (&free_features(&fit.x, &waves[..count]), &fit.y),
        (&free_features(&check.x, &waves[..count]), &check.y),
    )?;
    // The coordinates of all rows one after another: every number is an equation of its own.
    let flat = |y: &DMatrix<f64>| DMatrix::from_column_slice(y.len(), 1, y.as_slice());
    let gradient = least_squares(
        (&gradient_features(&fit.x, &waves), &flat(&fit.y)),
        (&gradient_features(&check.x, &waves), &flat(&check.y)),
    )?;
    let gradient = DMatrix::from_column_slice(check.len(), dim, gradient.as_slice());
    Some(Comparison::new(
        &squared_norms(&gradient),
        &squared_norms(&free),
        total,
    ))
}

/// Waves of three lengths, along single coordinates and across them in turn, the same for every file.
fn waves(count: usize, dim: usize) -> Vec<Wave> {
    let mut random = generator(0, Stream::Reference, 1);
    let wave = |number: usize| {
        let length = [0.5, 1.5, 4.0][number % 3];
        let normal = DVector::from_fn(dim, |_, _| StandardNormal.sample(&mut random));
        let frequency: DVector<f64> = match number / 3 % 2 {
            0 => {
                let axis = number / 6 % dim;
                DVector::from_fn(dim, |i, _| if i == axis { length * normal[i] } else { 0.0 })
            }
            _ => normal * (length / (dim as f64).sqrt()),
        };
        let phase = std::f64::consts::TAU * random.random::<f64>();
        Wave { frequency, phase }
    };
    (0..count).map(wave).collect()
}

/// 1, x and the waves: `[rows, 1 + dim + waves]`.
fn free_features(x: &DMatrix<f64>, waves: &[Wave]) -> DMatrix<f64> {
    let dim = x.ncols();
    DMatrix::from_fn(
        x.nrows(),
        1 + dim + waves.len(),
        |row, feature| match feature {
            0 => 1.0,
            f if f <= dim => x[(row, f - 1)],
            f => value(&waves[f - 1 - dim], x, row),
        },
    )
}

/// The gradients of coordinates, of products of two and of waves, at every coordinate of every row:
/// `[dim · rows, features]`, the first coordinate of all rows first.
fn gradient_features(x: &DMatrix<f64>, waves: &[Wave]) -> DMatrix<f64> {
    let (rows, dim) = x.shape();
    let pairs: Vec<(usize, usize)> = (0..dim)
        .flat_map(|i| (i..dim).map(move |j| (i, j)))
        .collect();
    let values = DMatrix::from_fn(rows, waves.len(), |row, wave| value(&waves[wave], x, row));
    let lengths: Vec<f64> = waves
        .iter()
        .map(|wave| wave.frequency.norm().max(1e-9))
        .collect();
    DMatrix::from_fn(
        dim * rows,
        dim + pairs.len() + waves.len(),
        |place, feature| {
            let (coordinate, row) = (place / rows, place % rows);
            if feature < dim {
                return f64::from(u8::from(feature == coordinate));
            }
            if let Some(&(i, j)) = pairs.get(feature - dim) {
                let along = |here: usize, other: usize| match here == coordinate {
                    true => x[(row, other)],
                    false => 0.0,
                };
                return along(i, j) + if i == j { 0.0 } else { along(j, i) };
            }
            let wave = feature - dim - pairs.len();
            values[(row, wave)] * waves[wave].frequency[coordinate] / lengths[wave]
        },
    )
}

fn value(wave: &Wave, x: &DMatrix<f64>, row: usize) -> f64 {
    let inner: f64 = (0..x.ncols())
        .map(|i| wave.frequency[i] * x[(row, i)])
        .sum();
    (inner + wave.phase).sin()
}

/// The errors on the rows to judge on of the best of four ridges.
fn least_squares(
    (features, values): (&DMatrix<f64>, &DMatrix<f64>),
    (check_features, check_values): (&DMatrix<f64>, &DMatrix<f64>),
) -> Option<DMatrix<f64>> {
    let gram = features.tr_mul(features);
    let right = features.tr_mul(values);
    let level = gram.trace() / gram.nrows() as f64;
    let fits = RIDGES.iter().filter_map(|ridge| {
        let lifted =
            &gram + DMatrix::from_diagonal_element(gram.nrows(), gram.nrows(), ridge * level);
        let solution = lifted.cholesky()?.solve(&right);
        Some(check_values - check_features * solution)
    });
    fits.min_by(|a, b| a.norm_squared().total_cmp(&b.norm_squared()))
}
