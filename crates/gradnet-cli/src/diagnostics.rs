//! Failures as the user sees them: what is wrong, the place underlined, the remedy; and the exit code.

use std::fmt;
use std::io;
use std::process::ExitCode;

use gradnet_train::config::{ConfigError, Place, Problem};
use gradnet_train::files::FileError;
use gradnet_train::interchange::ImportError;
use gradnet_train::predict::PredictError;
use gradnet_train::restore::RestoreError;
use gradnet_train::sample::SampleError;
use gradnet_train::{RunError, TrainError};
use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode,
};

use crate::output;

/// The widest a report gets; prose beyond it is hard to read.
const WIDEST: usize = 100;

/// Why a command ends without its result.
#[derive(Debug)]
pub enum Failure {
    /// Something to tell the user, and the exit code.
    Told(Box<Report>, u8),
    /// The reader of our output has gone away; nothing is left to say, and to no one.
    ReaderGone,
}

impl Failure {
    /// Bad usage, config, input or device: exit code 2.
    pub fn input(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::told(message, help, 2)
    }

    /// A message, its remedy and the exit code.
    pub fn told(message: impl Into<String>, help: impl Into<String>, code: u8) -> Self {
        let report = Report {
            message: message.into(),
            help: Some(help.into()),
            source: None,
            labels: Vec::new(),
        };
        Self::Told(Box::new(report), code)
    }

    /// Prints the report to stderr; the exit code.
    pub fn report(&self) -> ExitCode {
        match self {
            Self::ReaderGone => ExitCode::SUCCESS,
            Self::Told(report, code) => {
                report.print();
                ExitCode::from(*code)
            }
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Told(Box::new(Report::from(&error)), 2)
    }
}

/// Output fails: a closed pipe is no error, everything else is.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::input(
                format!("cannot write the output: {error}"),
                "check the disk and the place the output goes to",
            ),
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Config(error) => Self::from(*error),
            error => Self::told(error.to_string(), error.remedy(), 2),
        }
    }
}

/// Two outcomes are none of the user's input: a loss that is not finite, and an interruption.
impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Run(error) => Self::from(error),
            error => {
                let code = match error {
                    TrainError::NonFinite { .. } => 1,
                    TrainError::Interrupted { .. } => 130,
                    _ => 2,
                };
                Self::told(error.to_string(), error.remedy(), code)
            }
        }
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::input(error.to_string(), error.remedy())
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Run(error) => Self::from(error),
            error => Self::told(error.to_string(), error.remedy(), 2),
        }
    }
}

impl From<PredictError> for Failure {
    fn from(error: PredictError) -> Self {
        match error {
            PredictError::Run(error) => Self::from(error),
            error => Self::told(error.to_string(), error.remedy(), 2),
        }
    }
}

impl From<SampleError> for Failure {
    fn from(error: SampleError) -> Self {
        match error {
            SampleError::Run(error) => Self::from(error),
            error => Self::told(error.to_string(), error.remedy(), 2),
        }
    }
}

impl From<RestoreError> for Failure {
    fn from(error: RestoreError) -> Self {
        match error {
            RestoreError::Run(error) => Self::from(error),
            error => Self::told(error.to_string(), error.remedy(), 2),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::from(io::Error::from(error))
    }
}

/// One diagnostic.
#[derive(Debug)]
pub struct Report {
    message: String,
    help: Option<String>,
    source: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
}

impl Report {
    /// Draws the report on stderr: in colour and as wide as a terminal allows, else plain and 80 columns wide.
    pub fn print(&self) {
        let terminal = console::Term::stderr();
        let theme = match console::colors_enabled_stderr() {
            true => GraphicalTheme::unicode(),
            false => GraphicalTheme::unicode_nocolor(),
        };
        let width = match terminal.size_checked() {
            Some((_, columns)) => usize::from(columns).clamp(40, WIDEST),
            None => 80,
        };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_links(false)
            .with_width(width)
            .with_context_lines(1)
            .with_break_words(false);
        let mut text = String::new();
        if handler.render_report(&mut text, self).is_err() {
            text.clone_from(&self.message);
        }
        output::error(text.trim_end());
    }
}

impl From<&ConfigError> for Report {
    fn from(error: &ConfigError) -> Self {
        match error {
            ConfigError::Invalid { problem, .. } => Self::from(problem.as_ref()),
            other => Self {
                message: other.to_string(),
                help: other.help().map(str::to_owned),
                source: None,
                labels: Vec::new(),
            },
        }
    }
}

impl From<&Problem> for Report {
    fn from(problem: &Problem) -> Self {
        let main = problem.place.as_ref();
        // One drawing shows one text: a second place in another text (an option beside the file) stays undrawn.
        let related = problem
            .related
            .as_ref()
            .filter(|(place, _)| main.is_some_and(|(main, _)| main.source == place.source));
        let labels =
            main.into_iter()
                .map(|(place, label)| {
                    LabeledSpan::new_primary_with_span(Some(label.clone()), span(place))
                })
                .chain(related.map(|(place, label)| {
                    LabeledSpan::new_with_span(Some(label.clone()), span(place))
                }))
                .collect();
        Self {
            message: problem.message.clone(),
            help: problem.help.clone(),
            source: main
                .map(|(place, _)| NamedSource::new(&place.source.name, place.source.text.clone())),
            labels,
        }
    }
}

fn span(place: &Place) -> miette::SourceSpan {
    (place.span.start, place.span.len()).into()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl Diagnostic for Report {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<_>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}
