//! Paths from a table: one row per sample, in any format that is read here.

use std::collections::HashMap;
use std::path::Path as File;

use super::config::PathsFile;
use super::paths::{Path, Paths};
use crate::data::file::row_name;
use crate::files::{FileError, Format, Naming, RowReader, Selection};

pub(super) const NAMING: Naming = Naming {
    columns: "number, time, state and inputs under [dynamics.file], or --number, --time and --x",
    table: "[dynamics.file]",
};

/// Rows read at a time.
const CHUNK: usize = 4_096;

/// The table, opened: its reader, and the names of state and inputs number by number.
struct Opened {
    reader: RowReader,
    states: Vec<String>,
    inputs: Vec<String>,
}

/// Coordinates of a state.
///
/// # Errors
/// If the file cannot be opened or a column is missing.
pub fn dim(config: &PathsFile) -> Result<usize, FileError> {
    Ok(open(config)?.states.len())
}

/// The paths of a file, in the order of their first rows. Rows of several paths may be mixed.
///
/// # Errors
/// The first row that cannot be used: a time that does not come after the one before it in its path, a number that is
/// missing or not finite; or a path of one sample.
pub fn read(config: &PathsFile) -> Result<Paths, FileError> {
    let file = config.path.as_path();
    let Opened {
        mut reader,
        states,
        inputs,
    } = open(config)?;
    let width = reader.width();
    let mut numbers = Vec::new();
    while reader.read(CHUNK, &mut numbers)? > 0 {}
    let rows = numbers.len() / width;
    let place = |row: usize| row_name(file, row as u32, rows);
    let mut places: HashMap<u64, usize> = HashMap::new();
    let mut paths: Vec<(Path, usize)> = Vec::new();
    for (row, values) in numbers.chunks(width).enumerate() {
        let (number, time) = (values[0], values[1]);
        // Minus zero is zero.
        let index = *places.entry((number + 0.0).to_bits()).or_insert_with(|| {
            let empty = Path {
                number,
                times: Vec::new(),
                states: Vec::new(),
                inputs: Vec::new(),
            };
            paths.push((empty, row));
            paths.len() - 1
        });
        let (path, last) = &mut paths[index];
        if let Some(before) = path.times.last().copied().filter(|before| time <= *before) {
            return Err(disorder(
                config,
                place(row),
                (number, time),
                (before, place(*last)),
            ));
        }
        *last = row;
        path.times.push(time);
        let (state, input) = values[2..].split_at(states.len());
        path.states.extend(state);
        path.inputs.extend(input);
    }
    if let Some((path, row)) = paths.iter().find(|(path, _)| path.len() == 1) {
        return Err(FileError::Row {
            file: file.into(),
            place: place(*row),
            requirement: format!(
                "path {} has this sample only, and what does not move tells nothing",
                path.number
            ),
            remedy: format!(
                "remove the row, or check that column `{}` has one number for all samples of a path",
                config.number
            ),
        });
    }
    Ok(Paths {
        paths: paths.into_iter().map(|(path, _)| path).collect(),
        states,
        inputs,
    })
}

/// A time that does not come after the one before.
fn disorder(
    config: &PathsFile,
    place: String,
    (number, time): (f64, f64),
    (before, at): (f64, String),
) -> FileError {
    let (requirement, remedy) = match time == before {
        true => (
            format!("path {number} has the time {time} twice, here and in {at}: a step of no time"),
            "remove one of the two rows".into(),
        ),
        false => (
            format!("path {number} goes back in time here, to {time} from {before} in {at}"),
            format!(
                "sort the rows by `{}` and `{}`, or give each path its own number",
                config.number, config.time
            ),
        ),
    };
    FileError::Row {
        file: config.path.clone(),
        place,
        requirement,
        remedy,
    }
}

fn open(config: &PathsFile) -> Result<Opened, FileError> {
    let file: &File = &config.path;
    if Format::of(file)? == Format::Npy {
        return Err(FileError::Format {
            file: file.into(),
            reason: "a .npy file names nothing, and paths need to be told from times and states".into(),
            remedy: "save the arrays under their names, in Python: numpy.savez(\"paths.npz\", path=.., time=.., q=.., p=..)".into(),
        });
    }
    let single = [&config.number, &config.time];
    let names = single
        .into_iter()
        .chain(&config.state)
        .chain(&config.inputs);
    let names: Vec<String> = names.cloned().collect();
    let reader = RowReader::open_with(file, &Selection::Named(names), NAMING.reading(None))?;
    let widths = reader.widths();
    for (name, width) in single.into_iter().zip(widths) {
        if *width != 1 {
            return Err(FileError::Column {
                file: file.into(),
                what: "array",
                name: name.clone(),
                requirement: format!("has {width} numbers a row, not one"),
                remedy: "save one number for each sample".into(),
            });
        }
    }
    let numbered = |names: &[String], widths: &[usize]| -> Vec<String> {
        let each = |(name, width): (&String, &usize)| match width {
            1 => vec![name.clone()],
            width => (1..=*width).map(|i| format!("{name}{i}")).collect(),
        };
        names.iter().zip(widths).flat_map(each).collect()
    };
    let (of_state, of_inputs) = widths[2..].split_at(config.state.len());
    let (states, inputs) = (
        numbered(&config.state, of_state),
        numbered(&config.inputs, of_inputs),
    );
    Ok(Opened {
        reader,
        states,
        inputs,
    })
}
