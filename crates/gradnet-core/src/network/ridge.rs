//! The baselines that are sums of ridges: CRR and RR (learned splines), ICGN.

use super::architecture::{Architecture, Builds, sized_by_width_or_parameters};
use super::error::{NetworkError, count_from};
use crate::activation::{IcgnActivation, IcgnMonteCarlo, SplineActivation, SplineShape};
use crate::sign::{Free, NonNegative};
use crate::source::ParameterSource;
use crate::tied::TiedNetwork;
use serde::{Deserialize, Serialize};

/// The ridge regularizer's gradient: learned splines of any shape (RR).
pub type Ridge = TiedNetwork<SplineActivation<Free>>;
/// The convex ridge regularizer's gradient: nondecreasing splines (CRR).
pub type ConvexRidge = TiedNetwork<SplineActivation<NonNegative>>;
/// The input convex gradient network, its integral in closed form.
pub type Icgn = TiedNetwork<IcgnActivation>;
/// The input convex gradient network as the paper ran it: Monte-Carlo quadrature.
pub type IcgnSampled = TiedNetwork<IcgnMonteCarlo>;

/// Settings of CRR and RR.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RidgeConfig {
    /// Hidden units, one spline each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget, instead of the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
    /// Knots of each spline: 7 at `d = 2`, 41 elsewhere in the paper.
    pub knots: usize,
    /// The knots lie on `[-range, range]`; not stated in the paper for the field tasks.
    pub range: f64,
    /// Weight of the penalty on the changes of the splines' slopes in the training loss.
    #[serde(skip_serializing_if = "is_zero")]
    pub slope_penalty: f64,
}

/// Nothing is written of a penalty that is not used: records from before it stay what they are.
#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes a reference
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

impl Default for RidgeConfig {
    fn default() -> Self {
        Self {
            width: None,
            parameters: None,
            knots: 41,
            range: 1.0,
            slope_penalty: 0.0,
        }
    }
}

impl Architecture for RidgeConfig {
    sized_by_width_or_parameters!();

    /// `W`, the coefficients, `a`, `b`.
    fn count(&self, dim: usize, width: usize) -> usize {
        width * (dim + self.knots + 1) + dim
    }

    fn check(&self, _dim: usize) -> Result<(), NetworkError> {
        count_from("knots", self.knots, 4)?;
        let invalid = |field, value: f64, requirement: &str| NetworkError::Invalid {
            field,
            value: value.to_string(),
            requirement: requirement.into(),
        };
        if !(self.range.is_finite() && self.range > 0.0) {
            return Err(invalid("range", self.range, "a finite number above 0"));
        }
        if !(self.slope_penalty.is_finite() && self.slope_penalty >= 0.0) {
            let requirement = "a finite number, 0 or above";
            return Err(invalid("slope_penalty", self.slope_penalty, requirement));
        }
        Ok(())
    }
}

impl<S: SplineShape> Builds<TiedNetwork<SplineActivation<S>>> for RidgeConfig {
    /// Starts near the identity where the shell is wide: `Wᵀ W ≈ width / (3 dim)`.
    fn build(
        &self,
        dim: usize,
        width: usize,
        source: &mut ParameterSource,
    ) -> TiedNetwork<SplineActivation<S>> {
        let slope = (3.0 * dim as f64 / width as f64).min(1.0);
        let activation = SplineActivation::new([width, self.knots], self.range, slope, source)
            .with_slope_penalty(self.slope_penalty);
        TiedNetwork::new([width, dim], activation, source).with_biases(source)
    }
}

/// Settings of the exact ICGN.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IcgnConfig {
    /// Hidden units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget, instead of the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
}

/// Settings of the ICGN with Monte-Carlo quadrature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IcgnMonteCarloConfig {
    /// Hidden units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget, instead of the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
    /// Draws for each evaluation, 100 as the paper ran it.
    pub nodes: usize,
}

impl Default for IcgnMonteCarloConfig {
    fn default() -> Self {
        Self {
            width: None,
            parameters: None,
            nodes: 100,
        }
    }
}

/// `W` and the biases inside the activation; there is no output bias, `N(0) = 0`.
fn icgn_count(dim: usize, width: usize) -> usize {
    width * (dim + 1)
}

impl Architecture for IcgnConfig {
    sized_by_width_or_parameters!();

    fn count(&self, dim: usize, width: usize) -> usize {
        icgn_count(dim, width)
    }

    fn check(&self, _dim: usize) -> Result<(), NetworkError> {
        Ok(())
    }
}

impl Builds<Icgn> for IcgnConfig {
    fn build(&self, dim: usize, width: usize, source: &mut ParameterSource) -> Icgn {
        let activation = IcgnActivation::new(width, dim, source);
        TiedNetwork::new([width, dim], activation, source)
    }
}

impl Architecture for IcgnMonteCarloConfig {
    sized_by_width_or_parameters!();

    fn count(&self, dim: usize, width: usize) -> usize {
        icgn_count(dim, width)
    }

    fn check(&self, _dim: usize) -> Result<(), NetworkError> {
        count_from("nodes", self.nodes, 1)
    }
}

impl Builds<IcgnSampled> for IcgnMonteCarloConfig {
    fn build(&self, dim: usize, width: usize, source: &mut ParameterSource) -> IcgnSampled {
        let activation = IcgnMonteCarlo::new(width, dim, self.nodes, source);
        TiedNetwork::new([width, dim], activation, source)
    }
}
