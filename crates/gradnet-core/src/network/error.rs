//! What can be wrong with the description of a network.

use thiserror::Error;

/// A network that cannot be built as described.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// No registered network has this name.
    #[error("there is no network named `{name}`; the networks are {}", known.join(", "))]
    UnknownNetwork {
        /// The name asked for.
        name: String,
        /// All registered names.
        known: Vec<&'static str>,
    },
    /// A setting has a value outside what the network allows.
    #[error("`{field}` is {value}, but must be {requirement}")]
    Invalid {
        /// The setting.
        field: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        requirement: String,
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
    /// The dimension of the points does not suit the network.
    #[error("the network needs {requirement}, but the points have dimension {dim}")]
    Dimension {
        /// The dimension of the points.
        dim: usize,
        /// What the dimension must be.
        requirement: &'static str,
    },
}

impl NetworkError {
    /// The setting at fault, for pointing at it in a file.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Invalid { field, .. } => Some(field),
            Self::TwoSizes => Some("parameters"),
            Self::BudgetTooSmall { .. } => Some("parameters"),
            _ => None,
        }
    }
}

/// The most that a dimension or a width may be: within this and [`MOST`], no count of parameters overflows 64 bits.
pub(super) const MOST_UNITS: usize = 1 << 22;

/// The most that any other count may be.
const MOST: usize = 1 << 18;

/// `Ok` if a count is at least `least` and at most [`MOST`].
pub(super) fn count_from(
    field: &'static str,
    value: usize,
    least: usize,
) -> Result<(), NetworkError> {
    within(field, value, least, MOST)
}

/// `Ok` if a count is at least `least` and at most `most`.
pub(super) fn within(
    field: &'static str,
    value: usize,
    least: usize,
    most: usize,
) -> Result<(), NetworkError> {
    let requirement = if value < least {
        format!("at least {least}")
    } else if value > most {
        format!("at most {most}")
    } else {
        return Ok(());
    };
    Err(NetworkError::Invalid {
        field,
        value: value.to_string(),
        requirement,
    })
}
