//! Files that are there whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use tempfile::NamedTempFile;

/// How the names of files begin that are not yet whole.
pub(crate) const UNFINISHED: &str = ".writing-";

/// The files this process has begun to write beside their places, those that are whole by now among
/// them.
static BEGUN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Paths after which those are dropped that are no more.
const BEGUN_AT_MOST: usize = 64;

fn begun() -> MutexGuard<'static, Vec<PathBuf>> {
    // Every change is one push or one sweep, which a panic cannot leave half done.
    BEGUN.lock().unwrap_or_else(|poison| poison.into_inner())
}

/// Removes the files that are not whole yet. For a process that is about to end: those who write
/// them are not asked.
pub fn remove_unfinished() {
    begun().drain(..).for_each(|file| {
        // A file that was moved to its place is no more.
        let _ = fs::remove_file(file);
    });
}

/// Writes a file beside its place and moves it there: a crash leaves the old contents or the new.
///
/// # Errors
/// The system's error; the file is then as it was.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = file_beside(path)?;
    file.write_all(bytes)?;
    file.as_file().sync_data()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A new file in the folder of `path`, to be moved to `path` when it is whole; with the rights that files get here by
/// default.
///
/// # Errors
/// The system's error.
pub(crate) fn file_beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    // A temporary file is private otherwise, which a result should not be. The user's mask is applied to this.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
    let mut begun = begun();
    if begun.len() >= BEGUN_AT_MOST {
        begun.retain(|path| path.exists());
    }
    begun.push(file.path().into());
    Ok(file)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_written_whole_has_the_rights_of_any_other_file() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, plain) = (folder.path().join("whole"), folder.path().join("plain"));
        write_atomically(&whole, b"contents").unwrap();
        fs::write(&plain, b"contents").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&whole), mode(&plain));
        assert_eq!(fs::read(&whole).unwrap(), b"contents");
    }
}
