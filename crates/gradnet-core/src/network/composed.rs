//! Networks that the theorems make of single layers: differences (Thm. 2) and transformed sums of ridges
//! (Thm. 5, Thm. 6).

use super::config::network_configs;
use super::error::{NetworkError, check_size, count_from};
use super::modular::{MGradNetSoftmax, MGradNetSoftmaxConfig};
use super::single::{GradNet, GradNetConfig, MGradNet, MGradNetConfig};
use crate::activation::ScalarFunction;
use crate::combine::{Difference, FreeTransformation, SoftplusTransformation, Transformed};
use crate::source::ParameterSource;

/// The difference of two scaled softmax networks (Thm. 2): dense in the gradients of L-smooth functions.
pub type GradNetDifference = Difference<MGradNetSoftmax, MGradNetSoftmax>;
/// `γ(G(x) + β) g(x)` around one layer, `γ` a scalar network (Thm. 5).
pub type GradNetTransformed = Transformed<GradNet, FreeTransformation>;
/// The same around a monotone layer, `γ` nonnegative and nondecreasing (Thm. 6).
pub type MGradNetTransformed = Transformed<MGradNet, SoftplusTransformation>;

network_configs! {
    /// Settings of [`GradNetDifference`], `f(x) = g(x) − h(x)` of two layers of scaled softmax
    /// ([`MGradNetSoftmaxConfig`]), dense in the gradients of smooth functions (Thm. 2).
    ///
    /// # Shapes
    /// - the parameters: twice those of [`MGradNetSoftmaxConfig`]
    /// - the field: `[batch, dim] -> [batch, dim]`; its potential: `[batch, dim] -> [batch]`
    pub struct GradNetDifferenceConfig => GradNetDifference;

    fields {
        /// The dimension of the points.
        pub dim: usize,
        /// Hidden units of each of the two networks.
        #[config(default = 32)]
        pub width: usize,
    }
    architecture {
        fn check(&self) -> Result<(), NetworkError> {
            check_size(self.dim, self.width)
        }

        fn num_params(&self) -> usize {
            2 * MGradNetSoftmaxConfig::new(self.dim).with_width(self.width).num_params()
        }

        fn build(&self, source: &mut ParameterSource) -> Self::Network {
            let part = MGradNetSoftmaxConfig::new(self.dim).with_width(self.width);
            Difference::new(part.build(source), part.build(source))
        }
    }
}

/// `γ` around one layer: the free network and the monotone one differ in the kinds of both.
macro_rules! transformed_config {
    ($(#[$doc:meta])* $config:ident => $network:ty, $layer:ident, $gamma:ident) => {
        network_configs! {
            $(#[$doc])*
            ///
            /// # Shapes
            /// - those of the layer; `u`, `v`, `c`: `[1, units]`; `β`: `[1]`
            /// - the field: `[batch, dim] -> [batch, dim]`; its potential: `[batch, dim] -> [batch]`
            pub struct $config => $network;

            fields {
                /// The dimension of the points.
                pub dim: usize,
                /// Hidden units of the layer.
                #[config(default = 32)]
                pub width: usize,
                /// Scalar units of the transformation.
                #[config(default = 8)]
                pub units: usize,
                /// The scalar function of all units, those of the layer and those of the transformation.
                #[config(default = "ScalarFunction::Tanh")]
                pub activation: ScalarFunction,
            }
            architecture {
                fn check(&self) -> Result<(), NetworkError> {
                    check_size(self.dim, self.width)?;
                    count_from("units", self.units, 1)
                }

                fn num_params(&self) -> usize {
                    self.width * (self.dim + 2) + self.dim + 3 * self.units + 1
                }

                fn build(&self, source: &mut ParameterSource) -> Self::Network {
                    let layer = $layer::new(self.dim)
                        .with_width(self.width)
                        .with_activation(self.activation)
                        .build(source);
                    let gamma = $gamma::new(self.units, self.activation, source);
                    Transformed::new(layer, gamma, source)
                }
            }
        }
    };
}

transformed_config! {
    /// Settings of [`GradNetTransformed`], one layer weighed by a function of its potential (Eq. (11), Thm. 5):
    ///
    /// ```text
    /// f(x) = γ(G(x) + β) g(x),   ∇G = g of GradNetConfig,   γ(r) = Σ_j u_j s(v_j r + c_j)
    /// ```
    GradNetTransformedConfig => GradNetTransformed, GradNetConfig, FreeTransformation
}

transformed_config! {
    /// Settings of [`MGradNetTransformed`], a monotone layer weighed by a nondecreasing function of its potential:
    /// monotone (Eq. (11), Thm. 6):
    ///
    /// ```text
    /// f(x) = γ(G(x) + β) g(x),   ∇G = g of MGradNetConfig,   γ(r) = softplus(Σ_j u_j s(v_j r + c_j)),   u, v ≥ 0
    /// ```
    MGradNetTransformedConfig => MGradNetTransformed, MGradNetConfig, SoftplusTransformation
}
