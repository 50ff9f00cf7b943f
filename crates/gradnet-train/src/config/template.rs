//! A config for a user's own data, with the settings at their defaults: what the task [says of
//! itself](crate::task::Draft) between what all configs have.

use std::path::Path;

use super::{ConfigError, Overrides, experiment};
use crate::experiment::{Experiment, templates};
use crate::files::FileError;
use crate::registry::NetworkConfig;
use crate::task::{Draft, DraftSize, Request, Template};

/// A config in text, and what was read and assumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The config.
    pub text: String,
    /// Lines for the user to see.
    pub notes: Vec<String>,
}

/// A config for a task of the list, written for files that have been read through once. What is returned passes
/// `gradnet config check`.
///
/// # Errors
/// What is wrong with a file, or with the names given, or why no network of this kind suits it.
///
/// # Panics
/// If the list has no such template.
pub fn template(task: &str, request: &Request) -> Result<Written, FileError> {
    let draft = (of_task(task).draft)(request)?;
    let text = text(&draft, &request.network);
    let place = request
        .output
        .as_deref()
        .unwrap_or(Path::new("config.toml"));
    accepted(&draft.named_after, &text, place)?;
    Ok(Written {
        text,
        notes: draft.notes,
    })
}

fn of_task(task: &str) -> Template {
    let found = templates().into_iter().find(|(name, _)| *name == task);
    found.unwrap_or_else(|| panic!("no template for {task}")).1
}

/// Reads a text back as a config that will lie at `place`.
///
/// # Errors
/// Why it is none, said of the data at `path`.
fn accepted(path: &Path, text: &str, place: &Path) -> Result<(), FileError> {
    let name = place.display().to_string();
    let checked = experiment(&name, text, &Overrides::default(), Experiment::check_room);
    match checked {
        Ok(_) => Ok(()),
        Err(error) => Err(FileError::Format {
            file: path.into(),
            reason: format!("no config can be written for it: {}", message(&error)),
            remedy: match error.help() {
                Some(help) => help.to_owned(),
                None => "choose another network with --network".into(),
            },
        }),
    }
}

/// What is wrong, without its place in a text that nobody has seen.
fn message(error: &ConfigError) -> String {
    match error {
        ConfigError::Invalid { problem, .. } => problem.message.clone(),
        other => other.to_string(),
    }
}

fn text(draft: &Draft, network: &NetworkConfig) -> String {
    let train = &draft.train;
    let size = match draft.size {
        DraftSize::Rows { rows, dim } => format!(
            "# The widest network within this many parameters; or say `width = 64`.\nparameters = {}\n",
            network_budget(network, dim, rows)
        ),
        DraftSize::Lines(lines) => lines.to_owned(),
    };
    let (points, looks) = match train.points {
        Some(points) => (
            format!("points = {points}\n"),
            ", and how many of them at most",
        ),
        None => (String::new(), ""),
    };
    let evaluation = match draft.evaluation.as_str() {
        "" => String::new(),
        lines => format!("\n[evaluation]\n{lines}"),
    };
    format!(
        r#"# {told}.
# Check it with `gradnet config check`, train it with `gradnet train`{then}.
schema = 1

# Names the run folder: runs/<name>-<network>-s<seed>.
name = "{name}"

# Decides all that is random: the initial weights, what is drawn, and of a table the rows that are held out.
seed = 0

{tables}
# {about}. `gradnet list networks` lists all.
[network.{network}]
{size}{settings}
[train]
# Adam steps and {of} a step.
steps = {steps}
batch = {batch}
learning_rate = {learning_rate}
# "constant", or "cosine": down to 0 at the last step.
schedule = "cosine"
# Largest 2-norm of a parameter's gradient, if training should be unstable:
# clip_norm = 1.0
# Steps between checkpoints, from which `gradnet resume RUN` goes on.
checkpoint_every = {checkpoint_every}

[train.validation]
# Steps between looks at what chooses the weights{looks}.
every = {every}
{points}{evaluation}"#,
        told = draft.told,
        then = draft.then,
        name = run_name(&draft.named_after),
        tables = draft.tables,
        about = draft.network,
        network = network.name(),
        settings = settings(network),
        of = train.of,
        steps = train.steps,
        batch = train.batch,
        learning_rate = train.learning_rate,
        checkpoint_every = train.steps / 5,
        every = (train.steps / 50).max(50),
    )
}

/// A name for the runs on a file: the file's own, in the characters a name may have.
fn run_name(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name: String = stem
        .chars()
        .map(|c| match c.is_ascii_alphanumeric() || "_-.".contains(c) {
            true => c,
            false => '_',
        })
        .collect();
    match name.is_empty() {
        true => "data".into(),
        false => name,
    }
}

/// The network's settings beside its size, at their defaults, a line each.
fn settings(network: &NetworkConfig) -> String {
    let table = toml::Table::try_from(network)
        .expect("settings are numbers, texts and tables, which TOML has");
    let own = table.get(network.name()).and_then(toml::Value::as_table);
    let lines: Vec<String> = own
        .into_iter()
        .flatten()
        .filter(|(key, _)| !["width", "parameters"].contains(&key.as_str()))
        .map(|(key, value)| format!("{key} = {value}\n"))
        .collect();
    if lines.is_empty() {
        return String::new();
    }
    format!(
        "# What else it can be told, at the defaults.\n{}",
        lines.concat()
    )
}

/// As many parameters as the rows can carry, within what the paper used for this dimension.
fn network_budget(network: &NetworkConfig, dim: usize, training: usize) -> usize {
    let most = 1024 * dim;
    let wanted = (training * dim / 4).clamp(50 * dim.max(4), most.max(200));
    // The smallest network of a kind may need more.
    let fits = |budget: usize| {
        let sized = network
            .clone()
            .with_size(crate::registry::Size::Parameters(budget));
        sized.resolve(dim).is_ok()
    };
    (0..20)
        .map(|doubling| wanted << doubling)
        .find(|budget| fits(*budget))
        .unwrap_or(wanted)
}
