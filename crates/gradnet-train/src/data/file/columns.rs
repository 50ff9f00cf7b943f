//! Which columns or arrays of a file are the points, and which the gradients.

use std::fmt;
use std::path::Path;

use super::config::Readers;
use super::{ColumnNames, FileConfig};
use crate::files::{FileError, Format, Naming, Reading, RowReader, Selection, Wanted};

const NAMING: Naming = Naming {
    columns: "x and y under [data.file], or --x and --y",
    table: "[data.file]",
};

/// The columns or arrays that a config reads, as they are told to its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// Those with the points.
    pub x: Vec<String>,
    /// Those with the gradients; none of a table of points alone.
    pub y: Vec<String>,
    /// Whether these are names that `x` and `y` of a config may have.
    pub named: bool,
    /// Columns that are not read, with the reason.
    pub left_out: Vec<String>,
    /// What had to be assumed of the file, and how to say it is otherwise.
    pub notes: Vec<String>,
}

/// One line: the points, the gradients, and what is left out.
impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "points {}", listed(&self.x))?;
        if !self.y.is_empty() {
            write!(f, "; gradients {}", listed(&self.y))?;
        }
        match self.left_out.as_slice() {
            [] => Ok(()),
            left_out => write!(f, "; left out: {}", listed(left_out)),
        }
    }
}

impl Columns {
    /// Those of a table of points alone.
    pub fn of_points(reader: &RowReader) -> Self {
        Self {
            x: reader.names().to_vec(),
            y: Vec::new(),
            named: true,
            left_out: reader.left_out().to_vec(),
            notes: reader.notes().to_vec(),
        }
    }

    /// The names by which other tables are held to these columns: none where nothing in the file
    /// names them, and of a file of arrays.
    pub(crate) fn lasting(&self, path: &Path) -> ColumnNames {
        let is_table = matches!(Format::of(path), Ok(Format::Csv | Format::Parquet));
        let lasting = |names: &[String]| match self.named && is_table && !are_places(names) {
            true => names.to_vec(),
            false => Vec::new(),
        };
        ColumnNames {
            x: lasting(&self.x),
            y: lasting(&self.y),
        }
    }

    /// What is read of the file at `path`, and what was assumed of it, a line each.
    pub fn told(&self, path: &Path) -> Vec<String> {
        let read = format!("{}: {self}", path.display());
        let notes = self.notes.iter();
        let notes = notes.map(|note| format!("note: {}: {note}", path.display()));
        std::iter::once(read).chain(notes).collect()
    }
}

/// Whether columns are called by numbers, one more each: because nothing in the file names them,
/// or because pandas had no names.
pub(crate) fn are_places(names: &[String]) -> bool {
    let number = |name: &String| name.parse::<u64>().ok();
    let first = names.first().and_then(number);
    first.is_some_and(|first| {
        let mut names = names.iter().zip(first..);
        names.all(|(name, expected)| number(name) == Some(expected))
    })
}

/// Names between commas; of many the first and the last.
pub fn listed(names: &[String]) -> String {
    const SHOWN: usize = 8;
    match names {
        [some @ .., last] if some.len() >= SHOWN => {
            format!(
                "{}, .., {last} ({})",
                some[..SHOWN - 2].join(", "),
                names.len()
            )
        }
        names => names.join(", "),
    }
}

impl FileConfig {
    /// The columns or arrays that are read.
    ///
    /// # Errors
    /// If the file cannot be opened, a column is missing, or x and y are not equally wide.
    pub fn columns(&self) -> Result<Columns, FileError> {
        let (readers, dim) = self.open()?;
        let (x, y) = match &readers {
            Readers::One(reader) => halves(reader, dim),
            Readers::Two(x, y) => (whole(x), whole(y)),
        };
        let readers = match &readers {
            Readers::One(reader) => vec![reader],
            Readers::Two(x, y) => vec![x, y],
        };
        let all = |of: fn(&RowReader) -> &[String]| {
            let lists = readers.iter().map(|reader| of(reader));
            lists.flatten().cloned().collect::<Vec<_>>()
        };
        let named = |names: &[(String, bool)]| names.iter().all(|(_, named)| *named);
        Ok(Columns {
            named: named(&x) && named(&y),
            x: x.into_iter().map(|(name, _)| name).collect(),
            y: y.into_iter().map(|(name, _)| name).collect(),
            left_out: all(RowReader::left_out),
            notes: all(RowReader::notes),
        })
    }

    /// Reads the file or the two through; how many rows there are.
    ///
    /// # Errors
    /// The first row that cannot be used, or rows that one of two files has more than the other.
    pub fn check_rows(&self) -> Result<usize, FileError> {
        let (readers, _) = self.open()?;
        match readers {
            Readers::One(mut reader) => count(&mut reader),
            Readers::Two(mut x, mut y) => {
                let (points, gradients) = (count(&mut x)?, count(&mut y)?);
                match points == gradients {
                    true => Ok(points),
                    false => Err(self.more_rows()),
                }
            }
        }
    }

    /// Two files with different counts of rows.
    pub(super) fn more_rows(&self) -> FileError {
        let gradient = self.gradient_path.as_deref();
        FileError::Format {
            file: gradient.unwrap_or(Path::new("")).into(),
            reason: format!("it does not have as many rows as {}", self.path.display()),
            remedy: "store one gradient for every point, in the same order".into(),
        }
    }

    /// Opens the file or the two, and finds the dimension.
    pub(super) fn open(&self) -> Result<(Readers, usize), FileError> {
        match &self.gradient_path {
            Some(gradient) => self.open_two(gradient),
            None => self.open_one(),
        }
    }

    /// What is known of the file.
    pub(super) fn reading(&self, wanted: Wanted) -> Reading {
        Reading {
            wanted,
            ..NAMING.reading(self.header)
        }
    }

    fn open_two(&self, gradient: &Path) -> Result<(Readers, usize), FileError> {
        let open_x = |wanted| open_one_kind(&self.path, &self.x, "x", self.reading(wanted));
        let open_y = |wanted| open_one_kind(gradient, &self.y, "y", self.reading(wanted));
        let (mut x, mut y) = (open_x(Wanted::Any)?, open_y(Wanted::Any)?);
        let (points, gradients) = (x.width(), y.width());
        // A column that counts the rows of both files, or of the wider one, is no coordinate.
        let both = points == gradients && x.counts_rows() && y.counts_rows();
        if both || (points == gradients + 1 && x.counts_rows()) {
            x = open_x(Wanted::Exactly(points - 1))?;
        }
        if both || (gradients == points + 1 && y.counts_rows()) {
            y = open_y(Wanted::Exactly(gradients - 1))?;
        }
        if x.width() != y.width() || x.width() == 0 {
            return Err(self.uneven(x.width(), y.width()));
        }
        let dim = x.width();
        Ok((Readers::Two(x, y), dim))
    }

    fn open_one(&self) -> Result<(Readers, usize), FileError> {
        let format = Format::of(&self.path)?;
        if let Some(both) = self.x.iter().find(|name| self.y.contains(name)) {
            return Err(FileError::Column {
                file: self.path.clone(),
                what: if format.has_arrays() {
                    "array"
                } else {
                    "column"
                },
                name: both.clone(),
                requirement: "is named both in x and in y".into(),
                remedy: "name the points in x and the gradients at them in y".into(),
            });
        }
        let names = |given: &[String], array: &str| match given {
            [] if format.has_arrays() => vec![array.into()],
            given => given.to_vec(),
        };
        let (x, y) = (names(&self.x, "x"), names(&self.y, "y"));
        let selection = match (x.is_empty(), y.is_empty()) {
            (true, true) => Selection::All,
            (false, false) => Selection::Named([&x[..], &y].concat()),
            _ => {
                return Err(FileError::Format {
                    file: self.path.clone(),
                    reason: "only one of `x` and `y` is named".into(),
                    remedy: "name the columns of both, x = [..] and y = [..], or of neither".into(),
                });
            }
        };
        let reader = RowReader::open_with(&self.path, &selection, self.reading(Wanted::Even))?;
        let width = reader.width();
        if x.is_empty() {
            return match width > 0 && width % 2 == 0 {
                true => Ok((Readers::One(reader), width / 2)),
                false => Err(self.odd(&reader, format)),
            };
        }
        let dim: usize = reader.widths()[..x.len()].iter().sum();
        match 2 * dim == width {
            true => Ok((Readers::One(reader), dim)),
            false => Err(self.uneven(dim, width - dim)),
        }
    }

    fn uneven(&self, x: usize, y: usize) -> FileError {
        FileError::Format {
            file: self.path.clone(),
            reason: format!("a point has {x} coordinates and its gradient {y}"),
            remedy: "name as many columns for y as for x: x = [\"x1\", ..], y = [\"g1\", ..]"
                .into(),
        }
    }

    /// Columns that are not named and cannot be halved.
    fn odd(&self, reader: &RowReader, format: Format) -> FileError {
        let mut reason = match reader.width() {
            1 => "its only column cannot be halved into coordinates of points and gradients".into(),
            columns => format!(
                "its {columns} columns cannot be halved into coordinates of points and gradients"
            ),
        };
        if format != Format::Npy {
            reason.push_str(&format!(": {}", listed(reader.names())));
        }
        if !reader.left_out().is_empty() {
            reason.push_str(&format!("; left out: {}", listed(reader.left_out())));
        }
        let remedy = match format {
            Format::Npy => {
                "save an array of shape (points, 2 d); or points and gradients as two arrays of an \
                 .npz file, x and y"
            }
            Format::Csv if reader.width() == 1 && reader.left_out().is_empty() => {
                "write commas, semicolons, tabs, bars or spaces between the columns; no other \
                 separator is known"
            }
            _ => {
                "name the columns: x = [\"x1\", ..] for the points, y = [\"g1\", ..] for the gradients"
            }
        };
        FileError::Format {
            file: self.path.clone(),
            reason,
            remedy: remedy.into(),
        }
    }
}

/// Opens a file with numbers of one kind, points or gradients: the columns or arrays `given`; or all columns, or the
/// array `array`.
pub(super) fn open_one_kind(
    file: &Path,
    given: &[String],
    array: &str,
    reading: Reading,
) -> Result<RowReader, FileError> {
    let selection = match given {
        [] if Format::of(file)?.has_arrays() => Selection::Named(vec![array.into()]),
        [] => Selection::All,
        given => Selection::Named(given.to_vec()),
    };
    let header = reading
        .header
        .filter(|_| Format::of(file) == Ok(Format::Csv));
    RowReader::open_with(file, &selection, Reading { header, ..reading })
}

fn count(reader: &mut RowReader) -> Result<usize, FileError> {
    let mut rows = 0;
    let mut chunk = Vec::new();
    loop {
        chunk.clear();
        match reader.read(1_024, &mut chunk)? {
            0 => return Ok(rows),
            read => rows += read,
        }
    }
}

/// The names of a reader's columns, all of which are names that a config may have.
fn whole(reader: &RowReader) -> Vec<(String, bool)> {
    let names = reader.names().iter().cloned();
    names.map(|name| (name, true)).collect()
}

/// Names and their being so: of a column whose first numbers are of a point, and whose others are of
/// its gradient, it says which are which, and this is no name that a config may have.
type Names = Vec<(String, bool)>;

fn halves(reader: &RowReader, dim: usize) -> (Names, Names) {
    let (mut x, mut y, mut before) = (Vec::new(), Vec::new(), 0);
    for (name, width) in reader.names().iter().zip(reader.widths()) {
        let of_points = dim.saturating_sub(before).min(*width);
        let part = |which: &str, many: usize| match many == *width {
            true => (name.clone(), true),
            false => (format!("{name} ({which} {many} columns)"), false),
        };
        if of_points > 0 {
            x.push(part("first", of_points));
        }
        if of_points < *width {
            y.push(part("last", width - of_points));
        }
        before += width;
    }
    (x, y)
}
