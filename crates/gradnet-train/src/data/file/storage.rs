//! Rows `[x | y]`, or `x` alone, that can be looked up by number: in memory, or in a temporary file mapped into memory
//! where they would not fit.

use std::fs::File;
use std::io::{BufWriter, Write};

use memmap2::Mmap;

use super::config::{FileConfig, Readers};
use crate::digest::Digest;
use crate::files::{FileError, RowReader, map_file};

/// Bytes of rows that are kept in memory; more are mapped, which the system keeps in memory as long as it has room.
pub(super) const MEMORY: usize = 1 << 26;

/// Rows read at a time.
const CHUNK: usize = 4_096;

/// Rows of equal width, of the 64-bit numbers the file has.
pub(super) struct Storage {
    width: usize,
    dim: usize,
    rows: usize,
    columns: Vec<String>,
    numbers: Numbers,
}

enum Numbers {
    Memory(Vec<f64>),
    /// 64-bit floats, least significant byte first.
    Mapped(Mmap),
}

impl Storage {
    /// Reads a file of pairs once, row by row. Beyond `limit` bytes the rows go to an unnamed temporary file.
    pub(super) fn read(config: &FileConfig, limit: usize) -> Result<Self, FileError> {
        let (mut readers, dim) = config.open()?;
        let columns = readers.columns();
        Self::gather(columns, [dim, 2 * dim], limit, |rows, out| {
            readers.read(config, dim, rows, out)
        })
    }

    /// Reads points without values, as [`read`](Self::read) does pairs.
    pub(super) fn read_points(reader: &mut RowReader, limit: usize) -> Result<Self, FileError> {
        let width = reader.width();
        Self::gather(number_names(reader), [width, width], limit, |rows, out| {
            reader.read(rows, out)
        })
    }

    /// Points that were read elsewhere, row after row, with what messages call their coordinates.
    pub(super) fn of_points(columns: Vec<String>, numbers: Vec<f64>) -> Self {
        let width = columns.len();
        Self {
            width,
            dim: width,
            rows: numbers.len() / width,
            columns,
            numbers: Numbers::Memory(numbers),
        }
    }

    /// Takes rows of `width` numbers, the first `dim` of which are a point, until there are none.
    fn gather(
        columns: Vec<String>,
        [dim, width]: [usize; 2],
        limit: usize,
        mut next_rows: impl FnMut(usize, &mut Vec<f64>) -> Result<usize, FileError>,
    ) -> Result<Self, FileError> {
        let mut memory = Vec::new();
        let mut spill: Option<BufWriter<File>> = None;
        let mut rows = 0;
        let failed = |error: std::io::Error| FileError::temporary(&error);
        loop {
            let next = (memory.len() + CHUNK * width) * size_of::<f64>();
            if spill.is_none() && !memory.is_empty() && next > limit {
                let mut file = BufWriter::new(tempfile::tempfile().map_err(failed)?);
                // Before more is read: a list that grows takes twice its room.
                move_out(&mut memory, &mut file).map_err(failed)?;
                spill = Some(file);
            }
            let before = memory.len();
            let read = next_rows(CHUNK, &mut memory)?;
            rows += read;
            debug_assert_eq!(memory.len(), before + read * width);
            if let Some(spill) = &mut spill {
                move_out(&mut memory, spill).map_err(failed)?;
            }
            if read == 0 {
                break;
            }
        }
        let numbers = match spill {
            None => Numbers::Memory(memory),
            Some(spill) => {
                let file = spill
                    .into_inner()
                    .map_err(|error| failed(error.into_error()))?;
                Numbers::Mapped(map_file(&file).map_err(failed)?)
            }
        };
        Ok(Self {
            width,
            dim,
            rows,
            columns,
            numbers,
        })
    }

    /// The number of rows.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Coordinates of a point.
    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    /// What a message calls the numbers of a row: "column `x1`", "column 2 of `x`".
    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// A digest of all numbers in order (FNV-1a of 64 bits over their bytes), in hexadecimal.
    pub(super) fn digest(&self) -> String {
        self.digest_of(|number, digest| digest.add(&number.to_le_bytes()))
    }

    /// The digest that version 0.1 wrote, which knew 32 bits of each number.
    pub(super) fn narrow_digest(&self) -> String {
        self.digest_of(|number, digest| digest.add(&(number as f32).to_le_bytes()))
    }

    fn digest_of(&self, add: impl Fn(f64, &mut Digest)) -> String {
        let mut digest = Digest::default();
        self.each_row(|_, x, y| {
            x.iter()
                .chain(y)
                .for_each(|number| add(*number, &mut digest))
        });
        format!("{:016x}", digest.value())
    }

    /// Looks at every row in the file's order: its number from 0, its point and its gradient.
    pub(super) fn each_row(&self, mut look: impl FnMut(u32, &[f64], &[f64])) {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for row in 0..self.rows as u32 {
            x.clear();
            y.clear();
            self.row(row, &mut x, &mut y);
            look(row, &x, &y);
        }
    }

    /// Appends the points of a row to `x` and its gradients to `y`.
    pub(super) fn row(&self, row: u32, x: &mut Vec<f64>, y: &mut Vec<f64>) {
        let start = row as usize * self.width;
        let dim = self.dim;
        match &self.numbers {
            Numbers::Memory(numbers) => {
                x.extend(&numbers[start..start + dim]);
                y.extend(&numbers[start + dim..start + self.width]);
            }
            Numbers::Mapped(bytes) => {
                let number = |place: usize| {
                    let (numbers, _) = bytes.as_chunks();
                    f64::from_le_bytes(numbers[place])
                };
                x.extend((start..start + dim).map(number));
                y.extend((start + dim..start + self.width).map(number));
            }
        }
    }
}

/// Writes the numbers to the file and leaves an empty list that holds no memory.
fn move_out(numbers: &mut Vec<f64>, file: &mut impl Write) -> std::io::Result<()> {
    std::mem::take(numbers)
        .iter()
        .try_for_each(|number| file.write_all(&number.to_le_bytes()))
}

/// What a message calls the numbers of a reader's row.
fn number_names(reader: &RowReader) -> Vec<String> {
    let columns = reader.names().iter().zip(reader.widths());
    let numbers = columns.flat_map(|(name, width)| {
        (1..=*width).map(move |column| match width {
            1 => format!("column `{name}`"),
            _ => format!("column {column} of `{name}`"),
        })
    });
    numbers.collect()
}

impl Readers {
    /// What a message calls the numbers of a row.
    fn columns(&self) -> Vec<String> {
        let readers = match self {
            Self::One(reader) => vec![reader],
            Self::Two(x, y) => vec![x, y],
        };
        readers.into_iter().flat_map(number_names).collect()
    }

    /// Appends up to `rows` rows `[x | y]`; how many there were.
    fn read(
        &mut self,
        config: &FileConfig,
        dim: usize,
        rows: usize,
        out: &mut Vec<f64>,
    ) -> Result<usize, FileError> {
        let (x_reader, y_reader) = match self {
            Self::One(reader) => return reader.read(rows, out),
            Self::Two(x, y) => (x, y),
        };
        let (mut x, mut y) = (Vec::new(), Vec::new());
        let read = x_reader.read(rows, &mut x)?;
        let gradients = y_reader.read(rows, &mut y)?;
        if read != gradients {
            return Err(config.more_rows());
        }
        for (x, y) in x.chunks(dim).zip(y.chunks(dim)) {
            out.extend(x);
            out.extend(y);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_do_not_fit_into_memory_are_mapped_and_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pairs.csv");
        let mut text = String::from("a,b,c,d\n");
        for row in 0..10_000 {
            text.push_str(&format!("{row},{},0.5,-{row}.25\n", row * 2));
        }
        std::fs::write(&file, text).unwrap();
        let config = FileConfig::new(&file);
        let small = Storage::read(&config, usize::MAX).unwrap();
        assert!(matches!(small.numbers, Numbers::Memory(_)));
        // 320,000 bytes, of which a chunk has 131,072: the rows move out after the first chunk, the
        // second, and when all are read.
        for (limit, row) in [1_000, 300_000, 400_000]
            .into_iter()
            .flat_map(|limit| [0, 1, 4_095, 4_096, 9_999].map(|row| (limit, row)))
        {
            let large = Storage::read(&config, limit).unwrap();
            assert!(matches!(large.numbers, Numbers::Mapped(_)));
            assert_eq!((small.rows(), large.rows()), (10_000, 10_000));
            let look = |storage: &Storage| {
                let (mut x, mut y) = (Vec::new(), Vec::new());
                storage.row(row, &mut x, &mut y);
                (x, y)
            };
            assert_eq!(look(&small), look(&large));
            let x = f64::from(row);
            assert_eq!(look(&large), (vec![x, 2.0 * x], vec![0.5, -x - 0.25]));
            assert_eq!(small.digest(), large.digest());
        }
    }

    /// 16,777,217 = 2^24 + 1 is no 32-bit float.
    #[test]
    fn numbers_keep_all_their_digits_and_the_digest_sees_them() {
        let folder = tempfile::tempdir().unwrap();
        let read = |number: &str| {
            let file = folder.path().join("pairs.csv");
            std::fs::write(&file, format!("a,b\n{number},1e-50\n3,4\n")).unwrap();
            Storage::read(&FileConfig::new(&file), usize::MAX).unwrap()
        };
        let (storage, near) = (read("16777217"), read("16777216"));
        let (mut x, mut y) = (Vec::new(), Vec::new());
        storage.row(0, &mut x, &mut y);
        assert_eq!((x, y), (vec![16_777_217.0], vec![1e-50]));
        assert_eq!(storage.columns(), ["column `a`", "column `b`"]);
        assert_ne!(storage.digest(), near.digest());
        assert_eq!(storage.narrow_digest(), near.narrow_digest());
    }
}
