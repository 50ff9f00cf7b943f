//! A config for the score of a user's own samples.

use super::config::NAMING;
use super::examination::examine;
use crate::data::file::PointTable;
use crate::files::FileError;
use crate::task::draft::{
    Draft, Input, Request, Size, Template, Training, list, names, told, unfit,
};

/// The template.
pub(super) const TEMPLATE: Template = Template {
    inputs: &[Input::needed("data", "samples of a density")],
    columns: &["x"],
    network: "gradnet_c",
    draft,
};

/// The noise, as a share of the samples' size.
const NOISE: f64 = 0.1;

/// Samples that a training needs: some to train on and one for each of the parts held out.
const FEWEST: usize = 10;

fn draft(request: &Request) -> Result<Draft, FileError> {
    let file = request.file("data");
    let (columns, dim) = PointTable::columns(file, &request.x, NAMING.reading(request.header))?;
    let table = PointTable::read(file, &request.x, NAMING.reading(request.header))?;
    let rows = table.rows();
    if rows < FEWEST {
        let reason =
            format!("it has {rows} samples; a density cannot be told from fewer than {FEWEST}");
        return Err(unfit(file, reason, "add rows, each a sample"));
    }
    let split = table.split(0, [0.1, 0.1], 1)?;
    let (_, size) = table.mean_and_size(&split)?;
    let findings = examine(&table, &split, NOISE * size)?;
    // As `Split` counts them: a tenth for each part held out.
    let training = rows - 2 * ((rows as f64 * 0.1).round() as usize).max(1);
    let named = match names(&request.x, table.names()).as_slice() {
        [] => String::new(),
        given => format!(
            "# The columns (or arrays) with the points.\nx = {}\n",
            list(given)
        ),
    };
    Ok(Draft {
        told: format!(
            "Learns the score, the gradient of the log density, of the samples in {}: {rows} rows, {dim} dimensions",
            request.in_comment(file)
        ),
        then: ", draw new samples with `gradnet sample`",
        named_after: file.into(),
        tables: format!(
            r#"[score.file]
# Relative to this config's folder.
path = {path}
{header}{named}# Shares of the rows that are held out: one chooses the weights, the other gives the reported numbers. The rest trains.
validation = 0.1
test = 0.1
# What is learned is the density smoothed by noise of this deviation, as a share of the samples' size. Less noise shows finer detail and
# needs more samples.
noise = {NOISE}
# "denoising", or "hyvarinen" with the exact trace of the Jacobian, or "sliced" with random directions: all have the same minimiser.
loss = "denoising"
"#,
            path = request.quoted(file),
            header = request.header_line(),
        ),
        network: "A monotone network, such as mgradnet_c, makes the density log-concave whatever its weights".into(),
        size: Size::Rows {
            rows: training,
            dim,
        },
        train: Training {
            steps: 10_000,
            of: "samples",
            batch: training.clamp(1, 100),
            learning_rate: 0.01,
            points: Some(1000),
        },
        evaluation: String::new(),
        notes: told(columns.told(file), &findings),
    })
}
