//! Training curves: the error on the validation draw over the table's steps, a panel a table and dimension, a line a
//! network.

use kuva::plot::LinePlot;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::render::Scene;

use super::canvas::{COLOURS, Panel, panels};
use super::{Figure, FigureError, missing};
use crate::reproduce::{Paper, Results};
use gradnet_train::sweep::Filled;

/// A scene a table, under its file's name.
pub(super) fn scenes(
    results: &Results,
    papers: &[Paper],
) -> Result<Vec<(String, Scene)>, FigureError> {
    let mut scenes = Vec::new();
    for paper in papers {
        let places = paper.places()?;
        let filled = Filled::of(&places, &results.store(paper))?;
        let drawn = table(paper, &filled);
        if drawn.is_empty() {
            continue;
        }
        let columns = drawn.len();
        let name = format!("{}-{}", Figure::Curves.name(), paper.name);
        scenes.push((name, panels(paper.title(), columns, [560.0, 400.0], drawn)));
    }
    match scenes.is_empty() {
        true => Err(missing(
            Figure::Curves,
            "gradnet reproduce table1",
            results.folder(),
        )),
        false => Ok(scenes),
    }
}

/// A panel for each case of a table, with the seed-0 runs of the table's own number of steps.
fn table(paper: &Paper, filled: &[Filled<'_>]) -> Vec<Panel> {
    let steps = |filled: &Filled<'_>| filled.records[0].experiment.train.steps;
    let own = filled.iter().map(steps).min();
    let of_case = filled.chunk_by(|a, b| a.place.case == b.place.case);
    let panels = of_case.map(|case| {
        let drawn = case.iter().filter(|filled| Some(steps(filled)) == own);
        let plots: Vec<Plot> = drawn.filter_map(|filled| line(paper, filled)).collect();
        let dim = case[0].records[0].experiment.dim();
        let layout = Layout::auto_from_plots(&plots)
            .with_title(format!("d = {dim}"))
            .with_x_label("step")
            .with_y_label("validation error (MSE, dB), seed 0");
        (plots, layout)
    });
    panels.collect()
}

/// A network's line, which has one colour in all panels: that of its place in the table.
fn line(paper: &Paper, filled: &Filled<'_>) -> Option<Plot> {
    let label = filled.place.row.as_str();
    let place = paper.rows().position(|(row, _)| row == label)?;
    let curve = &filled.records[0].result.as_ref()?.curve;
    let points = curve.iter().map(|(step, db)| (*step as f64, *db));
    let line = LinePlot::new().with_data(points.collect::<Vec<_>>());
    let colour = COLOURS[place % COLOURS.len()];
    Some(Plot::Line(line.with_color(colour).with_legend(label)))
}
