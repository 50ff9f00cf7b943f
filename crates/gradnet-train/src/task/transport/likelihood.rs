//! The negative log-likelihood of a convex potential flow.
//!
//! ```text
//! L(f) = −E_P [log q(f(x)) + ln det J_f(x)]
//! ```
//!
//! By the change of variables this is `−E_P log p_f` with `p_f` the density of which f makes q. So `L(f) = H(P) + KL(P
//! ‖ p_f)`: its smallest value is the entropy of P, at the Brenier map alone among gradients of convex functions
//! (Huang, Chen, Tsirigotis and Courville, "Convex potential flows", ICLR 2021, Thm. 4). The density q is known, P by
//! its samples.

use burn::tensor::Tensor;
use gradnet_core::VectorField;

use super::drawn::GaussianMixture;
use super::log_det::log_det;
use crate::registry::Network;

/// `−log p_f` at the rows of `x`, `[rows]`, in nats, differentiable in the weights.
pub(super) fn surprise(field: &Network, x: Tensor<2>, q: &GaussianMixture) -> Tensor<1> {
    let images = field.forward(x.clone());
    -(q.log_density(images) + log_det(field, x))
}

/// `L` of a batch, `[1]`.
pub(super) fn likelihood(field: &Network, x: Tensor<2>, q: &GaussianMixture) -> Tensor<1> {
    surprise(field, x, q).mean()
}

#[cfg(test)]
mod tests {
    use burn::optim::GradientsParams;
    use gradnet_core::analysis::{host, log_det_jacobian};
    use nalgebra::{DMatrix, DVector};

    use super::super::bures::{Bures, symmetric_power};
    use super::super::monge_ampere::monge_ampere;
    use super::super::samples::{self, MODULUS, network, tensor};
    use super::*;
    use crate::data::{Stream, generator};
    use crate::registry::with_values;

    /// The affine map `A x + b` as a network whose shell is zero.
    fn affine(a: &DMatrix<f64>, b: &DVector<f64>) -> Network {
        let held = a - DMatrix::identity(2, 2) * MODULUS;
        let root = symmetric_power(&held, 0.5);
        samples::linear_alone(network("mgradnet_m", root.as_slice(), b.as_slice()))
    }

    /// `N(m, C)` as a mixture, with its covariance.
    fn gaussian(mean: [f64; 2], factor: [f64; 4]) -> (GaussianMixture, DMatrix<f64>) {
        let factor = DMatrix::from_row_slice(2, 2, &factor);
        let covariance = &factor * factor.transpose();
        let mixture = GaussianMixture {
            weights: Vec::new(),
            centres: vec![DVector::from_row_slice(&mean)],
            factors: vec![factor],
        };
        (mixture, covariance)
    }

    fn points() -> Tensor<2> {
        let [x, _] = samples::points();
        x
    }

    /// `H(N(m, C)) = ½ ln det(2πe C)`, and no residual of the Monge-Ampère equation at any point.
    #[test]
    fn between_gaussians_the_bures_map_has_the_entropy_and_solves_the_equation() {
        let (p, covariance) = gaussian([0.4, -1.0], [0.9, 0.2, -0.3, 0.7]);
        let (q, other) = gaussian([1.0, 0.5], [1.3, 0.0, 0.6, 0.8]);
        let moments = |mixture: &GaussianMixture| mixture.centres[0].clone();
        let bures = Bures::of_moments((moments(&p), &covariance), (moments(&q), &other));
        let map = affine(bures.matrix(), &bures.offset(1.0));
        let x = p.draw(&mut generator(3, Stream::Test, 0), 20_000);
        let (log_p, _) = p.log_density_and_score(&x);
        let x = tensor(&x);
        let residual = host(monge_ampere(&map, x.clone(), log_p, &q))[0];
        assert!(residual < 1e-9, "{residual}");
        let entropy = 1.0 + std::f64::consts::TAU.ln() + 0.5 * covariance.determinant().ln();
        let found = host(likelihood(&map, x.clone(), &q))[0];
        // The squared length of a standard normal point halved has deviation 1: 0.007 for the mean.
        assert!((found - entropy).abs() < 0.03, "{found} {entropy}");
        // Another map costs the divergence of its density: here q moved by δ, where KL = δᵀ C⁻¹ δ/2.
        let delta = DVector::from_row_slice(&[0.5, -0.2]);
        let moved = affine(bures.matrix(), &(bures.offset(1.0) + &delta));
        let divergence = 0.5 * delta.dot(&other.cholesky().unwrap().solve(&delta));
        let excess = host(likelihood(&moved, x, &q))[0] - found;
        assert!((excess - divergence).abs() < 0.02, "{excess} {divergence}");
    }

    #[test]
    fn the_surprise_is_that_of_the_change_of_variables_with_jacobians_of_another_way() {
        let (q, _) = gaussian([1.0, 0.5], [1.3, 0.0, 0.6, 0.8]);
        for name in ["mgradnet_m", "mgradnet_c", "icnn"] {
            let network = network(name, &[1.2, 0.3, -0.1, 0.9], &[0.2, -0.1]);
            let found = host(surprise(&network, points(), &q));
            let images = host(network.forward(points()));
            let (logs, _) = q.log_density_and_score(&images);
            let field = network.monotone().unwrap();
            let log_dets = log_det_jacobian(&field, points());
            for ((found, log), log_det) in found.iter().zip(logs).zip(log_dets) {
                assert!((found + log + log_det).abs() < 1e-9, "{name}: {found}");
            }
        }
    }

    /// Of the bias, which moves `q(f(x))` alone, and of the matrix and the network's own weights, which move the
    /// Jacobian too.
    #[test]
    fn the_gradients_are_those_of_central_differences() {
        let (p, _) = gaussian([0.4, -1.0], [0.9, 0.2, -0.3, 0.7]);
        let (q, _) = gaussian([1.0, 0.5], [1.3, 0.0, 0.6, 0.8]);
        let (log_p, _) = p.log_density_and_score(&host(points()));
        type Loss<'a> = &'a dyn Fn(&Network) -> Tensor<1>;
        let losses: [(&str, Loss); 2] = [
            ("likelihood", &|network| likelihood(network, points(), &q)),
            ("monge_ampere", &|network| {
                monge_ampere(network, points(), log_p.clone(), &q)
            }),
        ];
        let (matrix, bias) = ([1.2, 0.3, -0.1, 0.9], [0.2, -0.1]);
        for ((loss_name, loss), name) in losses
            .iter()
            .flat_map(|loss| ["mgradnet_m", "mgradnet_c", "icnn"].map(|name| (loss, name)))
        {
            let at = network(name, &matrix, &bias);
            let gradients = GradientsParams::from_grads(loss(&at).backward(), &at);
            let linear = at.linear.as_ref().unwrap();
            let found_bias = host(gradients.get::<1>(linear.bias.id).unwrap());
            let found_matrix = host(
                gradients
                    .get::<2>(linear.matrix.as_ref().unwrap().id)
                    .unwrap(),
            );
            let slope = |moved: &dyn Fn(f64) -> Network| {
                let value = |by: f64| host(loss(&moved(by)))[0];
                (value(1e-5) - value(-1e-5)) / 2e-5
            };
            let moved = |numbers: &[f64], index: usize, by: f64| {
                let mut numbers = numbers.to_vec();
                numbers[index] += by;
                numbers
            };
            for (i, found) in found_bias.iter().enumerate() {
                let slope = slope(&|by| network(name, &matrix, &moved(&bias, i, by)));
                assert!(
                    (slope - found).abs() < 1e-7,
                    "{loss_name} {name}: {slope} {found}"
                );
            }
            for (i, found) in found_matrix.iter().enumerate() {
                let slope = slope(&|by| network(name, &moved(&matrix, i, by), &bias));
                assert!(
                    (slope - found).abs() < 1e-7,
                    "{loss_name} {name}: {slope} {found}"
                );
            }
            if let crate::registry::Registered::MGradNetM(inner) = &at.registered {
                let found = host(gradients.get::<2>(inner.weight.id).unwrap());
                let weights = host(inner.weight.val());
                for i in [0, 3, 7] {
                    let slope = slope(&|by| {
                        let mut network = network(name, &matrix, &bias);
                        if let crate::registry::Registered::MGradNetM(inner) =
                            &mut network.registered
                        {
                            let numbers = moved(&weights, i, by);
                            inner.weight = with_values(inner.weight.clone(), &numbers);
                        }
                        network
                    });
                    assert!(
                        (slope - found[i]).abs() < 1e-7,
                        "{loss_name} {name}: {slope} {}",
                        found[i]
                    );
                }
            }
        }
    }
}
