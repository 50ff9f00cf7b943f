//! GradNet-C and mGradNet-C: the shell around a cascade (Eq. (16)-(17), Thm. 8, Cor. 8.1).

use super::config::network_configs;
use super::error::{NetworkError, check_size, count_from};
use crate::activation::{CascadedActivation, ScalarFunction};
use crate::sign::{Free, NonNegative};
use crate::source::ParameterSource;
use crate::tied::TiedNetwork;
use serde::{Deserialize, Serialize};

/// The cascaded gradient network (Thm. 8).
pub type GradNetC = TiedNetwork<CascadedActivation<Free>>;
/// The cascaded monotone gradient network (Cor. 8.1).
pub type MGradNetC = TiedNetwork<CascadedActivation<NonNegative>>;

/// Declares [`UnitFunction`]: all fixed functions and the learned one.
macro_rules! unit_functions {
    ($($(#[$doc:meta])* $name:ident),+) => {
        /// The scalar function of the units of a cascade.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum UnitFunction {
            $($(#[$doc])* $name,)+
            /// `a tanh u + b (u − tanh u)`, learned for each unit of each layer (App. B).
            #[default]
            Learned,
        }

        impl UnitFunction {
            /// The fixed function, unless it is learned.
            pub fn fixed(self) -> Option<ScalarFunction> {
                match self {
                    $(Self::$name => Some(ScalarFunction::$name),)+
                    Self::Learned => None,
                }
            }
        }
    };
}

gradnet_kernels::scalar_functions!(unit_functions);

network_configs! {
    /// Settings of [`GradNetC`], a deep scalar network for each hidden unit between tied weights (Eq. (16)-(17), Thm.
    /// 8):
    ///
    /// ```text
    /// f(x) = Wᵀ σ(W x) + b,   σ(w) = α_L ⊙ s(z_L),   z_1 = β_1 ⊙ w + a_1
    /// z_l = β_l ⊙ w + α_{l−1} ⊙ s(z_{l−1}) + a_l,   l = 2, …, L
    /// ```
    ///
    /// # Shapes
    /// - `W`: `[width, dim]`; `α`, `β`, `a` and the two weights of a learned `s`: `[layers, width]`; `b`: `[dim]`
    /// - the field: `[batch, dim] -> [batch, dim]`; its potential: `[batch, dim] -> [batch]`
    pub struct GradNetCConfig => GradNetC;

    /// Settings of [`MGradNetC`], the cascade of [`GradNetCConfig`] with `α, β ≥ 0` and `s` nondecreasing: monotone
    /// (Cor. 8.1).
    ///
    /// # Shapes
    /// As those of [`GradNetCConfig`].
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use gradnet_core::VectorField;
    /// use gradnet_core::network::{MGradNetCConfig, UnitFunction};
    ///
    /// let device = Device::flex();
    /// let config = MGradNetCConfig::new(3).with_width(16).with_activation(UnitFunction::Tanh);
    /// let network = config.init(&device);
    /// assert_eq!(network.forward(Tensor::zeros([5, 3], &device)).dims(), [5, 3]);
    ///
    /// let error = config.with_layers(0).try_init(&device).unwrap_err();
    /// assert_eq!(error.to_string(), "`layers` is 0, but must be at least 1");
    /// ```
    pub struct MGradNetCConfig => MGradNetC;

    fields {
        /// The dimension of the points.
        pub dim: usize,
        /// Hidden units.
        #[config(default = 32)]
        pub width: usize,
        /// Activations in the cascade, `L`; 4 as released.
        #[config(default = 4)]
        pub layers: usize,
        /// `s`, learned by default.
        #[config(default = "UnitFunction::Learned")]
        pub activation: UnitFunction,
    }
    architecture {
        fn check(&self) -> Result<(), NetworkError> {
            check_size(self.dim, self.width)?;
            count_from("layers", self.layers, 1)
        }

        fn num_params(&self) -> usize {
            let per_layer = if self.activation.fixed().is_some() { 3 } else { 5 };
            self.width * (self.dim + per_layer * self.layers) + self.dim
        }

        fn build(&self, source: &mut ParameterSource) -> Self::Network {
            let shape = [self.layers, self.width];
            let activation = match self.activation.fixed() {
                Some(function) => CascadedActivation::fixed(shape, self.dim, function, source),
                None => CascadedActivation::learned(shape, self.dim, source),
            };
            TiedNetwork::new([self.width, self.dim], activation, source).with_output_bias(source)
        }
    }
}
