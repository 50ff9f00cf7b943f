//! What goes to stdout: lines, tables with aligned columns, and JSON; and notes to stderr.

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use gradnet_train::data::file::listed;
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

/// What chooses the weights, with its unit: hundredths of a decibel, four digits of anything else.
pub fn criterion(value: f64, unit: &str) -> String {
    match unit {
        "dB" => format!("{value:.2} dB"),
        "" => four_digits(value),
        unit => format!("{} {unit}", four_digits(value)),
    }
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
    let left_out = match reader.left_out() {
        [] => String::new(),
        left_out => format!("; left out: {}", listed(left_out)),
    };
    let names = listed(reader.names());
    note(format_args!("{}: points {names}{left_out}", file.display()));
    for text in reader.notes() {
        note(format_args!("note: {}: {text}", file.display()));
    }
}

/// Prints rows under a heading, each column as wide as its widest cell; the last column runs free.
pub fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> io::Result<()> {
    let heading = heading.map(str::to_owned);
    let mut widths = [0; N];
    for row in std::iter::once(&heading).chain(rows) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut stdout = io::stdout().lock();
    for row in std::iter::once(&heading).chain(rows) {
        let mut text = String::new();
        for (width, cell) in widths.iter().zip(row) {
            text.push_str(&format!("{cell:width$}  "));
        }
        writeln!(stdout, "{}", text.trim_end())?;
    }
    Ok(())
}
