//! A certified Lipschitz bound of convolutional tied shells, from the symbol of their kernels.
//!
//! ```text
//! ‖Hᵀ diag(s) H‖ ≤ sup_ω p(ω),      p(ω) = Σ_c s_c |ŵ_c(ω)|² = Σ_ab A_ab cos(a ω_1 + b ω_2)
//! sup_ω p(ω) ≤ max over an N × N grid of p · ((1 + cos(π (k − 1)/N))/2)⁻²
//! ```
//!
//! `A` is the sum of the kernels' autocorrelations, each times its unit's steepest slope `s_c`. The first line is
//! Plancherel's theorem on the image continued by zeros, so it holds for every size. The second follows from M. Riesz's
//! lemma on trigonometric polynomials of degree `k − 1`, once in each frequency. Proof: `docs/inverse-problems.md`.

use std::f64::consts::{PI, TAU};

/// `p(ω) = Σ_c s_c |ŵ_c(ω)|²`, a nonnegative trigonometric polynomial of degree `k − 1` in each of two frequencies.
#[derive(Clone, Debug, PartialEq)]
pub struct Symbol {
    side: usize,
    /// `A_ab` for `a`, `b` from `−(k − 1)` to `k − 1`, row after row.
    coefficients: Vec<f64>,
    /// `Σ_c s_c Σ |w_c(u)| |w_c(v)|`: what roundings are relative to.
    size: f64,
}

/// Points of the grid for each degree of the polynomial: the factor of the bound is then below 1.001.
const POINTS_A_DEGREE: usize = 80;

impl Symbol {
    /// The symbol of kernels of `side × side` pixels, one after the other, and the steepest slope of each.
    ///
    /// # Panics
    /// If there are not `side²` numbers for each slope.
    pub fn new(kernels: &[f64], slopes: &[f64], side: usize) -> Self {
        assert_eq!(
            kernels.len(),
            slopes.len() * side * side,
            "a kernel of {side} x {side} pixels for each slope"
        );
        let span = 2 * side - 1;
        let mut coefficients = vec![0.0; span * span];
        let mut size = 0.0;
        for (kernel, slope) in kernels.chunks_exact(side * side).zip(slopes) {
            size += slope * kernel.iter().map(|w| w.abs()).sum::<f64>().powi(2);
            for (from, &w) in kernel.iter().enumerate() {
                let (row, column) = (from / side, from % side);
                for (to, &other) in kernel.iter().enumerate() {
                    let down = to / side + side - 1 - row;
                    let right = to % side + side - 1 - column;
                    coefficients[down * span + right] += slope * w * other;
                }
            }
        }
        Self {
            side,
            coefficients,
            size,
        }
    }

    /// `p` at a pair of frequencies.
    pub fn at(&self, [down, right]: [f64; 2]) -> f64 {
        let reach = self.side as f64 - 1.0;
        let span = 2 * self.side - 1;
        let terms = self.coefficients.iter().enumerate();
        terms
            .map(|(index, coefficient)| {
                let a = (index / span) as f64 - reach;
                let b = (index % span) as f64 - reach;
                coefficient * (a * down + b * right).cos()
            })
            .sum()
    }

    /// The largest value on the grid of `points × points` frequencies `2π (m, n)/points`.
    pub fn grid_maximum(&self, points: usize) -> f64 {
        self.grid_peak(points).0
    }

    /// The largest value on that grid, and the frequencies where it is.
    pub fn grid_peak(&self, points: usize) -> (f64, [f64; 2]) {
        let span = 2 * self.side - 1;
        let reach = self.side as i64 - 1;
        let turn = |frequency: usize, step: i64| {
            let turns = (frequency as i64 * step).rem_euclid(points as i64);
            (TAU * turns as f64 / points as f64).sin_cos()
        };
        // Row after row of the table of (cos, sin)(b ω), b = −(k − 1), …, k − 1.
        let table: Vec<(f64, f64)> = (0..points)
            .flat_map(|right| (-reach..=reach).map(move |b| turn(right, b)))
            .collect();
        let (mut largest, mut place) = (f64::NEG_INFINITY, [0.0; 2]);
        // p(−ω) = p(ω): half of the frequencies down the image will do.
        for down in 0..=points / 2 {
            let mut inner = vec![(0.0, 0.0); span];
            for (row, a) in self.coefficients.chunks_exact(span).zip(-reach..) {
                let (sine, cosine) = turn(down, a);
                for (sum, coefficient) in inner.iter_mut().zip(row) {
                    sum.0 += coefficient * cosine;
                    sum.1 += coefficient * sine;
                }
            }
            for (right, rotations) in table.chunks_exact(span).enumerate() {
                let value: f64 = inner
                    .iter()
                    .zip(rotations)
                    .map(|((real, imaginary), (sine, cosine))| real * cosine - imaginary * sine)
                    .sum();
                if value > largest {
                    let turns = [down, right].map(|at| at as f64 / points as f64);
                    (largest, place) = (value, turns.map(|turns| TAU * turns));
                }
            }
        }
        (largest, place)
    }

    /// What the maximum on a grid has to be multiplied by to bound the supremum, `((1 + cos(π (k − 1)/N))/2)⁻²`;
    /// infinite for a grid that is too coarse to say anything.
    pub fn grid_factor(&self, points: usize) -> f64 {
        let angle = PI * (self.side as f64 - 1.0) / points as f64;
        match angle < PI {
            true => (0.5 * (1.0 + angle.cos())).powi(-2),
            false => f64::INFINITY,
        }
    }

    /// A bound of `sup_ω p(ω)`, above it by less than 0.1 %.
    pub fn supremum_bound(&self) -> f64 {
        let points = (POINTS_A_DEGREE * (self.side - 1)).next_power_of_two();
        let terms = self.coefficients.len() as f64;
        let roundings = 16.0 * terms * f64::EPSILON * self.size;
        (self.grid_maximum(points).max(0.0) + roundings) * self.grid_factor(points)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers between -1 and 1 that look random.
    fn numbers(count: usize, seed: usize) -> Vec<f64> {
        (0..count)
            .map(|i| ((i * 7919 + seed * 104_729 + 13) as f64 * 0.618_034).fract() * 2.0 - 1.0)
            .collect()
    }

    /// |ŵ(ω)|² by the definition of the Fourier transform.
    fn direct(kernels: &[f64], slopes: &[f64], side: usize, omega: [f64; 2]) -> f64 {
        let kernels = kernels.chunks_exact(side * side).zip(slopes);
        kernels
            .map(|(kernel, slope)| {
                let (mut real, mut imaginary) = (0.0, 0.0);
                for (index, w) in kernel.iter().enumerate() {
                    let phase = (index / side) as f64 * omega[0] + (index % side) as f64 * omega[1];
                    real += w * phase.cos();
                    imaginary += w * phase.sin();
                }
                slope * (real * real + imaginary * imaginary)
            })
            .sum()
    }

    #[test]
    fn the_symbol_is_the_sum_of_squared_fourier_transforms() {
        let (side, kernels, slopes) = (5, numbers(75, 1), [0.5, 2.0, 1.0]);
        let symbol = Symbol::new(&kernels, &slopes, side);
        for omega in [[0.0, 0.0], [0.3, -2.0], [3.0, 1.1]] {
            let expected = direct(&kernels, &slopes, side, omega);
            assert!((symbol.at(omega) - expected).abs() < 1e-11 * expected.max(1.0));
        }
    }

    #[test]
    fn the_maximum_on_the_grid_is_that_of_its_points() {
        let symbol = Symbol::new(&numbers(18, 4), &[1.0, 0.7], 3);
        let points = 12;
        let all = (0..points * points).map(|i| {
            let frequency = |n: usize| TAU * n as f64 / points as f64;
            symbol.at([frequency(i / points), frequency(i % points)])
        });
        let expected = all.fold(f64::NEG_INFINITY, f64::max);
        assert!((symbol.grid_maximum(points) - expected).abs() < 1e-12 * expected);
        let (_, place) = symbol.grid_peak(points);
        assert!((symbol.at(place) - expected).abs() < 1e-12 * expected);
    }

    /// The factor is needed: on grids that miss the maximum the grid alone is below it, and with the factor no grid is.
    #[test]
    fn the_factor_makes_up_for_what_any_grid_misses() {
        let mut missed = 0;
        for seed in 0..60 {
            let side = 3 + 2 * (seed % 3);
            let symbol = Symbol::new(&numbers(2 * side * side, seed), &[1.0, 0.3], side);
            let finest = symbol.grid_maximum(512);
            for points in [2 * side - 1, 2 * side + 3, 31, 64] {
                let coarse = symbol.grid_maximum(points);
                assert!(coarse * symbol.grid_factor(points) >= finest * (1.0 - 1e-12));
                missed += usize::from(coarse < finest * (1.0 - 1e-6));
            }
            let bound = symbol.supremum_bound();
            assert!(bound >= finest && bound <= 1.001 * finest);
        }
        assert!(missed > 60, "coarse grids miss the maximum: {missed}");
    }
}
