//! Text with a row a line. What stands between the values, whether the first line has names and
//! whether numbers have a decimal comma is found from the first lines; lines that begin with `#` or
//! `%` are comments.

mod dialect;
mod fields;
mod head;
mod lines;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use dialect::Dialect;
use fields::{Delimiter, Fields, numeric, parse};
use head::Head;
use lines::Lines;

use super::columns::{choose, is_row_number_name};
use super::{FileError, Naming, Opened, Reading, Rows, Selection, finite};

struct CsvRows {
    file: PathBuf,
    source: Lines,
    dialect: Dialect,
    /// Values of a line.
    values: usize,
    /// Name and place of the columns read.
    columns: Vec<(String, usize)>,
    /// Lines that were looked at when the file was opened.
    ahead: VecDeque<(u64, Vec<u8>)>,
    line: Vec<u8>,
    fields: Fields,
    naming: Naming,
}

/// Opens columns of a text file.
pub(super) fn open(
    file: &Path,
    selection: &Selection,
    reading: Reading,
) -> Result<Opened, FileError> {
    let mut source = Lines::open(file)?;
    let Head {
        dialect,
        names,
        lines,
        notes,
    } = head::read(file, &mut source, reading)?;
    let chosen = choose(file, selection, &names, reading.naming, |place| {
        is_row_number_name(&names[place]) && is_text(&lines, dialect.delimiter, place)
    })?;
    let columns = chosen
        .places
        .iter()
        .map(|place| (names[*place].clone(), *place));
    let rows = CsvRows {
        file: file.into(),
        source,
        dialect,
        values: names.len(),
        columns: columns.clone().collect(),
        ahead: lines.into(),
        line: Vec::new(),
        fields: Fields::default(),
        naming: reading.naming,
    };
    Ok(Opened {
        rows: Box::new(rows),
        widths: vec![1; columns.len()],
        names: columns.map(|(name, _)| name).collect(),
        left_out: chosen.left_out,
        notes,
    })
}

/// Whether a column has text in it: no number in any of the first lines.
fn is_text(lines: &[(u64, Vec<u8>)], delimiter: Delimiter, place: usize) -> bool {
    !lines.iter().any(|(_, line)| {
        let fields = Fields::of(line, delimiter);
        numeric(fields.get(place))
    })
}

impl CsvRows {
    /// Reads the next line that is neither empty nor a comment into `fields`; its number.
    fn next(&mut self) -> Result<Option<u64>, FileError> {
        loop {
            let number = match self.ahead.pop_front() {
                Some((number, line)) => {
                    self.line = line;
                    number
                }
                None => match self.source.next(&mut self.line)? {
                    Some(number) => number,
                    None => return Ok(None),
                },
            };
            if !self.line.trim_ascii().is_empty() && head::comment(&self.line).is_none() {
                self.fields.split(&self.line, self.dialect.delimiter);
                return Ok(Some(number));
            }
        }
    }

    fn short_or_long(&self, line: u64) -> FileError {
        let (there, wanted) = (self.fields.len(), self.values);
        let comma = self.dialect.delimiter == Delimiter::Byte(b',') && there == 2 * wanted;
        FileError::Row {
            file: self.file.clone(),
            place: format!("line {line}"),
            requirement: format!("it has {there} values, the first line has {wanted}"),
            remedy: match comma {
                true => {
                    "if the commas within its numbers are decimal commas, write points, or \
                         separate the values by semicolons"
                }
                false => {
                    "give every line as many values as the first; it may be the last line of \
                          a file that was cut off"
                }
            }
            .into(),
        }
    }
}

impl Rows for CsvRows {
    fn count(&self) -> Option<u64> {
        None
    }

    fn read(&mut self, rows: usize, out: &mut Vec<f64>) -> Result<usize, FileError> {
        for done in 0..rows {
            let Some(line) = self.next()? else {
                return Ok(done);
            };
            let there = self.fields.len();
            // Nothing after a last delimiter is no value.
            let trailing = there == self.values + 1 && self.fields.get(self.values).is_empty();
            if there != self.values && !trailing {
                return Err(self.short_or_long(line));
            }
            for (name, column) in &self.columns {
                let value = parse(self.fields.get(*column), self.dialect.decimal_comma);
                out.push(value.and_then(finite).map_err(|wrong| {
                    let remedy = match wrong.contains("comma") {
                        true => "write all numbers with a decimal point".into(),
                        false => format!(
                            "remove the row or put a finite number there{}",
                            self.naming.others(
                                "if the column is none of the coordinates, name those that are"
                            )
                        ),
                    };
                    FileError::Value {
                        file: self.file.clone(),
                        place: format!("line {line}"),
                        column: format!("`{name}`"),
                        value: wrong,
                        remedy,
                    }
                })?);
            }
        }
        Ok(rows)
    }
}
