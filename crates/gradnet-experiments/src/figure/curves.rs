//! Training curves: the error on the validation draw over the table's steps, a panel a table and dimension, a line a network.

use kuva::plot::LinePlot;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::render::Scene;

use super::canvas::{COLOURS, Panel, panels};
use super::{Figure, FigureError, missing};
use crate::reproduce::{Grid, Plan, Record, Rows, Selection, Store, Table};

/// A scene a table, under its file's name.
pub(super) fn scenes(store: &Store, grids: &[Grid]) -> Result<Vec<(String, Scene)>, FigureError> {
    let mut scenes = Vec::new();
    for grid in grids {
        let plan = Plan::new(grid.clone(), Selection::default());
        let records = store.load_all(plan.search()?)?;
        let drawn = table(&plan, &records);
        if drawn.is_empty() {
            continue;
        }
        let columns = drawn.len();
        let name = format!("{}-{}", Figure::Curves.name(), grid.name);
        scenes.push((name, panels(&grid.title, columns, [560.0, 400.0], drawn)));
    }
    match scenes.is_empty() {
        true => Err(missing(
            Figure::Curves,
            "gradnet reproduce table1",
            store.folder(),
        )),
        false => Ok(scenes),
    }
}

/// A panel for each dimension of a table.
fn table(plan: &Plan, records: &[Record]) -> Vec<Panel> {
    let chosen: Vec<(&str, &Record)> = match Table::new(plan, records).rows {
        Rows::Field(rows) => records_of(
            records,
            plan.grid().steps,
            rows.iter()
                .filter_map(|row| Some((row.label.as_str(), row.dim, row.learning_rate?))),
        ),
        Rows::Orbits(rows) => records_of(
            records,
            plan.grid().steps,
            rows.iter().filter_map(|row| {
                Some((row.label.as_str(), 8, row.candidate.as_ref()?.learning_rate))
            }),
        ),
    };
    let mut dims: Vec<usize> = chosen.iter().map(|(_, record)| record.dim).collect();
    dims.dedup();
    let panels = dims.into_iter().map(|dim| {
        let of_dim = chosen.iter().filter(|(_, record)| record.dim == dim);
        let plots: Vec<Plot> = of_dim
            .filter_map(|(label, record)| {
                // A network has one colour in all panels: that of its place in the grid.
                let networks = &plan.grid().networks;
                let place = networks.iter().position(|row| row.label == *label)?;
                let colour = COLOURS[place % COLOURS.len()];
                let curve = &record.result.as_ref()?.curve;
                let points = curve.iter().map(|(step, db)| (*step as f64, *db));
                let line = LinePlot::new().with_data(points.collect::<Vec<_>>());
                Some(Plot::Line(line.with_color(colour).with_legend(*label)))
            })
            .collect();
        let layout = Layout::auto_from_plots(&plots)
            .with_title(format!("d = {dim}"))
            .with_x_label("step")
            .with_y_label("validation error (MSE, dB), seed 0");
        (plots, layout)
    });
    panels.collect()
}

/// The seed-0 record of each row of so many steps, with its label; of several settings with the row's rate, the one that validated best.
fn records_of<'a, 'b>(
    records: &'a [Record],
    steps: usize,
    rows: impl Iterator<Item = (&'b str, usize, f64)>,
) -> Vec<(&'a str, &'a Record)> {
    let error = |record: &Record| record.result.as_ref().map_or(f64::MAX, |r| r.validation_db);
    rows.filter_map(|(label, dim, rate)| {
        let found = records
            .iter()
            .filter(|record| {
                record.label == label
                    && record.dim == dim
                    && record.candidate.learning_rate == rate
                    && record.seed == 0
                    && record.experiment.train.steps == steps
            })
            .min_by(|a, b| error(a).total_cmp(&error(b)))?;
        Some((found.label.as_str(), found))
    })
    .collect()
}
