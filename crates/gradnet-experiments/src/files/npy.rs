//! NumPy's `.npy`: one array.

use std::fs::File;
use std::io::{Cursor, Error, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use npyz::{DType, Endianness, NpyHeader, Order, TypeChar};

use super::array::{ArrayRows, Layout, Number};
use super::{FileError, RowReader, Selection};

/// Opens the one array of a `.npy` file.
pub(super) fn open(file: &Path, selection: &Selection) -> Result<RowReader, FileError> {
    if let Selection::Named(names) = selection {
        return Err(FileError::Column {
            file: file.into(),
            what: "array",
            name: names.join("`, `"),
            requirement: "cannot be looked for: a .npy file holds one array without a name".into(),
            remedy: "leave the names out: the first half of the columns are the points, the second the gradients; or use .npz".into(),
        });
    }
    let mut source = File::open(file).map_err(|error| FileError::read(file, &error))?;
    let layout = layout(file, "the array", &mut source)?;
    let (names, widths) = (vec![layout.name.clone()], vec![layout.width]);
    let rows = ArrayRows::new(file, vec![(layout, source)])?;
    Ok(RowReader::new(rows, names, widths))
}

/// Reads the header of an array that begins at the start of `source`.
pub(super) fn layout(file: &Path, name: &str, source: &mut File) -> Result<Layout, FileError> {
    let damaged = |reason: String| FileError::damaged(file, format!("{name}: {reason}"));
    let length = source
        .metadata()
        .map_err(|error| FileError::read(file, &error))?
        .len();
    let header = header(source, length).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => damaged("it ends within its header".into()),
        _ => damaged(format!("no .npy header ({error})")),
    })?;
    let offset = source
        .stream_position()
        .map_err(|error| FileError::read(file, &error))?;
    if header.order() == Order::Fortran && header.shape().len() > 1 {
        return Err(FileError::Format {
            file: file.into(),
            reason: format!("{name} is stored column after column (Fortran order)"),
            remedy: "save it row after row: np.save(file, np.ascontiguousarray(array))".into(),
        });
    }
    let Some(number) = number(&header.dtype()) else {
        return Err(FileError::Format {
            file: file.into(),
            reason: format!("{name} holds {}, not plain numbers", header.dtype().descr()),
            remedy: "save it as numbers: np.save(file, array.astype(\"float32\"))".into(),
        });
    };
    let layout = Layout::new(file, name, header.shape(), number, offset)?;
    layout.fits(file, length)?;
    Ok(layout)
}

/// A header is a short Python dictionary: NumPy's own have 128 bytes and two levels of brackets.
const LONGEST: usize = 1 << 16;
const DEEPEST: usize = 8;

/// Reads the header. Its length is any 32-bit number and its text any Python, so both are looked at before they are parsed: the parser takes
/// as much stack as there are brackets in brackets.
fn header(source: &mut File, length: u64) -> std::io::Result<NpyHeader> {
    let mut bytes = vec![0; 12];
    source.read_exact(&mut bytes)?;
    let (start, text) = match bytes[6] {
        1 => (10, usize::from(u16::from_le_bytes([bytes[8], bytes[9]]))),
        _ => {
            let text = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
            (12, usize::try_from(text).unwrap_or(usize::MAX))
        }
    };
    if text as u64 > length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    if text > LONGEST {
        return Err(Error::other(format!("a header of {text} bytes")));
    }
    bytes.resize((start + text).max(12), 0);
    source.read_exact(&mut bytes[12..])?;
    let mut depth = 0usize;
    for byte in &bytes[start..] {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(Error::other("brackets within brackets"));
        }
    }
    source.seek(SeekFrom::Start((start + text) as u64))?;
    NpyHeader::from_reader(Cursor::new(bytes))
}

fn number(dtype: &DType) -> Option<(Number, bool)> {
    let DType::Plain(plain) = dtype else {
        return None;
    };
    let number = match (plain.type_char(), plain.size_field()) {
        (TypeChar::Float, 4) => Number::F32,
        (TypeChar::Float, 8) => Number::F64,
        (TypeChar::Int, 1) => Number::I8,
        (TypeChar::Int, 2) => Number::I16,
        (TypeChar::Int, 4) => Number::I32,
        (TypeChar::Int, 8) => Number::I64,
        (TypeChar::Uint, 1) => Number::U8,
        (TypeChar::Uint, 2) => Number::U16,
        (TypeChar::Uint, 4) => Number::U32,
        (TypeChar::Uint, 8) => Number::U64,
        _ => return None,
    };
    Some((number, plain.endianness() == Endianness::Big))
}
