//! Temporary files without a name, which end with the program.

use std::fs::File;

use super::FileError;

/// A new temporary file.
///
/// # Errors
/// If there is no place for one: `TMPDIR` may name a folder that is not there.
pub(crate) fn temporary_file() -> Result<File, FileError> {
    tempfile::tempfile().map_err(|error| FileError::temporary(&error))
}
