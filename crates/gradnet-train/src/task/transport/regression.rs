//! Regression on the true map, where it is known: what a network can represent, whatever a loss of samples makes of it.
//!
//! ```text
//! L = E |f(x) − T(x)|²/d
//! ```
//!
//! It is no solver: it is told the map that a transport has to find. A test holds the error against the arithmetic.

use burn::tensor::Tensor;
use gradnet_core::VectorField;

use super::Transport;
use super::measures::relative_error;
use super::pair::{Part, Side};
use crate::registry::Network;

/// `L` of a batch, `[1]`; `x` and `images`, T at its rows, are `[batch, dim]`.
pub(super) fn regression(field: &Network, x: Tensor<2>, images: Tensor<2>) -> Tensor<1> {
    (field.forward(x) - images).square().mean()
}

impl Transport {
    /// The criterion: `100 E|f − T|²/Var(Q)` on the validation points.
    ///
    /// # Panics
    /// If the map is not known; settings that ask for it are refused.
    pub(super) fn held_out_error(&self, field: &Network) -> f64 {
        let x = self
            .pair
            .points(Side::Source, Part::Validation, self.validated);
        let truth = self.truth(&x);
        relative_error(&self.map(field, &x), &truth, &truth, self.dim)
    }

    /// T at points.
    ///
    /// # Panics
    /// If the map is not known; settings whose loss asks for it are refused.
    pub(super) fn truth(&self, x: &[f64]) -> Vec<f64> {
        let truth = self.pair.truth(x);
        truth.expect("the settings of the loss were checked")
    }
}
