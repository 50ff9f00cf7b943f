//! What goes to stdout: lines, tables with aligned columns, and JSON; and notes to stderr.

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use gradnet_train::data::file::{Beyond, Columns};
use gradnet_train::files::RowReader;
use gradnet_train::measure::four_digits;
use serde::Serialize;

/// Prints `value` as indented JSON.
pub fn json(value: &impl Serialize) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    serde_json::to_writer_pretty(&mut stdout, value)?;
    writeln!(stdout)?;
    Ok(())
}

/// Prints `value` as JSON on a line of its own.
pub fn json_line(value: &impl Serialize) -> io::Result<()> {
    line(serde_json::to_string(value)?)
}

/// Prints `text` as it is, with a line end.
pub fn line(text: impl std::fmt::Display) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")?;
    Ok(())
}

/// Whether nothing but errors is said on stderr.
static QUIET: AtomicBool = AtomicBool::new(false);

/// From now on says nothing but errors on stderr.
pub fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

/// Whether nothing but errors is said on stderr.
pub fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Says `text` on stderr, unless the program is to be quiet.
pub fn note(text: impl std::fmt::Display) {
    if !is_quiet() {
        error(text);
    }
}

/// Says on stderr why a command ends without its result, quiet or not.
pub fn error(text: impl std::fmt::Display) {
    // Nobody is left to tell if stderr is closed.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Says which columns of a file hold the points, and what was assumed of it.
pub fn points(file: &Path, reader: &RowReader) {
    let told = Columns::of_points(reader).told(file);
    told.iter().for_each(note);
}

/// Says if some of so many points are where a network has learned nothing: `what` is "points lie" or the like.
pub fn beyond(what: &str, found: Beyond, count: u64) {
    let Beyond { far, most } = found;
    if far > 0 {
        note(format_args!(
            "note: {far} of {count} {what} outside the cube around the training points by more than half its width, the farthest by {} widths: \
             the network has learned nothing there; check units, columns and offset",
            four_digits(most)
        ));
    }
}

/// Prints rows under a heading, each column as wide as its widest cell; the last column runs free.
pub fn table(heading: &[impl ToString], rows: &[impl AsRef<[String]>]) -> io::Result<()> {
    let heading: Vec<String> = heading.iter().map(ToString::to_string).collect();
    let mut widths = vec![0; heading.len()];
    let lines = || std::iter::once(heading.as_slice()).chain(rows.iter().map(AsRef::as_ref));
    for row in lines() {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut stdout = io::stdout().lock();
    for row in lines() {
        let mut text = String::new();
        for (width, cell) in widths.iter().zip(row) {
            text.push_str(&format!("{cell:width$}  "));
        }
        writeln!(stdout, "{}", text.trim_end())?;
    }
    Ok(())
}
