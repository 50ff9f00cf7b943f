//! What a field is trained by: one file a loss.

mod midpoint;
mod rollout;
mod start;

#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use midpoint::midpoint;
pub use rollout::{Rollout, rollout};
pub use start::fit_starts;

/// A loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Difference quotients of neighbouring samples.
    Midpoint,
    /// Paths followed over a window of samples.
    #[default]
    Rollout,
}
