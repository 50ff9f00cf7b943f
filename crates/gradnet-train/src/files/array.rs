//! Rows of plain arrays that lie in files: the common ground of `.npy`, `.npz` and safetensors.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use burn::tensor::{bf16, f16};

use super::{FileError, Opened, Rows, finite};

/// How a number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Bool,
    F16,
    BF16,
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
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::F16 | Self::BF16 | Self::I16 | Self::U16 => 2,
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
            Self::Bool => f64::from(u8::from(a != 0)),
            Self::F16 => f16::from_le_bytes([a, b]).to_f64(),
            Self::BF16 => bf16::from_le_bytes([a, b]).to_f64(),
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

/// An array `[rows, width]` at a place in a file.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) name: String,
    pub(super) number: Number,
    pub(super) big_endian: bool,
    /// Whether it lies column after column (Fortran order), not row after row.
    pub(super) by_columns: bool,
    pub(super) rows: u64,
    pub(super) width: usize,
    /// Where its first byte is.
    pub(super) offset: u64,
}

/// The widest row that is read: beyond it a header is taken for damaged.
const WIDEST: usize = 1 << 24;

impl Layout {
    /// The layout of an array of this shape, row after row, if it has rows of numbers.
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
            remedy: "store a row a point: array.reshape(len(array), -1) in Python does, if the \
                     first dimension counts the points"
                .into(),
        };
        let (rows, width) = match *shape {
            [rows] => (rows, 1),
            [rows, width] => (rows, width),
            _ => {
                return Err(refused(format!(
                    "has the shape {shape:?}, which is not (points, coordinates)"
                )));
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
            by_columns: false,
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

/// Gives the file an array lies in, when its first row is wanted.
pub(super) type OpenFile = Box<dyn FnOnce(&Layout) -> Result<File, FileError> + Send>;

/// An array and the rows of it that are in memory.
struct Source {
    layout: Layout,
    open: Option<OpenFile>,
    file: Option<File>,
    block: Vec<u8>,
    /// The first row in the block, and how many there are.
    first: u64,
    held: usize,
}

/// Bytes read at a time: more where every column has to be looked up for itself.
const BLOCK: usize = 1 << 20;
const BLOCK_BY_COLUMNS: usize = 1 << 24;

impl Source {
    /// Reads the block that begins at `row`.
    fn fill(&mut self, path: &Path, row: u64) -> Result<(), FileError> {
        if let Some(open) = self.open.take() {
            self.file = Some(open(&self.layout)?);
        }
        let layout = &self.layout;
        let room = match layout.by_columns {
            true => BLOCK_BY_COLUMNS,
            false => BLOCK,
        };
        let rows = (room / layout.row_bytes()).max(1) as u64;
        let rows = rows.min(layout.rows - row) as usize;
        self.block.resize(rows * layout.row_bytes(), 0);
        let Some(file) = &mut self.file else {
            let lost = io::Error::from(io::ErrorKind::NotFound);
            return Err(FileError::read(path, &lost));
        };
        let size = layout.number.bytes() as u64;
        let mut read = |place: u64, into: &mut [u8]| {
            file.seek(SeekFrom::Start(layout.offset + place * size))?;
            file.read_exact(into)
        };
        let done = match layout.by_columns {
            false => read(row * layout.width as u64, &mut self.block),
            true => self
                .block
                .chunks_mut(rows * size as usize)
                .zip(0..)
                .try_for_each(|(column, number)| read(number * layout.rows + row, column)),
        };
        done.map_err(|error| FileError::read(path, &error))?;
        (self.first, self.held) = (row, rows);
        Ok(())
    }

    /// The number in a column of a row of the block.
    fn value(&self, row: u64, column: usize) -> f64 {
        let row = (row - self.first) as usize;
        let place = match self.layout.by_columns {
            true => column * self.held + row,
            false => row * self.layout.width + column,
        };
        let bytes = &self.block[place * self.layout.number.bytes()..];
        self.layout.number.value(bytes, self.layout.big_endian)
    }
}

/// Arrays with equally many rows, read side by side.
pub(super) struct ArrayRows {
    file: PathBuf,
    arrays: Vec<Source>,
    rows: u64,
    next: u64,
}

impl ArrayRows {
    /// The arrays side by side under the names they were asked for, each with what opens the file it lies in.
    pub(super) fn opened(
        file: &Path,
        names: Vec<String>,
        arrays: Vec<(Layout, OpenFile)>,
    ) -> Result<Opened, FileError> {
        Ok(Opened {
            names,
            widths: arrays.iter().map(|(layout, _)| layout.width).collect(),
            rows: Box::new(Self::new(file, arrays)?),
            left_out: Vec::new(),
            notes: Vec::new(),
        })
    }

    fn new(file: &Path, arrays: Vec<(Layout, OpenFile)>) -> Result<Self, FileError> {
        let rows = arrays.first().map_or(0, |(layout, _)| layout.rows);
        let mut sources = Vec::new();
        for (layout, open) in arrays {
            if layout.rows != rows {
                return Err(FileError::Column {
                    file: file.into(),
                    what: "array",
                    name: layout.name.clone(),
                    requirement: format!("has {} rows, another has {rows}", layout.rows),
                    remedy: "store as many gradients as points".into(),
                });
            }
            sources.push(Source {
                layout,
                open: Some(open),
                file: None,
                block: Vec::new(),
                first: 0,
                held: 0,
            });
        }
        Ok(Self {
            file: file.into(),
            arrays: sources,
            rows,
            next: 0,
        })
    }

    fn row(&mut self, out: &mut Vec<f64>) -> Result<(), FileError> {
        let row = self.next;
        for source in &mut self.arrays {
            if row >= source.first + source.held as u64 {
                source.fill(&self.file, row)?;
            }
            for column in 0..source.layout.width {
                let value = source.value(row, column);
                out.push(finite(value).map_err(|wrong| {
                    let column = format!("{} of `{}`", column + 1, source.layout.name);
                    FileError::value(&self.file, format!("row {}", row + 1), column, wrong)
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
