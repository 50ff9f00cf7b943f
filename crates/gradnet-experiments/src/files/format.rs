//! Formats by the ends of files' names.

use std::path::Path;

use super::FileError;

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Text, a row a line, the names of the columns on the first.
    Csv,
    /// One NumPy array.
    Npy,
    /// Several named NumPy arrays.
    Npz,
    /// Columns of Apache Parquet.
    Parquet,
    /// Named tensors of safetensors.
    Safetensors,
}

impl Format {
    /// The format that the file's name says.
    ///
    /// # Errors
    /// [`FileError::Format`] if the name ends in none that is known, or is a folder's.
    pub fn of(file: &Path) -> Result<Self, FileError> {
        let extension = file.extension().unwrap_or_default().to_string_lossy();
        Ok(match extension.to_ascii_lowercase().as_str() {
            "csv" | "tsv" => Self::Csv,
            "npy" => Self::Npy,
            "npz" => Self::Npz,
            "parquet" | "pq" => Self::Parquet,
            "safetensors" => Self::Safetensors,
            _ if file.is_dir() => return Err(FileError::folder(file)),
            _ => {
                return Err(FileError::Format {
                    file: file.into(),
                    reason: format!("its name ends in \".{extension}\", which no format here does"),
                    remedy: "name it .csv, .tsv, .npy, .npz, .parquet or .safetensors, as its contents are"
                        .into(),
                });
            }
        })
    }

    /// Whether the format names arrays, not single columns.
    pub fn has_arrays(self) -> bool {
        matches!(self, Self::Npz | Self::Safetensors)
    }
}
