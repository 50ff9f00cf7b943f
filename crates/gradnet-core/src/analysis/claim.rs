//! What a field promises of its Jacobian, as a value: the types' guarantees, for a check at run time.

use serde::{Deserialize, Serialize};

/// What a network promises of its Jacobian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Claim {
    /// Nothing: a vector field.
    None,
    /// Symmetric everywhere: a gradient field.
    Gradient,
    /// Symmetric and positive semidefinite everywhere: the gradient of a convex potential.
    Monotone,
}
