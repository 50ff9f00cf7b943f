//! Rows of numbers in the files people have: CSV, NumPy's `.npy` and `.npz`, Parquet, safetensors.
//!
//! A reader gives some columns or arrays of a file side by side, a few thousand rows at a time, and never holds the whole file; a writer takes
//! rows the same way. What is wrong with a file is a [`FileError`] with the file, the row, the column and a remedy; no file, however it was
//! made, ends the program in any other way (`tests/mutated_files.rs`).
//!
//! | format | names | read |
//! |---|---|---|
//! | `.csv`, `.tsv` | columns, from the first line | line by line |
//! | `.parquet` | columns | by row groups |
//! | `.npy` | none: one array `[rows, columns]` | in pieces |
//! | `.npz`, `.safetensors` | arrays `[rows]` or `[rows, columns]` | in pieces (`.npz` by way of a temporary file) |

mod array;
mod csv;
mod error;
mod format;
mod map;
mod npy;
mod npz;
mod output;
mod parquet;
mod safetensors;
mod whole;
mod write;

use std::path::Path;

pub use error::FileError;
pub use format::Format;
pub use output::check_output;
pub use whole::write_arrays;
pub use write::{Part, RowWriter};

pub(crate) use error::{NONSENSE, caught, guarded};
pub(crate) use map::map_file;
pub(crate) use safetensors::tensors as safetensors_tensors;

/// Which columns or arrays of a file are read.
#[derive(Clone, Debug, PartialEq)]
pub enum Selection {
    /// All there are, in the file's order.
    All,
    /// Those of these names, in this order.
    Named(Vec<String>),
}

/// Rows of a file, some columns or arrays side by side.
pub struct RowReader {
    rows: Box<dyn Rows>,
    names: Vec<String>,
    widths: Vec<usize>,
}

/// What a format has to offer.
trait Rows: Send {
    /// Rows in all, if the format knows before reading them.
    fn count(&self) -> Option<u64>;

    /// Appends up to `rows` rows to `out`, one after another; how many there were, 0 at the end.
    fn read(&mut self, rows: usize, out: &mut Vec<f64>) -> Result<usize, FileError>;
}

impl RowReader {
    /// Opens a file and finds the columns or arrays; no rows are read yet.
    ///
    /// # Errors
    /// If the file cannot be opened, is not of the format its name says, or lacks a column; or if a column is asked for twice.
    pub fn open(file: &Path, selection: &Selection) -> Result<Self, FileError> {
        if file.is_dir() {
            return Err(FileError::folder(file));
        }
        let format = Format::of(file)?;
        if let Selection::Named(names) = selection
            && let Some((_, twice)) = names
                .iter()
                .enumerate()
                .find(|(place, name)| names[..*place].contains(name))
        {
            return Err(FileError::Column {
                file: file.into(),
                what: if format.has_arrays() {
                    "array"
                } else {
                    "column"
                },
                name: twice.clone(),
                requirement: "is named twice".into(),
                remedy: "name each once, in the order of the coordinates".into(),
            });
        }
        guarded(file, || match format {
            Format::Csv => csv::open(file, selection),
            Format::Npy => npy::open(file, selection),
            Format::Npz => npz::open(file, selection),
            Format::Parquet => parquet::open(file, selection),
            Format::Safetensors => safetensors::open(file, selection),
        })
    }

    fn new(rows: impl Rows + 'static, names: Vec<String>, widths: Vec<usize>) -> Self {
        Self {
            rows: Box::new(rows),
            names,
            widths,
        }
    }

    /// The names of the columns or arrays read.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Numbers each of them has in a row.
    pub fn widths(&self) -> &[usize] {
        &self.widths
    }

    /// Numbers in a row.
    pub fn width(&self) -> usize {
        self.widths.iter().sum()
    }

    /// Rows in all, if the format knows before reading them.
    pub fn count(&self) -> Option<u64> {
        self.rows.count()
    }

    /// Appends up to `rows` rows to `out`, one after another; how many there were, 0 at the end.
    ///
    /// Every number that 64-bit floats hold is exact: integers up to 2^53, and 64-bit floats themselves.
    ///
    /// # Errors
    /// If a row is not what it should be: its file, row and column.
    pub fn read(&mut self, rows: usize, out: &mut Vec<f64>) -> Result<usize, FileError> {
        self.rows.read(rows, out)
    }
}

/// A finite number, with all its 64 bits; or what is wrong with it.
fn finite(value: f64) -> Result<f64, String> {
    match value {
        value if value.is_nan() => Err("is not a number (NaN)".into()),
        value if value.is_infinite() => Err("is infinite".into()),
        value => Ok(value),
    }
}
