//! Which columns of a table hold coordinates, and which were only left over: numbers of rows, which
//! pandas, R and databases write beside them.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::{FileError, Reading, Selection};

/// Which counts of numbers in a row suit the one who reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// Any.
    #[default]
    Any,
    /// An even one: points and, after them, their gradients.
    Even,
    /// This one: points of that dimension.
    Exactly(usize),
}

impl Wanted {
    fn fits(self, width: usize) -> bool {
        match self {
            Self::Any => true,
            Self::Even => width > 0 && width.is_multiple_of(2),
            Self::Exactly(wanted) => width == wanted,
        }
    }
}

/// How whoever reads a file says which columns it is to be read from: what a remedy names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Naming {
    /// What names them, such as "x and y under [data.file]"; empty where nothing does.
    pub columns: &'static str,
    /// The table of a config that says whether there is a header; empty where the option alone does.
    pub table: &'static str,
}

impl Naming {
    /// By nothing: the names are given.
    pub const NONE: Self = Self {
        columns: "",
        table: "",
    };

    /// By the option alone.
    pub const OPTION: Self = Self {
        columns: "--x",
        table: "",
    };

    /// What is known of a file whose first line names the columns, or does not.
    pub fn reading(self, header: Option<bool>) -> Reading {
        Reading {
            header,
            naming: self,
            ..Reading::default()
        }
    }

    /// How other columns are read, if `what`.
    pub(super) fn others(self, what: &str) -> String {
        match self.columns {
            "" => String::new(),
            columns => format!("; {what}: {columns}"),
        }
    }

    /// How to say whether there is a header.
    pub(super) fn header(self, there: bool) -> String {
        match self.table {
            "" => format!("--header {there}"),
            table => format!("header = {there} under {table}, or --header {there}"),
        }
    }
}

impl Default for Naming {
    fn default() -> Self {
        Self::OPTION
    }
}

/// The columns that are read, and those that are not.
pub(super) struct Chosen {
    /// Places in the file.
    pub(super) places: Vec<usize>,
    /// Names of those left out, with the reason.
    pub(super) left_out: Vec<String>,
}

/// Finds the columns of a selection. Of all columns those are left out that have no name of their
/// own, and those that `skipped` says have no numbers.
pub(super) fn choose(
    file: &Path,
    selection: &Selection,
    names: &[String],
    naming: Naming,
    skipped: impl Fn(usize) -> bool,
) -> Result<Chosen, FileError> {
    let mut known: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, name) in names.iter().enumerate() {
        known.entry(name).or_default().push(place);
    }
    let mut chosen = Chosen {
        places: Vec::new(),
        left_out: Vec::new(),
    };
    match selection {
        Selection::All => {
            for (place, name) in names.iter().enumerate() {
                if name.trim().is_empty() {
                    chosen
                        .left_out
                        .push(format!("column {} (without a name)", place + 1));
                } else if is_index_name(name) || skipped(place) {
                    chosen.left_out.push(format!("{name} (an index)"));
                } else {
                    chosen.places.push(place);
                }
            }
        }
        Selection::Named(wanted) => {
            for name in wanted {
                match known.get(name.as_str()) {
                    Some(places) => chosen.places.push(places[0]),
                    None => return Err(FileError::missing(file, ("column", name), names, naming)),
                }
            }
        }
    }
    let doubled = |place: &&usize| known[names[**place].as_str()].len() > 1;
    if let Some(place) = chosen.places.iter().find(doubled) {
        let places = &known[names[*place].as_str()];
        let numbers: Vec<String> = places.iter().map(|place| (place + 1).to_string()).collect();
        return Err(FileError::Column {
            file: file.into(),
            what: "column",
            name: names[*place].clone(),
            requirement: format!("is there {} times: {}", places.len(), numbers.join(", ")),
            remedy: "give every column a name of its own".into(),
        });
    }
    Ok(chosen)
}

/// Whether a name is what pandas calls an index that has none.
fn is_index_name(name: &str) -> bool {
    let numbered = |rest: Option<&str>| {
        rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
    };
    numbered(name.strip_prefix("Unnamed: ")) || numbered(name.strip_prefix("__index_level_"))
}

/// Names that say a column tells rows apart, and nothing else.
const IDENTIFIERS: [&str; 13] = [
    "id",
    "idx",
    "index",
    "ix",
    "level_0",
    "point_id",
    "row",
    "row_id",
    "row_number",
    "rowid",
    "rownum",
    "rownumber",
    "sample_id",
];

/// Names that may say so.
const COUNTERS: [&str; 11] = [
    "#", "case", "n", "nr", "num", "number", "no", "no.", "obs", "point", "sample",
];

fn is_among(names: &[&str], name: &str) -> bool {
    let name = name.trim().to_lowercase().replace([' ', '-'], "_");
    names.contains(&name.as_str())
}

/// Whether a name is one that people give to the numbers of rows.
pub(super) fn is_row_number_name(name: &str) -> bool {
    is_among(&IDENTIFIERS, name) || is_among(&COUNTERS, name)
}

/// The columns, by their places among the numbers of a row, that hold the numbers of rows: `rows`
/// are the first rows of the table, `columns` the names and places of its single columns, `width`
/// the numbers in a row. Also what is to be said about a column that is kept.
pub(super) fn row_numbers(
    rows: &[f64],
    width: usize,
    columns: &[(Option<&str>, usize)],
    Reading { wanted, naming, .. }: Reading,
    index_found: bool,
) -> (Vec<usize>, Option<String>) {
    let count = rows.len() / width.max(1);
    let values = |place: usize| rows.iter().skip(place).step_by(width);
    let rises = |place: usize| {
        count > 0
            && values(place)
                .zip(values(place).skip(1))
                .all(|(a, b)| b - a == 1.0)
    };
    let counts = |place: usize| {
        let first = values(place).next().copied();
        rises(place) && (first == Some(0.0) || first == Some(1.0))
    };
    let integers = |place: usize| count > 0 && values(place).all(|value| value.fract() == 0.0);
    let distinct = |place: usize| {
        let mut seen = HashSet::new();
        count > 2 && values(place).all(|value| seen.insert(value.to_bits()))
    };
    let makes_it_fit = |left: usize| !wanted.fits(left) && wanted.fits(left - 1);
    let mut dropped = Vec::new();
    for (name, place) in columns {
        let Some(name) = name.filter(|name| is_row_number_name(name)) else {
            continue;
        };
        let left = width - dropped.len();
        let tells_apart = makes_it_fit(left) || (is_among(&IDENTIFIERS, name) && distinct(*place));
        if counts(*place) || (tells_apart && integers(*place)) {
            dropped.push(*place);
        }
    }
    let left = width - dropped.len();
    let first = columns.first().filter(|(_, place)| *place == 0);
    let Some((name, _)) = first.filter(|_| dropped.is_empty() && !index_found && left > 1) else {
        return (dropped, None);
    };
    if count > 1 && makes_it_fit(left) && rises(0) && integers(0) {
        return (vec![0], None);
    }
    // Three rows that count up may be points; many are hardly.
    let note = (counts(0) && count > 2 && wanted != Wanted::Any).then(|| {
        let name = name.map_or_else(
            || "the first column".into(),
            |name| format!("column {name}"),
        );
        format!(
            "{name} counts the rows, yet it is read as a coordinate{}, or take it out of the file",
            naming.others("if it is none, name those that are")
        )
    });
    (dropped, note)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(first: impl Fn(usize) -> f64) -> Vec<f64> {
        (0..10).flat_map(|row| [first(row), 0.5, 0.25]).collect()
    }

    const NAMED: [(Option<&str>, usize); 3] = [(Some("id"), 0), (Some("a"), 1), (Some("b"), 2)];
    const PLAIN: [(Option<&str>, usize); 3] = [(Some("t"), 0), (Some("a"), 1), (Some("b"), 2)];

    #[test]
    fn numbers_of_rows_are_left_out_and_coordinates_are_not() {
        let (up, scattered) = (rows(|row| row as f64), rows(|row| (row * 7 % 10) as f64));
        let fractions = rows(|row| row as f64 / 2.0);
        let (later, repeated) = (rows(|row| row as f64 + 1e3), rows(|row| (row % 3) as f64));
        for (rows, columns, wanted, dropped, told) in [
            (&up, NAMED, Wanted::Any, vec![0], false),
            (&up, NAMED, Wanted::Exactly(3), vec![0], false),
            (&up, PLAIN, Wanted::Even, vec![0], false),
            (&up, PLAIN, Wanted::Exactly(2), vec![0], false),
            (&up, PLAIN, Wanted::Exactly(3), vec![], true),
            (&up, PLAIN, Wanted::Any, vec![], false),
            (&scattered, NAMED, Wanted::Even, vec![0], false),
            (&scattered, NAMED, Wanted::Exactly(3), vec![0], false),
            (&scattered, NAMED, Wanted::Any, vec![0], false),
            (&repeated, NAMED, Wanted::Exactly(3), vec![], false),
            (&repeated, NAMED, Wanted::Even, vec![0], false),
            (&later, PLAIN, Wanted::Even, vec![0], false),
            (&later, PLAIN, Wanted::Exactly(3), vec![], false),
            (&scattered, PLAIN, Wanted::Even, vec![], false),
            (&fractions, NAMED, Wanted::Even, vec![], false),
        ] {
            let reading = Reading {
                wanted,
                ..Reading::default()
            };
            let (found, note) = row_numbers(rows, 3, &columns, reading, false);
            assert_eq!(
                (found, note.is_some()),
                (dropped, told),
                "{columns:?} {wanted:?}"
            );
        }
    }

    #[test]
    fn names_of_indices_are_known_and_others_are_not() {
        for name in ["Unnamed: 0", "Unnamed: 0.1", "__index_level_0__"] {
            assert!(is_index_name(name), "{name}");
        }
        for name in ["Unnamed", "x", "index", "__index__"] {
            assert!(!is_index_name(name), "{name}");
        }
        assert!(is_row_number_name(" Row ID") && is_row_number_name("INDEX"));
        assert!(!is_row_number_name("x1") && !is_row_number_name("identity"));
    }
}
