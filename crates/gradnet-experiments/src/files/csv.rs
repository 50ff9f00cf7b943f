//! Text with a row a line: commas, semicolons or tabs between the values, names on the first line if that has any.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder, Trim};

use super::{FileError, RowReader, Rows, Selection, finite};

struct CsvRows {
    file: PathBuf,
    reader: csv::Reader<BufReader<File>>,
    /// Fields of a line.
    fields: usize,
    /// Name and place of the columns read.
    columns: Vec<(String, usize)>,
    record: ByteRecord,
    /// A first line that was data.
    first: Option<ByteRecord>,
}

/// Opens columns of a text file.
pub(super) fn open(file: &Path, selection: &Selection) -> Result<RowReader, FileError> {
    let source = File::open(file).map_err(|error| FileError::read(file, &error))?;
    let mut source = BufReader::new(source);
    let delimiter = delimiter(
        source
            .fill_buf()
            .map_err(|error| FileError::read(file, &error))?,
    );
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(source);
    let mut record = ByteRecord::new();
    let any = reader
        .read_byte_record(&mut record)
        .map_err(|error| FileError::damaged(file, error))?;
    if !any {
        return Err(FileError::Format {
            file: file.into(),
            reason: "it is empty".into(),
            remedy:
                "the first line names the columns, every line after it is a point with its gradient"
                    .into(),
        });
    }
    let (names, first) = match record.iter().all(|field| parse(field).is_ok()) {
        // No names: the columns are called by their number.
        true => (
            (1..=record.len()).map(|n| n.to_string()).collect(),
            Some(record.clone()),
        ),
        false => (names(file, &record)?, None),
    };
    let columns = match selection {
        Selection::All => names.iter().cloned().zip(0..).collect::<Vec<_>>(),
        Selection::Named(wanted) => wanted
            .iter()
            .map(|name| match names.iter().position(|known| known == name) {
                Some(place) => Ok((name.clone(), place)),
                None => Err(FileError::missing(file, "column", name, &names)),
            })
            .collect::<Result<_, _>>()?,
    };
    let widths = vec![1; columns.len()];
    let read = columns.iter().map(|(name, _)| name.clone()).collect();
    let rows = CsvRows {
        file: file.into(),
        reader,
        fields: names.len(),
        columns,
        record,
        first,
    };
    Ok(RowReader::new(rows, read, widths))
}

/// What stands between the values: whichever of tab, semicolon and comma the first line has most of.
fn delimiter(start: &[u8]) -> u8 {
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or(start);
    let count = |delimiter: u8| line.iter().filter(|byte| **byte == delimiter).count();
    [b',', b';', b'\t']
        .into_iter()
        .rev()
        .max_by_key(|delimiter| count(*delimiter))
        .unwrap_or(b',')
}

fn names(file: &Path, record: &ByteRecord) -> Result<Vec<String>, FileError> {
    let mut names: Vec<String> = Vec::new();
    for field in record {
        let name = std::str::from_utf8(field)
            .map_err(|_| FileError::damaged(file, "the first line is not UTF-8 text"))?
            .trim_start_matches('\u{feff}')
            .to_owned();
        if names.contains(&name) {
            return Err(FileError::Column {
                file: file.into(),
                what: "column",
                name,
                requirement: "is there twice".into(),
                remedy: "give every column a name of its own on the first line".into(),
            });
        }
        names.push(name);
    }
    Ok(names)
}

/// The number a field holds, or what is wrong with it.
fn parse(field: &[u8]) -> Result<f64, String> {
    let text = String::from_utf8_lossy(field);
    if text.is_empty() {
        return Err("is missing".into());
    }
    text.parse()
        .map_err(|_| format!("`{text}` is not a number"))
}

impl CsvRows {
    /// Reads the next line that is not empty into `record`; its number, or None at the end.
    fn next(&mut self) -> Result<Option<u64>, FileError> {
        if let Some(first) = self.first.take() {
            self.record = first;
        } else {
            let any = self
                .reader
                .read_byte_record(&mut self.record)
                .map_err(|error| FileError::damaged(&self.file, error))?;
            if !any {
                return Ok(None);
            }
        }
        Ok(Some(self.record.position().map_or(0, csv::Position::line)))
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
            let place = || format!("line {line}");
            if self.record.len() != self.fields {
                return Err(FileError::Row {
                    file: self.file.clone(),
                    place: place(),
                    requirement: format!(
                        "it has {} values, the first line has {}",
                        self.record.len(),
                        self.fields
                    ),
                    remedy: "give every line as many values as the first; it may be the last line of a file that was cut off".into(),
                });
            }
            for (name, column) in &self.columns {
                let value = parse(&self.record[*column]).and_then(finite);
                out.push(value.map_err(|wrong| {
                    FileError::value(&self.file, place(), format!("`{name}`"), wrong)
                })?);
            }
        }
        Ok(rows)
    }
}
