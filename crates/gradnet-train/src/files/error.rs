//! What can be wrong with a file of numbers.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use super::Naming;
use crate::nearest::{nearest, nearest_file};

/// What is wrong with a file of numbers, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The system cannot read or write it.
    #[error("cannot {action} {}: {reason}", file.display())]
    System {
        /// "read" or "write", or the like.
        action: &'static str,
        /// The file.
        file: PathBuf,
        /// What the system says.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// It is not what its name says, or is damaged.
    #[error("{}: {reason}", file.display())]
    Format {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// A column or array is missing, or has the wrong shape.
    #[error("{}: {what} `{name}` {requirement}", file.display())]
    Column {
        /// The file.
        file: PathBuf,
        /// "column" or "array".
        what: &'static str,
        /// Its name.
        name: String,
        /// What it must be and is not.
        requirement: String,
        /// What to do.
        remedy: String,
    },
    /// A row is not what the others are.
    #[error("{}, {place}: {requirement}", file.display())]
    Row {
        /// The file.
        file: PathBuf,
        /// "line 18", or "row 17", both counted from 1.
        place: String,
        /// What the row must be and is not.
        requirement: String,
        /// What to do.
        remedy: String,
    },
    /// A value cannot be used.
    #[error("{}, {place}, column {column}: the value {value}", file.display())]
    Value {
        /// The file.
        file: PathBuf,
        /// "line 18", or "row 17", both counted from 1.
        place: String,
        /// The column's name, or its number counted from 1.
        column: String,
        /// The value and what is wrong with it.
        value: String,
        /// What to do.
        remedy: String,
    },
}

impl FileError {
    /// What the user can do about it.
    pub fn remedy(&self) -> &str {
        match self {
            Self::System { remedy, .. }
            | Self::Format { remedy, .. }
            | Self::Column { remedy, .. }
            | Self::Row { remedy, .. }
            | Self::Value { remedy, .. } => remedy,
        }
    }

    /// A file whose name says no format; `remedy` is told the end of its name.
    pub(crate) fn unknown(file: &Path, remedy: impl FnOnce(&str) -> String) -> Self {
        let end = file.extension().unwrap_or_default().to_string_lossy();
        let end = end.to_ascii_lowercase();
        Self::Format {
            file: file.into(),
            reason: match &*end {
                "" => "no end of its name says its format".into(),
                end => format!("its name ends in \".{end}\", which no format here does"),
            },
            remedy: remedy(&end),
        }
    }

    pub(crate) fn read(file: &Path, error: &io::Error) -> Self {
        let remedy = match error.kind() {
            io::ErrorKind::NotFound => match nearest_file(file, Path::is_file) {
                Some(near) => format!("did you mean {}?", near.display()),
                None => "check the path; in a config it is relative to the config's folder".into(),
            },
            io::ErrorKind::PermissionDenied => "make it readable for yourself (chmod u+r)".into(),
            io::ErrorKind::UnexpectedEof => "the file is cut off: copy or write it again".into(),
            _ => "check the file and the disk it is on".into(),
        };
        let reason = match error.kind() {
            io::ErrorKind::NotFound => "there is no such file".into(),
            _ => error.to_string(),
        };
        Self::System {
            action: "read",
            file: file.into(),
            reason,
            remedy,
        }
    }

    pub(crate) fn write(file: &Path, error: &io::Error) -> Self {
        let remedy = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::FileTooLarge => {
                "free some space on that disk"
            }
            io::ErrorKind::NotFound => "make the folder first",
            _ => "choose a place you may write to",
        };
        Self::System {
            action: "write",
            file: file.into(),
            reason: error.to_string(),
            remedy: remedy.into(),
        }
    }

    /// A temporary file cannot be made or filled.
    pub(crate) fn temporary(error: &io::Error) -> Self {
        let folder = std::env::temp_dir();
        let reason = match folder.is_dir() {
            true => error.to_string(),
            false => "there is no such folder".into(),
        };
        Self::System {
            action: "write a temporary file into",
            file: folder,
            reason,
            remedy: "set TMPDIR to a folder that you may write to and that has room".into(),
        }
    }

    pub(super) fn folder(file: &Path) -> Self {
        Self::Format {
            file: file.into(),
            reason: "it is a folder, not a file".into(),
            remedy: "name a file in it".into(),
        }
    }

    pub(super) fn damaged(file: &Path, reason: impl ToString) -> Self {
        Self::Format {
            file: file.into(),
            reason: reason.to_string(),
            remedy: "write the file again, with its name's end telling its format; it may be cut off or of another format".into(),
        }
    }

    /// A name that is not in the file.
    pub(super) fn missing(
        file: &Path,
        (what, name): (&'static str, &str),
        known: &[impl AsRef<str>],
        naming: Naming,
    ) -> Self {
        const SHOWN: usize = 12;
        let names: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
        let near = nearest(name, names.iter().copied());
        let mut all = names[..names.len().min(SHOWN)].join(", ");
        if names.len() > SHOWN {
            all.push_str(&format!(" and {} more", names.len() - SHOWN));
        }
        Self::Column {
            file: file.into(),
            what,
            name: name.into(),
            requirement: "is not in the file".into(),
            remedy: match near {
                Some(near) => format!("did you mean `{near}`? (there are: {all})"),
                None => format!(
                    "there are: {all}{}",
                    naming.others("name those that are read")
                ),
            },
        }
    }

    pub(super) fn value(file: &Path, place: String, column: String, value: String) -> Self {
        Self::Value {
            file: file.into(),
            place,
            column,
            value,
            remedy: "remove the row or put a finite number there".into(),
        }
    }
}

/// Runs a parser of foreign bytes; should it panic on a malformed file, that is an error like any other.
pub(crate) fn guarded<T>(
    file: &Path,
    parse: impl FnOnce() -> Result<T, FileError>,
) -> Result<T, FileError> {
    caught(parse).unwrap_or_else(|| Err(FileError::damaged(file, NONSENSE)))
}

/// What is wrong with bytes that a parser panics at.
pub(crate) const NONSENSE: &str = "its contents make no sense";

/// Runs a parser of foreign bytes; None if it panics at them.
pub(crate) fn caught<T>(parse: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(parse)).ok()
}
