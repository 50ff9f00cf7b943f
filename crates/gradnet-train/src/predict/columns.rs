//! Which columns or arrays hold the points, and which the predictions.

use std::path::Path;

use super::PredictOptions;
use crate::data::file::{ColumnNames, are_places, listed};
use crate::files::{FileError, Format, Naming, Part, Reading, RowReader, Selection, Wanted};

/// Opens the columns or arrays with the points.
pub(super) fn open(
    columns: &ColumnNames,
    input: &Path,
    options: &PredictOptions,
    dim: usize,
) -> Result<RowReader, FileError> {
    let reading = |naming: Naming| Reading {
        wanted: Wanted::Exactly(dim),
        ..naming.reading(options.header)
    };
    let named = |names: &[String]| {
        let names = Selection::Named(names.to_vec());
        RowReader::open_with(input, &names, reading(Naming::NONE))
    };
    let all = || match Format::of(input)?.has_arrays() {
        true => named(&["x".to_owned()]),
        false => RowReader::open_with(input, &Selection::All, reading(Naming::OPTION)),
    };
    if let Some(names) = &options.x {
        return named(names);
    }
    let trained = match options.inverse {
        true => &columns.y,
        false => &columns.x,
    };
    if trained.is_empty() {
        return all();
    }
    // Only where nothing has a name the places say which is which.
    let format = Format::of(input)?;
    let unnamed = match format {
        Format::Npy => return all(),
        Format::Csv => all().ok().filter(|reader| are_places(reader.names())),
        _ => None,
    };
    if let Some(reader) = unnamed {
        match reader.width() == dim {
            true => return Ok(reader),
            false => return named(trained).or(Ok(reader)),
        }
    }
    // An array of points has no names of columns.
    let whole = || all().ok().filter(|_| format.has_arrays());
    named(trained).or_else(|error| whole().ok_or(error)).map_err(|error| match error {
        FileError::Column {
            file,
            what,
            name,
            requirement,
            remedy,
        } if !requirement.contains("times") => FileError::Column {
            file,
            what,
            name,
            requirement,
            remedy: format!(
                "{remedy}; name the columns or the array with the points, in the order the run was \
                 trained on ({}): --x NAMES",
                listed(trained)
            ),
        },
        error => error,
    })
}

/// Rows that are no points of the network.
pub(super) fn uneven(
    input: &Path,
    reader: &RowReader,
    dim: usize,
    columns: &ColumnNames,
) -> Result<FileError, FileError> {
    let trained = match columns.x.as_slice() {
        [] => String::new(),
        names => format!(" ({})", listed(names)),
    };
    let mut reason = format!(
        "a point has {} coordinates there ({}), the network wants {dim}{trained}",
        reader.width(),
        listed(reader.names())
    );
    if !reader.left_out().is_empty() {
        reason.push_str(&format!("; left out: {}", listed(reader.left_out())));
    }
    Ok(FileError::Format {
        file: input.into(),
        reason,
        remedy: match Format::of(input)? {
            Format::Npy => {
                "save an array with the points alone, of shape (points, coordinates)".into()
            }
            _ if reader.names().len() < dim => {
                "give it a column for each coordinate, or the array with the points: --x NAMES"
                    .into()
            }
            _ => format!(
                "name the columns with the points, such as --x {}",
                reader.names()[..dim.min(8)].join(",")
            ),
        },
    })
}

/// The parts of the output and their columns' names.
pub(super) fn parts(names: ColumnNames, dim: usize, options: &PredictOptions) -> Vec<Part> {
    let ColumnNames {
        x: points,
        y: values,
    } = names;
    let (given, letter, name) = match options.inverse {
        true => (points, "x", "inverse"),
        false => (values, "f", "gradient"),
    };
    let named = match given.len() == dim {
        true => given,
        false => (1..=dim).map(|i| format!("{letter}{i}")).collect(),
    };
    let mut parts = vec![Part {
        name: name.into(),
        shape: vec![dim],
        columns: named,
    }];
    if options.potential {
        parts.push(Part {
            name: "potential".into(),
            shape: vec![],
            columns: vec!["potential".into()],
        });
    }
    if options.jacobian {
        let pairs = (1..=dim).flat_map(|i| (1..=dim).map(move |j| format!("j{i}_{j}")));
        parts.push(Part {
            name: "jacobian".into(),
            shape: vec![dim, dim],
            columns: pairs.collect(),
        });
    }
    if options.log_density {
        parts.push(Part {
            name: "log_density".into(),
            shape: vec![],
            columns: vec!["log_density".into()],
        });
    }
    parts
}
