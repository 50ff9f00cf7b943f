//! The checkerboard: uniform on the eight dark squares of side 1 of `[−2, 2]²`, smoothed by noise of deviation `s`.
//!
//! ```text
//! p(x, y) = (1/8) Σ_{(i, j) dark} A_i(x) A_j(y),   A_i(x) = Φ((x − a_i)/s) − Φ((x − a_i − 1)/s)
//! ```
//!
//! with the normal distribution function `Φ`, and `A_i'(x) = [φ((x − a_i)/s) − φ((x − a_i − 1)/s)]/s`.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use rand::{Rng, RngExt};

/// Squares on a side.
const SIDE: usize = 4;

/// The lower end of the squares in a row or column.
fn start(index: usize) -> f64 {
    index as f64 - 2.0
}

fn is_dark(i: usize, j: usize) -> bool {
    (i + j).is_multiple_of(2)
}

/// A point, without noise.
pub(super) fn draw(random: &mut impl Rng) -> [f64; 2] {
    let square = random.random_range(0..SIDE * SIDE / 2);
    let i = square / 2;
    let j = 2 * (square % 2) + i % 2;
    [
        start(i) + random.random::<f64>(),
        start(j) + random.random::<f64>(),
    ]
}

/// The log density at a point, and the score.
pub(super) fn log_density_and_score([x, y]: [f64; 2], s: f64) -> (f64, [f64; 2]) {
    let (x, y) = (along_axis(x, s), along_axis(y, s));
    let (mut density, mut by_x, mut by_y) = (0.0, 0.0, 0.0);
    for (i, (x, x_slope)) in x.iter().enumerate() {
        for (j, (y, y_slope)) in y.iter().enumerate() {
            if is_dark(i, j) {
                density += x * y;
                by_x += x_slope * y;
                by_y += x * y_slope;
            }
        }
    }
    // Farther out than 38 deviations the density is below the smallest number.
    let density = density.max(f64::MIN_POSITIVE);
    ((density / 8.0).ln(), [by_x / density, by_y / density])
}

/// `A_i` and `A_i'` for each interval.
fn along_axis(x: f64, s: f64) -> [(f64, f64); SIDE] {
    std::array::from_fn(|index| {
        let (low, high) = ((x - start(index)) / s, (x - start(index) - 1.0) / s);
        let bell = |u: f64| (-u * u / 2.0).exp() / (2.0 * PI).sqrt();
        (between(high, low), (bell(low) - bell(high)) / s)
    })
}

/// `Φ(high) − Φ(low)`, from the tail on which both lie so that it keeps its digits.
fn between(low: f64, high: f64) -> f64 {
    let tail = |u: f64| 0.5 * libm::erfc(u * FRAC_1_SQRT_2);
    match low > 0.0 {
        true => tail(low) - tail(high),
        false => tail(-high) - tail(-low),
    }
}
