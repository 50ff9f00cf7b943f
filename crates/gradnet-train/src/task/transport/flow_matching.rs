//! Optimal flow matching: the loss of straight paths, whose velocity at each point a convex potential gives.
//!
//! ```text
//! x_t = (1 − t) x₀ + t x₁,   (1 − t) z + t f(z) = x_t
//! L(f) = E_t E |(x₀ − z)/t|² = E_t E |(f(z) − z) − (x₁ − x₀)|² = 2 J(F) − 2 E⟨x₀, x₁⟩
//! ```
//!
//! With J the semi-dual, so that its minimum is at the Brenier map whatever pairs x₀ with x₁ (Kornilov, Mokrov,
//! Gasnikov and Korotin, "Optimal flow matching", NeurIPS 2024, Thm. 1 and Prop. 1). By the implicit function theorem,
//! z held fixed on the right,
//!
//! ```text
//! ∂θ L = E ⟨(t J_f(z) + (1 − t) I)⁻¹ 2 (x₀ − z)/t,  ∂θ f(z)⟩
//! ```
//!
//! Divided by t, the equation for z is that of a conjugate of `F + (1 − t)/t |x|²/2`: rows of one t are solved together
//! by the same method, and a row that is not solved is dropped from the mean. Rows of a batch have few t, spread evenly
//! from a random start.

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use gradnet_core::VectorField;
use gradnet_core::analysis::host;
use gradnet_core::combine::StronglyMonotone;
use gradnet_core::inverse::InverseSettings;
use gradnet_core::inverse::conjugate_gradients::{Effort, conjugate_gradients};

use super::conjugate::{self, Conjugates};
use super::density::with_gradient;
use crate::registry::{MonotoneNetwork, Network};

/// Times of a batch.
pub(super) const TIMES: usize = 8;
/// Conjugate gradient steps at most for the linear system of the gradient.
const LINEAR_STEPS: usize = 40;

/// What a step learns from.
pub(super) struct FlowBatch {
    /// Points of P, `[batch, dim]`.
    pub(super) x0: Tensor<2>,
    /// Points of Q, `[batch, dim]`.
    pub(super) x1: Tensor<2>,
    /// Points near the conjugates of `x1`, `[batch, dim]`.
    pub(super) start: Tensor<2>,
    /// t of each part of the batch, all in (0, 1): the rows are divided into as many parts.
    pub(super) times: Vec<f64>,
}

/// `count` times in (0, 1), spread evenly from `offset` in [0, 1) on.
pub(super) fn times(count: usize, offset: f64) -> Vec<f64> {
    let at = |part: usize| (part as f64 + offset) / count as f64;
    // At 0 the equation is empty: z = x₀.
    (0..count).map(|part| at(part).max(1e-3)).collect()
}

/// `L` of a batch, `[1]`, differentiable in the weights; NaN if no row is solved.
pub(super) fn flow_matching(field: &Network, batch: FlowBatch) -> Tensor<1> {
    solved_to(field, batch, &conjugate::Effort::Training.settings())
}

fn solved_to(field: &Network, batch: FlowBatch, settings: &InverseSettings) -> Tensor<1> {
    let [rows, _] = batch.x0.dims();
    let fixed = field.valid();
    let mut found = Vec::new();
    let mut first = 0;
    let parts = batch.times.len();
    for (part, t) in batch.times.iter().enumerate() {
        let next = rows * (part + 1) / parts;
        let of = |tensor: &Tensor<2>| tensor.clone().narrow(0, first, next - first);
        if next > first {
            let pairs = [of(&batch.x0), of(&batch.x1), of(&batch.start)];
            found.push(solved_at(&fixed, *t, pairs, settings));
        }
        first = next;
    }
    let solved: Vec<bool> = found.iter().flat_map(|part| part.solved.clone()).collect();
    let count = solved.iter().filter(|solved| **solved).count();
    // Without any row the mean is 0/0, and the run ends with the weights it has.
    let weights = solved.iter().map(|solved| match (count, solved) {
        (0, _) => f64::NAN,
        (_, true) => 1.0 / count as f64,
        (_, false) => 0.0,
    });
    let weights: Vec<f64> = weights.collect();
    let cat = |of: &dyn Fn(&Solved) -> Tensor<2>| Tensor::cat(found.iter().map(of).collect(), 0);
    let (z, velocity, slope) = (
        cat(&|part| part.z.clone()),
        cat(&|part| part.velocity.clone()),
        cat(&|part| part.slope.clone()),
    );
    let squares = host(velocity.square().sum_dim(1));
    let losses = with_gradient(squares, host(slope), field.forward(z));
    let weights = TensorData::new(weights, [rows]);
    let weights = Tensor::<1>::from_data(weights, (&losses.device(), losses.dtype()));
    (losses * weights).sum()
}

/// What is held fixed of rows of one t.
struct Solved {
    z: Tensor<2>,
    /// `(x₀ − z)/t`.
    velocity: Tensor<2>,
    /// What `∂θ f(z)` is multiplied by.
    slope: Tensor<2>,
    solved: Vec<bool>,
}

fn solved_at(
    field: &Network,
    t: f64,
    [x0, x1, start]: [Tensor<2>; 3],
    settings: &InverseSettings,
) -> Solved {
    let inside = field.strongly_monotone();
    let inside = inside.expect("the task refuses networks that are not monotone");
    let rest = (1.0 - t) / t;
    let modulus = inside.modulus() + rest;
    let shifted = StronglyMonotone::new(inside.field, modulus);
    let start = x0.clone() * (1.0 - t) + start * t;
    let found = shifted.solve(x0.clone() * rest + x1, Some(start), settings);
    let found = Conjugates::of(found);
    let velocity = (x0 - found.x.clone()) / t;
    let slope = quotient(&shifted, found.x.clone(), velocity.clone() * (2.0 / t));
    Solved {
        z: found.x,
        velocity,
        slope,
        solved: found.solved,
    }
}

/// `J⁻¹ r` at the rows of `z`.
fn quotient(field: &StronglyMonotone<MonotoneNetwork>, z: Tensor<2>, r: Tensor<2>) -> Tensor<2> {
    let effort = Effort {
        steps: LINEAR_STEPS.min(2 * field.dim()),
        goal: 0.0,
        modulus: field.modulus(),
    };
    let product = |v: Tensor<2>| field.jacobian_vector(z.clone(), v);
    conjugate_gradients(&product, r, effort).solution
}

#[cfg(test)]
mod tests {
    use burn::optim::GradientsParams;

    use super::super::samples::{network, points};
    use super::*;

    fn exact() -> InverseSettings {
        InverseSettings {
            tolerance: 1e-11,
            ..InverseSettings::default()
        }
    }

    fn batch(times: Vec<f64>) -> FlowBatch {
        let [x0, x1] = points();
        FlowBatch {
            start: x1.clone(),
            x0,
            x1,
            times,
        }
    }

    const MATRIX: [f64; 4] = [1.2, 0.3, -0.1, 0.9];
    const BIAS: [f64; 2] = [0.2, -0.1];

    /// `∫ |(x₀ − z_t)/t|² dt = 2 (F(x₀) + F*(x₁) − ⟨x₀, x₁⟩)` for every pair, here by the midpoint rule on the left and
    /// by conjugates on the right.
    #[test]
    fn over_all_times_it_is_the_semi_dual_of_each_pair() {
        let [x0, x1] = points();
        for name in ["mgradnet_m", "icnn"] {
            let network = network(name, &MATRIX, &BIAS);
            let count = 400;
            let means = times(count, 0.5).into_iter().map(|t| {
                let loss = solved_to(&network, batch(vec![t]), &exact());
                host(loss)[0] / count as f64
            });
            let found: f64 = means.sum();
            let field = network.valid().strongly_monotone().unwrap();
            let conjugates = host(field.conjugate(x1.clone(), &exact()).unwrap());
            let potentials = host(network.potential(x0.clone()).unwrap());
            let products = host((x0.clone() * x1.clone()).sum_dim(1));
            let pairs = potentials.iter().zip(conjugates).zip(products);
            let gaps = pairs.map(|((f, conjugate), product)| f + conjugate - product);
            let expected = 2.0 * gaps.sum::<f64>() / 4.0;
            assert!(
                (found - expected).abs() < 1e-4 * expected,
                "{name}: {found} {expected}"
            );
        }
    }

    #[test]
    fn the_gradient_is_that_of_central_differences_with_every_point_solved_anew() {
        let loss = |network: &Network| solved_to(network, batch(vec![0.3, 0.8]), &exact());
        for name in ["mgradnet_m", "mgradnet_c", "icnn"] {
            let at = network(name, &MATRIX, &BIAS);
            let gradients = GradientsParams::from_grads(loss(&at).backward(), &at);
            let linear = at.linear.as_ref().unwrap();
            let matrix = linear.matrix.as_ref().unwrap().id;
            let found = [
                host(gradients.get::<2>(matrix).unwrap()),
                host(gradients.get::<1>(linear.bias.id).unwrap()),
            ]
            .concat();
            for (i, found) in found.iter().enumerate() {
                let value = |by: f64| {
                    let (mut matrix, mut bias) = (MATRIX, BIAS);
                    match i {
                        0..4 => matrix[i] += by,
                        _ => bias[i - 4] += by,
                    }
                    host(loss(&network(name, &matrix, &bias)))[0]
                };
                let slope = (value(1e-4) - value(-1e-4)) / 2e-4;
                assert!((slope - found).abs() < 1e-5, "{name}: {slope} {found}");
            }
        }
    }

    #[test]
    fn the_parts_of_a_batch_have_their_own_times() {
        let network = network("mgradnet_m", &MATRIX, &BIAS);
        let [x0, x1] = points();
        let all = host(solved_to(&network, batch(vec![0.3, 0.8]), &exact()))[0];
        let halves = [(0, 0.3), (2, 0.8)].map(|(first, t)| {
            let of = |tensor: &Tensor<2>| tensor.clone().narrow(0, first, 2);
            let half = FlowBatch {
                x0: of(&x0),
                x1: of(&x1),
                start: of(&x1),
                times: vec![t],
            };
            host(solved_to(&network, half, &exact()))[0]
        });
        assert!((all - (halves[0] + halves[1]) / 2.0).abs() < 1e-9);
    }
}
