//! A config for the score of a user's own samples.

use std::path::Path;

use super::template::{accepted, heading, in_comment, list, network_budget, settings, toml_text};
use crate::data::file::{Columns, PointTable};
use crate::files::FileError;
use crate::registry::NetworkConfig;
use crate::task::score::SamplesConfig;

/// Samples that a training needs: some to train on and one for each of the parts held out.
const FEWEST: usize = 10;

/// A config in text that learns the score of the samples in a file, which is read through; and the columns it reads.
///
/// The file is named `shown_path` in it, and the config will lie at `place`. What is returned passes `gradnet config check` there.
///
/// # Errors
/// What is wrong with the file, or with the names given, or why no network of this kind suits it.
pub fn samples_template(
    samples: &SamplesConfig,
    network: &NetworkConfig,
    shown_path: &Path,
    place: &Path,
) -> Result<(String, Columns), FileError> {
    let SamplesConfig {
        path, header, x, ..
    } = samples;
    let (columns, dim) = PointTable::columns(path, x, *header)?;
    let rows = PointTable::read(path, x, *header)?.rows();
    if rows < FEWEST {
        return Err(FileError::Format {
            file: path.clone(),
            reason: format!(
                "it has {rows} samples; a density cannot be told from fewer than {FEWEST}"
            ),
            remedy: "add rows, each a sample".into(),
        });
    }
    // As `Split` counts them: a tenth for each part held out.
    let training = rows - 2 * ((rows as f64 * 0.1).round() as usize).max(1);
    let header = header.map_or(String::new(), |header| {
        format!("# Whether the first line names the columns.\nheader = {header}\n")
    });
    let named = match x.as_slice() {
        [] => String::new(),
        given => format!(
            "# The columns (or arrays) with the points.\nx = {}\n",
            list(given)
        ),
    };
    let text = format!(
        r#"# Learns the score, the gradient of the log density, of the samples in {file}: {rows} rows, {dim} dimensions.
# Check it with `gradnet config check`, train it with `gradnet train`, draw new samples with `gradnet sample`.
{heading}[score.file]
# Relative to this config's folder.
path = {path}
{header}{named}# Shares of the rows that are held out: one chooses the weights, the other gives the reported numbers. The rest trains.
validation = 0.1
test = 0.1
# What is learned is the density smoothed by noise of this deviation, as a share of the samples' size. Less noise shows finer detail and
# needs more samples.
noise = 0.1
# "denoising", or "hyvarinen" with the exact trace of the Jacobian, or "sliced" with random directions: all have the same minimiser.
loss = "denoising"

# `gradnet list networks` lists all. A monotone network, such as mgradnet_c, makes the density log-concave whatever its weights.
[network.{network}]
# The widest network within this many parameters; or say `width = 64`.
parameters = {parameters}
{settings}
[train]
# Adam steps and samples a step.
steps = 10000
batch = {batch}
learning_rate = 0.01
# "constant", or "cosine": down to 0 at the last step.
schedule = "cosine"
# Steps between checkpoints, from which `gradnet resume RUN` goes on.
checkpoint_every = 2500

[train.validation]
# Steps between looks at the validation rows, and how many of them at most.
every = 250
points = 1000
"#,
        file = in_comment(shown_path),
        heading = heading(path),
        path = toml_text(&shown_path.display().to_string()),
        network = network.name(),
        parameters = network_budget(network, dim, training),
        settings = settings(network),
        batch = training.clamp(1, 100),
    );
    accepted(path, &text, place)?;
    Ok((text, columns))
}
