//! The gradient fields the paper learns: (20), (21), (22), (23) and the two-body Hamiltonian, each with its potential
//! and its exact gradient.
//!
//! [`TargetConfig`] is what a config file says; [`TargetConfig::init`] puts the target on a device. One list,
//! [`registry`], drives the names on the command line, the tests and the docs: a new target is a file here, a variant
//! of [`TargetConfig`] and a row of that list.

mod config;
mod gaussian_mixture_score;
mod normalise;
mod pairs;
mod piecewise_quadratic;
mod quartic_polynomial;
mod trigonometric_surface;
mod two_body;

#[cfg(test)]
mod tests;

use burn::tensor::Tensor;

use crate::data::{Stream, generator, uniform_points};

pub use config::{Dimensions, Entry, TargetConfig, registry};
pub use gaussian_mixture_score::{GaussianMixtureScore, GaussianMixtureScoreConfig};
pub use piecewise_quadratic::{Matrices, PiecewiseQuadratic, PiecewiseQuadraticConfig};
pub use quartic_polynomial::{QuarticPolynomial, QuarticPolynomialConfig};
pub use trigonometric_surface::{TrigonometricSurface, TrigonometricSurfaceConfig};
pub use two_body::{TwoBody, TwoBodyConfig};

/// A potential and its exact gradient, the field a network is to learn.
///
/// Both are scaled alike: where a target is normalised, the potential is divided by the same number as the gradient, so
/// that the one stays the gradient of the other. The points must live on the device and have the dtype the target was
/// made for.
pub trait Target: Send + Sync {
    /// The registered name.
    fn name(&self) -> &'static str;

    /// Dimension of the space.
    fn dim(&self) -> usize;

    /// Whether the potential is convex on the unit cube, so that a monotone network can represent its gradient.
    fn convex(&self) -> bool;

    /// The gradient at each row of `x`.
    ///
    /// # Shapes
    /// - x: `[points, dim]`
    /// - output: `[points, dim]`
    fn gradient(&self, x: Tensor<2>) -> Tensor<2>;

    /// The potential at each row of `x`.
    ///
    /// # Shapes
    /// - x: `[points, dim]`
    /// - output: `[points]`
    fn potential(&self, x: Tensor<2>) -> Tensor<1>;

    /// `count` points of the target's domain, row after row: a pure function of the seed, what they are for and the
    /// index of the draw.
    ///
    /// Uniform on the unit cube unless the target says otherwise. A target whose points were recorded keeps those it is
    /// trained on apart from those it is validated and tested on.
    fn draw(&self, seed: u64, stream: Stream, index: u64, count: usize) -> Vec<f32> {
        uniform_points(&mut generator(seed, stream, index), count, self.dim())
    }
}
