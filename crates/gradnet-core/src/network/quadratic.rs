//! A smooth maximum of convex quadratics that share a part:
//!
//! ```text
//! F(x) = LSE_k(t (‖W_k z + a_k‖²/2 + c_k))/t + (‖V z‖² + α² ‖z‖²)/2 + ⟨b, z⟩,      z = x − m
//! ```
//!
//! Ours, after Lemma 3. For `t → ∞` a maximum of quadratics `‖W_k z + a_k‖²/2 + ‖V z‖²/2`, target (22) among them. `α`
//! is there if asked for: where `V` has fewer rows than there are dimensions, it gives the other directions a slope.
//! What keeps all blocks in use: they start as near copies of one quadratic, around the middle of the data (from the
//! origin of the unit cube the quadratics differ by far more than their maxima do, and the first steps of training
//! decide for one of them); what they have in common is learned once, by `V`, from all of the data; the temperature
//! rises while the rate falls.

use super::config::network_configs;
use super::error::{NetworkError, check_size, count_from, invalid};
use super::linear::{CENTRE, rank_or_default, unit_scale};
use crate::activation::{QuadraticLseActivation, TemperatureSchedule};
use crate::combine::{Centred, WithLinearPart};
use crate::sign::NonNegative;
use crate::source::ParameterSource;
use crate::tied::TiedNetwork;

/// The gradient of a smooth maximum of convex quadratics; monotone.
pub type MGradNetQuadratic =
    Centred<WithLinearPart<TiedNetwork<QuadraticLseActivation>, NonNegative>>;

/// The part of a block's initial deviation that is its own; the rest it shares with the other blocks.
const DIFFERENCE: f64 = 0.1;

/// `Ok` if the temperatures are positive, and reached within a run.
fn check_schedule(schedule: TemperatureSchedule) -> Result<(), NetworkError> {
    let TemperatureSchedule { from, to, over } = schedule;
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
    Err(invalid(
        "temperature",
        format!("{{ {part} = {value} }}"),
        format!("a schedule whose `{part}` is {requirement}"),
    ))
}

network_configs! {
    /// Settings of [`MGradNetQuadratic`], the gradient of a smooth maximum of convex quadratics: monotone (ours, after
    /// Lemma 3):
    ///
    /// ```text
    /// F(x) = LSE_k(t (‖W_k z + a_k‖²/2 + c_k))/t + (‖V z‖² + α² ‖z‖²)/2 + ⟨b, z⟩,   z = x − m
    /// ```
    ///
    /// Blocks and linear part start with half of the identity's scale each, such that the field has about norm 1 on the
    /// unit cube. Of the linear part's half `V` and `α`, if there is one, have half each.
    ///
    /// # Shapes
    /// - `W`: `[blocks · width, dim]`; `a`: `[blocks · width]`; `c`: `[blocks]`; `t`: `[1]`; `V`: `[rank, dim]`;
    ///   `α`: `[1]`; `b`, `m`: `[dim]`
    /// - the field: `[batch, dim] -> [batch, dim]`; its potential: `[batch, dim] -> [batch]`
    pub struct MGradNetQuadraticConfig => MGradNetQuadratic;

    fields {
        /// The dimension of the points.
        pub dim: usize,
        /// Hidden units of each block, the rank of its matrix.
        #[config(default = 32)]
        pub width: usize,
        /// Quadratics the maximum is taken over.
        #[config(default = 3)]
        pub blocks: usize,
        /// Rows of `V`, the part that all quadratics share; the dimension, but at most 256, unless given.
        pub rank: Option<usize>,
        /// Whether the shared part has a multiple of the identity, `α² ‖z‖²/2`.
        #[config(default = false)]
        pub isotropic: bool,
        /// How the temperature rises.
        #[config(default = "TemperatureSchedule::default()")]
        pub temperature: TemperatureSchedule,
    }
    architecture {
        fn check(&self) -> Result<(), NetworkError> {
            check_size(self.dim, self.width)?;
            count_from("blocks", self.blocks, 1)?;
            count_from("rank", rank_or_default(self.rank, self.dim), 1)?;
            check_schedule(self.temperature)
        }

        fn num_params(&self) -> usize {
            let rank = rank_or_default(self.rank, self.dim);
            let shared = rank * self.dim + usize::from(self.isotropic);
            self.blocks * (self.width * (self.dim + 1) + 1) + 1 + shared + 2 * self.dim
        }

        fn build(&self, source: &mut ParameterSource) -> Self::Network {
            let Self { dim, width, blocks, temperature, .. } = *self;
            let half = unit_scale(dim) / 2.0;
            let deviation = (half / width as f64).sqrt();
            let field = TiedNetwork {
                weight: source.near_copies(blocks, [width, dim], deviation, DIFFERENCE),
                hidden_bias: Some(source.constant([blocks * width], 0.0)),
                output_bias: Some(source.constant([dim], 0.0)),
                activation: QuadraticLseActivation::annealed(blocks, temperature, source),
            };
            let rank = rank_or_default(self.rank, dim);
            let field = match self.isotropic {
                false => WithLinearPart::positive(field, rank, half, source),
                true => WithLinearPart::positive(field, rank, half / 2.0, source)
                    .with_isotropic(half / 2.0, source),
            };
            Centred::new(field, CENTRE, source)
        }
    }
}
