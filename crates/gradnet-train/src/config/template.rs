//! A config for a user's own data, with the settings at their defaults.

use std::path::Path;

use gradnet_core::analysis::Claim;

use super::{ConfigError, Overrides, experiment};
use crate::data::file::{Columns, FileConfig};
use crate::experiment::{EvaluationConfig, Experiment};
use crate::files::FileError;
use crate::registry::NetworkConfig;

/// A config in text, written for a file that has been read through once; and the columns it reads.
///
/// The data file is named `shown_path` in it, and the config will lie at `place`. What is returned passes `gradnet config check` there.
///
/// # Errors
/// What is wrong with the file, or with the names given, or why no network of this kind suits it.
pub fn template(
    data: &FileConfig,
    network: &NetworkConfig,
    shown_path: &Path,
    place: &Path,
) -> Result<(String, Columns), FileError> {
    let found = data.clone().inspect(Path::new(""))?;
    let columns = found.columns()?;
    let text = text(&found, &columns, network, shown_path)?;
    accepted(&data.path, &text, place)?;
    Ok((text, columns))
}

/// Reads a text back as a config that will lie at `place`.
///
/// # Errors
/// Why it is none, said of the data at `path`.
pub(super) fn accepted(path: &Path, text: &str, place: &Path) -> Result<(), FileError> {
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

fn text(
    data: &FileConfig,
    found: &Columns,
    network: &NetworkConfig,
    shown_path: &Path,
) -> Result<String, FileError> {
    let dim = data.dim.unwrap_or_default();
    let rows = data.check_rows()?;
    let training = training_rows(data, rows);
    if training < FEWEST {
        return Err(FileError::Format {
            file: data.path.clone(),
            reason: format!(
                "it has {rows} rows; a training needs at least 4: 2 to train on, 1 that chooses the weights and 1 for the error"
            ),
            remedy: "add rows, each a point with the gradient there".into(),
        });
    }
    let batch = training.clamp(1, 100);
    let parameters = network_budget(network, dim, training);
    let claim = match network.entry().claim {
        Claim::Monotone => {
            "a monotone map: the gradient of a convex function, whatever the weights. If your field is none, gradnet_m is the network without that"
        }
        Claim::Gradient => {
            "the gradient of some function, whatever the weights. If yours is convex, mgradnet_m guarantees that too"
        }
        _ => "without a guarantee",
    };
    let columns = match named(data, found) {
        false => "# x and y are not named: the first half of the columns are the points, the second half the gradients.\n".to_owned(),
        true => format!(
            "# The columns (or arrays) with the points, and those with the gradients at them, in the same order.\nx = {}\ny = {}\n",
            list(&found.x),
            list(&found.y)
        ),
    };
    let columns = match data.header {
        Some(header) => {
            format!("# Whether the first line names the columns.\nheader = {header}\n{columns}")
        }
        None => columns,
    };
    // The linear map that is shown for reference takes two points a dimension.
    let linear_points = match 2 * dim > EvaluationConfig::default().linear_points {
        true => format!(
            "# Training rows that the linear map shown for reference is fitted to.\nlinear_points = {}\n",
            2 * dim
        ),
        false => String::new(),
    };
    Ok(format!(
        r#"# Learns the field in {file}: {rows} rows, {dim} dimensions.
# Check it with `gradnet config check`, train it with `gradnet train`.
{heading}[data.file]
# Relative to this config's folder.
path = {path}
{columns}# Shares of the rows that are held out: one chooses the weights, the other gives the reported error. The rest trains.
validation = 0.1
test = 0.1
# Moves points and gradients to mean zero and divides each by one number, which keeps a gradient a gradient; results are in your units all
# the same.
standardise = true
# If the gradients are forces, minus the gradient of an energy: the network learns -y, predictions are y.
# sign = -1

# {claim}. `gradnet list networks` lists all.
[network.{network}]
# The widest network within this many parameters; or say `width = 64`.
parameters = {parameters}
{settings}
[train]
# Adam steps and rows a step.
steps = 5000
batch = {batch}
learning_rate = 0.01
# "constant", or "cosine": down to 0 at the last step.
schedule = "cosine"
# Largest 2-norm of a parameter's gradient, if training should be unstable:
# clip_norm = 1.0
# Steps between checkpoints, from which `gradnet resume RUN` goes on.
checkpoint_every = 1000

[train.validation]
# Steps between looks at the validation rows, and how many of them at most.
every = 100
points = 1000

[evaluation]
# Test rows at most.
points = 10000
{linear_points}"#,
        file = in_comment(shown_path),
        heading = heading(&data.path),
        path = toml_text(&shown_path.display().to_string()),
        network = network.name(),
        settings = settings(network),
    ))
}

/// The keys that a config for a file begins with.
pub(super) fn heading(path: &Path) -> String {
    format!(
        r#"schema = 1

# Names the run folder: runs/<name>-<network>-s<seed>.
name = "{}"

# Decides the initial weights, the order of the rows, and which rows are held out.
seed = 0

"#,
        run_name(path)
    )
}

/// A path as a line of comment may have it.
pub(super) fn in_comment(path: &Path) -> String {
    path.display().to_string().replace(char::is_control, " ")
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
pub(super) fn settings(network: &NetworkConfig) -> String {
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

/// Rows to train on, at least: a single one has no scale.
const FEWEST: usize = 2;

/// Rows that are left to train on beside the two parts held out, as [`Split`](crate::data::file::Split) counts them.
fn training_rows(config: &FileConfig, rows: usize) -> usize {
    let count = |share: f64| ((rows as f64 * share).round() as usize).max(1);
    rows.saturating_sub(count(config.validation) + count(config.test))
}

/// As many parameters as the rows can carry, within what the paper used for this dimension.
pub(super) fn network_budget(network: &NetworkConfig, dim: usize, training: usize) -> usize {
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

pub(super) fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| toml_text(name)).collect();
    format!("[{}]", quoted.join(", "))
}

/// A text as TOML writes it.
pub(super) fn toml_text(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Whether a config names the columns: if they have names, and no more than one can look through.
fn named(config: &FileConfig, columns: &Columns) -> bool {
    const BYTES: usize = 1 << 16;
    let length: usize = columns.x.iter().chain(&columns.y).map(String::len).sum();
    columns.named && (!config.x.is_empty() || length <= BYTES)
}
