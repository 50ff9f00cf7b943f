//! All pictures of a folder.

use std::path::{Path, PathBuf};

use super::{Picture, end};
use crate::files::FileError;
use crate::nearest::nearest_file;

/// The pictures of a folder without their colours, in the order of their names. Files of other formats are passed over.
///
/// # Errors
/// If there is no such folder, no picture in it, or something is wrong with one.
pub fn read_folder(folder: &Path) -> Result<Vec<Picture>, FileError> {
    let files = pictures_in(folder)?;
    let pictures = files.iter().map(|file| Picture::read(file));
    pictures.map(|picture| picture.map(Picture::grey)).collect()
}

/// The files of the pictures of a folder, in the order of their names.
///
/// # Errors
/// If there is no such folder, or no picture in it.
pub fn pictures_in(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => FileError::System {
            action: "read",
            file: folder.into(),
            reason: "there is no such folder".into(),
            remedy: match nearest_file(folder, Path::is_dir) {
                Some(near) => format!("did you mean {}?", near.display()),
                None => "check the path; in a config it is relative to the config's folder".into(),
            },
        },
        std::io::ErrorKind::NotADirectory => FileError::Format {
            file: folder.into(),
            reason: "it is a file, not a folder".into(),
            remedy: "name the folder that holds the pictures".into(),
        },
        _ => FileError::read(folder, &error),
    };
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in entries {
        let file = entry.map_err(unreadable)?.path();
        if ["png", "npy"].contains(&end(&file).as_str()) {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(FileError::Format {
            file: folder.into(),
            reason: "no file in it ends on .png or .npy".into(),
            remedy: "put pictures there, or name another folder; folders inside it are not read"
                .into(),
        });
    }
    files.sort();
    Ok(files)
}
