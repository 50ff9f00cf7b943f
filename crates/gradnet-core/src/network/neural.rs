//! Networks whose units are scalar networks, in one layer (Rem. 1, Rem. 4, Eq. (6)) and in a cascade (after Thm. 8).

use super::config::network_configs;
use super::error::{NetworkError, check_size, count_from};
use crate::activation::{NeuralActivation, NeuralCascadedActivation, ScalarFunction};
use crate::sign::{Free, NonNegative};
use crate::source::ParameterSource;
use crate::tied::TiedNetwork;

/// A sum of ridges with learned profiles: the gradient network of Rem. 1.
pub type GradNetNeural = TiedNetwork<NeuralActivation<Free>>;
/// A sum of convex ridges with learned profiles: the monotone network of Rem. 4.
pub type MGradNetNeural = TiedNetwork<NeuralActivation<NonNegative>>;
/// GradNet-C whose units are scalar networks.
pub type GradNetCNeural = TiedNetwork<NeuralCascadedActivation<Free>>;
/// mGradNet-C whose units are nondecreasing scalar networks.
pub type MGradNetCNeural = TiedNetwork<NeuralCascadedActivation<NonNegative>>;

network_configs! {
    /// Settings of [`GradNetNeural`], one layer whose units are scalar networks (Rem. 1, Eq. (6)):
    ///
    /// ```text
    /// f(x) = Wᵀ σ(W x) + b,   σ_i(z) = Σ_j u_ij s(v_ij z_i + β_ij)
    /// ```
    ///
    /// # Shapes
    /// - `W`: `[width, dim]`; `u`, `v`, `β`: `[width, units]`; `b`: `[dim]`
    /// - the field: `[batch, dim] -> [batch, dim]`; its potential: `[batch, dim] -> [batch]`
    pub struct GradNetNeuralConfig => GradNetNeural;

    /// Settings of [`MGradNetNeural`], the layer of [`GradNetNeuralConfig`] with `u, v ≥ 0`: monotone (Rem. 4, Lemma
    /// 5).
    ///
    /// # Shapes
    /// As those of [`GradNetNeuralConfig`].
    pub struct MGradNetNeuralConfig => MGradNetNeural;

    fields {
        /// The dimension of the points.
        pub dim: usize,
        /// Hidden units, one scalar network each.
        #[config(default = 32)]
        pub width: usize,
        /// Units of each scalar network, `m_i` in the proof of Thm. 3.
        #[config(default = 8)]
        pub units: usize,
        /// `s`, the scalar function of all units.
        #[config(default = "ScalarFunction::Tanh")]
        pub activation: ScalarFunction,
    }
    architecture {
        fn check(&self) -> Result<(), NetworkError> {
            check_size(self.dim, self.width)?;
            count_from("units", self.units, 1)
        }

        fn num_params(&self) -> usize {
            self.width * (self.dim + 3 * self.units) + self.dim
        }

        fn build(&self, source: &mut ParameterSource) -> Self::Network {
            let shape = [self.width, self.units];
            let activation = NeuralActivation::new(shape, self.activation, source);
            TiedNetwork::new([self.width, self.dim], activation, source).with_output_bias(source)
        }
    }
}

network_configs! {
    /// Settings of [`GradNetCNeural`], the cascade of [`GradNetCConfig`](super::GradNetCConfig) with a scalar network
    /// in every unit of every layer (Thm. 8, Cor. 3.1): `s_li(z) = Σ_j u_lij s(v_lij z + γ_lij)`.
    ///
    /// # Shapes
    /// - `W`: `[width, dim]`; `α`, `β`, `a`: `[layers, width]`; `u`, `v`, `γ`: `[layers, width, units]`; `b`: `[dim]`
    /// - the field: `[batch, dim] -> [batch, dim]`; its potential: `[batch, dim] -> [batch]`
    pub struct GradNetCNeuralConfig => GradNetCNeural;

    /// Settings of [`MGradNetCNeural`], the cascade of [`GradNetCNeuralConfig`] with `α, β, u, v ≥ 0`: monotone
    /// (Cor. 8.1, Rem. 4).
    ///
    /// # Shapes
    /// As those of [`GradNetCNeuralConfig`].
    pub struct MGradNetCNeuralConfig => MGradNetCNeural;

    fields {
        /// The dimension of the points.
        pub dim: usize,
        /// Hidden units, each with a scalar network in every layer.
        #[config(default = 32)]
        pub width: usize,
        /// Activations in the cascade.
        #[config(default = 2)]
        pub layers: usize,
        /// Units of each scalar network.
        #[config(default = 4)]
        pub units: usize,
        /// `s`, the scalar function of those units.
        #[config(default = "ScalarFunction::Tanh")]
        pub activation: ScalarFunction,
    }
    architecture {
        fn check(&self) -> Result<(), NetworkError> {
            check_size(self.dim, self.width)?;
            count_from("layers", self.layers, 1)?;
            count_from("units", self.units, 1)
        }

        fn num_params(&self) -> usize {
            self.width * (self.dim + self.layers * (3 + 3 * self.units)) + self.dim
        }

        fn build(&self, source: &mut ParameterSource) -> Self::Network {
            let shape = [self.layers, self.width, self.units];
            let activation =
                NeuralCascadedActivation::new(shape, self.dim, self.activation, source);
            TiedNetwork::new([self.width, self.dim], activation, source).with_output_bias(source)
        }
    }
}
