//! The bandwidth of a kernel density, chosen by held-out likelihood.
//!
//! ```text
//! h = argmax Σ_{j held out} log (1/n) Σ_{i kept} N(x_j; x_i, h² I)
//! ```
//!
//! over a geometric grid (Habbema, Hermans and van den Broek 1974, with rows held out in the place of single points).
//! Every fifth row is held out.

use std::f64::consts::TAU;

use super::mixture::mean_and_size;

/// One row in so many is held out.
const EVERY: usize = 5;
/// The bandwidths tried, as parts of the points' size, from the smallest on.
const TRIED: usize = 41;
const LEAST: f64 = 0.01;
const MOST: f64 = 1.0;
/// Rows at least.
const FEWEST: usize = 10;

/// The bandwidth under which rows held out are likeliest; `None` for fewer than ten rows, and where no bandwidth
/// above zero is best.
pub(super) fn chosen_bandwidth(points: &[f64], dim: usize) -> Option<f64> {
    let rows: Vec<&[f64]> = points.chunks_exact(dim).collect();
    let (_, size) = mean_and_size(points, dim);
    if rows.len() < FEWEST || !(size > 0.0 && size.is_finite()) {
        return None;
    }
    let is_held_out = |row: usize| row % EVERY == EVERY - 1;
    let kept = || {
        rows.iter()
            .enumerate()
            .filter(|(row, _)| !is_held_out(*row))
    };
    let held_out = rows.iter().enumerate().filter(|(row, _)| is_held_out(*row));
    let step = (MOST / LEAST).powf(1.0 / (TRIED - 1) as f64);
    let bandwidths: Vec<f64> = (0..TRIED)
        .map(|k| size * LEAST * step.powi(k as i32))
        .collect();
    let mut likelihoods = vec![0.0; TRIED];
    for (_, x) in held_out {
        let squares = kept().map(|(_, y)| x.iter().zip(*y).map(|(x, y)| (x - y).powi(2)).sum());
        let squares: Vec<f64> = squares.collect();
        for (likelihood, h) in likelihoods.iter_mut().zip(&bandwidths) {
            *likelihood += log_kernel_mean(&squares, *h, dim);
        }
    }
    let best = (0..TRIED).max_by(|a, b| likelihoods[*a].total_cmp(&likelihoods[*b]))?;
    // At the smallest bandwidth tried rows are copies of one another.
    (best > 0).then(|| bandwidths[best])
}

/// `log (1/n) Σ_i N(x; x_i, h² I)` of the squared distances.
fn log_kernel_mean(squares: &[f64], h: f64, dim: usize) -> f64 {
    let logs = squares.iter().map(|square| -0.5 * square / (h * h));
    let largest = logs.clone().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logs.map(|log| (log - largest).exp()).sum();
    largest + (sum / squares.len() as f64).ln() - 0.5 * dim as f64 * (TAU * h * h).ln()
}
