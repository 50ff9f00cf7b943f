//! Rows of a file, whatever its format.

use std::collections::HashSet;
use std::path::Path;

use super::columns::{Naming, Wanted, row_numbers};
use super::{FileError, Format, contents, csv, guarded, npy, npz, parquet, safetensors};

/// Which columns or arrays of a file are read.
#[derive(Clone, Debug, PartialEq)]
pub enum Selection {
    /// All there are, in the file's order, but for those that have no name of their own.
    All,
    /// Those of these names, in this order.
    Named(Vec<String>),
}

/// What one knows of a file before it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Whether the first line of a text file has names; found out if not said.
    pub header: Option<bool>,
    /// Which counts of numbers in a row suit the reader: it decides what becomes of a column that
    /// counts the rows.
    pub wanted: Wanted,
    /// How other columns are named, for remedies.
    pub naming: Naming,
}

/// Rows of a file, some columns or arrays side by side.
pub struct RowReader {
    rows: Box<dyn Rows>,
    names: Vec<String>,
    widths: Vec<usize>,
    left_out: Vec<String>,
    notes: Vec<String>,
    /// Numbers of a row of `rows`, and the places of those among them that are left out.
    full: usize,
    dropped: Vec<usize>,
    /// Rows that were read when the file was opened, and what was wrong with the next.
    ahead: Vec<f64>,
    fault: Option<FileError>,
}

/// What a format has to offer.
pub(super) trait Rows: Send {
    /// Rows in all, if the format knows before reading them.
    fn count(&self) -> Option<u64>;

    /// Appends up to `rows` rows to `out`, one after another; how many there were, 0 at the end.
    fn read(&mut self, rows: usize, out: &mut Vec<f64>) -> Result<usize, FileError>;
}

/// An opened file.
pub(super) struct Opened {
    pub(super) rows: Box<dyn Rows>,
    /// The columns or arrays, and the numbers each of them has in a row.
    pub(super) names: Vec<String>,
    pub(super) widths: Vec<usize>,
    /// Columns that are not read though all were asked for, with the reason.
    pub(super) left_out: Vec<String>,
    /// What had to be assumed.
    pub(super) notes: Vec<String>,
}

impl RowReader {
    /// Opens a file and finds the columns or arrays.
    ///
    /// # Errors
    /// See [`open_with`](Self::open_with).
    pub fn open(file: &Path, selection: &Selection) -> Result<Self, FileError> {
        Self::open_with(file, selection, Reading::default())
    }

    /// Opens a file of which something is known.
    ///
    /// Of a table whose columns are not named, columns without a name and those that number the rows
    /// are left out; see [`left_out`](Self::left_out) and [`notes`](Self::notes).
    ///
    /// # Errors
    /// If the file cannot be opened, is not of the format its name says, or lacks a column; or if a
    /// column is there twice or asked for twice.
    pub fn open_with(
        file: &Path,
        selection: &Selection,
        reading: Reading,
    ) -> Result<Self, FileError> {
        if file.is_dir() {
            return Err(FileError::folder(file));
        }
        let format = Format::of(file)?;
        if let Selection::Named(names) = selection {
            named_once(file, names, format)?;
        }
        contents::check(file, format)?;
        guarded(file, || {
            let opened = match format {
                Format::Csv => csv::open(file, selection, reading),
                Format::Npy => npy::open(file, selection),
                Format::Npz => npz::open(file, selection, reading.naming),
                Format::Parquet => parquet::open(file, selection, reading.naming),
                Format::Safetensors => safetensors::open(file, selection, reading.naming),
            }?;
            let mut reader = Self {
                full: opened.widths.iter().sum(),
                rows: opened.rows,
                names: opened.names,
                widths: opened.widths,
                left_out: opened.left_out,
                notes: opened.notes,
                dropped: Vec::new(),
                ahead: Vec::new(),
                fault: None,
            };
            if *selection == Selection::All && !format.has_arrays() {
                reader.leave_out_row_numbers(format, reading);
            }
            Ok(reader)
        })
    }

    /// Looks at the first rows for columns that count them.
    fn leave_out_row_numbers(&mut self, format: Format, reading: Reading) {
        const NUMBERS: usize = 1 << 20;
        let rows = (NUMBERS / self.full.max(1)).clamp(2, 512);
        // What is wrong with a row is told when the row is wanted.
        if let Err(fault) = self.rows.read(rows, &mut self.ahead) {
            self.ahead.clear();
            self.fault = Some(fault);
            return;
        }
        let columns: Vec<(Option<&str>, usize)> = match format {
            Format::Npy => vec![(None, 0)],
            _ => {
                let places = self.widths.iter().scan(0, |next, width| {
                    let place = *next;
                    *next += width;
                    Some((place, *width))
                });
                self.names
                    .iter()
                    .zip(places)
                    .filter(|(_, (_, width))| *width == 1)
                    .map(|(name, (place, _))| (Some(name.as_str()), place))
                    .collect()
            }
        };
        let index_found = !self.left_out.is_empty();
        let (dropped, note) = row_numbers(&self.ahead, self.full, &columns, reading, index_found);
        let names: Vec<String> = columns
            .iter()
            .filter(|(_, place)| dropped.contains(place))
            .map(|(name, _)| name.unwrap_or("the first column").to_owned())
            .collect();
        self.notes.extend(note);
        for name in names {
            self.left_out
                .push(format!("{name} (the numbers of the rows)"));
            match format {
                Format::Npy => self.widths[0] -= 1,
                _ => {
                    if let Some(place) = self.names.iter().position(|known| *known == name) {
                        self.names.remove(place);
                        self.widths.remove(place);
                    }
                }
            }
        }
        self.dropped = dropped;
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

    /// Columns that are not read though all were asked for, with the reason.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// What had to be assumed of the file, and how to say it is otherwise.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether the first column counts the rows from 0 or from 1, as far as was looked when it was
    /// opened with [`Selection::All`].
    pub fn counts_rows(&self) -> bool {
        let columns = [(None, 0)];
        let reading = Reading {
            wanted: Wanted::Exactly(self.full.saturating_sub(1)),
            ..Reading::default()
        };
        let (dropped, _) = row_numbers(&self.ahead, self.full, &columns, reading, false);
        self.full > 1 && self.dropped.is_empty() && !dropped.is_empty()
    }

    /// Rows in all, if the format knows before reading them.
    pub fn count(&self) -> Option<u64> {
        self.rows.count()
    }

    /// Appends up to `rows` rows to `out`, one after another; how many there were, 0 at the end.
    ///
    /// Every number that 64-bit floats hold is exact: integers up to 2^53, and 64-bit floats
    /// themselves.
    ///
    /// # Errors
    /// If a row is not what it should be: its file, row and column.
    pub fn read(&mut self, rows: usize, out: &mut Vec<f64>) -> Result<usize, FileError> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        if self.ahead.is_empty() && self.dropped.is_empty() {
            return self.rows.read(rows, out);
        }
        let mut read: Vec<f64> = Vec::new();
        let mut count = 0;
        if !self.ahead.is_empty() {
            count = rows.min(self.ahead.len() / self.full);
            let later = self.ahead.split_off(count * self.full);
            read = std::mem::replace(&mut self.ahead, later);
        }
        if count < rows {
            count += self.rows.read(rows - count, &mut read)?;
        }
        for row in read.chunks(self.full.max(1)) {
            let kept = row
                .iter()
                .enumerate()
                .filter(|(place, _)| !self.dropped.contains(place));
            out.extend(kept.map(|(_, value)| value));
        }
        Ok(count)
    }
}

/// Refuses names that are asked for twice.
fn named_once(file: &Path, names: &[String], format: Format) -> Result<(), FileError> {
    let mut seen = HashSet::new();
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        None => Ok(()),
        Some(twice) => Err(FileError::Column {
            file: file.into(),
            what: match format.has_arrays() {
                true => "array",
                false => "column",
            },
            name: twice.clone(),
            requirement: "is named twice".into(),
            remedy: "name each once, in the order of the coordinates".into(),
        }),
    }
}
