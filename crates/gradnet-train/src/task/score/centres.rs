//! A mixture of round Gaussians of one variance around given centres:
//!
//! ```text
//! p(x) = Σ_i w_i N(x; c_i, v I)
//! ∇ log p(x) = (m − x)/v,   m = Σ_i r_i c_i,   r = softmax_i(ln w_i − |x − c_i|²/2v)
//! Δ log p(x) = −d/v + Σ_i r_i |c_i − m|²/v²
//! ```
//!
//! It is a mixture density, a curve smoothed by noise (with the nodes of a quadrature for centres), and a kernel
//! density.

/// Centres with weights that sum to one.
#[derive(Clone, Debug)]
pub(super) struct Centres {
    dim: usize,
    points: Vec<f64>,
    log_weights: Vec<f64>,
}

/// What there is to know of a density at a point.
pub(super) struct At {
    pub(super) log_density: f64,
    pub(super) laplacian: f64,
}

impl Centres {
    /// Centres row after row, with their weights.
    pub(super) fn new(points: Vec<f64>, weights: &[f64], dim: usize) -> Self {
        debug_assert_eq!(points.len(), weights.len() * dim);
        Self {
            dim,
            points,
            log_weights: weights.iter().map(|weight| weight.ln()).collect(),
        }
    }

    /// Centres of equal weights.
    pub(super) fn even(points: Vec<f64>, dim: usize) -> Self {
        let count = points.len() / dim;
        Self::new(points, &vec![1.0 / count as f64; count], dim)
    }

    pub(super) fn points(&self) -> &[f64] {
        &self.points
    }

    /// The density with variance `v` at a point; the score is appended to `score`.
    pub(super) fn at(&self, x: &[f64], v: f64, score: &mut Vec<f64>) -> At {
        let square =
            |centre: &[f64]| -> f64 { centre.iter().zip(x).map(|(c, x)| (x - c).powi(2)).sum() };
        let centres = || self.points.chunks_exact(self.dim);
        let exponents: Vec<f64> = centres()
            .zip(&self.log_weights)
            .map(|(centre, weight)| weight - square(centre) / (2.0 * v))
            .collect();
        let largest = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (mut sum, mut mean) = (0.0, vec![0.0; self.dim]);
        for (centre, exponent) in centres().zip(&exponents) {
            let share = (exponent - largest).exp();
            sum += share;
            mean.iter_mut()
                .zip(centre)
                .for_each(|(mean, c)| *mean += share * c);
        }
        mean.iter_mut().for_each(|mean| *mean /= sum);
        let spread = centres().zip(&exponents).map(|(centre, exponent)| {
            let squares = centre.iter().zip(&mean).map(|(c, m)| (c - m).powi(2));
            (exponent - largest).exp() / sum * squares.sum::<f64>()
        });
        let spread: f64 = spread.sum();
        score.extend(mean.iter().zip(x).map(|(m, x)| (m - x) / v));
        let dim = self.dim as f64;
        At {
            log_density: largest + sum.ln() - dim / 2.0 * (2.0 * std::f64::consts::PI * v).ln(),
            laplacian: spread / (v * v) - dim / v,
        }
    }
}
