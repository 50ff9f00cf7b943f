//! A smooth maximum of convex quadratics that share a part:
//!
//! ```text
//! F(x) = LSE_k(t (‖W_k z + a_k‖²/2 + c_k))/t + ‖V z‖²/2 + ⟨b, z⟩,      z = x − m
//! ```
//!
//! Ours, after Lemma 3. For `t → ∞` a maximum of quadratics `‖W_k z + a_k‖²/2 + ‖V z‖²/2`, target (22) among them.
//! What keeps all blocks in use: they start as near copies of one quadratic, around the middle of the data (from the
//! origin of the unit cube the quadratics differ by far more than their maxima do, and the first steps of training
//! decide for one of them); what they have in common is learned once, by `V`, from all of the data; the temperature
//! rises while the rate falls.

use super::architecture::{Architecture, Builds, sized_by_width_or_parameters};
use super::error::{NetworkError, count_from};
use super::linear::{CENTRE, rank_or_default, unit_scale};
use crate::activation::{QuadraticLseActivation, TemperatureSchedule};
use crate::combine::{Centred, WithLinearPart};
use crate::sign::NonNegative;
use crate::source::ParameterSource;
use crate::tied::TiedNetwork;
use serde::{Deserialize, Serialize};

/// The gradient of a smooth maximum of convex quadratics; monotone.
pub type MGradNetQuadratic =
    Centred<WithLinearPart<TiedNetwork<QuadraticLseActivation>, NonNegative>>;

/// The part of a block's initial deviation that is its own; the rest it shares with the other blocks.
const DIFFERENCE: f64 = 0.1;

/// Settings of the network around a LogSumExp of quadratics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuadraticConfig {
    /// Hidden units of each block, the rank of its matrix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Parameter budget, instead of the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
    /// Quadratics the maximum is taken over.
    pub blocks: usize,
    /// Rows of `V`, the part that all quadratics share; the dimension, but at most 256, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
    /// How the temperature rises.
    pub temperature: TemperatureSchedule,
}

impl Default for QuadraticConfig {
    fn default() -> Self {
        Self {
            width: None,
            parameters: None,
            blocks: 3,
            rank: None,
            temperature: TemperatureSchedule::default(),
        }
    }
}

impl Architecture for QuadraticConfig {
    sized_by_width_or_parameters!();

    /// For each block `W_k`, `a_k`, `c_k`; the temperature; `V`; `b`; `m`.
    fn count(&self, dim: usize, width: usize) -> usize {
        let rank = rank_or_default(self.rank, dim);
        self.blocks * (width * (dim + 1) + 1) + 1 + rank * dim + 2 * dim
    }

    fn check(&self, dim: usize) -> Result<(), NetworkError> {
        count_from("blocks", self.blocks, 1)?;
        count_from("rank", rank_or_default(self.rank, dim), 1)?;
        let TemperatureSchedule { from, to, over } = self.temperature;
        let positive = |value: f64| value.is_finite() && value > 0.0;
        let (part, value, requirement) = if !positive(from) {
            ("from", from, "a finite number above 0")
        } else if !positive(to) {
            ("to", to, "a finite number above 0")
        } else if !positive(over) || over > 1.0 {
            ("over", over, "a number above 0 and at most 1")
        } else {
            return Ok(());
        };
        Err(NetworkError::Invalid {
            field: "temperature",
            value: format!("{{ {part} = {value} }}"),
            requirement: format!("a schedule whose `{part}` is {requirement}"),
        })
    }
}

impl Builds<MGradNetQuadratic> for QuadraticConfig {
    /// Blocks and `V` start with half of the identity's scale each, such that the field has about norm 1 on the unit cube.
    fn build(&self, dim: usize, width: usize, source: &mut ParameterSource) -> MGradNetQuadratic {
        let half = unit_scale(dim) / 2.0;
        let deviation = (half / width as f64).sqrt();
        let hidden = self.blocks * width;
        let blocks = TiedNetwork {
            weight: source.near_copies(self.blocks, [width, dim], deviation, DIFFERENCE),
            hidden_bias: Some(source.constant([hidden], 0.0)),
            output_bias: Some(source.constant([dim], 0.0)),
            activation: QuadraticLseActivation::annealed(self.blocks, self.temperature, source),
        };
        let rank = rank_or_default(self.rank, dim);
        let field = WithLinearPart::positive(blocks, rank, half, source);
        Centred::new(field, CENTRE, source)
    }
}
