//! NumPy's `.npz`: a zip archive of `.npy` files. Arrays are unpacked into temporary files when their
//! first row is wanted, since several are read at once.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use super::array::{ArrayRows, Layout, OpenFile};
use super::{FileError, Naming, Opened, Selection, guarded, npy, temporary_file};

type Archive = ZipArchive<BufReader<File>>;

/// Opens arrays of an archive.
pub(super) fn open(
    file: &Path,
    selection: &Selection,
    naming: Naming,
) -> Result<Opened, FileError> {
    let mut archive = archive(file)?;
    let known = names(&archive);
    let names = match selection {
        Selection::All => known,
        Selection::Named(names) => {
            if let Some(missing) = names.iter().find(|name| !known.contains(name)) {
                return Err(FileError::missing(file, ("array", missing), &known, naming));
            }
            names.clone()
        }
    };
    if archive.has_duplicate_names() {
        for name in &names {
            refuse_doubled(file, &archive, name)?;
        }
    }
    let mut arrays: Vec<(Layout, OpenFile)> = Vec::new();
    for name in &names {
        let (path, entry) = (PathBuf::from(file), name.clone());
        let open: OpenFile =
            Box::new(move |layout: &Layout| guarded(&path, || unpack(&path, &entry, layout)));
        arrays.push((layout(file, &mut archive, name)?, open));
    }
    ArrayRows::opened(file, names, arrays)
}

fn archive(file: &Path) -> Result<Archive, FileError> {
    let source = File::open(file).map_err(|error| FileError::read(file, &error))?;
    ZipArchive::new(BufReader::new(source))
        .map_err(|error| FileError::damaged(file, format!("it is no .npz archive ({error})")))
}

fn names(archive: &Archive) -> Vec<String> {
    archive
        .file_names()
        .filter_map(|name| Some(name.ok()?.strip_suffix(".npy")?.to_owned()))
        .collect()
}

/// Refuses an array that the archive's directory lists twice, of which its reader knows the last only.
fn refuse_doubled(file: &Path, archive: &Archive, name: &str) -> Result<(), FileError> {
    let failed = |error: io::Error| FileError::read(file, &error);
    let mut source = File::open(file).map_err(failed)?;
    source
        .seek(SeekFrom::Start(archive.central_directory_start()))
        .map_err(failed)?;
    let mut directory = Vec::new();
    source.read_to_end(&mut directory).map_err(failed)?;
    let wanted = format!("{name}.npy");
    let (mut rest, mut found) = (directory.as_slice(), 0);
    // An entry: its mark, 46 bytes in all, then name, extra field and comment of these lengths.
    while rest.starts_with(b"PK\x01\x02") && rest.len() >= 46 {
        let length = |place: usize| usize::from(u16::from_le_bytes([rest[place], rest[place + 1]]));
        let (name, all) = (length(28), length(28) + length(30) + length(32));
        let entry = rest.get(46..46 + name).unwrap_or_default();
        found += usize::from(entry == wanted.as_bytes());
        rest = rest.get(46 + all..).unwrap_or_default();
    }
    match found {
        0 | 1 => Ok(()),
        times => Err(FileError::Column {
            file: file.into(),
            what: "array",
            name: name.into(),
            requirement: format!("is there {times} times"),
            remedy: "give every array a name of its own: numpy.savez(file, x=.., y=..)".into(),
        }),
    }
}

fn packed<'a>(
    file: &Path,
    archive: &'a mut Archive,
    name: &str,
) -> Result<zip::read::ZipFile<'a, BufReader<File>>, FileError> {
    archive
        .by_name(&format!("{name}.npy"))
        .map_err(|error| cannot_unpack(file, name, &error))
}

fn cannot_unpack(file: &Path, name: &str, error: &dyn std::fmt::Display) -> FileError {
    FileError::damaged(file, format!("array `{name}` cannot be unpacked ({error})"))
}

fn layout(file: &Path, archive: &mut Archive, name: &str) -> Result<Layout, FileError> {
    let mut packed = packed(file, archive, name)?;
    let length = packed.size();
    npy::layout(file, name, &mut packed, length)
}

/// Unpacks an array into an unnamed temporary file.
fn unpack(file: &Path, name: &str, layout: &Layout) -> Result<File, FileError> {
    let mut archive = archive(file)?;
    let mut packed = packed(file, &mut archive, name)?;
    let mut unpacked = temporary_file()?;
    let mut buffer = vec![0; 1 << 16];
    let mut length = 0;
    // Not `io::copy`: it does not tell a damaged archive from a full disk.
    loop {
        let read = match packed.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(cannot_unpack(file, name, &error)),
        };
        io::Write::write_all(&mut unpacked, &buffer[..read])
            .map_err(|error| FileError::temporary(&error))?;
        length += read as u64;
    }
    layout.fits(file, length)?;
    Ok(unpacked)
}
