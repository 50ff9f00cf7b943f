//! Places where nothing may be written: over what is read, and into run folders.

use std::path::{Path, PathBuf};

use super::{Run, RunFolder};
use crate::files::FileError;

/// Refuses to write `output` over one of the files `inputs`, over the data files of `runs`, or into any run folder.
///
/// A run folder is one that has a `config.toml` and besides it weights, a log, checkpoints or a lock.
///
/// # Errors
/// What is in the way, and what to do.
pub fn check_output(output: &Path, inputs: &[&Path], runs: &[Run]) -> Result<(), FileError> {
    let refused = |reason: String| {
        Err(FileError::Format {
            file: output.into(),
            reason,
            remedy: "choose another name for the output".into(),
        })
    };
    let place = resolved(output);
    if let Some(input) = inputs.iter().find(|input| resolved(input) == place) {
        return refused(format!(
            "the output would replace {}, a file that the same command reads or writes",
            input.display()
        ));
    }
    for run in runs {
        let data = run.experiment().task.files();
        if data.iter().any(|(_, data)| resolved(data) == place) {
            return refused(format!(
                "the output would replace the data file of {}",
                run.path().display()
            ));
        }
    }
    match place.ancestors().skip(1).find(|folder| is_run(folder)) {
        None => Ok(()),
        Some(folder) => Err(FileError::Format {
            file: output.into(),
            reason: format!(
                "the output would go into the run folder {}, which holds the run's own files only",
                folder.display()
            ),
            remedy: "choose a place outside of run folders for the output".into(),
        }),
    }
}

/// The path without links, or as far as there are files and folders.
fn resolved(path: &Path) -> PathBuf {
    if let Ok(whole) = path.canonicalize() {
        return whole;
    }
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = absolute
        .parent()
        .and_then(|folder| folder.canonicalize().ok());
    match (folder, absolute.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => absolute,
    }
}

fn is_run(folder: &Path) -> bool {
    let made_by_a_run = [
        RunFolder::WEIGHTS,
        RunFolder::METRICS,
        RunFolder::CHECKPOINTS,
        RunFolder::LOCK,
    ];
    folder.join(RunFolder::CONFIG).is_file()
        && made_by_a_run.iter().any(|name| folder.join(name).exists())
}
