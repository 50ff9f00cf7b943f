//! Whole arrays in `.npy`, `.npz` and safetensors: their headers, and their numbers from files in which they were
//! collected.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use tempfile::NamedTempFile;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::file_beside;
use super::{FileError, Format};

/// Writes whole arrays: name, shape, numbers row by row.
///
/// # Errors
/// If the format holds no named arrays, or the place cannot be written.
pub fn write_arrays(
    file: &Path,
    arrays: &[(String, Vec<usize>, Vec<f32>)],
) -> Result<(), FileError> {
    let format = Format::of_output(file)?;
    if !format.has_arrays() {
        return Err(FileError::Format {
            file: file.into(),
            reason: "its format does not hold arrays by name".into(),
            remedy: "write to a .safetensors or .npz file".into(),
        });
    }
    let mut spilled = Vec::new();
    for (name, shape, values) in arrays {
        let spill = || -> io::Result<File> {
            let mut spill = BufWriter::new(tempfile::tempfile()?);
            for value in values {
                spill.write_all(&value.to_le_bytes())?;
            }
            let mut spill = spill.into_inner().map_err(io::IntoInnerError::into_error)?;
            spill.seek(SeekFrom::Start(0))?;
            Ok(spill)
        };
        let spill = spill().map_err(|error| FileError::temporary(&error))?;
        spilled.push((name.as_str(), shape.clone(), spill));
    }
    let write = || -> io::Result<()> {
        let mut target = file_beside(file)?;
        assemble_arrays(&mut target, format, Float::Single, spilled)?;
        target.persist(file).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|error| FileError::write(file, &error))
}

/// The floats of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Float {
    /// Of 32 bits.
    Single,
    /// Of 64 bits.
    Double,
}

/// Writes arrays whose numbers lie in files: name, shape, file at its start.
pub(super) fn assemble_arrays(
    target: &mut NamedTempFile,
    format: Format,
    float: Float,
    arrays: Vec<(&str, Vec<usize>, File)>,
) -> io::Result<()> {
    let mut out = BufWriter::new(target.as_file_mut());
    match format {
        Format::Safetensors => {
            out.write_all(&safetensors_header(float, &arrays)?)?;
            for (_, _, mut array) in arrays {
                io::copy(&mut array, &mut out)?;
            }
        }
        Format::Npz => {
            let mut archive = ZipWriter::new(out);
            for (name, shape, mut array) in arrays {
                let options = SimpleFileOptions::default().large_file(true);
                archive.start_file(format!("{name}.npy"), options)?;
                archive.write_all(&npy_header(float, &shape))?;
                io::copy(&mut array, &mut archive)?;
            }
            archive.finish()?.flush()?;
            return Ok(());
        }
        _ => {
            for (_, shape, mut array) in arrays {
                out.write_all(&npy_header(float, &shape))?;
                io::copy(&mut array, &mut out)?;
            }
        }
    }
    out.flush()
}

/// The header of a `.npy` file, padded to a multiple of 64 bytes as NumPy does.
fn npy_header(float: Float, shape: &[usize]) -> Vec<u8> {
    let descr = match float {
        Float::Single => "<f4",
        Float::Double => "<f8",
    };
    let sizes: Vec<String> = shape.iter().map(|size| format!("{size},")).collect();
    let mut text = format!(
        "{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}), }}",
        sizes.join(" ")
    );
    // Magic, version and length take 10 bytes, the line end 1.
    let length = (10 + text.len() + 1).next_multiple_of(64) - 10;
    text.push_str(&" ".repeat(length - text.len() - 1));
    text.push('\n');
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend((length as u16).to_le_bytes());
    header.extend(text.as_bytes());
    header
}

/// The header of a safetensors file, padded so that the numbers lie at multiples of 8 bytes.
fn safetensors_header(float: Float, arrays: &[(&str, Vec<usize>, File)]) -> io::Result<Vec<u8>> {
    let (dtype, bytes) = match float {
        Float::Single => ("F32", 4),
        Float::Double => ("F64", 8),
    };
    let mut tensors = serde_json::Map::new();
    let mut begin = 0;
    for (name, shape, _) in arrays {
        let end = begin + bytes * shape.iter().product::<usize>();
        let info =
            serde_json::json!({"dtype": dtype, "shape": shape, "data_offsets": [begin, end]});
        tensors.insert((*name).to_owned(), info);
        begin = end;
    }
    let mut text = serde_json::to_vec(&tensors)?;
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut header = (text.len() as u64).to_le_bytes().to_vec();
    header.extend(text);
    Ok(header)
}
