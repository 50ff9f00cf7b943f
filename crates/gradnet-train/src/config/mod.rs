//! From the text of a config file to a checked [`Experiment`], or to one problem with its place and its remedy.
//!
//! ```text
//! text  --toml-->  document (every key and value knows its bytes)
//!       --overrides-->  edited document (--network, --seed, --set; these places are the options as typed)
//!       --serde-->  Experiment (unknown keys, wrong types, missing keys are refused with the place)
//!       --check-->  CheckedExperiment (a refused value is looked up by its dotted key)
//! ```
//!
//! Nothing here prints: [`ConfigError`] carries texts and byte spans, and the program draws them.
//!
//! ```
//! use gradnet_train::config::{self, Overrides};
//!
//! let text = "
//! schema = 1
//! name = \"first\"
//! [target.piecewise_quadratic]
//! dim = 32
//! [network.mgradnet_m]
//! parameters = 32768
//! ";
//! let experiment = config::parse("first.toml", text, &Overrides::default()).unwrap();
//! assert_eq!(experiment.dim(), 32);
//!
//! let error = config::parse("first.toml", &text.replace("dim", "dimm"), &Overrides::default());
//! assert!(error.unwrap_err().help().unwrap().contains("did you mean `dim`"));
//! ```

mod document;
mod fault;
mod file;
mod fit;
mod overrides;
mod problem;
mod reader;
mod reference;
mod schema;
mod template;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use crate::experiment::{CheckedExperiment, Experiment, ExperimentError, SCHEMA};
use crate::experiment::{MISSING, TABLES};
use crate::files::FileError;
use document::{Found, Node, Value, WINDOWS_PATH};
use overrides::COMMAND_LINE;
use reader::Reader;

pub use crate::nearest::nearest;
pub use overrides::Overrides;
pub use problem::{ConfigError, Place, Problem, SourceText};
pub use reference::reference;
pub use schema::schema;
pub use template::{Written, template};

/// Reads, edits and checks the config file `file`, also for the memory that the run needs.
///
/// # Errors
/// [`ConfigError::Unreadable`] if the file gives no text, [`ConfigError::Invalid`] with the first problem of the text
/// otherwise.
pub fn load(file: &Path, overrides: &Overrides) -> Result<CheckedExperiment, ConfigError> {
    let text = file::read(file)?;
    load_text(&file.display().to_string(), &text, overrides)
}

/// As [`load`], of a text; `name` stands for the file.
pub(crate) fn load_text(
    name: &str,
    text: &str,
    overrides: &Overrides,
) -> Result<CheckedExperiment, ConfigError> {
    experiment(name, text, overrides, Experiment::check_room)
}

/// Reads the config of a run, which may have been trained on a larger machine.
///
/// # Errors
/// As [`load`].
pub(crate) fn of_run(file: &Path) -> Result<CheckedExperiment, ConfigError> {
    let text = file::read(file)?;
    parse(&file.display().to_string(), &text, &Overrides::default())
}

/// Edits and checks the text of a config; `name` stands for the file in problems.
///
/// # Errors
/// [`ConfigError::Invalid`] with the first problem of the text.
pub fn parse(
    name: &str,
    text: &str,
    overrides: &Overrides,
) -> Result<CheckedExperiment, ConfigError> {
    experiment(name, text, overrides, |_| Ok(()))
}

/// Edits and checks a config; `more` is what is looked at beside the values.
fn experiment(
    name: &str,
    text: &str,
    overrides: &Overrides,
    more: impl Fn(&Experiment) -> Result<(), ExperimentError>,
) -> Result<CheckedExperiment, ConfigError> {
    let source = Arc::new(SourceText {
        name: name.to_owned(),
        text: text.to_owned(),
    });
    checked(&source, overrides, more).map_err(|problem| ConfigError::Invalid {
        file: name.into(),
        problem: Box::new(problem),
    })
}

fn checked(
    source: &Arc<SourceText>,
    overrides: &Overrides,
    more: impl Fn(&Experiment) -> Result<(), ExperimentError>,
) -> Result<CheckedExperiment, Problem> {
    let mut document = Node::parse(source)?;
    if matches!(&document.value, Value::Table(table) if table.entries.is_empty()) {
        return Err(Problem::new(format!("the config {} is empty", source.name))
            .help("start from a copy of configs/smoke.toml, which explains every setting"));
    }
    overrides.apply(&mut document)?;
    known_version(&document)?;
    one_task(&document)?;
    let reader = Reader {
        node: &document,
        key: None,
    };
    let experiment = Experiment::deserialize(reader)
        .map_err(|fault| top_level(fault.into_problem(), &first_line(source)))?;
    let experiment = located(experiment, &document, source)?;
    fit::check(&experiment, &document)?;
    // The memory is looked at in the words of the file, where a width may be a budget.
    let resolved = experiment.check();
    let resolved = resolved.and_then(|resolved| more(&experiment).map(|()| resolved));
    resolved.map_err(|error| refused(&error, &document))
}

/// Refuses two tables that each say what is learned.
fn one_task(document: &Node) -> Result<(), Problem> {
    let Value::Table(table) = &document.value else {
        return Ok(());
    };
    let mut tasks = table
        .entries
        .iter()
        .filter(|(key, _)| TABLES.contains(&key.name.as_str()));
    let (Some((first, _)), Some((second, _))) = (tasks.next(), tasks.next()) else {
        return Ok(());
    };
    let (a, b) = (&first.name, &second.name);
    Err(Problem::new(format!(
        "a run learns one thing: from [{a}.…] or from [{b}.…], not from both"
    ))
    .at(&second.place, "the second")
    .and(&first.place, "the first")
    .help("remove one of the two tables"))
}

/// The experiment with the files of its task found; relative paths begin at the config's folder.
fn located(
    mut experiment: Experiment,
    document: &Node,
    source: &Arc<SourceText>,
) -> Result<Experiment, Problem> {
    // A value out of range is refused by `Experiment::check`, with its key.
    if experiment.task.check().is_ok() {
        let base = Path::new(&source.name).parent().unwrap_or(Path::new(""));
        let start = experiment.train.start.as_mut();
        let start = start.map(|folder| ("train.start", folder));
        for (key, folder) in experiment.task.folders_mut().into_iter().chain(start) {
            // A folder given on the command line is relative to where the user stands.
            let typed = document.find(key).place().source.name == COMMAND_LINE;
            let base = if typed { Path::new("") } else { base };
            if let Ok(absolute) = std::path::absolute(base.join(&*folder))
                && !folder.as_os_str().is_empty()
            {
                *folder = absolute;
            }
        }
        let located = experiment.task.locate(base);
        located.map_err(|error| refused(&error, document))?;
    }
    Ok(experiment)
}

/// Refuses another version before its keys are read: they would all be unknown.
fn known_version(document: &Node) -> Result<(), Problem> {
    let found = document.find("schema");
    match found.node.value {
        Value::Integer(version) if version != i64::from(SCHEMA) => Err(Problem::new(format!(
            "the config is of schema {version}, which this gradnet does not know"
        ))
        .at(&found.node.place, "unknown version")
        .help(format!(
            "write schema = {SCHEMA} and follow the layout of configs/smoke.toml, or use the gradnet that the file was written for (known: {SCHEMA})"
        ))),
        _ => Ok(()),
    }
}

/// The first line of the text that says something.
fn first_line(source: &Arc<SourceText>) -> Place {
    let mut start = 0;
    for line in source.text.split_inclusive('\n') {
        let said = line.trim();
        if !said.is_empty() && !said.starts_with('#') {
            let start = start + line.len() - line.trim_start().len();
            return Place {
                source: Arc::clone(source),
                span: start..start + said.len(),
            };
        }
        start += line.len();
    }
    Place::whole(source)
}

/// What is missing at the top level belongs above the first line.
fn top_level(mut problem: Problem, start: &Place) -> Problem {
    if problem.place.is_some() {
        return problem;
    }
    if problem.message.ends_with(MISSING) {
        problem.message = MISSING.into();
    }
    let help = match problem.message.as_str() {
        "`schema` is missing" => "put schema = 1 on the first line",
        "`name` is missing" => "add name = \"...\" above the first table; it names the run folder",
        MISSING => {
            "add a table [target.NAME], such as [target.piecewise_quadratic]; `gradnet list targets` lists them. For your own data add [data.file]"
        }
        "`network` is missing" => {
            "add a table [network.NAME], such as [network.mgradnet_m]; `gradnet list networks` lists them"
        }
        _ => return problem.at(start, "the config starts here"),
    };
    problem.at(start, "the config starts here").help(help)
}

/// A refused value, at its place.
fn refused(error: &ExperimentError, document: &Node) -> Problem {
    let found = document.find(error.key());
    if let ExperimentError::Data {
        error: FileError::System { .. },
        ..
    } = error
        && has_escape(found.place())
    {
        return Problem::new(format!(
            "{error}: between double quotes a backslash and what follows it stand for another character"
        ))
        .at(found.place(), "this path")
        .help(WINDOWS_PATH);
    }
    Problem::new(error.to_string())
        .at(found.place(), label(&found))
        .help(error.remedy())
}

fn label(found: &Found<'_>) -> &'static str {
    match found.node.value {
        Value::Table(_) if found.complete => "this table",
        Value::Table(_) => "belongs in this table",
        _ => "this value",
    }
}

/// Whether a value is written between double quotes with an escape in it, other than that of a backslash.
fn has_escape(place: &Place) -> bool {
    let written = place.source.text.get(place.span.clone());
    let written = written.filter(|text| text.starts_with('"'));
    written.is_some_and(|text| text.replace("\\\\", "").contains('\\'))
}
