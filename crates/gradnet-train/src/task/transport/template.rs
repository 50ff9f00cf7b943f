//! A config for a map between the samples of two tables.

use std::path::Path;

use super::FilesConfig;
use super::files::{NAMING, UNLIKE};
use super::two_tables::check_differ;
use crate::data::file::PointTable;
use crate::files::FileError;
use crate::task::draft::{
    Draft, Input, Request, Size, Template, Training, list, names, told, unfit,
};

/// The template.
pub(super) const TEMPLATE: Template = Template {
    inputs: &[
        Input::needed("source", "points that are moved"),
        Input::needed("target", "points they are moved to"),
    ],
    columns: &["x", "y"],
    network: "mgradnet_m",
    draft,
};

/// Points that a training needs of each side: some to train on and one for each of the parts held out.
const FEWEST: usize = 10;

fn draft(request: &Request) -> Result<Draft, FileError> {
    let files = [request.file("source"), request.file("target")];
    let mut config = FilesConfig {
        source: files[0].into(),
        target: files[1].into(),
        columns: request.x.clone(),
        target_columns: request.y.clone(),
        header: request.header,
        ..FilesConfig::default()
    };
    config.locate(Path::new("")).map_err(|(_, error)| error)?;
    let dim = config.dim.unwrap_or_default();
    let (mut rows, mut findings) = ([0; 2], Vec::new());
    let of_target = match request.y.as_slice() {
        [] => &request.x,
        _ => &request.y,
    };
    let mut found = [const { Vec::new() }; 2];
    let mut tables = Vec::new();
    let sides = rows.iter_mut().zip(&mut found);
    for ((file, given), (rows, found)) in files.into_iter().zip([&request.x, of_target]).zip(sides)
    {
        let table = PointTable::read(file, given, NAMING.reading(request.header))?;
        *rows = table.rows();
        *found = names(given, table.names());
        if *rows < FEWEST {
            let reason = format!(
                "it has {rows} points; a distribution cannot be told from fewer than {FEWEST}"
            );
            return Err(unfit(file, reason, "add rows, each a point"));
        }
        let split = table.split(0, [config.validation, config.test], 1)?;
        // What a training would refuse is refused before it.
        table.mean_and_size(&split)?;
        findings.extend(table.examine(&split, UNLIKE));
        tables.push(table);
    }
    check_differ(files, [&tables[0], &tables[1]])?;
    let named = |key: &str, names: &[String]| match names {
        [] => String::new(),
        names => format!("{key} = {}\n", list(names)),
    };
    let [columns, other] = match found {
        [source, target] if source == target => [source, Vec::new()],
        // Names of the source alone would be looked for in the target.
        [_, target] if target.is_empty() => [const { Vec::new() }; 2],
        names => names,
    };
    let training = rows.map(|rows| rows - 2 * ((rows as f64 * 0.1).round() as usize).max(1));
    let training = training[0].min(training[1]);
    Ok(Draft {
        told: format!(
            "Learns the map that moves the points of {} to those of {} at the least cost: {} and {} rows, {dim} dimensions",
            request.in_comment(files[0]),
            request.in_comment(files[1]),
            rows[0],
            rows[1],
        ),
        then: ", move points back with `gradnet predict --inverse`",
        named_after: files[0].into(),
        tables: format!(
            r#"[transport.files]
# Relative to this config's folder. The two tables may have different numbers of rows; no row belongs to another.
source = {source}
target = {target}
{header}{columns}{target_columns}# Shares of each table's rows that are held out: one chooses the weights, the other gives the reported numbers. The rest trains.
validation = 0.1
test = 0.1

[transport.loss]
# The semi-dual of optimal transport: f(x*) = y is solved for every point y of the target.
kind = "semi_dual"
"#,
            source = request.quoted(files[0]),
            target = request.quoted(files[1]),
            header = request.header_line(),
            columns = named("columns", &columns),
            target_columns = named("target_columns", &other),
        ),
        network: "The map is the gradient of a convex function: only a monotone network is taken"
            .into(),
        size: Size::Rows {
            rows: training,
            dim,
        },
        train: Training {
            steps: 600,
            of: "points of each table",
            batch: training.clamp(1, 512),
            learning_rate: 0.05,
            points: Some(4096),
        },
        evaluation: "# Test points at most.\npoints = 4096\n".into(),
        notes: told(config.reads(), &findings),
    })
}
