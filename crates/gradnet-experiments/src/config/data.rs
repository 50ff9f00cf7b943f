//! `[data.file]` in the place of a target: within the document it is the target named "file".

use std::path::Path;
use std::sync::Arc;

use super::document::{Node, Value, WINDOWS_PATH};
use super::problem::{Place, Problem, SourceText};
use crate::experiment::Experiment;
use crate::files::FileError;
use crate::target::TargetConfig;

/// Makes `data` the document's `target`; whether there was one.
pub(super) fn rename(document: &mut Node) -> Result<bool, Problem> {
    let Value::Table(table) = &mut document.value else {
        return Ok(false);
    };
    let Some(data) = table.entries.iter().position(|(key, _)| key.name == "data") else {
        return Ok(false);
    };
    if let Some((target, _)) = table.get("target") {
        let (data, _) = &table.entries[data];
        return Err(
            Problem::new("a run learns from a target or from a file, not from both")
                .at(&data.place, "the file")
                .and(&target.place, "the target")
                .help("remove one of the two tables"),
        );
    }
    let (key, node) = &mut table.entries[data];
    if let Value::Table(kinds) = &node.value
        && let Some((other, _)) = kinds.entries.iter().find(|(kind, _)| kind.name != "file")
    {
        return Err(
            Problem::new(format!("unknown key `{}` in `data`", other.name))
                .at(&other.place, "not known")
                .help("known: file, written [data.file]"),
        );
    }
    key.name = "target".into();
    Ok(true)
}

/// Looks into the file that the experiment names, if it names one; relative paths begin at the config's folder.
pub(super) fn inspect(
    experiment: Experiment,
    document: &Node,
    source: &Arc<SourceText>,
) -> Result<Experiment, Problem> {
    let TargetConfig::File(file) = &experiment.target else {
        return Ok(experiment);
    };
    if file.path.as_os_str().is_empty() {
        let table = document.find("target.file");
        return Err(Problem::new("`data.file.path` is missing")
            .at(table.place(), "names no file")
            .help("add path = \"gradients.csv\" with the name of your file"));
    }
    // A value out of range is refused by `Experiment::check`, with its key.
    if experiment.target.check().is_err() {
        return Ok(experiment);
    }
    // A run's config has the absolute path and the dimension: its weights can be used without the file.
    if file.dim.is_some() && file.path.is_absolute() && !file.path.exists() {
        return Ok(experiment);
    }
    let base = Path::new(&source.name).parent().unwrap_or(Path::new(""));
    let found = file.clone().inspect(base).map_err(|error| {
        let key = match &error {
            FileError::Column { name, .. } if file.y.contains(name) => "target.file.y",
            FileError::Column { name, .. } if file.x.contains(name) => "target.file.x",
            FileError::System { file: path, .. }
                if file.gradient_path.is_some()
                    && path.ends_with(file.gradient_path.as_deref().unwrap_or(Path::new(""))) =>
            {
                "target.file.gradient_path"
            }
            _ => "target.file.path",
        };
        let found = document.find(key);
        if matches!(error, FileError::System { .. }) && has_escape(found.place()) {
            return Problem::new(format!(
                "{error}: between double quotes a backslash and what follows it stand for another character"
            ))
            .at(found.place(), "this path")
            .help(WINDOWS_PATH);
        }
        Problem::new(error.to_string())
            .at(found.place(), "this file or its columns")
            .help(error.remedy())
    })?;
    Ok(Experiment {
        target: TargetConfig::File(found),
        ..experiment
    })
}

/// Whether a value is written between double quotes with an escape in it, other than that of a backslash.
fn has_escape(place: &Place) -> bool {
    let written = place.source.text.get(place.span.clone());
    let written = written.filter(|text| text.starts_with('"'));
    written.is_some_and(|text| text.replace("\\\\", "").contains('\\'))
}

/// The problem with the names the file has.
pub(super) fn as_written(mut problem: Problem) -> Problem {
    problem.message = problem
        .message
        .replace("target.file", "data.file")
        .replace("`target`", "`data`");
    problem
}
