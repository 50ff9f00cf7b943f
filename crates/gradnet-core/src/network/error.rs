//! What can be wrong with the settings of a network.

use thiserror::Error;

/// A network that cannot be built as described.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NetworkError {
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
    /// The dimension of the points does not suit the network.
    #[error("the network needs {requirement}, but the points have dimension {dim}")]
    Dimension {
        /// The dimension of the points.
        dim: usize,
        /// What the dimension must be.
        requirement: &'static str,
    },
}

/// The most that a dimension or a width may be: within this and [`MOST`], no count of parameters overflows 64 bits.
const MOST_UNITS: usize = 1 << 22;

/// The most that any other count may be.
const MOST: usize = 1 << 18;

/// `Ok` if a network may have this width on points of this dimension.
pub(super) fn check_size(dim: usize, width: usize) -> Result<(), NetworkError> {
    within("dim", dim, 1, MOST_UNITS)?;
    within("width", width, 1, MOST_UNITS)
}

/// `Ok` if a count is at least `least` and at most [`MOST`].
pub(super) fn count_from(
    field: &'static str,
    value: usize,
    least: usize,
) -> Result<(), NetworkError> {
    within(field, value, least, MOST)
}

/// `Ok` if a count is at least `least` and at most `most`.
fn within(
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
    Err(invalid(field, value, requirement))
}

pub(super) fn invalid(
    field: &'static str,
    value: impl ToString,
    requirement: impl Into<String>,
) -> NetworkError {
    NetworkError::Invalid {
        field,
        value: value.to_string(),
        requirement: requirement.into(),
    }
}
