//! Files of a run folder.

use std::path::Path;

use super::RunError;
use crate::files::write_atomically;

pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    write_atomically(path, bytes).map_err(|error| RunError::io("write", path, error))
}

/// Writes a file in a folder that may be new.
///
/// # Errors
/// If the file or its folder cannot be written.
pub fn write_with_folder(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| RunError::io("create", folder, error))?;
    write(path, bytes)
}

/// Writes a value as indented JSON.
pub(super) fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), RunError> {
    let mut text = serde_json::to_string_pretty(value)
        .map_err(|error| RunError::io("write", path, error.into()))?;
    text.push('\n');
    write(path, text.as_bytes())
}
