//! What the first lines of a text file tell: its dialect, its columns, and whether its first line
//! names them or is a point already.

use std::path::Path;

use super::dialect::{Dialect, usual};
use super::fields::{Delimiter, Fields, integer, numeric, parse};
use super::lines::Lines;
use crate::files::{FileError, Naming, Reading};

/// Lines looked at before the first row is read, and bytes of them; two lines in any case.
const LINES: usize = 200;
const BYTES: usize = 1 << 20;

/// Why a file without a line of values is refused.
const WANTED: &str =
    "the first line names the columns, every line after it is a row of as many numbers";

/// What the first lines tell.
pub(super) struct Head {
    pub(super) dialect: Dialect,
    /// Names of the columns; numbers from 1 where nothing names them.
    pub(super) names: Vec<String>,
    /// The first lines of values, with their numbers.
    pub(super) lines: Vec<(u64, Vec<u8>)>,
    /// What had to be assumed.
    pub(super) notes: Vec<String>,
}

/// Whether a line is a comment, as `numpy.savetxt` and MATLAB write them.
pub(super) fn comment(line: &[u8]) -> Option<&[u8]> {
    match line.trim_ascii_start() {
        [b'#' | b'%', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// Reads the first lines.
pub(super) fn read(
    file: &Path,
    source: &mut Lines,
    Reading { header, naming, .. }: Reading,
) -> Result<Head, FileError> {
    let Sample {
        comments,
        mut lines,
        told,
    } = sample(source)?;
    if lines.is_empty() {
        return Err(FileError::Format {
            file: file.into(),
            reason: match comments.is_empty() {
                true => "it is empty".into(),
                false => "it has comments only".into(),
            },
            remedy: WANTED.into(),
        });
    }
    let body: Vec<&[u8]> = lines[usize::from(lines.len() > 1)..]
        .iter()
        .map(|(_, line)| line.as_slice())
        .collect();
    let dialect = Dialect::of(&body, told);
    let body: Vec<Fields> = body
        .iter()
        .map(|line| Fields::of(line, dialect.delimiter))
        .collect();
    let columns = columns(&body);
    let mut notes = Vec::new();
    let first = Fields::of(&lines[0].1, dialect.delimiter);
    let rest = if lines.len() > 1 { &body[..] } else { &[] };
    let from_comment = || {
        let comment = comments.last().filter(|_| header != Some(false))?;
        let names = split_names(comment, columns, dialect.delimiter)?;
        (!names.iter().all(|field| numeric(field))).then_some(names)
    };
    let named = match header {
        // A comment that has the names leaves none to a line of numbers.
        _ if from_comment().is_some() && first.iter().all(numeric) => false,
        Some(header) => header,
        None => first_line_names(&first, rest, dialect, naming, &mut notes),
    };
    let names = if named {
        let (_, line) = lines.remove(0);
        let mut names = match split_names(&line, columns, dialect.delimiter) {
            Some(names) => names,
            None => first.iter().map(<[u8]>::to_vec).collect(),
        };
        fit_names(&mut names, columns, rest);
        text(file, &names)?
    } else if let Some(names) = from_comment() {
        let names = text(file, &names)?;
        notes.push("the names of the columns are from the comment above the values".into());
        names
    } else {
        let fields = match rest.is_empty() {
            true => first.len() - trailing(std::slice::from_ref(&first)),
            false => first.len() - usize::from(first.len() > columns && trailing(rest) == 1),
        };
        (1..=fields).map(|number| number.to_string()).collect()
    };
    if dialect.decimal_comma {
        let example = lines.iter().find_map(|(_, line)| {
            let fields = Fields::of(line, dialect.delimiter);
            let field = fields.iter().find(|field| field.contains(&b','))?;
            let number = parse(field, true).ok()?;
            Some(format!("{} is {number}", String::from_utf8_lossy(field)))
        });
        let example = example.unwrap_or_else(|| "0,5 is 0.5".into());
        notes.push(format!(
            "its numbers are read with a decimal comma: {example}"
        ));
    }
    Ok(Head {
        dialect,
        names,
        lines,
        notes,
    })
}

/// The first lines, sorted.
struct Sample {
    /// Comments above the first line of values, without their mark.
    comments: Vec<Vec<u8>>,
    lines: Vec<(u64, Vec<u8>)>,
    /// The delimiter, if the file begins with Excel's `sep=;`.
    told: Option<Delimiter>,
}

fn sample(source: &mut Lines) -> Result<Sample, FileError> {
    let mut sample = Sample {
        comments: Vec::new(),
        lines: Vec::new(),
        told: None,
    };
    let (mut bytes, mut line) = (0, Vec::new());
    while sample.lines.len() < 2 || (sample.lines.len() < LINES && bytes < BYTES) {
        let Some(number) = source.next(&mut line)? else {
            break;
        };
        if line.trim_ascii().is_empty() {
            continue;
        }
        if let Some(comment) = comment(&line) {
            if sample.lines.is_empty() {
                sample.comments.push(comment.to_vec());
            }
            continue;
        }
        if sample.lines.is_empty()
            && let [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter] = line.trim_ascii_end()
        {
            sample.told = Some(Delimiter::Byte(*delimiter));
            continue;
        }
        // A quoted name may hold a line end; a quoted number does not.
        while sample.lines.is_empty() && open_quote(&line) && line.len() < BYTES {
            let mut more = Vec::new();
            if source.next(&mut more)?.is_none() {
                break;
            }
            line.push(b' ');
            line.extend(more);
        }
        bytes += line.len();
        sample.lines.push((number, std::mem::take(&mut line)));
    }
    Ok(sample)
}

fn open_quote(line: &[u8]) -> bool {
    line.iter().filter(|byte| **byte == b'"').count() % 2 == 1
}

/// Values of a line, as most lines have them; an empty one after a last delimiter does not count.
fn columns(body: &[Fields]) -> usize {
    usual(body.iter().map(Fields::len)) - trailing(body)
}

/// 1 if every line ends in a delimiter, after which there is nothing; else 0.
fn trailing(body: &[Fields]) -> usize {
    let widest = usual(body.iter().map(Fields::len));
    let mut whole = body.iter().filter(|line| line.len() == widest);
    let ends = |line: &Fields| line.len() > 1 && line.get(line.len() - 1).is_empty();
    let any = whole.clone().next().is_some();
    usize::from(any && whole.all(ends))
}

/// The names in a line, split as the values are, or else in another way that gives one a column:
/// `numpy.savetxt` writes its header as it is told, whatever stands between the values.
fn split_names(line: &[u8], columns: usize, delimiter: Delimiter) -> Option<Vec<Vec<u8>>> {
    let others = [b',', b';', b'\t', b'|'].map(Delimiter::Byte);
    [delimiter]
        .into_iter()
        .chain(others)
        .chain([Delimiter::Space])
        .map(|delimiter| Fields::of(line, delimiter))
        .find(|fields| fields.len() == columns)
        .map(|fields| fields.iter().map(<[u8]>::to_vec).collect())
}

/// Makes the names as many as the columns where one is too many or too few for a known reason.
fn fit_names(names: &mut Vec<Vec<u8>>, columns: usize, rest: &[Fields]) {
    let last_is_empty = names.last().is_some_and(Vec::is_empty);
    if last_is_empty && names.len() == columns + 1 {
        names.pop();
    } else if names.len() + 1 == columns
        && !rest.is_empty()
        && rest
            .iter()
            .all(|line| integer(line.get(0)) || !numeric(line.get(0)))
    {
        // R writes the names or numbers of the rows without a name above them.
        names.insert(0, Vec::new());
    }
}

fn text(file: &Path, names: &[Vec<u8>]) -> Result<Vec<String>, FileError> {
    names
        .iter()
        .map(|name| {
            String::from_utf8(name.clone()).map_err(|_| FileError::Format {
                file: file.into(),
                reason: format!(
                    "the name `{}` of a column is not UTF-8 text",
                    String::from_utf8_lossy(name)
                ),
                remedy: "save the file as UTF-8".into(),
            })
        })
        .collect()
}

/// Whether the first line names the columns, with a note where that can be doubted.
fn first_line_names(
    first: &Fields,
    rest: &[Fields],
    dialect: Dialect,
    naming: Naming,
    notes: &mut Vec<String>,
) -> bool {
    // An empty last field is what a last delimiter leaves.
    let fields: Vec<&[u8]> = first.iter().collect();
    let fields = match fields.as_slice() {
        [some @ .., last] if last.is_empty() && !some.is_empty() => some,
        all => all,
    };
    if !fields.iter().all(|field| numeric(field)) {
        let fraction = |field: &&[u8]| numeric(field) && !integer(field) && !missing(field);
        let words = fields
            .iter()
            .any(|field| !field.is_empty() && !numeric(field));
        // pandas leaves the name of its row numbers empty: `,0,1,2,3`.
        let index = fields[0].is_empty() && counts_up(&fields[1..]);
        return !fields.iter().any(fraction) && (words || index);
    }
    if !counts_up(fields) {
        // Columns called by floats are rarer than points: they are read as values.
        let whole: Option<Vec<&[u8]>> =
            fields.iter().map(|field| without_decimals(field)).collect();
        let whole = whole.filter(|whole| whole.len() > 2 && matches!(whole[0], b"0" | b"1"));
        if whole.is_some_and(|whole| counts_up(&whole)) {
            notes.push(counting(fields, dialect, naming, false));
        }
        return false;
    }
    let start = fields[0];
    let few = fields.len() < 3 || !matches!(start, b"0" | b"1");
    // Values that were counted would stand among other integers.
    let alone = !rest.is_empty() && !rest.iter().flat_map(Fields::iter).any(integer);
    let named = !few || alone;
    notes.push(counting(fields, dialect, naming, named));
    named
}

/// What is said of a first line that counts up.
fn counting(fields: &[&[u8]], dialect: Dialect, naming: Naming, named: bool) -> String {
    let shown = shown(fields, dialect.delimiter);
    let read = match named {
        true => "as names of the columns, not as values",
        false => "as values, not as names of the columns",
    };
    let otherwise = naming.header(!named);
    format!("the first line, {shown}, counts up; it is read {read} (otherwise: {otherwise})")
}

/// `3` of `3.0`; nothing if there are other decimals.
fn without_decimals(field: &[u8]) -> Option<&[u8]> {
    let point = field.iter().position(|byte| *byte == b'.')?;
    let (whole, decimals) = field.split_at(point);
    decimals[1..]
        .iter()
        .all(|byte| *byte == b'0')
        .then_some(whole)
}

/// Whether these are integers, each one more than the one before.
fn counts_up(fields: &[&[u8]]) -> bool {
    let number = |field: &[u8]| -> Option<u64> {
        let digits = !field.is_empty() && field.iter().all(u8::is_ascii_digit);
        let text = std::str::from_utf8(field).ok().filter(|_| digits)?;
        text.parse().ok()
    };
    let Some(first) = fields.first().and_then(|field| number(field)) else {
        return false;
    };
    fields
        .iter()
        .zip(first..)
        .all(|(field, expected)| number(field) == Some(expected))
}

/// Whether a field that reads as a number says that there is none.
fn missing(field: &[u8]) -> bool {
    parse(field, true).is_ok_and(|number| !number.is_finite())
}

/// A line as it is told: its first fields.
fn shown(fields: &[&[u8]], delimiter: Delimiter) -> String {
    const SHOWN: usize = 6;
    let between = match delimiter {
        Delimiter::Byte(byte) => char::from(byte).to_string(),
        Delimiter::Space => " ".into(),
    };
    let texts: Vec<_> = fields
        .iter()
        .take(SHOWN)
        .map(|field| String::from_utf8_lossy(field))
        .collect();
    let more = if fields.len() > SHOWN { ".." } else { "" };
    format!("`{}{more}`", texts.join(&between))
}
