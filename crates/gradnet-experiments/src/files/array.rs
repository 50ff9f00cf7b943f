//! Rows of plain arrays that lie in files: the common ground of `.npy`, `.npz` and safetensors.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::{FileError, Rows, finite};

/// How a number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
}

impl Number {
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F64 | Self::I64 | Self::U64 => 8,
        }
    }

    /// The number in the first bytes of `bytes`, which must be enough.
    fn value(self, bytes: &[u8], big_endian: bool) -> f64 {
        let mut little = [0; 8];
        let size = self.bytes();
        little[..size].copy_from_slice(&bytes[..size]);
        if big_endian {
            little[..size].reverse();
        }
        let [a, b, c, d, ..] = little;
        match self {
            Self::F32 => f32::from_le_bytes([a, b, c, d]).into(),
            Self::F64 => f64::from_le_bytes(little),
            Self::I8 => i8::from_le_bytes([a]).into(),
            Self::I16 => i16::from_le_bytes([a, b]).into(),
            Self::I32 => i32::from_le_bytes([a, b, c, d]).into(),
            Self::I64 => i64::from_le_bytes(little) as f64,
            Self::U8 => a.into(),
            Self::U16 => u16::from_le_bytes([a, b]).into(),
            Self::U32 => u32::from_le_bytes([a, b, c, d]).into(),
            Self::U64 => u64::from_le_bytes(little) as f64,
        }
    }
}

/// An array `[rows, width]` in C order at a place in a file.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) name: String,
    pub(super) number: Number,
    pub(super) big_endian: bool,
    pub(super) rows: u64,
    pub(super) width: usize,
    /// Where its first byte is.
    pub(super) offset: u64,
}

/// The widest row that is read: beyond it a header is taken for damaged.
const WIDEST: usize = 1 << 24;

impl Layout {
    /// The layout of an array of this shape, if it has rows of numbers.
    pub(super) fn new(
        file: &Path,
        name: &str,
        shape: &[u64],
        (number, big_endian): (Number, bool),
        offset: u64,
    ) -> Result<Self, FileError> {
        let refused = |requirement: String| FileError::Column {
            file: file.into(),
            what: "array",
            name: name.into(),
            requirement,
            remedy: "store one row a point: shape (points, coordinates)".into(),
        };
        let (rows, width) = match *shape {
            [rows] => (rows, 1),
            [rows, width] => (rows, width),
            _ => {
                return Err(refused(format!("has {} dimensions, not two", shape.len())));
            }
        };
        let width = usize::try_from(width).unwrap_or(usize::MAX);
        if width == 0 || width > WIDEST {
            return Err(refused(format!("has rows of {width} numbers")));
        }
        Ok(Self {
            name: name.into(),
            number,
            big_endian,
            rows,
            width,
            offset,
        })
    }

    fn row_bytes(&self) -> usize {
        self.width * self.number.bytes()
    }

    /// Refuses an array that goes on beyond the end of its file.
    pub(super) fn fits(&self, path: &Path, length: u64) -> Result<(), FileError> {
        let there = length.saturating_sub(self.offset);
        let needed = self.rows.saturating_mul(self.row_bytes() as u64);
        if needed <= there {
            return Ok(());
        }
        Err(FileError::Row {
            file: path.into(),
            place: format!("row {}", there / self.row_bytes() as u64 + 1),
            requirement: format!(
                "the file is cut off here: it says it has {} rows in `{}`",
                self.rows, self.name
            ),
            remedy: "copy or write the file again".into(),
        })
    }
}

/// Arrays with equally many rows, read side by side.
pub(super) struct ArrayRows {
    file: PathBuf,
    arrays: Vec<(Layout, BufReader<File>)>,
    rows: u64,
    next: u64,
    buffer: Vec<u8>,
}

impl ArrayRows {
    /// Takes the arrays, each with a file of its own to read from.
    pub(super) fn new(file: &Path, arrays: Vec<(Layout, File)>) -> Result<Self, FileError> {
        let rows = arrays.first().map_or(0, |(layout, _)| layout.rows);
        let mut readers = Vec::new();
        for (layout, mut source) in arrays {
            if layout.rows != rows {
                return Err(FileError::Column {
                    file: file.into(),
                    what: "array",
                    name: layout.name.clone(),
                    requirement: format!("has {} rows, another has {rows}", layout.rows),
                    remedy: "store as many gradients as points".into(),
                });
            }
            source
                .seek(SeekFrom::Start(layout.offset))
                .map_err(|error| FileError::read(file, &error))?;
            readers.push((layout, BufReader::new(source)));
        }
        Ok(Self {
            file: file.into(),
            arrays: readers,
            rows,
            next: 0,
            buffer: Vec::new(),
        })
    }

    fn row(&mut self, out: &mut Vec<f64>) -> Result<(), FileError> {
        for (layout, source) in &mut self.arrays {
            self.buffer.resize(layout.row_bytes(), 0);
            source
                .read_exact(&mut self.buffer)
                .map_err(|error| FileError::read(&self.file, &error))?;
            for (column, bytes) in self.buffer.chunks(layout.number.bytes()).enumerate() {
                let value = layout.number.value(bytes, layout.big_endian);
                out.push(finite(value).map_err(|wrong| {
                    let place = format!("row {}", self.next + 1);
                    let column = format!("{} of `{}`", column + 1, layout.name);
                    FileError::value(&self.file, place, column, wrong)
                })?);
            }
        }
        self.next += 1;
        Ok(())
    }
}

impl Rows for ArrayRows {
    fn count(&self) -> Option<u64> {
        Some(self.rows)
    }

    fn read(&mut self, rows: usize, out: &mut Vec<f64>) -> Result<usize, FileError> {
        let rows = (self.rows - self.next).min(rows as u64) as usize;
        for _ in 0..rows {
            self.row(out)?;
        }
        Ok(rows)
    }
}
