//! Numbers of others in a sweep's file.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A line of the table that others have published.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Published {
    pub(super) label: String,
    /// The case it belongs to; every one where it names none.
    pub(super) case: Option<String>,
    /// Its numbers, by the names that the rows' numbers have.
    pub(super) numbers: BTreeMap<String, f64>,
}
