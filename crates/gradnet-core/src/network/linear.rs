//! The paper's networks with a learned centre and a learned linear part: `f(x − m) + A (x − m)`.
//!
//! `A = VᵀV` beside a monotone network (Rem. 6), symmetric beside a free one (Rem. 2). The first paper on monotone
//! gradient networks (Chaudhari, Pranav, Moura, ICASSP 2023) has the term in both of its networks. Far from the data
//! a bounded activation is flat; where a field is mostly linear, the linear part carries it and the network learns
//! what is left.

use super::architecture::{Architecture, Builds, sized_by_width_or_parameters};
use super::cascade::{CascadeConfig, GradNetC, MGradNetC};
use super::error::{NetworkError, count_from};
use super::modular::{GradNetM, MGradNetM, ModularConfig};
use crate::combine::{Centred, WithLinearPart};
use crate::field::VectorField;
use crate::sign::{Free, NonNegative};
use crate::source::ParameterSource;
use burn::module::{Module, ModuleDisplay};
use serde::{Deserialize, Serialize};

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

/// Settings of a monotone network with a linear part `A = VᵀV`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[serde(bound(deserialize = "C: Default + Deserialize<'de>"))]
pub struct PositivePartConfig<C> {
    /// Width of the network beside the linear part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget of the whole, instead of the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
    /// Rows of `V`; the dimension, but at most 256, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
    /// The other settings of the network beside the linear part; its size stands above.
    pub field: C,
}

/// Settings of a free network with a symmetric linear part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[serde(bound(deserialize = "C: Default + Deserialize<'de>"))]
pub struct SymmetricPartConfig<C> {
    /// Width of the network beside the linear part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget of the whole, instead of the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
    /// The other settings of the network beside the linear part; its size stands above.
    pub field: C,
}

/// The inner settings may not have a size of their own, and must be in order otherwise.
fn check_inner<C: Architecture>(field: &C, dim: usize) -> Result<(), NetworkError> {
    if let (None, None) = field.sizes() {
        return field.check(dim);
    }
    Err(NetworkError::Invalid {
        field: "field",
        value: "given a size of its own".into(),
        requirement: "without `width` and `parameters`, which stand one table above".into(),
    })
}

impl<C: Architecture> Architecture for PositivePartConfig<C> {
    sized_by_width_or_parameters!();

    /// The network, `V`, `m`.
    fn count(&self, dim: usize, width: usize) -> usize {
        self.field.count(dim, width) + rank_or_default(self.rank, dim) * dim + dim
    }

    fn check(&self, dim: usize) -> Result<(), NetworkError> {
        count_from("rank", rank_or_default(self.rank, dim), 1)?;
        check_inner(&self.field, dim)
    }
}

impl<C: Architecture> Architecture for SymmetricPartConfig<C> {
    sized_by_width_or_parameters!();

    /// The network, the matrix, `m`.
    fn count(&self, dim: usize, width: usize) -> usize {
        self.field.count(dim, width) + dim * dim + dim
    }

    fn check(&self, dim: usize) -> Result<(), NetworkError> {
        check_inner(&self.field, dim)
    }
}

impl<C, F> Builds<Centred<WithLinearPart<F, NonNegative>>> for PositivePartConfig<C>
where
    C: Builds<F>,
    F: VectorField + Module + ModuleDisplay,
{
    fn build(
        &self,
        dim: usize,
        width: usize,
        source: &mut ParameterSource,
    ) -> Centred<WithLinearPart<F, NonNegative>> {
        let field = self.field.build(dim, width, source);
        let rank = rank_or_default(self.rank, dim);
        let field = WithLinearPart::positive(field, rank, unit_scale(dim), source);
        Centred::new(field, CENTRE, source)
    }
}

impl<C, F> Builds<Centred<WithLinearPart<F, Free>>> for SymmetricPartConfig<C>
where
    C: Builds<F>,
    F: VectorField + Module + ModuleDisplay,
{
    fn build(
        &self,
        dim: usize,
        width: usize,
        source: &mut ParameterSource,
    ) -> Centred<WithLinearPart<F, Free>> {
        let field = self.field.build(dim, width, source);
        Centred::new(WithLinearPart::symmetric(field, source), CENTRE, source)
    }
}

/// Settings of [`MGradNetCLinear`].
pub type CascadePositiveConfig = PositivePartConfig<CascadeConfig>;
/// Settings of [`MGradNetMLinear`].
pub type ModularPositiveConfig = PositivePartConfig<ModularConfig>;
/// Settings of [`GradNetCLinear`].
pub type CascadeSymmetricConfig = SymmetricPartConfig<CascadeConfig>;
/// Settings of [`GradNetMLinear`].
pub type ModularSymmetricConfig = SymmetricPartConfig<ModularConfig>;
