//! What is measured of a transport.
//!
//! | name | what |
//! |---|---|
//! | `l2_uvp_forward` | `100 E|f − T|² / Var(Q)` in %, where T is known |
//! | `l2_uvp_inverse` | `100 E|f⁻¹(T(x)) − x|² / Var(P)` in % |
//! | `cos_forward` | `⟨f − id, T − id⟩ / (|f − id| |T − id|)` |
//! | `dual_value` | `J(F) = E_P F + E_Q F*` on points held out and moved to mean zero, an upper bound where a conjugate is missed |
//! | `transport_cost` | `E|x − f(x)|²/2` |
//! | `transport_cost_dual` | `E|x − x̄|²/2 + E|y − ȳ|²/2 + |x̄ − ȳ|²/2 − J`, at most the optimal cost up to the sample |
//! | `energy_distance`, `sinkhorn_divergence` | between `f#P` and Q, held out |
//! | `cycle_error` | mean `|f⁻¹(f(x)) − x|` |
//! | `conjugates_missed` | share of the held-out points of Q without a conjugate, in % |
//! | `newton_steps` | of the conjugate that took most |
//!
//! UVP and cosine as in Korotin et al., "Do neural optimal transport solvers work?" (NeurIPS 2021), Sec. 4.3. Lengths
//! are in the user's units.

use super::Transport;
use super::conjugate::{Conjugates, Effort, conjugates};
use super::pair::{Part, Side};
use crate::measure::{Entropic, energy_distance, mean_half_square, sinkhorn_divergence};
use crate::registry::Network;
use crate::task::{Quantities, Quantity, Rows};
use gradnet_core::VectorField;
use gradnet_core::analysis::host;

/// The names of the numbers that choose weights.
pub(super) const DUAL_VALUE: &str = "dual_value";
pub(super) const L2_UVP_FORWARD: &str = "l2_uvp_forward";

/// Points at once: few enough that hidden layers fit any memory.
const PIECE: usize = 1_000;
/// Points that the distances between samples look at, at most: they compare all pairs.
const ENERGY_POINTS: usize = 2_000;
const SINKHORN_POINTS: usize = 300;
/// Points that the entropic map is fitted to, and its ε as a part of the mean cost.
const ENTROPIC_POINTS: usize = 600;
const ENTROPIC_PART: f64 = 0.02;
/// ε of the Sinkhorn divergence as a part of the mean cost within the target.
const SINKHORN_PART: f64 = 0.05;

/// Conjugates of many points on the host.
struct Solved {
    x: Vec<f64>,
    solved: Vec<bool>,
    residuals: Vec<f64>,
    missed: usize,
    steps: usize,
}

impl Transport {
    /// The field at points, in the network's units.
    pub(super) fn map(&self, field: &Network, x: &[f64]) -> Vec<f64> {
        let pieces = x.chunks(PIECE * self.dim);
        pieces
            .flat_map(|x| host(field.forward(self.tensor(x))))
            .collect()
    }

    /// The inverse at points, from the inverse Bures map on.
    fn solve(&self, field: &Network, y: &[f64]) -> Solved {
        let mut all = Solved {
            x: Vec::new(),
            solved: Vec::new(),
            residuals: Vec::new(),
            missed: 0,
            steps: 0,
        };
        for y in y.chunks(PIECE * self.dim) {
            let start = self.tensor(&self.bures.backward(y));
            let found = conjugates(field, self.tensor(y), start, Effort::Measuring);
            let Conjugates {
                x,
                residuals,
                solved,
                missed,
                steps,
            } = found;
            all.x.extend(host(x));
            all.solved.extend(solved);
            all.residuals.extend(residuals);
            all.missed += missed;
            all.steps = all.steps.max(steps);
        }
        all
    }

    /// `J` of the samples moved to mean zero, in the user's units, and the conjugates.
    ///
    /// With the potential and the samples moved along, `J` is less by `⟨x̄, ȳ⟩`, which no map has a part in. Every
    /// conjugate is taken by its bound `⟨x̂, y⟩ − F(x̂) + |f(x̂) − y|²/(2 μ)`, which is the conjugate itself where the
    /// residual vanishes. So a missed one cannot make a map look better than it is.
    fn dual(&self, field: &Network, x: &[f64], y: &[f64]) -> (f64, Solved) {
        let potentials = |x: &[f64]| -> Vec<f64> {
            let potential = |x: &[f64]| field.potential(self.tensor(x)).map(host);
            let pieces = x.chunks(PIECE * self.dim);
            pieces.filter_map(potential).flatten().collect()
        };
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let found = self.solve(field, y);
        let at = potentials(&found.x);
        let rows = found.x.chunks_exact(self.dim).zip(y.chunks_exact(self.dim));
        let bounds = rows.zip(at).zip(&found.residuals);
        let bounds = bounds.map(|(((x, y), potential), residual)| {
            product(x, y) - potential + residual * residual / (2.0 * self.modulus)
        });
        let bounds: Vec<f64> = bounds.collect();
        let of_means = product(&column_means(x, self.dim), &column_means(y, self.dim));
        let dual = mean(&potentials(x)) + mean(&bounds) - of_means;
        (self.similarity.potential_scale() * dual, found)
    }

    /// The criterion: `J` on the validation points.
    pub(super) fn held_out_dual(&self, field: &Network) -> f64 {
        let [x, y] = [Side::Source, Side::Target]
            .map(|side| self.pair.points(side, Part::Validation, self.validated));
        self.dual(field, &x, &y).0
    }

    /// `½ E|x − x̄|² + ½ E|y − ȳ|² + ½ |x̄ − ȳ|²`, of which `J` takes the rest off the optimal cost.
    fn squares(&self, x: &[f64], y: &[f64]) -> f64 {
        let (dim, similarity) = (self.dim, &self.similarity);
        let x = similarity.unscale_points(x);
        let y = similarity.unscale_gradients(y);
        let apart = distance_squared(&column_means(&x, dim), &column_means(&y, dim));
        0.5 * (variance(&x, dim) + variance(&y, dim) + apart)
    }

    /// The test points of a side.
    fn test(&self, side: Side) -> Vec<f64> {
        self.pair.points(side, Part::Test, self.tested)
    }

    /// The numbers of a run's result.
    pub(super) fn measured(&self, field: &Network) -> Quantities {
        let (x, y) = (self.test(Side::Source), self.test(Side::Target));
        let images = self.map(field, &x);
        let mut found = self.compared(&x, &y, &images);
        let (dual, solved) = self.dual(field, &x, &y);
        found.extend(self.densities_met(field, &x));
        let mut add = |name: &str, value: f64, unit: &str| {
            found.insert(name.into(), Quantity::new(value, unit));
        };
        add(DUAL_VALUE, dual, "");
        add("transport_cost_dual", self.squares(&x, &y) - dual, "");
        let rows = y.len() / self.dim;
        add(
            "conjugates_missed",
            100.0 * solved.missed as f64 / rows as f64,
            "%",
        );
        add("newton_steps", solved.steps as f64, "");
        let back = self.solve(field, &images);
        let ways = back.x.chunks_exact(self.dim).zip(x.chunks_exact(self.dim));
        let ways = ways.zip(&back.solved).filter(|(_, solved)| **solved);
        let ways: Vec<f64> = ways
            .map(|((a, b), _)| distance_squared(a, b).sqrt())
            .collect();
        let cycle = ways.iter().sum::<f64>() / ways.len() as f64;
        add("cycle_error", self.similarity.x_scale * cycle, "");
        if let Some(truth) = self.pair.truth(&x) {
            let back = self.solve(field, &truth);
            let error = 100.0 * mean_square(&back.x, &x, self.dim) / variance(&x, self.dim);
            add("l2_uvp_inverse", error, "%");
        }
        found
    }

    /// What can be said of any map, from its images of the test points.
    fn compared(&self, x: &[f64], y: &[f64], images: &[f64]) -> Quantities {
        let (dim, similarity) = (self.dim, &self.similarity);
        let mut found = Quantities::new();
        let mut add = |name: &str, value: f64, unit: &str| {
            found.insert(name.into(), Quantity::new(value, unit));
        };
        let (from, to) = (
            similarity.unscale_points(x),
            similarity.unscale_gradients(images),
        );
        add("transport_cost", mean_square(&from, &to, dim) / 2.0, "");
        for (name, value) in self.distances(images, y) {
            add(name, value, "");
        }
        if let Some(truth) = self.pair.truth(x) {
            let error = relative_error(images, &truth, y, dim);
            add(L2_UVP_FORWARD, error, "%");
            add("cos_forward", cosine(images, &truth, x), "");
        }
        found
    }

    /// Energy distance and Sinkhorn divergence of two samples near the target, in the user's units.
    fn distances(&self, a: &[f64], b: &[f64]) -> Vec<(&'static str, f64)> {
        let dim = self.dim;
        let unscaled = |points: &[f64]| self.similarity.unscale_gradients(points);
        let (a, b) = (unscaled(a), unscaled(b));
        let first = |points: &[f64], count: usize| points[..points.len().min(count * dim)].to_vec();
        let some = |points: &[f64]| first(points, SINKHORN_POINTS);
        let energy = energy_distance(&first(&a, ENERGY_POINTS), &first(&b, ENERGY_POINTS), dim);
        let within = unscaled(&first(&self.test(Side::Target), SINKHORN_POINTS));
        let epsilon = SINKHORN_PART * mean_half_square(&within, &within, dim);
        // Held-out points that are one point have no size to smooth by.
        let divergence = (epsilon > 0.0).then(|| {
            let divergence = sinkhorn_divergence(&some(&a), &some(&b), dim, epsilon);
            ("sinkhorn_divergence", divergence)
        });
        [("energy_distance", energy)]
            .into_iter()
            .chain(divergence)
            .collect()
    }

    /// The rows beside every result.
    pub(super) fn rows(&self) -> Rows {
        let (x, y) = (self.test(Side::Source), self.test(Side::Target));
        let [from, to] = [Side::Source, Side::Target]
            .map(|side| self.pair.points(side, Part::Reference, ENTROPIC_POINTS));
        let epsilon = ENTROPIC_PART * mean_half_square(&from, &to, self.dim);
        let entropic = Entropic::new(&from, &to, self.dim, epsilon);
        // Other rows of the target, as many as are moved: what a perfect map would be told from the target by.
        let others = self
            .pair
            .points(Side::Target, Part::Reference, x.len() / self.dim);
        let floor = self
            .distances(&others, &y)
            .into_iter()
            .map(|(name, value)| (name.into(), Quantity::new(value, "")));
        let mut rows = Rows::from([
            ("identity".into(), self.compared(&x, &y, &self.unmoved(&x))),
            (
                "bures".into(),
                self.compared(&x, &y, &self.bures.forward(&x)),
            ),
            (
                "entropic map".into(),
                self.compared(&x, &y, &entropic.map(&x)),
            ),
            ("target floor".into(), floor.collect()),
        ]);
        self.add_density_rows(&mut rows, &x);
        rows
    }
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn distance_squared(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

/// `mean |a − b|²` over rows.
fn mean_square(a: &[f64], b: &[f64], dim: usize) -> f64 {
    distance_squared(a, b) / (a.len() / dim) as f64
}

fn column_means(points: &[f64], dim: usize) -> Vec<f64> {
    let rows = (points.len() / dim) as f64;
    let mut means = vec![0.0; dim];
    for point in points.chunks_exact(dim) {
        means
            .iter_mut()
            .zip(point)
            .for_each(|(mean, x)| *mean += x / rows);
    }
    means
}

/// `100 E|a − b|²/Var(y)`.
pub(super) fn relative_error(a: &[f64], b: &[f64], y: &[f64], dim: usize) -> f64 {
    100.0 * mean_square(a, b, dim) / variance(y, dim)
}

/// `E|y − E y|²`.
fn variance(points: &[f64], dim: usize) -> f64 {
    let means = column_means(points, dim);
    let deviations = points.iter().zip(means.iter().cycle());
    deviations.map(|(x, m)| (x - m).powi(2)).sum::<f64>() / (points.len() / dim) as f64
}

/// The cosine of `a − x` and `b − x` as functions.
fn cosine(a: &[f64], b: &[f64], x: &[f64]) -> f64 {
    let (mut product, mut left, mut right) = (0.0, 0.0, 0.0);
    for ((a, b), x) in a.iter().zip(b).zip(x) {
        product += (a - x) * (b - x);
        left += (a - x).powi(2);
        right += (b - x).powi(2);
    }
    // A map that moves nothing has no direction.
    if left == 0.0 || right == 0.0 {
        0.0
    } else {
        product / (left * right).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Images (1, 0) and (0, 3) of the origin, against the truth (1, 1) and (0, 1): squares 1 and 4; ⟨.,.⟩ = 1 + 3.
    #[test]
    fn errors_and_cosines_are_those_of_the_arithmetic() {
        let (images, truth, x) = ([1.0, 0.0, 0.0, 3.0], [1.0, 1.0, 0.0, 1.0], [0.0; 4]);
        assert_eq!(mean_square(&images, &truth, 2), 2.5);
        // Means (1/2, 1): deviations ±1/2 and 0.
        assert_eq!(variance(&truth, 2), 0.25);
        let expected = 4.0 / (10.0_f64 * 3.0).sqrt();
        assert!((cosine(&images, &truth, &x) - expected).abs() < 1e-12);
        assert_eq!(cosine(&x, &truth, &x), 0.0);
    }
}
