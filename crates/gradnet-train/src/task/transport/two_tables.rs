//! Whether and how a source and a target go together.

use std::path::Path;

use crate::data::file::PointTable;
use crate::files::FileError;

/// Pairs of columns that a note names.
const PAIRS_SHOWN: usize = 6;

/// Refuses a target that is the source.
pub(super) fn check_differ(
    [source, target]: [&Path; 2],
    tables: [&PointTable; 2],
) -> Result<(), FileError> {
    match tables[0].digest() == tables[1].digest() {
        false => Ok(()),
        true => Err(FileError::Format {
            file: target.into(),
            reason: format!("it has the same numbers as {}", source.display()),
            remedy: "name the file with the points that the source is moved to".into(),
        }),
    }
}

/// A note that coordinates go together by their places, where their names do not say so.
pub(super) fn paired(from: &[String], to: &[String]) -> Vec<String> {
    let pairs = || from.iter().zip(to).filter(|(from, to)| from != to);
    if pairs().next().is_none() {
        return Vec::new();
    }
    let shown: Vec<String> = pairs()
        .take(PAIRS_SHOWN)
        .map(|(from, to)| format!("{to} with {from}"))
        .collect();
    let more = match pairs().count().saturating_sub(PAIRS_SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    vec![format!(
        "note: columns of the target go with those of the source by their places: {}{more}; target_columns names them \
         in another order",
        shown.join(", ")
    )]
}
