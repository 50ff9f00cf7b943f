//! What is wrong with a config, where, and what to do about it.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A text that settings come from: the file, or one option of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceText {
    /// What to call it: the file's path, or "command line".
    pub name: String,
    /// The text that byte spans index.
    pub text: String,
}

/// A byte range of a [`SourceText`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The text.
    pub source: Arc<SourceText>,
    /// The bytes of it.
    pub span: Range<usize>,
}

impl Place {
    /// Line and column where it begins, both counted from 1.
    pub fn line_and_column(&self) -> (usize, usize) {
        line_and_column(&self.source.text, self.span.start)
    }

    /// The whole of `source`, without the white space around it.
    pub(crate) fn whole(source: &Arc<SourceText>) -> Self {
        let text = &source.text;
        let start = text.len() - text.trim_start().len();
        let end = text.trim_end().len().max(start);
        Self {
            source: Arc::clone(source),
            span: start..end,
        }
    }
}

/// One problem of a config: the message, the places it names and the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, with the value.
    pub message: String,
    /// The place to underline, with what to write beneath it. None when the fault lies with no line (an empty file).
    pub place: Option<(Place, String)>,
    /// A second place that explains the first, such as the other of two networks.
    pub related: Option<(Place, String)>,
    /// The remedy.
    pub help: Option<String>,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            place: None,
            related: None,
            help: None,
        }
    }

    /// Adds the remedy.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Underlines `place`, with `label` beneath it.
    pub(crate) fn at(mut self, place: &Place, label: impl Into<String>) -> Self {
        self.place = Some((place.clone(), label.into()));
        self
    }

    /// Names a second place.
    pub(crate) fn and(mut self, place: &Place, label: impl Into<String>) -> Self {
        self.related = Some((place.clone(), label.into()));
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some((place, _)) = &self.place {
            let (line, column) = line_and_column(&place.source.text, place.span.start);
            write!(f, " ({}:{line}:{column})", place.source.name)?;
        }
        Ok(())
    }
}

/// Line and column of byte `offset`, both counted from 1.
fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |last| last.chars().count());
    (line, column + 1)
}

/// Why a config gives no experiment.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read as text.
    #[error("cannot read the config file {}: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// The remedy.
        help: String,
        /// What the system says, where that adds something.
        source: Option<std::io::Error>,
    },
    /// The text is no experiment.
    #[error("{problem}")]
    Invalid {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: Box<Problem>,
    },
}

impl ConfigError {
    /// The config file.
    pub fn file(&self) -> &Path {
        match self {
            Self::Unreadable { file, .. } | Self::Invalid { file, .. } => file,
        }
    }

    /// The remedy.
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Unreadable { help, .. } => Some(help),
            Self::Invalid { problem, .. } => problem.help.as_deref(),
        }
    }
}
