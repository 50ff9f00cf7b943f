//! Digests of the files that a run reads, so that a change of any of them is noticed.
//!
//! The task names its files ([`Settings::files`](crate::task::Settings::files)). A run notes their digests in its
//! checkpoints and beside its data, a sweep in its records.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::files::FileError;

/// A file as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// Where it lies.
    pub path: PathBuf,
    /// Of its bytes, in hexadecimal; none of what is no plain file, such as a pipe, which can be read once only.
    pub digest: Option<String>,
}

/// The files of a run by the keys of the config that name them; a key that names a folder has several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileDigests(BTreeMap<String, Vec<FileDigest>>);

impl FileDigests {
    /// The files as they are now.
    ///
    /// # Errors
    /// The first that cannot be read.
    pub fn of(files: &[(&'static str, PathBuf)]) -> Result<Self, FileError> {
        let mut digests = Self::default();
        for (key, path) in files {
            let digest = file_digest(path).map_err(|error| FileError::read(path, &error))?;
            let path = path.clone();
            let of_key = digests.0.entry((*key).to_owned()).or_default();
            of_key.push(FileDigest { path, digest });
        }
        Ok(digests)
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Refuses the first file that is no longer what it was before. Where files lie does not matter.
    ///
    /// # Errors
    /// The file and its key.
    pub fn same_as(&self, before: &Self) -> Result<(), FileError> {
        for (key, then) in &before.0 {
            let now = self.0.get(key).map_or(&[][..], Vec::as_slice);
            let changed = now
                .iter()
                .zip(then)
                .find(|(now, then)| now.digest != then.digest);
            let (file, change) = match (changed, now.len() == then.len()) {
                (None, true) => continue,
                (Some((now, _)), true) => (&now.path, "it has changed since".to_owned()),
                (_, false) => {
                    let (file, change) = first_odd(now, then);
                    let counts = format!("{key} had {} files then", then.len());
                    (
                        file,
                        format!("{change}: {counts} and has {} now", now.len()),
                    )
                }
            };
            return Err(FileError::Format {
                file: file.clone(),
                reason: format!("it is not the file the run was trained on as {key}: {change}"),
                remedy: "restore the file, or train anew with `gradnet train`".into(),
            });
        }
        Ok(())
    }
}

/// A file of two lists of unequal length that is in one of them only, and how it came there.
fn first_odd<'a>(now: &'a [FileDigest], then: &'a [FileDigest]) -> (&'a PathBuf, &'static str) {
    let lacks = |files: &[FileDigest], file: &FileDigest| {
        let name = file.path.file_name();
        files.iter().all(|other| other.path.file_name() != name)
    };
    let new = now.iter().find(|file| lacks(then, file));
    let gone = then.iter().find(|file| lacks(now, file));
    let longer = if now.len() > then.len() { now } else { then };
    match (now.len() > then.len(), new, gone) {
        (true, Some(new), _) => (&new.path, "it is new"),
        (false, _, Some(gone)) => (&gone.path, "it is gone"),
        (more, ..) => (
            &longer[longer.len() - 1].path,
            if more { "it is new" } else { "it is gone" },
        ),
    }
}

/// The digest of a file's bytes in hexadecimal; `None` for a pipe and the like.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn file_digest(path: &Path) -> io::Result<Option<String>> {
    let kind = std::fs::metadata(path)?;
    if !kind.is_file() && !kind.is_dir() {
        return Ok(None);
    }
    let mut digest = Digest::default();
    let mut file = File::open(path)?;
    let mut part = vec![0; 1 << 20];
    loop {
        match file.read(&mut part)? {
            0 => return Ok(Some(format!("{:016x}", digest.value()))),
            read => digest.add(&part[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(folder: &Path, files: &[(&'static str, &str, &str)]) -> FileDigests {
        let paths = files.iter().map(|(key, name, text)| {
            std::fs::write(folder.join(name), text).unwrap();
            (*key, folder.join(name))
        });
        FileDigests::of(&paths.collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_changed_a_new_and_a_lost_file_are_named_and_a_moved_one_is_the_same() {
        let [here, there] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let one = ("data.file.path", "a.csv", "x,y\n1,2\n");
        let (first, second) = (
            ("images.train", "p.png", "1"),
            ("images.train", "q.png", "2"),
        );
        let before = written(here.path(), &[one, first, second]);
        assert!(
            written(there.path(), &[one, first, second])
                .same_as(&before)
                .is_ok()
        );
        let error = |files: &[(&'static str, &str, &str)]| {
            let now = written(there.path(), files);
            now.same_as(&before).unwrap_err().to_string()
        };
        let edited = error(&[("data.file.path", "a.csv", "x,y\n1,3\n"), first, second]);
        assert!(edited.contains("a.csv") && edited.contains("as data.file.path: it has changed"));
        let picture = error(&[one, first, ("images.train", "q.png", "3")]);
        assert!(
            picture.contains("q.png") && picture.contains("images.train"),
            "{picture}"
        );
        let more = error(&[one, first, ("images.train", "pp.png", "3"), second]);
        assert!(
            more.contains("pp.png") && more.contains("it is new"),
            "{more}"
        );
        assert!(more.contains("had 2 files then and has 3 now"), "{more}");
        let fewer = error(&[one, second]);
        assert!(
            fewer.contains("p.png") && fewer.contains("it is gone"),
            "{fewer}"
        );
        assert!(error(&[first, second]).contains("a.csv"));
    }

    #[test]
    fn a_folder_and_a_missing_file_have_no_digest() {
        let folder = tempfile::tempdir().unwrap();
        assert!(file_digest(folder.path()).is_err());
        assert!(file_digest(&folder.path().join("none")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_can_be_read_once_only_is_not_read() {
        assert_eq!(file_digest(Path::new("/dev/zero")).unwrap(), None);
    }
}
