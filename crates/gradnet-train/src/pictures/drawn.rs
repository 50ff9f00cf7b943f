//! Pictures that are drawn: dead leaves, the classical model of natural pictures.
//!
//! Discs of random grey fall on each other until everything is covered; their radii have the density `r⁻³`, which makes
//! the picture look the same at every scale (Lee, Mumford, Huang, "Occlusion Models for Natural Images", IJCV 2001).
//! Each leaf is shaded, and its edge is as sharp as a pixel.

use rand::{Rng, RngExt};

use super::Picture;

/// The smallest and the largest radius, in pixels and as a part of the side.
const SMALLEST: f64 = 3.0;
const LARGEST: f64 = 0.6;

/// A square grey picture of dead leaves; `random` decides everything.
pub fn dead_leaves(name: String, side: usize, random: &mut impl Rng) -> Picture {
    // From the top leaf down: a pixel takes what is left of it until nothing is.
    let mut values = vec![0.0_f64; side * side];
    let mut left = vec![1.0_f64; side * side];
    let (low, high) = (SMALLEST.powi(-2), (LARGEST * side as f64).powi(-2));
    let mut open = side * side;
    while open > 0 {
        let mut uniform = || random.random::<f64>();
        let radius = (high + (low - high) * uniform()).sqrt().recip();
        let reach = side as f64 + 2.0 * radius;
        let [row, column] = [uniform(), uniform()].map(|u| u * reach - radius);
        let (grey, angle, shade) = (0.05 + 0.9 * uniform(), uniform(), 0.15 * uniform());
        let (sine, cosine) = (angle * std::f64::consts::TAU).sin_cos();
        let span = |middle: f64| {
            let first = (middle - radius - 1.0).max(0.0) as usize;
            let last = (middle + radius + 1.0).max(0.0) as usize;
            first..last.min(side)
        };
        for i in span(row) {
            for j in span(column) {
                let (down, right) = (i as f64 - row, j as f64 - column);
                let cover = (radius - down.hypot(right) + 0.5).clamp(0.0, 1.0);
                let pixel = i * side + j;
                if cover == 0.0 || left[pixel] == 0.0 {
                    continue;
                }
                let along = (down * sine + right * cosine) / radius;
                let seen = cover * left[pixel];
                values[pixel] += seen * (grey + shade * along).clamp(0.0, 1.0);
                left[pixel] -= seen;
                if left[pixel] < 1e-3 {
                    values[pixel] /= 1.0 - left[pixel];
                    left[pixel] = 0.0;
                    open -= 1;
                }
            }
        }
    }
    Picture {
        name,
        height: side,
        width: side,
        planes: vec![values.into_iter().map(|value| value as f32).collect()],
        white: 1.0,
        bits: 16,
    }
}
