//! Files of a run folder.

use std::path::Path;

use super::RunError;
use crate::files::write_atomically;

pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    write_atomically(path, bytes).map_err(|error| RunError::io("write", path, error))
}

/// Writes a value as indented JSON.
pub(super) fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), RunError> {
    let mut text = serde_json::to_string_pretty(value)
        .map_err(|error| RunError::io("write", path, error.into()))?;
    text.push('\n');
    write(path, text.as_bytes())
}
