//! Parquet: columns in row groups, read a few thousand rows at a time.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::{FileError, RowReader, Rows, Selection, finite, guarded};

/// Rows decoded at a time.
const BATCH: usize = 4_096;

struct ParquetRows {
    file: PathBuf,
    reader: ParquetRecordBatchReader,
    count: u64,
    /// Names of the columns read, in the order they are wanted.
    columns: Vec<String>,
    /// The batch being handed out, its columns as numbers, and the rows of it that are gone.
    batch: Vec<Vec<f64>>,
    gone: usize,
    /// Rows in the batches before.
    before: u64,
}

/// Opens columns of a Parquet file.
pub(super) fn open(file: &Path, selection: &Selection) -> Result<RowReader, FileError> {
    let source = File::open(file).map_err(|error| FileError::read(file, &error))?;
    let damaged = |error: parquet::errors::ParquetError| {
        FileError::damaged(file, format!("it is no whole Parquet file ({error})"))
    };
    let builder = ParquetRecordBatchReaderBuilder::try_new(source).map_err(damaged)?;
    let schema = builder.schema().clone();
    let known: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    let columns: Vec<String> = match selection {
        Selection::All => known.iter().map(|name| (*name).to_owned()).collect(),
        Selection::Named(names) => names.clone(),
    };
    let mut roots = Vec::new();
    for name in &columns {
        let Some(root) = known.iter().position(|known| known == name) else {
            return Err(FileError::missing(file, "column", name, &known));
        };
        let kind = schema.field(root).data_type();
        if !(kind.is_integer() || matches!(kind, DataType::Float32 | DataType::Float64)) {
            return Err(FileError::Column {
                file: file.into(),
                what: "column",
                name: name.clone(),
                requirement: format!("holds {kind}, not numbers"),
                remedy: "store the coordinates as floating-point columns, one each".into(),
            });
        }
        roots.push(root);
    }
    let count = u64::try_from(builder.metadata().file_metadata().num_rows())
        .map_err(|_| FileError::damaged(file, "it says it has fewer than no rows"))?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
    let reader = builder
        .with_projection(mask)
        .with_batch_size(BATCH)
        .build()
        .map_err(damaged)?;
    let widths = vec![1; columns.len()];
    let rows = ParquetRows {
        file: file.into(),
        reader,
        count,
        columns: columns.clone(),
        batch: Vec::new(),
        gone: 0,
        before: 0,
    };
    Ok(RowReader::new(rows, columns, widths))
}

/// A column's numbers; a value that is missing is NaN.
fn numbers(column: &dyn Array) -> Option<Vec<f64>> {
    macro_rules! of {
        ($($kind:ident => $type:ty),*) => {
            match column.data_type() {
                $(DataType::$kind => column.as_primitive::<$type>().iter()
                    .map(|value| value.map_or(f64::NAN, |value| value as f64)).collect(),)*
                _ => return None,
            }
        };
    }
    Some(of!(
        Float32 => Float32Type, Float64 => Float64Type,
        Int8 => Int8Type, Int16 => Int16Type, Int32 => Int32Type, Int64 => Int64Type,
        UInt8 => UInt8Type, UInt16 => UInt16Type, UInt32 => UInt32Type, UInt64 => UInt64Type
    ))
}

impl ParquetRows {
    /// Decodes the next batch; whether there is one.
    fn advance(&mut self) -> Result<bool, FileError> {
        self.before += self.batch.first().map_or(0, Vec::len) as u64;
        self.gone = 0;
        self.batch.clear();
        let file = self.file.clone();
        let next = guarded(&file, || match self.reader.next() {
            None => Ok(None),
            Some(Ok(batch)) => Ok(Some(batch)),
            Some(Err(error)) => Err(FileError::damaged(
                &file,
                format!("after row {}: {error}", self.before),
            )),
        })?;
        let Some(batch) = next else {
            return Ok(false);
        };
        self.batch = self.convert(&batch)?;
        Ok(true)
    }

    fn convert(&self, batch: &RecordBatch) -> Result<Vec<Vec<f64>>, FileError> {
        let mut columns = Vec::new();
        for name in &self.columns {
            let values = batch
                .column_by_name(name)
                .and_then(|column| numbers(column));
            let Some(values) = values else {
                return Err(FileError::damaged(
                    &self.file,
                    format!("column `{name}` changes its type"),
                ));
            };
            let column: Result<Vec<f64>, FileError> = values
                .into_iter()
                .zip(self.before + 1..)
                .map(|(value, row)| {
                    finite(value).map_err(|wrong| {
                        let wrong = wrong.replace("not a number (NaN)", "missing, or not a number");
                        FileError::value(
                            &self.file,
                            format!("row {row}"),
                            format!("`{name}`"),
                            wrong,
                        )
                    })
                })
                .collect();
            columns.push(column?);
        }
        Ok(columns)
    }
}

impl Rows for ParquetRows {
    fn count(&self) -> Option<u64> {
        Some(self.count)
    }

    fn read(&mut self, rows: usize, out: &mut Vec<f64>) -> Result<usize, FileError> {
        for done in 0..rows {
            while self.gone >= self.batch.first().map_or(0, Vec::len) {
                if !self.advance()? {
                    return Ok(done);
                }
            }
            out.extend(self.batch.iter().map(|column| column[self.gone]));
            self.gone += 1;
        }
        Ok(rows)
    }
}
