//! The single-layer networks of Prop. 1 and 2.

use super::config::network_configs;
use super::error::{NetworkError, check_size};
use crate::activation::{ElementwiseActivation, ScalarFunction};
use crate::sign::{Free, NonNegative};
use crate::source::ParameterSource;
use crate::tied::TiedNetwork;

/// A single-layer gradient network, `Wᵀ [α ⊙ s(W x + a)] + b` (Prop. 1).
pub type GradNet = TiedNetwork<ElementwiseActivation<Free>>;
/// A single-layer monotone gradient network: `α ≥ 0` (Prop. 2).
pub type MGradNet = TiedNetwork<ElementwiseActivation<NonNegative>>;

network_configs! {
    /// Settings of [`GradNet`], one layer of scaled units (Eq. (1), Prop. 1, Thm. 3): `f(x) = Wᵀ [α ⊙ s(W x + a)] + b`.
    ///
    /// # Shapes
    /// - `W`: `[width, dim]`; `α`, `a`: `[width]`; `b`: `[dim]`
    /// - the field: `[batch, dim] -> [batch, dim]`; its potential: `[batch, dim] -> [batch]`
    pub struct GradNetConfig => GradNet;

    /// Settings of [`MGradNet`], the layer of [`GradNetConfig`] with `α ≥ 0`: monotone (Prop. 2, Thm. 4).
    ///
    /// # Shapes
    /// As those of [`GradNetConfig`].
    pub struct MGradNetConfig => MGradNet;

    fields {
        /// The dimension of the points.
        pub dim: usize,
        /// Hidden units.
        #[config(default = 32)]
        pub width: usize,
        /// `s`, the scalar function of the units.
        #[config(default = "ScalarFunction::Tanh")]
        pub activation: ScalarFunction,
    }
    architecture {
        fn check(&self) -> Result<(), NetworkError> {
            check_size(self.dim, self.width)
        }

        fn num_params(&self) -> usize {
            self.width * (self.dim + 2) + self.dim
        }

        fn build(&self, source: &mut ParameterSource) -> Self::Network {
            let activation = ElementwiseActivation::new(self.width, self.activation, source);
            TiedNetwork::new([self.width, self.dim], activation, source).with_biases(source)
        }
    }
}
