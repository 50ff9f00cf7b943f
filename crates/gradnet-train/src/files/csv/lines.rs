//! Lines of a text file, numbered as an editor numbers them: ended by LF, CR LF or a lone CR; in
//! UTF-8 or UTF-16, plain or compressed by gzip.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use crate::files::FileError;

/// A longer line is taken for a file without line ends.
const LONGEST: usize = 1 << 28;

/// The lines of a text file, one after another.
pub(super) struct Lines {
    file: PathBuf,
    source: Box<dyn BufRead + Send>,
    /// Lines that were given out.
    line: u64,
    /// Whether the last line ended in a CR, whose LF may follow.
    returned: bool,
}

impl Lines {
    /// Opens a file and finds out its encoding.
    pub(super) fn open(file: &Path) -> Result<Self, FileError> {
        let failed = |error: io::Error| FileError::read(file, &error);
        let mut source: Box<dyn BufRead + Send> =
            Box::new(BufReader::new(File::open(file).map_err(failed)?));
        if source.fill_buf().map_err(failed)?.starts_with(b"\x1f\x8b") {
            source = Box::new(BufReader::new(MultiGzDecoder::new(source)));
        }
        let start = source.fill_buf().map_err(failed)?;
        match start[..start.len().min(4)].to_vec().as_slice() {
            [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => {
                return Err(FileError::Format {
                    file: file.into(),
                    reason: "it is text in UTF-32".into(),
                    remedy: "save it as UTF-8".into(),
                });
            }
            [0xef, 0xbb, 0xbf, ..] => source.consume(3),
            [0xff, 0xfe, ..] => source = Utf16::over(source, 2, u16::from_le_bytes),
            [0xfe, 0xff, ..] => source = Utf16::over(source, 2, u16::from_be_bytes),
            [1..=255, 0, 1..=255, 0] => source = Utf16::over(source, 0, u16::from_le_bytes),
            [0, 1..=255, 0, 1..=255] => source = Utf16::over(source, 0, u16::from_be_bytes),
            _ => {}
        }
        Ok(Self {
            file: file.into(),
            source,
            line: 0,
            returned: false,
        })
    }

    /// Reads the next line into `text`, without its end; its number from 1, or None at the end.
    pub(super) fn next(&mut self, text: &mut Vec<u8>) -> Result<Option<u64>, FileError> {
        text.clear();
        let mut any = false;
        loop {
            let bytes = match self.source.fill_buf() {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.damaged(&error)),
            };
            if self.returned {
                self.returned = false;
                if bytes.first() == Some(&b'\n') {
                    self.source.consume(1);
                    continue;
                }
            }
            if bytes.is_empty() {
                break;
            }
            any = true;
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            text.extend(&bytes[..end.unwrap_or(bytes.len())]);
            self.returned = end.is_some_and(|end| bytes[end] == b'\r');
            let gone = end.map_or(bytes.len(), |end| end + 1);
            self.source.consume(gone);
            if end.is_some() {
                break;
            }
            if text.len() > LONGEST {
                return Err(FileError::Row {
                    file: self.file.clone(),
                    place: format!("line {}", self.line + 1),
                    requirement: "it goes on for more than 256 MiB".into(),
                    remedy: "write a point a line, each ended by a line feed".into(),
                });
            }
        }
        if !any {
            return Ok(None);
        }
        self.line += 1;
        Ok(Some(self.line))
    }

    fn damaged(&self, error: &io::Error) -> FileError {
        let place = format!("line {}", self.line + 1);
        match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => FileError::Row {
                file: self.file.clone(),
                place,
                requirement: format!("the compressed text is damaged ({error})"),
                remedy: "copy or write the file again".into(),
            },
            io::ErrorKind::UnexpectedEof => FileError::Row {
                file: self.file.clone(),
                place,
                requirement: "the compressed text is cut off here".into(),
                remedy: "copy or write the file again".into(),
            },
            _ => FileError::read(&self.file, error),
        }
    }
}

/// UTF-16 text as UTF-8.
struct Utf16<R> {
    source: R,
    unit: fn([u8; 2]) -> u16,
    /// A high surrogate whose other half is still to come.
    high: Option<u16>,
}

impl<R: BufRead + Send + 'static> Utf16<R> {
    /// Decodes what comes after the first `mark` bytes.
    fn over(mut source: R, mark: usize, unit: fn([u8; 2]) -> u16) -> Box<dyn BufRead + Send> {
        source.consume(mark);
        Box::new(BufReader::new(Self {
            source,
            unit,
            high: None,
        }))
    }
}

impl<R: BufRead> Read for Utf16<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut units: Vec<u16> = self.high.take().into_iter().collect();
        // A unit has at most three bytes in UTF-8.
        while units.len() < (out.len() / 3).min(2_048) {
            let mut bytes = [0; 2];
            let first = self.source.read(&mut bytes[..1])?;
            if first == 0 || self.source.read(&mut bytes[1..])? == 0 {
                break;
            }
            units.push((self.unit)(bytes));
        }
        if units.len() > 1 && matches!(units.last(), Some(0xd800..=0xdbff)) {
            self.high = units.pop();
        }
        let mut length = 0;
        for decoded in char::decode_utf16(units) {
            let decoded = decoded.unwrap_or(char::REPLACEMENT_CHARACTER);
            length += decoded.encode_utf8(&mut out[length..]).len();
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<(u64, String)> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.csv");
        std::fs::write(&file, bytes).unwrap();
        let mut lines = Lines::open(&file).unwrap();
        let (mut all, mut text) = (Vec::new(), Vec::new());
        while let Some(number) = lines.next(&mut text).unwrap() {
            all.push((number, String::from_utf8(text.clone()).unwrap()));
        }
        all
    }

    fn expected() -> Vec<(u64, String)> {
        let texts = ["a,b", "", "1,2", "ä𝄞,4"];
        (1..).zip(texts.map(str::to_owned)).collect()
    }

    #[test]
    fn lines_are_counted_alike_with_every_line_end() {
        for end in ["\n", "\r\n", "\r"] {
            for last in ["", end] {
                let text = ["a,b", "", "1,2", "ä𝄞,4"].join(end) + last;
                assert_eq!(lines(text.as_bytes()), expected(), "{end:?}");
            }
        }
        // A file with both kinds, and one whose CR LF falls on the border of the buffer.
        assert_eq!(lines(b"a\rb\n\r\nc").len(), 4);
        let long = "1".repeat(8_191) + "\r\n2\r\n";
        assert_eq!(lines(long.as_bytes())[1], (2, "2".into()));
    }

    #[test]
    fn sixteen_bit_text_reads_as_eight_bit_text() {
        let text = "a,b\r\n\r\n1,2\r\nä𝄞,4\r\n";
        let bytes = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            text.encode_utf16().flat_map(order).collect()
        };
        let (little, big) = (bytes(u16::to_le_bytes), bytes(u16::to_be_bytes));
        for encoded in [
            [b"\xff\xfe", &little[..]].concat(),
            [b"\xfe\xff", &big[..]].concat(),
            little,
            big,
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        ] {
            assert_eq!(lines(&encoded), expected());
        }
    }

    /// Halves of a pair that fall on both sides of a buffer's border stay one character.
    #[test]
    fn pairs_of_units_survive_every_border() {
        let text = "𝄞".repeat(3_001);
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let whole = [&b"\xff\xfea\x00"[..], &bytes].concat();
        assert_eq!(lines(&whole), [(1, format!("a{text}"))]);
    }
}
