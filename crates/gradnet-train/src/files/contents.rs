//! What a file is by its first bytes, where that is not what its name says.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{FileError, Format};

/// First bytes, what begins so, and what to do with it.
const KINDS: [(&[u8], &str, &str); 17] = [
    (
        b"version https://git-lfs.github.com/spec/",
        "a Git LFS pointer, not the data itself",
        "fetch the data: git lfs pull, in the repository it is from",
    ),
    (
        b"/annex/objects/",
        "a git-annex pointer, not the data itself",
        "fetch the data: git annex get, with the name of the file",
    ),
    (
        b"PARE",
        "an encrypted Parquet file, which is not read here",
        "write it without encryption, where its keys are: read it into a table with pyarrow, then \
         pyarrow.parquet.write_table(table, \"pairs.parquet\")",
    ),
    (b"PAR1", "a Parquet file", "name it .parquet"),
    (b"\x93NUMPY", "a NumPy array", "name it .npy"),
    (
        b"PK\x03\x04",
        "a zip archive (.npz files and Excel's workbooks are such)",
        "name it .npz if NumPy wrote it; unpack it, or save the sheet as CSV, if not",
    ),
    (
        b"\x89HDF\r\n\x1a\n",
        "an HDF5 file",
        "convert it, for instance in Python: f = h5py.File(name); numpy.savez(\"pairs.npz\", \
         x=f[\"x\"], y=f[\"y\"])",
    ),
    (b"\x1f\x8b", "compressed by gzip", "unpack it: gunzip"),
    (
        b"\x28\xb5\x2f\xfd",
        "compressed by zstd",
        "unpack it: zstd -d",
    ),
    (b"BZh", "compressed by bzip2", "unpack it: bunzip2"),
    (b"\xfd7zXZ\x00", "compressed by xz", "unpack it: unxz"),
    (
        b"\xd0\xcf\x11\xe0",
        "an old Excel workbook",
        "save the sheet as CSV",
    ),
    (
        b"ARROW1",
        "an Arrow (Feather) file",
        "convert it, for instance in Python: \
         pandas.read_feather(name).to_parquet(\"pairs.parquet\")",
    ),
    (
        b"MATLAB 5.0 MAT-file",
        "a MATLAB file",
        "convert it, for instance in Python: m = scipy.io.loadmat(name); \
         numpy.savez(\"pairs.npz\", x=m[\"x\"], y=m[\"y\"])",
    ),
    (b"<!doctype html", WEB_PAGE, DOWNLOAD),
    (b"<html", WEB_PAGE, DOWNLOAD),
    (b"<?xml", "an XML file", "save the table as CSV"),
];

const WEB_PAGE: &str = "a web page, probably one that came in the place of the file";
const DOWNLOAD: &str = "open it in a browser to see what it says, and download the file again";

const PICKLE: &str = "a Python pickle, which could run any code when it is opened";
const NOT_PICKLE: &str = "save plain arrays, in Python: numpy.savez(\"pairs.npz\", x=x, y=y)";

/// Refuses a file that is something else than its name says, as far as its first bytes tell.
pub(super) fn check(file: &Path, format: Format) -> Result<(), FileError> {
    let mut start = [0; 64];
    let read = File::open(file).and_then(|mut source| {
        // What is taken from a pipe is gone.
        if !source.metadata()?.is_file() {
            return Ok(0);
        }
        let mut length = 0;
        while length < start.len() {
            match source.read(&mut start[length..])? {
                0 => break,
                more => length += more,
            }
        }
        Ok(length)
    });
    let start = &start[..read.map_err(|error| FileError::read(file, &error))?];
    if start.is_empty() && format != Format::Csv && file.is_file() {
        return Err(FileError::Format {
            file: file.into(),
            reason: "it is empty".into(),
            remedy: "write the file again".into(),
        });
    }
    let own: &[&[u8]] = match format {
        Format::Csv => &[b"\x1f\x8b"],
        Format::Npy => &[b"\x93NUMPY"],
        Format::Npz => &[b"PK\x03\x04"],
        Format::Parquet => &[b"PAR1"],
        Format::Safetensors => &[],
    };
    if own.iter().any(|magic| start.starts_with(magic)) {
        return Ok(());
    }
    let found = match start {
        [0x80, 2..=5, ..] if format != Format::Safetensors => Some((PICKLE, NOT_PICKLE)),
        [b'{', ..] | [b'[', b' ' | b'[' | b'{' | b'-' | b'\n' | b'0'..=b'9', ..]
            if format == Format::Csv =>
        {
            Some((
                "JSON, or an array as Python prints it",
                "write a point a line, for instance in Python: \
             pandas.read_json(name).to_csv(\"pairs.csv\", index=False)",
            ))
        }
        // The first bytes of safetensors are a length, which may be anything.
        _ if format == Format::Safetensors => KINDS[..2]
            .iter()
            .find(|(magic, ..)| start.starts_with(magic))
            .map(|(_, what, remedy)| (*what, *remedy)),
        _ => KINDS
            .iter()
            .find(|(magic, ..)| {
                start
                    .to_ascii_lowercase()
                    .starts_with(&magic.to_ascii_lowercase())
            })
            .map(|(_, what, remedy)| (*what, *remedy)),
    };
    match found {
        None => Ok(()),
        Some((what, remedy)) => Err(FileError::Format {
            file: file.into(),
            reason: format!("it is {what}"),
            remedy: remedy.into(),
        }),
    }
}
