//! What a task says of itself to whoever writes a config for it: which files it asks for, and what is to be written
//! once they were looked at.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::data::file::Finding;
use crate::files::FileError;
use crate::registry::NetworkConfig;

/// How a config for a task is written: [`Settings::template`](super::Settings::template).
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// The files and folders it asks for.
    pub inputs: &'static [Input],
    /// The options that name columns, such as `x` for those with the points.
    pub columns: &'static [&'static str],
    /// The network that is chosen where none is named.
    pub network: &'static str,
    /// Looks at the files.
    pub draft: fn(&Request) -> Result<Draft, FileError>,
}

/// A file or folder that a template asks for.
#[derive(Clone, Copy, Debug)]
pub struct Input {
    /// The name of its option, such as `source`.
    pub name: &'static str,
    /// What it holds.
    pub help: &'static str,
    /// Whether it may be left out.
    pub optional: bool,
}

impl Input {
    /// One that has to be given.
    pub(crate) const fn needed(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            optional: false,
        }
    }

    /// One that may be left out.
    pub(crate) const fn optional(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            optional: true,
        }
    }
}

/// What the user gave.
#[derive(Clone, Debug)]
pub struct Request {
    /// The files by the names of their options.
    pub files: BTreeMap<String, PathBuf>,
    /// Where the config will lie, if that is known: files beside it are named from there.
    pub output: Option<PathBuf>,
    /// Whether the first line of a text file names the columns.
    pub header: Option<bool>,
    /// Names of the columns with the points.
    pub x: Vec<String>,
    /// Names of the columns with the values.
    pub y: Vec<String>,
    /// Name of the column that numbers the paths.
    pub number: Option<String>,
    /// Name of the column with the times.
    pub time: Option<String>,
    /// The network.
    pub network: NetworkConfig,
}

impl Request {
    /// The file of an option; empty where it was not given.
    pub(crate) fn file(&self, name: &str) -> &Path {
        self.files.get(name).map_or(Path::new(""), PathBuf::as_path)
    }

    /// A file as the config will name it, which is from the config's own folder.
    pub(crate) fn shown(&self, file: &Path) -> PathBuf {
        let folder = |path: &Path| path.parent().unwrap_or(Path::new("")).to_owned();
        match &self.output {
            Some(out) if folder(out) == folder(file) => {
                file.file_name().map_or(file.to_owned(), PathBuf::from)
            }
            Some(out) if folder(out) != Path::new("") => {
                std::path::absolute(file).unwrap_or(file.to_owned())
            }
            _ => file.to_owned(),
        }
    }

    /// A file as TOML writes its name.
    pub(crate) fn quoted(&self, file: &Path) -> String {
        toml_text(&self.shown(file).display().to_string())
    }

    /// A file as a line of comment may have it.
    pub(crate) fn in_comment(&self, file: &Path) -> String {
        let shown = self.shown(file).display().to_string();
        shown.replace(char::is_control, " ")
    }

    /// The line that says whether there is a header, where that was given.
    pub(crate) fn header_line(&self) -> String {
        self.header.map_or(String::new(), |header| {
            format!("# Whether the first line names the columns.\nheader = {header}\n")
        })
    }
}

/// What is written of a task.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What is learned from what was found, a sentence.
    pub told: String,
    /// What else can be done with the config, after "train it with `gradnet train`".
    pub then: &'static str,
    /// The file or folder that the runs are named after.
    pub named_after: PathBuf,
    /// The task's tables.
    pub tables: String,
    /// What is said of the network, a sentence.
    pub network: String,
    /// The network's size.
    pub size: Size,
    /// The table `[train]`, as far as tasks differ.
    pub train: Training,
    /// The lines of `[evaluation]`; none for no such table.
    pub evaluation: String,
    /// What was read and assumed, for the user to see.
    pub notes: Vec<String>,
}

/// The size of the network in a draft.
#[derive(Clone, Debug)]
pub enum Size {
    /// As many parameters as so many rows of so many coordinates can carry.
    Rows {
        /// Rows to train on.
        rows: usize,
        /// Coordinates of a point.
        dim: usize,
    },
    /// These lines.
    Lines(&'static str),
}

/// How long a draft trains.
#[derive(Clone, Copy, Debug)]
pub struct Training {
    /// Steps.
    pub steps: usize,
    /// What a batch has so many of.
    pub of: &'static str,
    /// The batch.
    pub batch: usize,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// Validation points at most; none where the task does not ask.
    pub points: Option<usize>,
}

/// Names as a list of TOML.
pub(crate) fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| toml_text(name)).collect();
    format!("[{}]", quoted.join(", "))
}

/// The names of columns that a config is to have: those given, or those found unless they are more than one can look
/// through.
pub(crate) fn names(given: &[String], found: &[String]) -> Vec<String> {
    const BYTES: usize = 1 << 15;
    match given {
        [] if found.iter().map(String::len).sum::<usize>() <= BYTES => found.to_vec(),
        given => given.to_vec(),
    }
}

/// What was read of the files, and what in them would ruin a fit. It is the user's to mend: the config is good all the
/// same.
pub(crate) fn told(reads: Vec<String>, findings: &[Finding]) -> Vec<String> {
    let findings = findings.iter().map(|finding| format!("note: {finding}"));
    reads.into_iter().chain(findings).collect()
}

/// A text as TOML writes it.
pub(crate) fn toml_text(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A file that cannot be learned from.
pub(crate) fn unfit(file: &Path, reason: String, remedy: &str) -> FileError {
    FileError::Format {
        file: file.into(),
        reason,
        remedy: remedy.into(),
    }
}
