//! `gradnet config`: config files without training.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gradnet_train::config::{self, ConfigError, Overrides};
use gradnet_train::experiment::templates;
use gradnet_train::registry::NetworkConfig;
use gradnet_train::run::check_output;
use gradnet_train::run::write_atomically;
use gradnet_train::task::{Request, Template};
use serde::Serialize;

use super::verify::unknown;
use crate::arguments::Init;
use crate::diagnostics::{Failure, Report};
use crate::output;

/// A checked file as JSON.
#[derive(Serialize)]
#[serde(untagged)]
enum Checked<'a> {
    Good {
        file: &'a Path,
        good: bool,
        network: &'static str,
        target: &'static str,
        dim: usize,
        steps: usize,
    },
    Bad {
        file: &'a Path,
        good: bool,
        problem: String,
        help: Option<String>,
        line: Option<usize>,
        column: Option<usize>,
    },
}

/// Checks every file: a line on stdout for each good one, a report on stderr for each bad one; as JSON, a list of both.
pub fn check(files: &[PathBuf], json: bool) -> Result<ExitCode, Failure> {
    let mut all_good = true;
    let mut checked = Vec::new();
    for file in files {
        match config::load(file, &Overrides::default()) {
            Ok(experiment) if json => checked.push(Checked::Good {
                file,
                good: true,
                network: experiment.network.name(),
                target: experiment.task.name(),
                dim: experiment.dim(),
                steps: experiment.train.steps,
            }),
            Ok(experiment) => output::line(format_args!(
                "{}: {} learns {} (d = {}), {} steps",
                file.display(),
                experiment.network.name(),
                experiment.task.name(),
                experiment.dim(),
                experiment.train.steps,
            ))?,
            Err(error) => {
                all_good = false;
                match json {
                    true => checked.push(bad(file, &error)),
                    false => Report::from(&error).print(),
                }
            }
        }
    }
    if json {
        output::json(&checked)?;
    }
    Ok(match all_good {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(2),
    })
}

fn bad<'a>(file: &'a Path, error: &ConfigError) -> Checked<'a> {
    let place = match error {
        ConfigError::Invalid { problem, .. } => problem.place.as_ref().map(|(place, _)| place),
        _ => None,
    };
    let (line, column) = place.map(|place| place.line_and_column()).unzip();
    let problem = match error {
        ConfigError::Invalid { problem, .. } => problem.message.clone(),
        other => other.to_string(),
    };
    Checked::Bad {
        file,
        good: false,
        problem,
        help: error.help().map(str::to_owned),
        line,
        column,
    }
}

/// Prints the JSON Schema of config files.
pub fn schema() -> Result<ExitCode, Failure> {
    output::json(&config::schema())?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the reference of all settings.
pub fn reference() -> Result<ExitCode, Failure> {
    output::line(config::reference().trim_end())?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a config for the user's own data.
pub fn init(options: &Init) -> Result<ExitCode, Failure> {
    let (task, files) = match &options.samples {
        Some(samples) => (
            "score",
            BTreeMap::from([("data".to_owned(), samples.clone())]),
        ),
        None => (
            options.task.as_deref().unwrap_or("regression"),
            options.inputs.files.clone(),
        ),
    };
    let template = template_of(task)?;
    suits(options, task, &template, &files)?;
    let name = options.network.as_deref().unwrap_or(template.network);
    let network = NetworkConfig::from_name(name).map_err(unknown)?;
    if let Some(out) = &options.output
        && out.exists()
        && !options.overwrite
    {
        return Err(Failure::input(
            format!("{} is there already", out.display()),
            "choose another name with --output, or replace it with --overwrite",
        ));
    }
    if let Some(out) = &options.output {
        for file in files.values() {
            check_output(out, &[file], &[])?;
        }
    }
    let request = Request {
        files,
        output: options.output.clone(),
        header: options.header,
        x: options.x.clone(),
        y: options.y.clone(),
        number: options.number.clone(),
        time: options.time.clone(),
        network,
    };
    let written = config::template(task, &request)?;
    written.notes.iter().for_each(output::note);
    let Some(out) = &options.output else {
        output::line(written.text.trim_end())?;
        return Ok(ExitCode::SUCCESS);
    };
    write_atomically(out, written.text.as_bytes()).map_err(|error| {
        Failure::input(
            format!("cannot write {}: {error}", out.display()),
            "choose a place you may write to with --output",
        )
    })?;
    output::line(format_args!(
        "{} written; next: gradnet train {}",
        out.display(),
        out.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// The template of a task.
fn template_of(task: &str) -> Result<Template, Failure> {
    let all = templates();
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    let found = all.iter().find(|(name, _)| *name == task);
    found.map(|(_, template)| *template).ok_or_else(|| {
        let near = config::nearest(task, names.iter().copied());
        Failure::input(
            format!("no config is written for `{task}`"),
            match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known: {}", names.join(", ")),
            },
        )
    })
}

/// Refuses a file that the task does not ask for, and asks for one that it needs.
fn suits(
    options: &Init,
    task: &str,
    template: &Template,
    files: &BTreeMap<String, PathBuf>,
) -> Result<(), Failure> {
    let asked: Vec<String> = template
        .inputs
        .iter()
        .map(|input| format!("--{} PATH", input.name))
        .collect();
    let help = format!("write gradnet config init {task} {}", asked.join(" "));
    let is_asked = |name: &str| template.inputs.iter().any(|input| input.name == name);
    if let Some(other) = files.keys().find(|name| !is_asked(name)) {
        return Err(Failure::input(format!("{task} takes no --{other}"), help));
    }
    let given = |name: &str| files.contains_key(name);
    let missing = template
        .inputs
        .iter()
        .find(|input| !input.optional && !given(input.name));
    if let Some(input) = missing {
        let message = format!("{task} needs --{}: {}", input.name, input.help);
        return Err(Failure::input(message, help));
    }
    let columns = [
        ("x", !options.x.is_empty()),
        ("y", !options.y.is_empty()),
        ("number", options.number.is_some()),
        ("time", options.time.is_some()),
    ];
    let taken = |name: &str| template.columns.contains(&name);
    match columns.iter().find(|(name, given)| *given && !taken(name)) {
        Some((name, _)) => Err(Failure::input(
            format!("{task} takes no --{name}"),
            "leave it out",
        )),
        None => Ok(()),
    }
}
