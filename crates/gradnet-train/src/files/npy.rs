//! NumPy's `.npy`: one array.

use std::fs::File;
use std::io::{Cursor, Error, ErrorKind, Read};
use std::path::Path;

use npyz::{DType, Endianness, NpyHeader, Order, TypeChar};

use super::array::{ArrayRows, Layout, Number, OpenFile};
use super::{FileError, Opened, Selection};

/// Opens the one array of a `.npy` file.
pub(super) fn open(file: &Path, selection: &Selection) -> Result<Opened, FileError> {
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
    let length = source
        .metadata()
        .map_err(|error| FileError::read(file, &error))?
        .len();
    let layout = layout(file, "the array", &mut source, length)?;
    let open: OpenFile = Box::new(move |_: &Layout| Ok(source));
    ArrayRows::opened(file, vec![layout.name.clone()], vec![(layout, open)])
}

/// Reads the header of an array of `length` bytes that begins where `source` is.
pub(super) fn layout(
    file: &Path,
    name: &str,
    source: &mut impl Read,
    length: u64,
) -> Result<Layout, FileError> {
    let damaged = |reason: String| FileError::damaged(file, format!("{name}: {reason}"));
    let (header, offset) = header(source, length).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => damaged("it ends within its header".into()),
        _ => damaged(format!("no .npy header ({error})")),
    })?;
    let number = number(&header.dtype()).map_err(|(what, remedy)| FileError::Format {
        file: file.into(),
        reason: format!("{name} holds {what}, not plain numbers"),
        remedy,
    })?;
    let mut layout = Layout::new(file, name, header.shape(), number, offset)?;
    layout.by_columns = header.order() == Order::Fortran && layout.width > 1;
    layout.fits(file, length)?;
    Ok(layout)
}

/// A header is a short Python dictionary: NumPy's own have 128 bytes and two levels of brackets.
const LONGEST: usize = 1 << 16;
const DEEPEST: usize = 8;

/// Reads the header, and finds where the numbers begin. Its length is any 32-bit number and its text any Python, so
/// both are looked at before they are parsed: the parser takes as much stack as there are brackets in brackets.
fn header(source: &mut impl Read, length: u64) -> std::io::Result<(NpyHeader, u64)> {
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
    let header = NpyHeader::from_reader(Cursor::new(bytes))?;
    Ok((header, (start + text) as u64))
}

/// The numbers a type says; else what it is, and how to save numbers instead.
fn number(dtype: &DType) -> Result<(Number, bool), (String, String)> {
    let descr = dtype.descr();
    let astype = "save it as numbers: array.astype(\"float64\") in Python";
    let refused = |what: &str, remedy: &str| Err((format!("{what} ({descr})"), remedy.to_owned()));
    let plain = match dtype {
        DType::Plain(plain) => plain,
        _ => {
            return refused(
                "a structured array",
                "save its fields side by side: from numpy.lib.recfunctions import \
                 structured_to_unstructured; np.save(file, structured_to_unstructured(array))",
            );
        }
    };
    let number = match (plain.type_char(), plain.size_field()) {
        (TypeChar::Bool, 1) => Number::Bool,
        (TypeChar::Float, 2) => Number::F16,
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
        (TypeChar::Float, _) => return refused("numbers of extended precision", astype),
        (TypeChar::Complex, _) => {
            return refused(
                "complex numbers",
                "save real ones: np.save(file, np.column_stack([array.real, array.imag])) if both \
                 parts are coordinates",
            );
        }
        (TypeChar::Object, _) => {
            return refused(
                "Python objects (a pickle, which could run any code)",
                astype,
            );
        }
        (TypeChar::RawData, 2) => {
            return refused(
                "values of two bytes without a type, perhaps bfloat16",
                "save it as numbers, if that is what it was: import ml_dtypes; \
                 array.view(ml_dtypes.bfloat16).astype(\"float64\")",
            );
        }
        (TypeChar::ByteStr | TypeChar::UnicodeStr, _) => return refused("text", astype),
        (TypeChar::DateTime | TypeChar::TimeDelta, _) => return refused("times", astype),
        _ => return refused("values", astype),
    };
    Ok((number, plain.endianness() == Endianness::Big))
}
