//! A config for a user's own pairs.

use std::path::Path;

use gradnet_core::analysis::Claim;

use crate::data::file::{Columns, FileConfig, FilePairs, Finding};
use crate::files::FileError;
use crate::registry::NetworkConfig;
use crate::settings::EvaluationConfig;
use crate::task::draft::{Draft, Input, Request, Size, Template, Training, list, told, unfit};

/// The template.
pub(super) const TEMPLATE: Template = Template {
    inputs: &[Input::needed("data", "points and gradients")],
    columns: &["x", "y"],
    network: "mgradnet_m",
    draft,
};

/// Rows to train on, at least: a single one has no scale.
const FEWEST: usize = 2;

fn draft(request: &Request) -> Result<Draft, FileError> {
    let file = request.file("data");
    let data = FileConfig {
        header: request.header,
        x: request.x.clone(),
        y: request.y.clone(),
        ..FileConfig::new(file)
    };
    let data = data.inspect(Path::new(""))?;
    let found = data.columns()?;
    let dim = data.dim.unwrap_or_default();
    let rows = data.check_rows()?;
    let training = training_rows(&data, rows);
    if training < FEWEST {
        let reason = format!(
            "it has {rows} rows; a training needs at least 4: 2 to train on, 1 that chooses the weights and 1 for the error"
        );
        let remedy = "add rows, each a point with the gradient there";
        return Err(unfit(&data.path, reason, remedy));
    }
    let columns = match named(&data, &found) {
        false => "# x and y are not named: the first half of the columns are the points, the second half the gradients.\n".to_owned(),
        true => format!(
            "# The columns (or arrays) with the points, and those with the gradients at them, in the same order.\nx = {}\ny = {}\n",
            list(&found.x),
            list(&found.y)
        ),
    };
    // The linear map that is shown for reference takes two points a dimension.
    let linear_points = match 2 * dim > EvaluationConfig::default().linear_points {
        true => format!(
            "# Training rows that the linear map shown for reference is fitted to.\nlinear_points = {}\n",
            2 * dim
        ),
        false => String::new(),
    };
    let notes = match findings(&data, &request.network) {
        Ok(findings) => told(found.told(file), &findings),
        Err(error) => [
            found.told(file),
            vec![format!("note: {error}; {}", error.remedy())],
        ]
        .concat(),
    };
    Ok(Draft {
        told: format!(
            "Learns the field in {}: {rows} rows, {dim} dimensions",
            request.in_comment(file)
        ),
        then: "",
        named_after: data.path.clone(),
        tables: format!(
            r#"[data.file]
# Relative to this config's folder.
path = {path}
{header}{columns}# Shares of the rows that are held out: one chooses the weights, the other gives the reported error. The rest trains.
validation = 0.1
test = 0.1
# Moves points and gradients to mean zero and divides each by one number, which keeps a gradient a gradient; results are in your units all
# the same.
standardise = true
# If the gradients are forces, minus the gradient of an energy: the network learns -y, predictions are y.
# sign = -1
"#,
            path = request.quoted(file),
            header = request.header_line(),
        ),
        network: claim(&request.network).into(),
        size: Size::Rows {
            rows: training,
            dim,
        },
        train: Training {
            steps: 5000,
            of: "rows",
            batch: training.clamp(1, 100),
            learning_rate: 0.01,
            points: Some(1000),
        },
        evaluation: format!("# Test rows at most.\npoints = 10000\n{linear_points}"),
        notes,
    })
}

/// What the network is.
fn claim(network: &NetworkConfig) -> &'static str {
    match network.entry().claim {
        Claim::Monotone => {
            "a monotone map: the gradient of a convex function, whatever the weights. If your field is none, gradnet_m is the network without that"
        }
        Claim::Gradient => {
            "the gradient of some function, whatever the weights. If yours is convex, mgradnet_m guarantees that too"
        }
        _ => "without a guarantee",
    }
}

/// What in the data would ruin a fit.
fn findings(data: &FileConfig, network: &NetworkConfig) -> Result<Vec<Finding>, FileError> {
    let mut pairs = FilePairs::read(data, 0, 1)?;
    pairs.examine(data, network.entry().claim);
    Ok(pairs.findings().to_vec())
}

/// Rows that are left to train on beside the two parts held out, as [`Split`](crate::data::file::Split) counts them.
fn training_rows(config: &FileConfig, rows: usize) -> usize {
    let count = |share: f64| ((rows as f64 * share).round() as usize).max(1);
    rows.saturating_sub(count(config.validation) + count(config.test))
}

/// Whether a config names the columns: if they have names, and no more than one can look through.
fn named(config: &FileConfig, columns: &Columns) -> bool {
    const BYTES: usize = 1 << 16;
    let length: usize = columns.x.iter().chain(&columns.y).map(String::len).sum();
    columns.named && (!config.x.is_empty() || length <= BYTES)
}
