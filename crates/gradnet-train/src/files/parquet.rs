//! Parquet: columns in row groups, read a few thousand rows at a time.

mod numbers;

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Compression;
use parquet::file::metadata::ParquetMetaData;

use super::columns::{choose, is_row_number_name};
use super::{FileError, Naming, Opened, Rows, Selection, finite, guarded};
use numbers::{is_number, numbers};

/// Rows decoded at a time.
const BATCH: usize = 4_096;

struct ParquetRows {
    file: PathBuf,
    reader: ParquetRecordBatchReader,
    count: u64,
    /// Names of the columns read, in the order they are wanted, with the numbers each has in a row.
    columns: Vec<(String, usize)>,
    /// The batch being handed out, its columns as numbers, its rows and those of it that are gone.
    batch: Vec<Vec<f64>>,
    rows: usize,
    gone: usize,
    /// Rows in the batches before.
    before: u64,
}

/// Opens columns of a Parquet file.
pub(super) fn open(
    file: &Path,
    selection: &Selection,
    naming: Naming,
) -> Result<Opened, FileError> {
    let source = File::open(file).map_err(|error| FileError::read(file, &error))?;
    let damaged = |error: parquet::errors::ParquetError| {
        FileError::damaged(file, format!("it is no whole Parquet file ({error})"))
    };
    // Without Arrow's own schema: what is stored is what is read, whatever it was in memory.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder =
        ParquetRecordBatchReaderBuilder::try_new_with_options(source, options).map_err(damaged)?;
    let schema = builder.schema().clone();
    let names: Vec<String> = schema
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let indices = pandas_indices(builder.metadata());
    let chosen = choose(file, selection, &names, naming, |place| {
        let text = is_row_number_name(&names[place]) && !is_number(schema.field(place).data_type());
        text || indices.contains(&names[place])
    })?;
    for place in &chosen.places {
        let kind = schema.field(*place).data_type();
        if !is_number(kind) {
            return Err(no_numbers(file, &names[*place], kind, naming));
        }
    }
    readable(file, builder.metadata(), &chosen.places, &names)?;
    let count = u64::try_from(builder.metadata().file_metadata().num_rows())
        .map_err(|_| FileError::damaged(file, "it says it has fewer than no rows"))?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), chosen.places.iter().copied());
    let reader = builder
        .with_projection(mask)
        .with_batch_size(BATCH)
        .build()
        .map_err(damaged)?;
    let wanted: Vec<String> = chosen
        .places
        .iter()
        .map(|place| names[*place].clone())
        .collect();
    let mut rows = ParquetRows {
        file: file.into(),
        reader,
        count,
        columns: wanted.iter().map(|name| (name.clone(), 0)).collect(),
        batch: Vec::new(),
        rows: 0,
        gone: 0,
        before: 0,
    };
    // How long lists are only their rows tell.
    let lists = chosen
        .places
        .iter()
        .any(|place| schema.field(*place).data_type().is_nested());
    match lists {
        true => rows.find_widths()?,
        false => rows.columns.iter_mut().for_each(|(_, width)| *width = 1),
    }
    Ok(Opened {
        widths: rows.columns.iter().map(|(_, width)| *width).collect(),
        names: wanted,
        rows: Box::new(rows),
        left_out: chosen.left_out,
        notes: Vec::new(),
    })
}

/// The columns that were a table's index in pandas.
fn pandas_indices(metadata: &ParquetMetaData) -> Vec<String> {
    let entries = metadata.file_metadata().key_value_metadata();
    let text = entries
        .into_iter()
        .flatten()
        .find(|entry| entry.key == "pandas")
        .and_then(|entry| entry.value.as_deref());
    let parsed = text.and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    let indices = parsed
        .as_ref()
        .and_then(|parsed| parsed["index_columns"].as_array());
    indices
        .into_iter()
        .flatten()
        .filter_map(|index| Some(index.as_str()?.to_owned()))
        .collect()
}

fn no_numbers(file: &Path, name: &str, kind: &DataType, naming: Naming) -> FileError {
    FileError::Column {
        file: file.into(),
        what: "column",
        name: name.into(),
        requirement: format!("holds {kind}, not numbers"),
        remedy: match kind {
            DataType::Struct(_) => {
                "store its fields as columns of their own, in pandas with json_normalize".into()
            }
            _ => format!(
                "store coordinates as floating-point columns or as lists of one length{}",
                naming.others("if this is none, name those that are")
            ),
        },
    }
}

/// Refuses columns compressed in a way that is not read here.
fn readable(
    file: &Path,
    metadata: &ParquetMetaData,
    places: &[usize],
    names: &[String],
) -> Result<(), FileError> {
    for group in metadata.row_groups() {
        for column in group.columns() {
            let codec = match column.compression() {
                Compression::BROTLI(_) => "Brotli",
                Compression::LZO => "LZO",
                _ => continue,
            };
            let root = column.column_path().parts().first();
            let read = |place: &&usize| Some(&names[**place]) == root;
            if let Some(place) = places.iter().find(read) {
                return Err(FileError::Column {
                    file: file.into(),
                    what: "column",
                    name: names[*place].clone(),
                    requirement: format!("is compressed with {codec}, which is not read here"),
                    remedy: "write the file with another compression, for instance in Python: \
                             pandas.read_parquet(name).to_parquet(\"pairs.parquet\", \
                             compression=\"zstd\")"
                        .into(),
                });
            }
        }
    }
    Ok(())
}

impl ParquetRows {
    /// Decodes the first batch that has rows, and finds how many numbers each column has in them.
    fn find_widths(&mut self) -> Result<(), FileError> {
        while self.rows == 0 {
            if !self.advance()? {
                self.columns.iter_mut().for_each(|(_, width)| *width = 1);
                break;
            }
        }
        Ok(())
    }

    /// Decodes the next batch; whether there is one.
    fn advance(&mut self) -> Result<bool, FileError> {
        self.before += self.rows as u64;
        (self.rows, self.gone) = (0, 0);
        self.batch.clear();
        let file = self.file.clone();
        let next = guarded(&file, || match self.reader.next() {
            None => Ok(None),
            Some(Ok(batch)) => Ok(Some(batch)),
            // Columns may be encrypted where the footer is not, and then there is no telling.
            Some(Err(error)) => Err(FileError::Format {
                file: file.clone(),
                reason: format!(
                    "what comes after row {} is damaged or encrypted ({error})",
                    self.before
                ),
                remedy: "write the file again, without encryption".into(),
            }),
        })?;
        let Some(batch) = next else {
            return Ok(false);
        };
        guarded(&file, || self.convert(&batch))?;
        self.rows = batch.num_rows();
        Ok(true)
    }

    fn convert(&mut self, batch: &RecordBatch) -> Result<(), FileError> {
        let file = self.file.clone();
        for (name, width) in &mut self.columns {
            let place = |row: usize| format!("row {}", self.before + 1 + row as u64);
            let column = batch.column_by_name(name);
            let lists = column.filter(|column| column.data_type().is_nested());
            if let Some(row) =
                lists.and_then(|lists| (0..lists.len()).find(|row| lists.is_null(*row)))
            {
                let wrong = "is missing".into();
                return Err(FileError::value(
                    &file,
                    place(row),
                    format!("`{name}`"),
                    wrong,
                ));
            }
            let Some((values, lengths)) = column.and_then(|column| numbers(column)) else {
                let reason = format!("column `{name}` changes its type");
                return Err(FileError::damaged(&file, reason));
            };
            if *width == 0 {
                *width = lengths.first().copied().unwrap_or_default();
            }
            let uneven = lengths
                .iter()
                .position(|length| length != width || *length == 0);
            if let Some(row) = uneven {
                return Err(FileError::Row {
                    file,
                    place: place(row),
                    requirement: format!(
                        "the list in column `{name}` has {} numbers, the first has {width}",
                        lengths[row]
                    ),
                    remedy: "give all lists of a column one length, that of a point".into(),
                });
            }
            for (number, value) in values.iter().enumerate() {
                finite(*value).map_err(|wrong| {
                    let wrong = wrong.replace("not a number (NaN)", "missing, or not a number");
                    FileError::value(&file, place(number / *width), format!("`{name}`"), wrong)
                })?;
            }
            self.batch.push(values);
        }
        Ok(())
    }
}

impl Rows for ParquetRows {
    fn count(&self) -> Option<u64> {
        Some(self.count)
    }

    fn read(&mut self, rows: usize, out: &mut Vec<f64>) -> Result<usize, FileError> {
        for done in 0..rows {
            while self.gone >= self.rows {
                if !self.advance()? {
                    return Ok(done);
                }
            }
            for (values, (_, width)) in self.batch.iter().zip(&self.columns) {
                out.extend(&values[self.gone * width..(self.gone + 1) * width]);
            }
            self.gone += 1;
        }
        Ok(rows)
    }
}
