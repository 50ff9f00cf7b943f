//! Reading a config file as text, with a remedy for each way that fails.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use super::problem::ConfigError;
use crate::nearest::nearest;

/// Longer files are taken for something else; the configs of this project have 2,000 bytes.
const LONGEST: u64 = 1 << 20;

/// The text of `file`.
pub(crate) fn read(file: &Path) -> Result<String, ConfigError> {
    let unreadable =
        |reason: String, help: String, source: Option<io::Error>| ConfigError::Unreadable {
            file: file.to_owned(),
            reason,
            help,
            source,
        };
    if file.is_dir() {
        return Err(unreadable(
            "it is a folder".to_owned(),
            format!("name a file in it: {}", suggestion(file, None)),
            None,
        ));
    }
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        let (reason, help) = match error.kind() {
            ErrorKind::NotFound => {
                let folder = file.parent().filter(|folder| *folder != Path::new(""));
                let folder = folder.unwrap_or(Path::new("."));
                let help = if folder.is_dir() {
                    let name = file.file_name().map(|name| name.to_string_lossy());
                    suggestion(folder, name.as_deref())
                } else {
                    format!("there is no folder {} either", folder.display())
                };
                ("there is no such file".to_owned(), help)
            }
            ErrorKind::PermissionDenied => (
                "permission denied".to_owned(),
                "make it readable for yourself (chmod u+r)".to_owned(),
            ),
            _ => (error.to_string(), "check the path".to_owned()),
        };
        return Err(unreadable(reason, help, Some(error)));
    }
    if bytes.len() as u64 > LONGEST {
        return Err(unreadable(
            "it is longer than 1 MiB".to_owned(),
            "a config is a short TOML text: check the path".to_owned(),
            None,
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        unreadable(
            format!("line {line} is not UTF-8 text (byte {valid} of the file)"),
            "save the file as UTF-8".to_owned(),
            None,
        )
    })
}

/// The config in `folder` that was probably meant, or the ones there are.
fn suggestion(folder: &Path, name: Option<&str>) -> String {
    let mut configs: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".toml") && name != "Cargo.toml")
        .collect();
    configs.sort();
    let near = name.and_then(|name| nearest(name, configs.iter().map(String::as_str)));
    match near {
        Some(near) => format!("did you mean {near}, in the same folder?"),
        None if configs.is_empty() => "the configs of the paper are in configs/".to_owned(),
        None => format!("the configs there: {}", configs.join(", ")),
    }
}
