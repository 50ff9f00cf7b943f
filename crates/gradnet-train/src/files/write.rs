//! Writing rows: the output is there whole, under its name, when everything is written, and not before.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use tempfile::NamedTempFile;

use super::file_beside;
use super::whole::{Float, assemble_arrays};
use super::{FileError, Format, temporary_file};

/// Bytes of a row group, which Parquet's writer keeps in memory.
const ROW_GROUP: usize = 1 << 23;

/// Rows of a page of a column, 64 KiB.
const PAGE: usize = 1 << 13;

/// Numbers that belong together: an array of its own in `.npz` and safetensors, columns side by side in CSV and
/// Parquet.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Name of the array.
    pub name: String,
    /// Shape of what one row has: `[]` for one number, `[d]`, `[d, d]`.
    pub shape: Vec<usize>,
    /// Names of the columns, as many as a row has numbers.
    pub columns: Vec<String>,
}

/// Writes rows to a file in the format its name says.
pub struct RowWriter {
    file: PathBuf,
    parts: Vec<Part>,
    sink: Sink,
    rows: usize,
}

enum Sink {
    /// The text, and what stands between two values.
    Csv(BufWriter<NamedTempFile>, &'static str),
    Parquet(Box<ArrowWriter<NamedTempFile>>, SchemaRef),
    /// One temporary file a part: an array's length must be known before its first number is written.
    Arrays(Format, Vec<BufWriter<File>>),
}

impl RowWriter {
    /// Begins a file; what is there under its name stays until [`finish`](Self::finish).
    ///
    /// # Errors
    /// If the format is not known, cannot hold the parts, or the place cannot be written.
    pub fn create(file: &Path, parts: Vec<Part>) -> Result<Self, FileError> {
        let format = Format::of_output(file)?;
        let failed = |error: io::Error| FileError::write(file, &error);
        if format == Format::Npy && parts.len() > 1 {
            return Err(FileError::Format {
                file: file.into(),
                reason: "a .npy file holds one array, not also a potential or a Jacobian".into(),
                remedy: "write to a .npz file".into(),
            });
        }
        let mut target = file_beside(file).map_err(failed)?;
        let sink = match format {
            Format::Csv => {
                let names = parts.iter().flat_map(|part| &part.columns);
                let names: Vec<&str> = names.map(String::as_str).collect();
                let tabs = file
                    .extension()
                    .is_some_and(|end| end.eq_ignore_ascii_case("tsv"));
                let separator = if tabs { "\t" } else { "," };
                let mut header = csv::WriterBuilder::new();
                header.delimiter(separator.as_bytes()[0]);
                let mut header = header.from_writer(&mut target);
                let written = header.write_record(&names).map_err(io::Error::other);
                written.and_then(|()| header.flush()).map_err(failed)?;
                drop(header);
                Sink::Csv(BufWriter::new(target), separator)
            }
            Format::Parquet => {
                let fields: Vec<Field> = parts
                    .iter()
                    .flat_map(|part| &part.columns)
                    .map(|name| Field::new(name, DataType::Float64, false))
                    .collect();
                let schema = Arc::new(Schema::new(fields));
                // Measured and predicted numbers seldom repeat, and the tables of those that do would take memory for
                // each column.
                let properties = WriterProperties::builder()
                    .set_dictionary_enabled(false)
                    .set_max_row_group_bytes(Some(ROW_GROUP))
                    .set_data_page_row_count_limit(PAGE)
                    .build();
                let writer = ArrowWriter::try_new(target, schema.clone(), Some(properties))
                    .map_err(|error| failed(io::Error::other(error)))?;
                Sink::Parquet(Box::new(writer), schema)
            }
            Format::Npy | Format::Npz | Format::Safetensors => {
                let spills = parts.iter().map(|_| temporary_file().map(BufWriter::new));
                Sink::Arrays(format, spills.collect::<Result<_, _>>()?)
            }
        };
        Ok(Self {
            file: file.into(),
            parts,
            sink,
            rows: 0,
        })
    }

    /// Writes rows: for each part its numbers, row after row. The file holds 64-bit floats.
    ///
    /// # Errors
    /// If the disk does not take them.
    ///
    /// # Panics
    /// If there are not as many lists of numbers as parts, or not whole rows in them.
    pub fn write<N: Into<f64> + Copy>(&mut self, values: &[Vec<N>]) -> Result<(), FileError> {
        let widths: Vec<usize> = self.parts.iter().map(|part| part.columns.len()).collect();
        assert_eq!(values.len(), widths.len(), "one list of numbers a part");
        let rows = values[0].len() / widths[0];
        for (values, width) in values.iter().zip(&widths) {
            assert_eq!(values.len(), rows * width, "whole rows");
        }
        self.rows += rows;
        let written = match &mut self.sink {
            Sink::Csv(out, separator) => write_text(out, values, &widths, separator),
            Sink::Parquet(writer, schema) => write_columns(writer, schema, values, &widths),
            Sink::Arrays(_, spills) => {
                let mut parts = spills.iter_mut().zip(values);
                let spilled = parts.try_for_each(|(spill, values)| {
                    values
                        .iter()
                        .try_for_each(|value| spill.write_all(&(*value).into().to_le_bytes()))
                });
                return spilled.map_err(|error| FileError::temporary(&error));
            }
        };
        written.map_err(|error| FileError::write(&self.file, &error))
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// If the disk does not take the rest.
    pub fn finish(self) -> Result<(), FileError> {
        let file = self.file.clone();
        self.assemble()
            .map_err(|error| FileError::write(&file, &error))
    }

    fn assemble(self) -> io::Result<()> {
        let target = match self.sink {
            Sink::Csv(out, _) => out.into_inner().map_err(io::IntoInnerError::into_error)?,
            Sink::Parquet(writer, _) => writer.into_inner().map_err(io::Error::other)?,
            Sink::Arrays(format, spills) => {
                let mut arrays = Vec::new();
                for (part, spill) in self.parts.iter().zip(spills) {
                    let mut spill = spill.into_inner().map_err(io::IntoInnerError::into_error)?;
                    spill.seek(SeekFrom::Start(0))?;
                    let mut shape = vec![self.rows];
                    shape.extend(&part.shape);
                    arrays.push((part.name.as_str(), shape, spill));
                }
                let mut target = file_beside(&self.file)?;
                assemble_arrays(&mut target, format, Float::Double, arrays)?;
                target
            }
        };
        target.as_file().sync_data()?;
        target.persist(&self.file).map_err(|error| error.error)?;
        Ok(())
    }
}

fn write_text<N: Into<f64> + Copy>(
    out: &mut impl Write,
    values: &[Vec<N>],
    widths: &[usize],
    separator: &str,
) -> io::Result<()> {
    let rows = values[0].len() / widths[0];
    for row in 0..rows {
        let mut before = "";
        for (values, width) in values.iter().zip(widths) {
            for value in &values[row * width..(row + 1) * width] {
                let value: f64 = (*value).into();
                // The shortest text that reads back as the same number.
                match value == 0.0 || (1e-5..1e16).contains(&value.abs()) {
                    true => write!(out, "{before}{value}")?,
                    false => write!(out, "{before}{value:e}")?,
                }
                before = separator;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

fn write_columns<N: Into<f64> + Copy>(
    writer: &mut ArrowWriter<NamedTempFile>,
    schema: &SchemaRef,
    values: &[Vec<N>],
    widths: &[usize],
) -> io::Result<()> {
    let columns = values.iter().zip(widths).flat_map(|(values, width)| {
        (0..*width).map(move |column| -> ArrayRef {
            let column = values.iter().skip(column).step_by(*width);
            Arc::new(Float64Array::from_iter_values(
                column.map(|value| (*value).into()),
            ))
        })
    });
    let batch =
        RecordBatch::try_new(schema.clone(), columns.collect()).map_err(io::Error::other)?;
    writer.write(&batch).map_err(io::Error::other)
}
