//! `gradnet config`: config files without training.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gradnet_train::config::{self, ConfigError, Overrides};
use gradnet_train::data::file::{FileConfig, FilePairs};
use gradnet_train::registry::NetworkConfig;
use gradnet_train::run::check_output;
use gradnet_train::run::write_atomically;
use gradnet_train::task::score::SamplesConfig;
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
    let (file, usual) = match (&options.data, &options.samples) {
        (Some(pairs), _) => (pairs, "mgradnet_m"),
        (None, Some(samples)) => (samples, "gradnet_c"),
        (None, None) => unreachable!("clap asks for one of the two"),
    };
    let name = options.network.as_deref().unwrap_or(usual);
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
        check_output(out, Some(file), &[])?;
    }
    let shown = shown_path(file, options.output.as_deref());
    let place = options
        .output
        .as_deref()
        .unwrap_or(Path::new("config.toml"));
    let text = match options.samples {
        None => pairs_config(options, file, &network, &shown, place)?,
        Some(_) => samples_config(options, file, &network, &shown, place)?,
    };
    let Some(out) = &options.output else {
        output::line(text.trim_end())?;
        return Ok(ExitCode::SUCCESS);
    };
    write_atomically(out, text.as_bytes()).map_err(|error| {
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

/// The config for a file of pairs.
fn pairs_config(
    options: &Init,
    file: &Path,
    network: &NetworkConfig,
    shown: &Path,
    place: &Path,
) -> Result<String, Failure> {
    let data = FileConfig {
        header: options.header,
        x: options.x.clone(),
        y: options.y.clone(),
        ..FileConfig::new(file)
    };
    let (text, columns) = config::template(&data, network, shown, place)?;
    columns.told(file).iter().for_each(output::note);
    say_findings(data.inspect(Path::new(""))?, network);
    Ok(text)
}

/// The config for a file of samples.
fn samples_config(
    options: &Init,
    file: &Path,
    network: &NetworkConfig,
    shown: &Path,
    place: &Path,
) -> Result<String, Failure> {
    let samples = SamplesConfig {
        path: file.to_owned(),
        header: options.header,
        x: options.x.clone(),
        ..SamplesConfig::default()
    };
    let (text, columns) = config::samples_template(&samples, network, shown, place)?;
    columns.told(file).iter().for_each(output::note);
    Ok(text)
}

/// Says what in the data would ruin a fit. It is the user's to mend: the config is good all the same.
fn say_findings(data: FileConfig, network: &NetworkConfig) {
    match FilePairs::read(&data, 0, 1) {
        Ok(mut pairs) => {
            pairs.examine(&data, network.entry().claim);
            for finding in pairs.findings() {
                output::note(format_args!("note: {finding}"));
            }
        }
        Err(error) => output::note(format_args!("note: {error}; {}", error.remedy())),
    }
}

/// The data file as the config will name it, which is from the config's own folder.
fn shown_path(data: &Path, out: Option<&Path>) -> PathBuf {
    let folder = |path: &Path| path.parent().unwrap_or(Path::new("")).to_owned();
    match out {
        Some(out) if folder(out) == folder(data) => {
            data.file_name().map_or(data.to_owned(), PathBuf::from)
        }
        Some(out) if folder(out) != Path::new("") => {
            std::path::absolute(data).unwrap_or(data.to_owned())
        }
        _ => data.to_owned(),
    }
}
