//! The denoisers that a regularizer is trained in, and what their results are measured by.
//!
//! ```text
//! y = x + n        errors of one step: a (∇R_σ(y) − n)        of the others: x*(y) − x
//! ```
//!
//! `x*` is a [`Denoiser`]'s, with the learned `λ(σ)` and `μ(σ)` of the network. A strength with which the objective
//! need not be convex, for the certified bound `ρ` of its concavity, is lowered to where it is: `λ μ ρ ≤ 0.995`.

use burn::module::Module;
use burn::tensor::Tensor;
use gradnet_core::image::{Denoiser, ImageField, LipschitzImageField};
use gradnet_core::kernel::mean_squared_error;

use super::config::PixelError;
use super::crops::Noisy;
use super::lifted;
use crate::registry::{Lifted, MOST_CONCAVE, Network};
use crate::settings::Objective;

/// The most conjugate gradients for the adjoint equation.
const ADJOINT_STEPS: usize = 100;

/// An objective with its settings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Denoising {
    pub(super) objective: Objective,
    pub(super) error: PixelError,
    pub(super) unrolled_steps: usize,
    /// Of the minimisation, as a part of the noise's deviation, and of the adjoint equation's residual, as a part of
    /// its right side.
    pub(super) tolerance: f64,
    pub(super) most_steps: usize,
    pub(super) jacobian_free: bool,
}

impl Denoising {
    /// The loss of noisy crops, `[1]`.
    pub(super) fn loss(&self, network: &Network, crops: Noisy, contrast: Tensor<1>) -> Tensor<1> {
        if self.objective != Objective::Proximal {
            let [found, wanted] = self.compared(network, &crops, contrast);
            return self.mean(found, wanted);
        }
        // The search and the adjoint equation need no graph.
        let still = network.clone().valid();
        let [point, clean] = self.compared(&still, &crops, contrast.clone());
        let errors = point.clone() - clean.clone();
        let count = errors.shape().num_elements() as f64;
        let covector = match self.error {
            PixelError::Absolute => errors.sign() / count,
            PixelError::Squared => errors * (2.0 / count),
        };
        let (field, tracked) = (lifted(&still), lifted(network));
        let denoiser = denoiser(network, &tracked, contrast);
        let v = match self.jacobian_free {
            true => covector,
            false => denoiser.adjoint(&field, &point, covector, self.tolerance, ADJOINT_STEPS),
        };
        let gradient = denoiser.implicit(&tracked, point.clone(), v);
        // The value of the loss, with that gradient.
        gradient.clone() - gradient.detach() + self.mean(point, clean)
    }

    /// What is found for noisy crops and what is wanted, both `[batch, side, side]`: the noise of one step, times its
    /// contrast, or denoised crops.
    fn compared(&self, network: &Network, crops: &Noisy, contrast: Tensor<1>) -> [Tensor<3>; 2] {
        let field = lifted(network);
        let (noisy, noise) = (crops.noisy.clone(), crops.noise.clone());
        if self.objective == Objective::OneStep {
            let contrast = by_image(contrast);
            return [field.apply(noisy * contrast.clone()), noise * contrast];
        }
        let denoiser = denoiser(network, &field, contrast);
        let found = match self.objective {
            Objective::Unrolled => denoiser.unrolled(&field, noisy.clone(), self.unrolled_steps),
            _ => {
                let tolerance = by_image(crops.deviations.clone()) * self.tolerance;
                let found = denoiser.proximal(&field, &noisy, tolerance, self.most_steps);
                found.image
            }
        };
        [found, noisy - noise]
    }

    /// The mean squared error of denoised crops.
    pub(super) fn squared_error(
        &self,
        network: &Network,
        crops: &Noisy,
        contrast: Tensor<1>,
    ) -> f64 {
        let [found, wanted] = self.compared(network, crops, contrast.clone());
        let error = match self.objective {
            Objective::OneStep => (found - wanted) / by_image(contrast),
            _ => found - wanted,
        };
        error.square().mean().into_scalar()
    }

    fn mean(&self, found: Tensor<3>, wanted: Tensor<3>) -> Tensor<1> {
        let rows = |x: Tensor<3>| x.flatten::<2>(1, 2);
        match self.error {
            PixelError::Squared => mean_squared_error(rows(found), rows(wanted)),
            PixelError::Absolute => (found - wanted).abs().mean(),
        }
    }
}

/// A number for each image, `[batch, 1, 1]`.
fn by_image(numbers: Tensor<1>) -> Tensor<3> {
    let [batch] = numbers.dims();
    numbers.reshape([batch, 1, 1])
}

/// The denoiser of a network that learns strength and scale, at these contrasts `1/t`.
fn denoiser(network: &Network, field: &Lifted<'_>, contrast: Tensor<1>) -> Denoiser {
    let weights = network.noise_weights.as_ref();
    let weights =
        weights.expect("a network has strength and scale where its objective asks for them");
    let [strength, scale] = weights.at(by_image(contrast).recip());
    Denoiser {
        strength: convex(field, strength, scale.clone()),
        scale,
        lipschitz: field.lipschitz(),
    }
}

/// The strength, lowered to where denoising is convex.
fn convex(field: &Lifted<'_>, strength: Tensor<3>, scale: Tensor<3>) -> Tensor<3> {
    let concavity = field.concavity();
    if concavity == 0.0 {
        return strength;
    }
    let most = (scale * concavity).recip() * MOST_CONCAVE;
    let most = match field.concavity_gradient() {
        None => most,
        Some(peak) => {
            // 1, with the gradient of ρ/|ρ|.
            let ratio = peak.clone() / peak.detach();
            most / ratio.reshape([1, 1, 1])
        }
    };
    strength.min_pair(most)
}

#[cfg(test)]
mod tests;
