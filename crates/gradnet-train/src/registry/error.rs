//! What can be wrong with a network that is asked for by name.

use gradnet_core::network::NetworkError;
use thiserror::Error;

/// A network that is not registered, or cannot be built as described.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// No registered network has this name.
    #[error("there is no network named `{name}`; the networks are {}", known.join(", "))]
    UnknownNetwork {
        /// The name asked for.
        name: String,
        /// All registered names.
        known: Vec<&'static str>,
    },
    /// Neither a width nor a parameter budget was given.
    #[error("the network has no size: give `width` (hidden units) or `parameters` (a budget)")]
    NoSize,
    /// Both a width and a parameter budget were given.
    #[error("both `width` and `parameters` are given: leave one of them out")]
    TwoSizes,
    /// The smallest network of this kind has more parameters than the budget.
    #[error(
        "a budget of {budget} parameters is too small in dimension {dim}: width 1 already takes {smallest}"
    )]
    BudgetTooSmall {
        /// The budget asked for.
        budget: usize,
        /// The dimension of the points.
        dim: usize,
        /// The parameters of a network of width 1.
        smallest: usize,
    },
    /// The settings are none that the network can have.
    #[error(transparent)]
    Network(#[from] NetworkError),
}

impl RegistryError {
    /// The setting at fault, for pointing at it in a file.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Network(NetworkError::Invalid { field, .. }) => Some(field),
            Self::TwoSizes | Self::BudgetTooSmall { .. } => Some("parameters"),
            _ => None,
        }
    }
}
