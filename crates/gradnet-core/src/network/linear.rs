//! The paper's networks with a learned centre and a learned linear part: `f(x − m) + A (x − m)`.
//!
//! `A = VᵀV` beside a monotone network (Rem. 6), symmetric beside a free one (Rem. 2). The first paper on monotone
//! gradient networks (Chaudhari, Pranav, Moura, ICASSP 2023) has the term in both of its networks. Far from the data
//! a bounded activation is flat; where a field is mostly linear, the linear part carries it and the network learns
//! what is left.

use super::cascade::{GradNetC, GradNetCConfig, MGradNetC, MGradNetCConfig};
use super::config::network_configs;
use super::error::{NetworkError, count_from};
use super::modular::{GradNetM, GradNetMConfig, MGradNetM, MGradNetMConfig};
use crate::combine::{Centred, WithLinearPart};
use crate::sign::{Free, NonNegative};
use crate::source::ParameterSource;

/// mGradNet-C and a positive semidefinite linear part, centred.
pub type MGradNetCLinear = Centred<WithLinearPart<MGradNetC, NonNegative>>;
/// mGradNet-M and a positive semidefinite linear part, centred.
pub type MGradNetMLinear = Centred<WithLinearPart<MGradNetM, NonNegative>>;
/// GradNet-C and a symmetric linear part, centred.
pub type GradNetCLinear = Centred<WithLinearPart<GradNetC, Free>>;
/// GradNet-M and a symmetric linear part, centred.
pub type GradNetMLinear = Centred<WithLinearPart<GradNetM, Free>>;

/// The middle of the unit cube, on which the paper's fields live: where the centre `m` begins.
pub(super) const CENTRE: f64 = 0.5;

/// The rank of a positive semidefinite linear part, unless the dimension is smaller.
const RANK: usize = 256;

/// The rank asked for, or the default in dimension `dim`.
pub(super) fn rank_or_default(rank: Option<usize>, dim: usize) -> usize {
    rank.unwrap_or_else(|| dim.min(RANK))
}

/// The multiple of the identity that takes points of the unit cube, seen from its middle, to vectors of norm 1 on
/// average: `‖x − m‖² = dim/12`.
pub(super) fn unit_scale(dim: usize) -> f64 {
    (12.0 / dim as f64).sqrt()
}

macro_rules! positive_part_config {
    ($(#[$doc:meta])* $config:ident => $network:ty, $field:ident) => {
        network_configs! {
            $(#[$doc])*
            ///
            /// `VᵀV` starts near the multiple of the identity that takes the unit cube to vectors of norm 1.
            ///
            /// # Shapes
            /// - the parameters of `g`; `V`: `[rank, dim]`; `m`: `[dim]`
            /// - the field: `[batch, dim] -> [batch, dim]`; its potential: `[batch, dim] -> [batch]`
            pub struct $config => $network;

            fields {
                /// `g`, the network beside the linear part.
                pub field: $field,
                /// Rows of `V`; the dimension, but at most 256, unless given.
                pub rank: Option<usize>,
            }
            architecture {
                fn check(&self) -> Result<(), NetworkError> {
                    self.field.check()?;
                    count_from("rank", rank_or_default(self.rank, self.field.dim), 1)
                }

                fn num_params(&self) -> usize {
                    let dim = self.field.dim;
                    self.field.num_params() + rank_or_default(self.rank, dim) * dim + dim
                }

                fn build(&self, source: &mut ParameterSource) -> Self::Network {
                    let dim = self.field.dim;
                    let field = self.field.build(source);
                    let rank = rank_or_default(self.rank, dim);
                    let field = WithLinearPart::positive(field, rank, unit_scale(dim), source);
                    Centred::new(field, CENTRE, source)
                }
            }
        }
    };
}

macro_rules! symmetric_part_config {
    ($(#[$doc:meta])* $config:ident => $network:ty, $field:ident) => {
        network_configs! {
            $(#[$doc])*
            ///
            /// `A` starts at zero.
            ///
            /// # Shapes
            /// - the parameters of `g`; `B`: `[dim, dim]`; `m`: `[dim]`
            /// - the field: `[batch, dim] -> [batch, dim]`; its potential: `[batch, dim] -> [batch]`
            pub struct $config => $network;

            fields {
                /// `g`, the network beside the linear part.
                pub field: $field,
            }
            architecture {
                fn check(&self) -> Result<(), NetworkError> {
                    self.field.check()
                }

                fn num_params(&self) -> usize {
                    let dim = self.field.dim;
                    self.field.num_params() + dim * dim + dim
                }

                fn build(&self, source: &mut ParameterSource) -> Self::Network {
                    let field = WithLinearPart::symmetric(self.field.build(source), source);
                    Centred::new(field, CENTRE, source)
                }
            }
        }
    };
}

positive_part_config! {
    /// Settings of [`MGradNetCLinear`], `f(x) = g(x − m) + VᵀV (x − m)` around mGradNet-C: monotone (Cor. 8.1, Rem. 6).
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use gradnet_core::VectorField;
    /// use gradnet_core::network::{MGradNetCConfig, MGradNetCLinearConfig};
    ///
    /// let beside = MGradNetCConfig::new(3).with_width(16);
    /// let network = MGradNetCLinearConfig::new(beside).with_rank(Some(2)).init(&Device::flex());
    /// assert_eq!(network.field.matrix.dims(), [2, 3]);
    /// ```
    MGradNetCLinearConfig => MGradNetCLinear, MGradNetCConfig
}

positive_part_config! {
    /// Settings of [`MGradNetMLinear`], `f(x) = g(x − m) + VᵀV (x − m)` around mGradNet-M: monotone (Cor. 7.1, Rem. 6).
    MGradNetMLinearConfig => MGradNetMLinear, MGradNetMConfig
}

symmetric_part_config! {
    /// Settings of [`GradNetCLinear`], `f(x) = g(x − m) + A (x − m)`, `A = (B + Bᵀ)/2`, around GradNet-C (Thm. 8, Rem.
    /// 2).
    GradNetCLinearConfig => GradNetCLinear, GradNetCConfig
}

symmetric_part_config! {
    /// Settings of [`GradNetMLinear`], `f(x) = g(x − m) + A (x − m)`, `A = (B + Bᵀ)/2`, around GradNet-M (Thm. 7, Rem.
    /// 2).
    GradNetMLinearConfig => GradNetMLinear, GradNetMConfig
}
