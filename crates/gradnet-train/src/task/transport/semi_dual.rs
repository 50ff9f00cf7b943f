//! The semi-dual loss with exact conjugates.
//!
//! ```text
//! J(F) = E_P F(x) + E_Q F*(y),   F*(y) = ⟨x*, y⟩ − F(x*),  f(x*) = y
//! ∂θ J = E_P ∂θF(x) − E_Q ∂θF(x*)            x* held fixed, by Danskin's theorem
//! ```
//!
//! Its minimum over convex F is attained by Brenier's potential (Villani, "Topics in Optimal Transportation", Thm.
//! 2.9), and `W = E|x|²/2 + E|y|²/2 − J`. Solvers before (Taghvaei and Jalali 2019; Korotin et al. 2021, W2:R)
//! approximate `x*`; here it is solved for. A conjugate that is not found is dropped from the mean.
//!
//! Where a potential is a quadrature of its own, the difference of two of its values is one along the way between the
//! points: `F(x) − F(x*) = E_τ ⟨f(x* + τ (x − x*)), x − x*⟩`, with few nodes τ spread evenly from a random start.

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use gradnet_core::VectorField;

use super::conjugate::{Effort, conjugates};
use crate::registry::Network;

/// Nodes on the way between two points.
pub const NODES: usize = 3;

/// What a step learns from.
pub(super) struct SemiDualBatch {
    /// Points of P, `[batch, dim]`.
    pub(super) x: Tensor<2>,
    /// Points of Q, `[batch, dim]`.
    pub(super) y: Tensor<2>,
    /// Where the search for the conjugates begins, `[batch, dim]`.
    pub(super) start: Tensor<2>,
    /// Where the nodes begin, in [0, 1).
    pub(super) offset: f64,
}

/// `J` of a batch, `[1]`, differentiable in the weights; NaN if no conjugate is found.
pub(super) fn semi_dual(field: &Network, batch: SemiDualBatch) -> Tensor<1> {
    let SemiDualBatch {
        x,
        y,
        start,
        offset,
    } = batch;
    let found = conjugates(&field.valid(), y.clone(), start, Effort::Training);
    let [rows, _] = y.dims();
    let count = rows - found.missed;
    // Without any conjugate the mean over them is 0/0, and the run ends with the weights it has.
    let weight = |solved: &bool| if *solved { 1.0 / count as f64 } else { 0.0 };
    let weights: Vec<f64> = match count {
        0 => vec![f64::NAN; rows],
        _ => found.solved.iter().map(weight).collect(),
    };
    let weights =
        Tensor::<1>::from_data(TensorData::new(weights, [rows]), (&y.device(), y.dtype()));
    let conjugate = found.x;
    let products = (conjugate.clone() * y).sum_dim(1).squeeze_dim(1);
    let products = (products * weights.clone()).sum();
    let difference = match field.registered.has_cheap_potential() {
        true => by_potential(field, x, conjugate, weights),
        false => along_the_way(field, x, conjugate, weights, offset),
    };
    difference + products
}

/// `mean F(x) − Σ w F(x*)`.
fn by_potential(field: &Network, x: Tensor<2>, at: Tensor<2>, weights: Tensor<1>) -> Tensor<1> {
    let [rows, _] = x.dims();
    let mean = weights.full_like(1.0 / rows as f64);
    let values = field.potential(Tensor::cat(vec![x, at], 0));
    let values = values.expect("only networks whose potential is known are told to use it");
    (values * Tensor::cat(vec![mean, -weights], 0)).sum()
}

/// `Σ w (F(x) − F(x*))`, each of one point of P and one conjugate.
fn along_the_way(
    field: &Network,
    x: Tensor<2>,
    at: Tensor<2>,
    weights: Tensor<1>,
    offset: f64,
) -> Tensor<1> {
    let way = x - at.clone();
    let nodes = (0..NODES).map(|node| (node as f64 + offset) / NODES as f64);
    let points = nodes.map(|node| at.clone() + way.clone() * node).collect();
    let values = field.forward(Tensor::cat(points, 0));
    let ways = Tensor::cat(vec![way; NODES], 0);
    let slopes = (values * ways).sum_dim(1).squeeze_dim(1);
    (slopes * Tensor::cat(vec![weights / NODES as f64; NODES], 0)).sum()
}

#[cfg(test)]
mod tests {
    use burn::optim::GradientsParams;
    use gradnet_core::analysis::host;

    use super::super::samples::{self, points, tensor};
    use super::*;

    /// A network in 64 bits inside `1.44 x + 0.01 x + b`.
    fn network(name: &str, bias: [f64; 2]) -> Network {
        samples::network(name, &[1.2, 0.0, 0.0, 1.2], &bias)
    }

    fn batch(offset: f64) -> SemiDualBatch {
        let [x, y] = points();
        SemiDualBatch {
            start: y.clone(),
            x,
            y,
            offset,
        }
    }

    fn loss(network: &Network) -> f64 {
        host(semi_dual(network, batch(0.5)).unsqueeze::<2>())[0]
    }

    /// The conjugates are solved for anew at the moved weights, which the gradient does not look at: that is Danskin's
    /// theorem.
    #[test]
    fn the_gradient_is_that_of_central_differences_with_the_conjugates_solved_anew() {
        let network = |by: [f64; 2]| network("mgradnet_m", [0.2 + by[0], -0.1 + by[1]]);
        let at = network([0.0, 0.0]);
        let gradients = semi_dual(&at, batch(0.5)).backward();
        let gradients = GradientsParams::from_grads(gradients, &at);
        let bias = at.linear.as_ref().unwrap().bias.id;
        let gradient = host(gradients.get::<1>(bias).unwrap().unsqueeze::<2>());
        for i in 0..2 {
            let moved = |by: f64| {
                let mut bias = [0.0; 2];
                bias[i] = by;
                loss(&network(bias))
            };
            let slope = (moved(1e-3) - moved(-1e-3)) / 2e-3;
            assert!(
                (slope - gradient[i]).abs() < 1e-5,
                "{slope} {}",
                gradient[i]
            );
        }
    }

    /// `F(x) = c |x|²/2` has `F*(y) = |y|²/(2 c)`; the spline network with all slopes and the matrix zero leaves `μ`
    /// alone.
    #[test]
    fn of_a_quadratic_it_is_the_closed_form() {
        let network = samples::linear_alone(network("mgradnet_m", [0.0, 0.0]));
        let SemiDualBatch { x, y, .. } = batch(0.0);
        let c = 1.44 + 0.01;
        let mean_square =
            |points: Tensor<2>| host(points.clone().square()).iter().sum::<f64>() / 4.0;
        let constant = host(
            network
                .potential(tensor(&[0.0, 0.0]))
                .unwrap()
                .unsqueeze::<2>(),
        )[0];
        let expected = c * mean_square(x) / 2.0 + mean_square(y) / (2.0 * c);
        // F is known up to a constant, which J has once with either sign.
        assert!(constant.is_finite());
        assert!(
            (loss(&network) - expected).abs() < 1e-8,
            "{} {expected}",
            loss(&network)
        );
    }

    #[test]
    fn the_way_between_two_points_gives_the_difference_of_their_potentials() {
        let network = network("mgradnet_c", [0.2, -0.1]);
        let SemiDualBatch { x, y, .. } = batch(0.0);
        let weights = Tensor::<1>::from_data(
            TensorData::new(vec![0.25; 4], [4]),
            (&x.device(), x.dtype()),
        );
        let exact =
            host(by_potential(&network, x.clone(), y.clone(), weights.clone()).unsqueeze::<2>())[0];
        // The mean over all offsets is the integral.
        let offsets = (0..40).map(|k| (f64::from(k) + 0.5) / 40.0);
        let found = offsets.map(|offset| {
            let along = along_the_way(&network, x.clone(), y.clone(), weights.clone(), offset);
            host(along.unsqueeze::<2>())[0] / 40.0
        });
        let found: f64 = found.sum();
        assert!(
            (found - exact).abs() < 2e-4 * exact.abs().max(1.0),
            "{found} {exact}"
        );
    }
}
