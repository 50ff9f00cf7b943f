//! How a text file writes its numbers, found from its first lines: what stands between them, and
//! whether a comma is a decimal comma.

use super::fields::{Delimiter, Fields, has_decimal_comma, numeric};

/// How the numbers of a file are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: Delimiter,
    pub(super) decimal_comma: bool,
}

/// In this order where two do equally well: the first three never stand within a number.
const DELIMITERS: [Delimiter; 5] = [
    Delimiter::Byte(b'\t'),
    Delimiter::Byte(b';'),
    Delimiter::Byte(b'|'),
    Delimiter::Byte(b','),
    Delimiter::Space,
];

impl Dialect {
    /// The dialect of these lines: the delimiter that splits them into the most numbers among those
    /// that split most lines at all; `told` if the file says what its delimiter is.
    pub(super) fn of(lines: &[&[u8]], told: Option<Delimiter>) -> Self {
        let mut best = (-1.0, Delimiter::Byte(b','));
        for delimiter in DELIMITERS {
            let split = split(lines, delimiter);
            if usual(split.iter().map(Fields::len)) < 2 {
                continue;
            }
            let share = share_of_numbers(&split);
            if share > best.0 {
                best = (share, delimiter);
            }
        }
        let delimiter = told.unwrap_or(best.1);
        Self {
            delimiter,
            decimal_comma: decimal_comma(&split(lines, delimiter), delimiter),
        }
    }
}

fn split(lines: &[&[u8]], delimiter: Delimiter) -> Vec<Fields> {
    lines
        .iter()
        .map(|line| Fields::of(line, delimiter))
        .collect()
}

/// The count that is there most often, of several the largest; 0 of none.
pub(super) fn usual(counts: impl Iterator<Item = usize>) -> usize {
    let mut seen: Vec<(usize, usize)> = Vec::new();
    for count in counts {
        match seen.iter_mut().find(|(known, _)| *known == count) {
            Some((_, times)) => *times += 1,
            None => seen.push((count, 1)),
        }
    }
    seen.into_iter()
        .max_by_key(|(count, times)| (*times, *count))
        .map_or(0, |(count, _)| count)
}

/// Numbers among the fields that are not empty.
fn share_of_numbers(lines: &[Fields]) -> f64 {
    let (mut numbers, mut fields) = (0, 0);
    for field in lines.iter().flat_map(Fields::iter) {
        if !field.is_empty() {
            fields += 1;
            numbers += usize::from(numeric(field));
        }
    }
    f64::from(numbers as u32) / f64::from(fields.max(1) as u32)
}

/// Whether commas within fields stand for points: there are such fields, and none with a point.
fn decimal_comma(lines: &[Fields], delimiter: Delimiter) -> bool {
    let fields = || lines.iter().flat_map(Fields::iter);
    let with_comma = || fields().filter(|field| has_decimal_comma(field));
    // Where commas also separate, a quoted "1,234" is as likely a thousand and more.
    let thousands = delimiter == Delimiter::Byte(b',') && with_comma().all(groups_of_thousands);
    let any = with_comma().next().is_some();
    any && !thousands && !fields().any(|field| field.contains(&b'.') && numeric(field))
}

/// "1,234": up to three digits, the first of which is no zero, then groups of three.
fn groups_of_thousands(field: &[u8]) -> bool {
    let digits = field.strip_prefix(b"-").unwrap_or(field);
    let mut groups = digits.split(|byte| *byte == b',');
    let first = groups.next().unwrap_or_default();
    (1..=3).contains(&first.len())
        && first[0] != b'0'
        && groups.all(|group| group.len() == 3 && group.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialect(text: &str) -> (Delimiter, bool) {
        let lines: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
        let found = Dialect::of(&lines, None);
        (found.delimiter, found.decimal_comma)
    }

    #[test]
    fn the_delimiter_is_the_one_that_leaves_numbers() {
        let comma = Delimiter::Byte(b',');
        for (text, delimiter, decimal_comma) in [
            ("0.1,0.2\n0.3,0.4", comma, false),
            ("0.1, 0.2\n0.3, 0.4", comma, false),
            ("0.1;0.2\n0.3;0.4", Delimiter::Byte(b';'), false),
            ("0,1;0,2\n0,3;0,4", Delimiter::Byte(b';'), true),
            ("0,1;2\n3;4", Delimiter::Byte(b';'), true),
            ("0.1|0.2\n0.3|0.4", Delimiter::Byte(b'|'), false),
            ("0.1 | 0.2\n0.3 | 0.4", Delimiter::Byte(b'|'), false),
            ("0.1\t0.2\n0.3\t0.4", Delimiter::Byte(b'\t'), false),
            ("0,1\t0,2\n0,3\t0,4", Delimiter::Byte(b'\t'), true),
            ("0.1,\t0.2\n0.3,\t0.4", comma, false),
            ("  0.1   0.2\n -0.3  -0.4", Delimiter::Space, false),
            ("0,1 0,2\n0,3 0,4", Delimiter::Space, true),
            ("\"0,1\",\"0,25\"\n\"0,3\",\"0,4\"", comma, true),
            ("\"1,234\",\"5,678\"", comma, false),
            ("1,234;5,678", Delimiter::Byte(b';'), true),
            ("0.1;1,5", Delimiter::Byte(b';'), false),
            ("0.5\n0.7", comma, false),
            ("a b,c\n0.1,0.2", comma, false),
            ("3 4,0.1,0.2\n5 6,0.3,0.4", comma, false),
        ] {
            assert_eq!(dialect(text), (delimiter, decimal_comma), "{text}");
        }
    }
}
