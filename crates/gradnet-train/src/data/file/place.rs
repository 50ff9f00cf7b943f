//! Where a row stands in its file: the line of a text, which an editor can go to.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use crate::files::Format;

/// "line 58" in a text file of so many `rows`, "row 57" elsewhere; `row` is counted from 0.
pub(crate) fn name(file: &Path, row: u32, rows: usize) -> String {
    let text = matches!(Format::of(file), Ok(Format::Csv));
    match text.then(|| line(file, row, rows)).flatten() {
        Some(line) => format!("line {line}"),
        None => format!("row {}", u64::from(row) + 1),
    }
}

/// The line of a row, if the file has a line for every row and at most one besides, for the names.
fn line(file: &Path, row: u32, rows: usize) -> Option<u64> {
    let mut filled = Vec::new();
    let mut count = 0;
    let wanted = row as usize;
    each_filled_line(file, |line| {
        // The row's own line if nothing names the columns, and the next if something does.
        if (wanted..wanted + 2).contains(&count) {
            filled.push(line);
        }
        count += 1;
    })?;
    filled.get(count.checked_sub(rows)?).copied()
}

/// Hears of every line that has something other than a comment on it, by its number from 1.
fn each_filled_line(file: &Path, mut hear: impl FnMut(u64)) -> Option<()> {
    let source = BufReader::with_capacity(1 << 16, File::open(file).ok()?);
    let (mut number, mut first, mut last) = (1, None, b'\n');
    for byte in source.bytes() {
        let byte = byte.ok()?;
        match byte {
            // A carriage return and a line feed are one end.
            b'\n' if last == b'\r' => {}
            b'\n' | b'\r' => {
                if first.take().is_some_and(|byte| !b"#%".contains(&byte)) {
                    hear(number);
                }
                number += 1;
            }
            b' ' | b'\t' => {}
            byte => {
                first.get_or_insert(byte);
            }
        }
        last = byte;
    }
    if first.is_some_and(|byte| !b"#%".contains(&byte)) {
        hear(number);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_line_that_an_editor_shows() {
        let folder = tempfile::tempdir().unwrap();
        for (text, rows, row, expected) in [
            ("a,b\n1,2\n3,4\n", 2, 1, "line 3"),
            ("1,2\n3,4\n", 2, 1, "line 2"),
            ("a,b\r\n\r\n1,2\r\n3,4", 2, 1, "line 4"),
            ("a,b\r1,2\r3,4\r", 2, 0, "line 2"),
            ("# made by hand\na b\n1 2\n\n3 4\n", 2, 1, "line 5"),
            // A row over two lines: the lines say nothing.
            ("a,b\n1,2\n\"3\n\",4\nx\n", 2, 0, "row 1"),
        ] {
            let file = folder.path().join("a.csv");
            std::fs::write(&file, text).unwrap();
            assert_eq!(name(&file, row, rows), expected, "{text:?}");
        }
        assert_eq!(name(&folder.path().join("a.npy"), 6, 9), "row 7");
    }
}
