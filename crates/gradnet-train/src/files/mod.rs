//! Rows of numbers in the files people have: text, NumPy's `.npy` and `.npz`, Parquet, safetensors.
//!
//! A reader gives some columns or arrays of a file side by side, a few thousand rows at a time, and
//! never holds the whole file; a writer takes rows the same way. What is wrong with a file is a
//! [`FileError`] with the file, the row, the column and a remedy; no file, however it was made, ends
//! the program in any other way (`tests/suite/mutated_files.rs`).
//!
//! | format | names | read |
//! |---|---|---|
//! | `.csv`, `.tsv`, `.csv.gz` | columns, from the first line | line by line |
//! | `.parquet` | columns | by row groups |
//! | `.npy` | none: one array `[rows, columns]` | in pieces |
//! | `.npz`, `.safetensors` | arrays `[rows]` or `[rows, columns]` | in pieces |
//!
//! Arrays of an `.npz` file are unpacked into temporary files when their first row is read.

mod array;
mod atomic;
mod columns;
mod contents;
mod csv;
mod error;
mod format;
mod map;
mod npy;
mod npz;
mod parquet;
mod reader;
mod safetensors;
mod temporary;
mod whole;
mod write;

#[cfg(test)]
mod tests;

pub use atomic::{remove_unfinished, write_atomically};
pub use columns::{Naming, Wanted};
pub use error::FileError;
pub use format::Format;
pub use reader::{Reading, RowReader, Selection};
pub use whole::write_arrays;
pub use write::{Part, RowWriter};

pub(crate) use atomic::{UNFINISHED, file_beside};
pub(crate) use error::{NONSENSE, caught, guarded};
pub(crate) use map::map_file;
pub(crate) use temporary::temporary_file;

use reader::{Opened, Rows};

/// A finite number, with all its 64 bits; or what is wrong with it.
fn finite(value: f64) -> Result<f64, String> {
    match value {
        value if value.is_nan() => Err("is not a number (NaN)".into()),
        value if value.is_infinite() => Err("is infinite".into()),
        value => Ok(value),
    }
}
