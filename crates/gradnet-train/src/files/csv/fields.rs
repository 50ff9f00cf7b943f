//! The fields of a line, and the number that a field holds.

use std::borrow::Cow;

/// What stands between the fields of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delimiter {
    /// One such byte; spaces around it do not count.
    Byte(u8),
    /// Any number of spaces and tabs.
    Space,
}

/// The fields of a line, without the quotes and the white space around them.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    text: Vec<u8>,
    /// First byte of each field, and the one behind its last.
    places: Vec<(usize, usize)>,
}

impl Fields {
    /// The fields of `line`.
    pub(super) fn of(line: &[u8], delimiter: Delimiter) -> Self {
        let mut fields = Self::default();
        fields.split(line, delimiter);
        fields
    }

    /// Puts the fields of `line` in the place of what was there.
    pub(super) fn split(&mut self, line: &[u8], delimiter: Delimiter) {
        self.text.clear();
        self.places.clear();
        let mut rest = line.trim_ascii();
        // A tab is white space, and yet it may separate an empty first field or an empty last one.
        if delimiter == Delimiter::Byte(b'\t') {
            rest = line;
        }
        let mut more = !(rest.is_empty() && delimiter == Delimiter::Space);
        while more {
            (rest, more) = self.take(rest, delimiter);
        }
    }

    /// Takes the first field off `line`; what comes after it, and whether a field does.
    fn take<'a>(&mut self, line: &'a [u8], delimiter: Delimiter) -> (&'a [u8], bool) {
        let ends = |byte: &u8| match delimiter {
            Delimiter::Byte(delimiter) => *byte == delimiter,
            Delimiter::Space => matches!(byte, b' ' | b'\t'),
        };
        let start = self.text.len();
        let white = line.iter().take_while(|byte| **byte == b' ').count();
        let mut rest = &line[white..];
        if let Some(quoted) = rest.strip_prefix(b"\"") {
            rest = quoted;
            loop {
                let inside = rest.iter().position(|byte| *byte == b'"');
                self.text.extend(&rest[..inside.unwrap_or(rest.len())]);
                rest = inside.map_or(&[], |end| &rest[end + 1..]);
                match rest.strip_prefix(b"\"") {
                    Some(after) => {
                        self.text.push(b'"');
                        rest = after;
                    }
                    None => break,
                }
            }
        }
        let end = rest.iter().position(ends);
        self.text.extend(&rest[..end.unwrap_or(rest.len())]);
        let field = &self.text[start..];
        let left = field.len() - field.trim_ascii_start().len();
        let length = field.trim_ascii().len();
        self.places.push((start + left, start + left + length));
        match (end, delimiter) {
            (None, _) => (&[], false),
            (Some(end), Delimiter::Byte(_)) => (&rest[end + 1..], true),
            (Some(end), Delimiter::Space) => {
                let rest = rest[end..].trim_ascii_start();
                (rest, !rest.is_empty())
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The field of this number, counted from 0; empty beyond the last.
    pub(super) fn get(&self, field: usize) -> &[u8] {
        let (start, end) = self.places.get(field).copied().unwrap_or_default();
        &self.text[start..end]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.places
            .iter()
            .map(|(start, end)| &self.text[*start..*end])
    }
}

/// The number a field holds, or what is wrong with it.
pub(super) fn parse(field: &[u8], decimal_comma: bool) -> Result<f64, String> {
    let text = String::from_utf8_lossy(field);
    if text.is_empty() {
        return Err("is missing".into());
    }
    let plain = match decimal_comma && text.contains(',') {
        true if text.contains('.') => {
            return Err(format!("`{text}` has a point and a comma in it"));
        }
        true => Cow::Owned(text.replace(',', ".")),
        false => Cow::Borrowed(&*text),
    };
    if let Ok(number) = plain.parse() {
        return match decimal_comma && text.contains('.') {
            true => Err(format!(
                "`{text}` has a decimal point, and other numbers of the file a decimal comma"
            )),
            false => Ok(number),
        };
    }
    // The minus sign of printed text, and Fortran's exponents.
    plain
        .replace('\u{2212}', "-")
        .replace(['d', 'D'], "e")
        .parse()
        .map_err(|_| match (text.contains(','), text.ends_with('j')) {
            (true, _) => format!("`{text}` is not a number: it has a comma in it"),
            (_, true) => format!("`{text}` is a complex number"),
            _ => format!("`{text}` is not a number"),
        })
}

/// Whether a field is a number, with a decimal point or a decimal comma.
pub(super) fn numeric(field: &[u8]) -> bool {
    parse(field, false).is_ok() || has_decimal_comma(field)
}

/// Whether a field is a number only if its comma stands for a point.
pub(super) fn has_decimal_comma(field: &[u8]) -> bool {
    field.iter().filter(|byte| **byte == b',').count() == 1
        && !field.contains(&b'.')
        && !field.starts_with(b",")
        && !field.ends_with(b",")
        && parse(field, true).is_ok()
}

/// Whether a field is written as an integer.
pub(super) fn integer(field: &[u8]) -> bool {
    let digits = match field {
        [b'+' | b'-', digits @ ..] => digits,
        digits => digits,
    };
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str, delimiter: Delimiter) -> Vec<String> {
        let fields = Fields::of(line.as_bytes(), delimiter);
        fields
            .iter()
            .map(|field| String::from_utf8(field.to_vec()).unwrap())
            .collect()
    }

    #[test]
    fn a_line_has_the_fields_between_its_delimiters() {
        let comma = Delimiter::Byte(b',');
        assert_eq!(split(" 1, 2 ,\t3", comma), ["1", "2", "3"]);
        assert_eq!(split("1,,3,", comma), ["1", "", "3", ""]);
        assert_eq!(split("", comma), [""]);
        assert_eq!(
            split("\"a,b\", \"c \"\"d\"\"\",1", comma),
            ["a,b", "c \"d\"", "1"]
        );
        assert_eq!(split("\"unclosed,1", comma), ["unclosed,1"]);
        assert_eq!(split("\t1\t", Delimiter::Byte(b'\t')), ["", "1", ""]);
        assert_eq!(split("  1   2\t 3  ", Delimiter::Space), ["1", "2", "3"]);
        assert_eq!(split("\"a b\" c", Delimiter::Space), ["a b", "c"]);
        assert!(split("", Delimiter::Space).is_empty());
    }

    #[test]
    fn numbers_are_exact_in_every_way_of_writing_them() {
        for (text, value) in [
            ("0.1", 0.1),
            ("-1e-50", -1e-50),
            ("37000000.123456789", 37_000_000.123_456_79),
            ("9007199254740991", 9_007_199_254_740_991.0),
            ("\u{2212}2.5", -2.5),
            ("1.5D-03", 1.5e-3),
        ] {
            assert_eq!(parse(text.as_bytes(), false), Ok(value), "{text}");
        }
        assert_eq!(parse(b"-0,25", true), Ok(-0.25));
        assert_eq!(parse(b"12", true), Ok(12.0));
        assert!(parse(b"0.5", true).unwrap_err().contains("decimal point"));
        assert!(
            parse(b"1.234,5", true)
                .unwrap_err()
                .contains("a point and a comma")
        );
        assert!(parse(b"0,5", false).unwrap_err().contains("comma"));
        assert!(parse(b"(1+2j)", false).is_err());
    }
}
