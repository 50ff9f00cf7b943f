//! Entropic optimal transport between two samples: the Sinkhorn divergence and the entropic map.
//!
//! ```text
//! OT_ε(X, Y) = max_{f, g} mean f + mean g − ε mean_{i,j} (exp((f_i + g_j − |x_i − y_j|²/2)/ε) − 1)
//! S_ε(X, Y) = OT_ε(X, Y) − (OT_ε(X, X) + OT_ε(Y, Y))/2
//! T_ε(x) = Σ_j w_j y_j,   w = softmax_j((g_j − |x − y_j|²/2)/ε)
//! ```
//!
//! Feydy et al., "Interpolating between optimal transport and MMD using Sinkhorn divergences" (2019), Eq. (1)-(3);
//! Pooladian and Niles-Weed, "Entropic estimation of optimal transport maps" (2021), Eq. (3). Potentials are found by
//! Sinkhorn's iteration on logarithms, so that no kernel underflows.

/// Iterations at most, and the change of a potential, in units of ε, at which they end.
const ITERATIONS: usize = 200;
const TOLERANCE: f64 = 1e-3;

/// Samples with the potentials of their entropic transport.
#[derive(Clone, Debug)]
pub struct Entropic {
    y: Vec<f64>,
    dim: usize,
    epsilon: f64,
    /// Of the source's points and of the target's.
    potentials: [Vec<f64>; 2],
}

impl Entropic {
    /// The transport between two samples, at `epsilon` in the unit of `|x − y|²/2`.
    ///
    /// # Panics
    /// If `epsilon` is not positive, or a sample is empty or no whole number of rows.
    pub fn new(x: &[f64], y: &[f64], dim: usize, epsilon: f64) -> Self {
        assert!(epsilon > 0.0, "epsilon must be positive, not {epsilon}");
        for sample in [x, y] {
            assert!(
                !sample.is_empty() && sample.len().is_multiple_of(dim),
                "a sample must be rows of {dim} numbers, at least one, not {} numbers",
                sample.len()
            );
        }
        let costs = half_squares(x, y, dim);
        let back = half_squares(y, x, dim);
        let (mut f, mut g) = (vec![0.0; x.len() / dim], vec![0.0; y.len() / dim]);
        for _ in 0..ITERATIONS {
            let next = soft_minimum(&costs, &g, epsilon);
            let change = next.iter().zip(&f).map(|(a, b)| (a - b).abs());
            let change = change.fold(0.0, f64::max);
            f = next;
            g = soft_minimum(&back, &f, epsilon);
            if change <= TOLERANCE * epsilon {
                break;
            }
        }
        Self {
            y: y.to_vec(),
            dim,
            epsilon,
            potentials: [f, g],
        }
    }

    /// `OT_ε`: after an update of `g` the last term vanishes.
    pub fn cost(&self) -> f64 {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        mean(&self.potentials[0]) + mean(&self.potentials[1])
    }

    /// `T_ε` at points, row after row, those of the sample or others.
    pub fn map(&self, x: &[f64]) -> Vec<f64> {
        let [_, g] = &self.potentials;
        let mut images = Vec::with_capacity(x.len());
        for point in x.chunks_exact(self.dim) {
            let costs = half_squares(point, &self.y, self.dim);
            let logits = costs.iter().zip(g).map(|(c, g)| (g - c) / self.epsilon);
            let logits: Vec<f64> = logits.collect();
            let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights = logits.iter().map(|logit| (logit - largest).exp());
            let mut image = vec![0.0; self.dim];
            let mut sum = 0.0;
            for (weight, y) in weights.zip(self.y.chunks_exact(self.dim)) {
                sum += weight;
                image
                    .iter_mut()
                    .zip(y)
                    .for_each(|(image, y)| *image += weight * y);
            }
            images.extend(image.iter().map(|image| image / sum));
        }
        images
    }
}

/// The mean of `|x − y|²/2` over all pairs.
pub fn mean_half_square(x: &[f64], y: &[f64], dim: usize) -> f64 {
    let costs = half_squares(x, y, dim);
    costs.iter().sum::<f64>() / costs.len() as f64
}

/// `S_ε`, never below zero but for what the iterations leave.
///
/// # Panics
/// As [`Entropic::new`].
///
/// ```
/// use gradnet_train::measure::sinkhorn_divergence;
///
/// // A sample and itself moved by (3, 4): |shift|²/2.
/// let (x, y) = ([0.0, 0.0, 1.0, 0.5], [3.0, 4.0, 4.0, 4.5]);
/// assert!((sinkhorn_divergence(&x, &y, 2, 0.1) - 12.5).abs() < 1e-3);
/// ```
pub fn sinkhorn_divergence(x: &[f64], y: &[f64], dim: usize, epsilon: f64) -> f64 {
    let between = Entropic::new(x, y, dim, epsilon).cost();
    between - (cost_within(x, dim, epsilon) + cost_within(y, dim, epsilon)) / 2.0
}

/// `OT_ε(X, X)`: both potentials are the same there, and averaging them converges in few iterations (Feydy et al., Sec.
/// 3.1).
fn cost_within(x: &[f64], dim: usize, epsilon: f64) -> f64 {
    let costs = half_squares(x, x, dim);
    let mut f = vec![0.0; x.len() / dim];
    for _ in 0..ITERATIONS {
        let next = soft_minimum(&costs, &f, epsilon);
        let change = next.iter().zip(&f).map(|(a, b)| (a - b).abs());
        let change = change.fold(0.0, f64::max);
        f.iter_mut()
            .zip(next)
            .for_each(|(f, next)| *f = (*f + next) / 2.0);
        if change <= TOLERANCE * epsilon {
            break;
        }
    }
    2.0 * f.iter().sum::<f64>() / f.len() as f64
}

/// `|x_i − y_j|²/2`, the row of `x_0` first.
fn half_squares(x: &[f64], y: &[f64], dim: usize) -> Vec<f64> {
    let mut costs = Vec::with_capacity(x.len() / dim * (y.len() / dim));
    for a in x.chunks_exact(dim) {
        let of_pair = |b: &[f64]| {
            let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
            squares.sum::<f64>() / 2.0
        };
        costs.extend(y.chunks_exact(dim).map(of_pair));
    }
    costs
}

/// `−ε log mean_j exp((g_j − c_ij)/ε)` for each row of costs.
fn soft_minimum(costs: &[f64], g: &[f64], epsilon: f64) -> Vec<f64> {
    let rows = costs.chunks_exact(g.len());
    rows.map(|costs| {
        let logits = || costs.iter().zip(g).map(|(c, g)| (g - c) / epsilon);
        let largest = logits().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logits().map(|logit| (logit - largest).exp()).sum();
        -epsilon * (largest + (sum / g.len() as f64).ln())
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two points each on a line: the plan is (p, q; q, p)/2 with q/p = exp((c_0 − c_1)/ε), and the cost that of the
    /// plan plus ε times its entropy relative to the product.
    #[test]
    fn the_cost_between_two_pairs_of_points_is_the_closed_form() {
        let (x, y, epsilon) = ([0.0, 1.0], [0.2, 1.2], 0.3);
        // Costs: 0.02, 0.72, 0.32, 0.02. With potentials (f0, f1, g0, g1) the plan has p00 p11 / (p01 p10) = exp((c01 +
        // c10 − c00 − c11)/ε).
        let odds = ((0.72 + 0.32 - 0.02 - 0.02) / epsilon / 2.0_f64).exp();
        let (near, far) = (odds / (odds + 1.0) / 2.0, 1.0 / (odds + 1.0) / 2.0);
        let transported = near * (0.02 + 0.02) + far * (0.72 + 0.32);
        let entropy = 2.0 * near * (near / 0.25).ln() + 2.0 * far * (far / 0.25).ln();
        let found = Entropic::new(&x, &y, 1, epsilon).cost();
        let expected = transported + epsilon * entropy;
        assert!((found - expected).abs() < 1e-3, "{found} {expected}");
    }

    #[test]
    fn the_divergence_of_a_sample_and_itself_moved_is_half_the_square_of_the_way() {
        let x: Vec<f64> = (0..60).map(|i| (f64::from(i) * 1.7).sin()).collect();
        let y: Vec<f64> = x.chunks(2).flat_map(|p| [p[0] + 0.6, p[1] - 0.8]).collect();
        assert!(sinkhorn_divergence(&x, &x, 2, 0.05).abs() < 1e-4);
        let found = sinkhorn_divergence(&x, &y, 2, 0.05);
        assert!((found - 0.5).abs() < 1e-3, "{found}");
    }

    #[test]
    fn the_map_of_far_apart_pairs_is_their_assignment_and_no_outlier_makes_it_nan() {
        let (x, y) = ([0.0, 10.0, 1e6], [1.0, 12.0, 1e6 + 5.0]);
        let map = Entropic::new(&x, &y, 1, 0.1);
        for (found, expected) in map.map(&x).iter().zip(y) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        assert!(map.cost().is_finite());
    }
}
