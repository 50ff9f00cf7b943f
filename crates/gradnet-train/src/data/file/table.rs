//! A table of points without values: samples of a distribution.
//!
//! Any format that pairs are read from. Of a table whose columns are not named all are read but those that count the
//! rows; of an archive of arrays the array "x".

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::columns::open_one_kind;
use super::storage::{MEMORY, Storage};
use super::{Columns, Finding, Split, examination, place, scaling};
use crate::files::{FileError, Reading, RowReader, Wanted};

/// The points of a file, read and looked up by row.
#[derive(Clone)]
pub struct PointTable {
    file: PathBuf,
    names: Vec<String>,
    storage: Arc<Storage>,
}

impl PointTable {
    /// Opens the columns or arrays `columns` of a file, or those there are if none is named.
    ///
    /// # Errors
    /// If the file cannot be opened, or a column is missing, or there is none.
    fn open(file: &Path, columns: &[String], reading: Reading) -> Result<RowReader, FileError> {
        let open = |wanted| open_one_kind(file, columns, "x", Reading { wanted, ..reading });
        let mut reader = open(Wanted::Any)?;
        if reader.width() > 1 && reader.counts_rows() {
            reader = open(Wanted::Exactly(reader.width() - 1))?;
        }
        match reader.width() {
            0 => Err(FileError::Format {
                file: file.into(),
                reason: "it has no columns of numbers".into(),
                remedy: "write a point a row, its coordinates in columns".into(),
            }),
            _ => Ok(reader),
        }
    }

    /// The columns that [`read`](Self::read) would read, from the first rows: as many as the points have coordinates,
    /// or fewer arrays.
    ///
    /// # Errors
    /// As [`read`](Self::read), short of what is wrong with later rows.
    pub fn columns(
        file: &Path,
        columns: &[String],
        reading: Reading,
    ) -> Result<(Columns, usize), FileError> {
        let reader = Self::open(file, columns, reading)?;
        Ok((Columns::of_points(&reader), reader.width()))
    }

    /// Reads a whole file and checks every number in it. Large tables are kept in a temporary file that is mapped into
    /// memory.
    ///
    /// # Errors
    /// The first row that cannot be used, with its line and column.
    pub fn read(file: &Path, columns: &[String], reading: Reading) -> Result<Self, FileError> {
        let mut reader = Self::open(file, columns, reading)?;
        Ok(Self {
            file: file.into(),
            names: Columns::of_points(&reader).lasting(file).x,
            storage: Arc::new(Storage::read_points(&mut reader, MEMORY)?),
        })
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The names of the columns; none where nothing in the file names them, and of an array.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What a message calls a column: "column `x1`", "column 2 of `x`".
    pub fn column(&self, place: usize) -> &str {
        &self.storage.columns()[place]
    }

    /// The number of points.
    pub fn rows(&self) -> usize {
        self.storage.rows()
    }

    /// Coordinates of a point.
    pub fn dim(&self) -> usize {
        self.storage.dim()
    }

    /// A digest of all numbers in order, in hexadecimal.
    pub fn digest(&self) -> String {
        self.storage.digest()
    }

    /// The points of some rows, row after row.
    pub fn points(&self, rows: &[u32]) -> Vec<f64> {
        let mut points = Vec::with_capacity(rows.len() * self.dim());
        for row in rows {
            self.storage.row(*row, &mut points, &mut Vec::new());
        }
        points
    }

    /// Divides the rows by a seed: which train, and the shares `[validation, test]` of them that choose the weights and
    /// that are the test.
    ///
    /// # Errors
    /// If too few rows are left to train on with batches of `batch`.
    pub fn split(&self, seed: u64, shares: [f64; 2], batch: usize) -> Result<Split, FileError> {
        Split::of_file(&self.file, self.rows(), seed, shares, batch)
    }

    /// The mean `m` of the training points and their size, the root mean square of the coordinates of `x − m`.
    ///
    /// # Errors
    /// If all points are the same, or the size is beyond what can be squared.
    pub fn mean_and_size(&self, split: &Split) -> Result<(Vec<f64>, f64), FileError> {
        let fitted = scaling::fit_points(&self.storage, &split.trained(), self.dim());
        fitted.map_err(|(reason, remedy)| FileError::Format {
            file: self.file.clone(),
            reason,
            remedy,
        })
    }

    /// What would ruin a fit to these points: stand-ins for missing values, slips of the keyboard, rows repeated across
    /// the split, columns of one number or of other units than the rest (`unlike` is what can be done about those),
    /// fewer rows than columns.
    pub fn examine(&self, split: &Split, unlike: &str) -> Vec<Finding> {
        let place = |row, _| self.place(row);
        let mut findings = examination::examine_points(&self.storage, split, unlike, place);
        let file = self.file.display();
        let dim = self.dim();
        let mut constant = vec![true; dim];
        let mut first: Option<Vec<f64>> = None;
        self.storage.each_row(|_, x, _| {
            let first = first.get_or_insert_with(|| x.to_vec());
            for ((constant, x), first) in constant.iter_mut().zip(x).zip(&*first) {
                *constant &= x == first;
            }
        });
        let columns = constant.iter().filter(|constant| **constant).count();
        if columns > 0 {
            findings.push(Finding {
                message: format!(
                    "{columns} of the {dim} columns of {file} hold the same number in every row"
                ),
                remedy: "leave them out: name the others".into(),
            });
        }
        if split.training.len() < dim {
            findings.push(Finding {
                message: format!(
                    "{file} has {} rows to train on, fewer than its {dim} columns: most directions are never seen",
                    split.training.len()
                ),
                remedy: "add rows, or name fewer columns".into(),
            });
        }
        findings
    }

    /// Where a row stands in the file: "line 58" of a text, "row 57" elsewhere.
    pub fn place(&self, row: u32) -> String {
        place::name(&self.file, row, self.rows())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        (folder, file)
    }

    #[test]
    fn points_are_read_by_the_names_of_their_columns_or_all_but_row_numbers() {
        let text: String = (0..20)
            .map(|row| format!("{row},{}.5,{}\n", row * row, -row))
            .collect();
        let (_folder, file) = table("samples.csv", &format!("id,a,b\n{text}"));
        let all = PointTable::read(&file, &[], Reading::default()).unwrap();
        assert_eq!((all.rows(), all.dim()), (20, 2));
        assert_eq!(all.points(&[3, 0]), [9.5, -3.0, 0.5, 0.0]);
        assert_eq!(all.place(3), "line 5");
        let (columns, dim) = PointTable::columns(&file, &[], Reading::default()).unwrap();
        assert_eq!((columns.x, dim), (vec!["a".to_owned(), "b".into()], 2));
        assert_eq!(columns.left_out, ["id (the numbers of the rows)"]);

        let named = PointTable::read(&file, &["b".into()], Reading::default()).unwrap();
        assert_eq!((named.dim(), named.points(&[4])), (1, vec![-4.0]));
        assert_ne!(named.digest(), all.digest());
        let error = PointTable::read(&file, &["c".into()], Reading::default())
            .err()
            .unwrap();
        assert!(
            error.to_string().contains("column `c` is not in the file"),
            "{error}"
        );
    }

    /// Coordinates 0 to 9 have mean 4.5 and mean square deviation (10² − 1)/12 = 8.25, the second column's times 4.
    #[test]
    fn the_split_is_the_seeds_and_mean_and_size_are_of_the_training_rows() {
        let text: String = (0..12)
            .map(|row| format!("{}.0,{}\n", row % 10, 2 * (row % 10)))
            .collect();
        let (_folder, file) = table("samples.csv", &text);
        let table = PointTable::read(
            &file,
            &[],
            Reading {
                header: Some(false),
                ..Reading::default()
            },
        )
        .unwrap();
        let split = Split {
            training: (0..10).collect(),
            validation: vec![10],
            test: vec![11],
        };
        let (mean, size) = table.mean_and_size(&split).unwrap();
        assert_eq!(mean, [4.5, 9.0]);
        assert!((size * size - 8.25 * 5.0 / 2.0).abs() < 1e-12, "{size}");
        assert_eq!(
            table.split(3, [0.2, 0.2], 5).unwrap(),
            Split::new(12, 3, 0.2, 0.2)
        );
        let few = table.split(3, [0.2, 0.2], 50).unwrap_err();
        assert!(
            few.to_string()
                .contains("8 are left to train on, fewer than a batch of 50"),
            "{few}"
        );
    }

    #[test]
    fn bad_tables_say_what_is_wrong() {
        for (text, expected) in [
            ("a,b\n1,2\n3,nan\n", "line 3"),
            ("a,b\n1,2\n1,2\n1,2\n", "all its points are the same"),
        ] {
            let (_folder, file) = table("samples.csv", text);
            let read = PointTable::read(&file, &[], Reading::default());
            let found = read.and_then(|table| {
                let split = table.split(0, [0.1, 0.1], 1)?;
                table.mean_and_size(&split)
            });
            let error = found.unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
