//! NumPy's `.npz`: a zip archive of `.npy` files. Arrays are unpacked into temporary files, since several are read at once.

use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::Path;

use zip::ZipArchive;

use super::array::{ArrayRows, Layout};
use super::npy;
use super::{FileError, RowReader, Selection};

/// Opens arrays of an archive.
pub(super) fn open(file: &Path, selection: &Selection) -> Result<RowReader, FileError> {
    let mut archive = archive(file)?;
    let known = names(&archive);
    let names = match selection {
        Selection::All => known,
        Selection::Named(names) => {
            if let Some(missing) = names.iter().find(|name| !known.contains(name)) {
                return Err(FileError::missing(file, "array", missing, &known));
            }
            names.clone()
        }
    };
    let mut arrays = Vec::new();
    for name in &names {
        arrays.push(unpack(file, &mut archive, name)?);
    }
    let widths = arrays.iter().map(|(layout, _)| layout.width).collect();
    Ok(RowReader::new(ArrayRows::new(file, arrays)?, names, widths))
}

fn archive(file: &Path) -> Result<ZipArchive<BufReader<File>>, FileError> {
    let source = File::open(file).map_err(|error| FileError::read(file, &error))?;
    ZipArchive::new(BufReader::new(source))
        .map_err(|error| FileError::damaged(file, format!("it is no .npz archive ({error})")))
}

fn names(archive: &ZipArchive<BufReader<File>>) -> Vec<String> {
    archive
        .file_names()
        .filter_map(|name| Some(name.ok()?.strip_suffix(".npy")?.to_owned()))
        .collect()
}

/// Unpacks an array into an unnamed temporary file, positioned at its start.
fn unpack(
    file: &Path,
    archive: &mut ZipArchive<BufReader<File>>,
    name: &str,
) -> Result<(Layout, File), FileError> {
    let damaged = |error: &dyn std::fmt::Display| {
        FileError::damaged(file, format!("array `{name}` cannot be unpacked ({error})"))
    };
    let mut packed = archive
        .by_name(&format!("{name}.npy"))
        .map_err(|error| damaged(&error))?;
    let mut unpacked = tempfile::tempfile().map_err(|error| FileError::write(file, &error))?;
    std::io::copy(&mut packed, &mut unpacked).map_err(|error| damaged(&error))?;
    unpacked
        .seek(SeekFrom::Start(0))
        .map_err(|error| FileError::read(file, &error))?;
    let layout = npy::layout(file, name, &mut unpacked)?;
    Ok((layout, unpacked))
}
