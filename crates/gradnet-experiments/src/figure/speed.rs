//! How the time of a training step grows with the dimension, the width and the batch, beside the time of its matrix
//! products alone.

use std::fs;
use std::sync::Arc;

use kuva::plot::{LegendPosition, LinePlot, ScatterPlot};
use kuva::render::layout::{AxisLabelOverlap, Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::Scene;

use super::canvas::{Panel, panels};
use super::{Figure, FigureError, missing};
use crate::bench::Row;
use crate::reproduce::Results;
use gradnet_train::run::RunError;

/// The measurements, a row of JSON a line, in the results folder.
const FILE: &str = "speed_sweep.jsonl";

/// Networks and their colours.
const NETWORKS: [(&str, &str, &str); 2] = [
    ("mgradnet_m", "mGradNet-M", "#0072b2"),
    ("mgradnet_c", "mGradNet-C", "#d55e00"),
];

pub(super) fn scene(results: &Results) -> Result<Scene, FigureError> {
    let path = results.folder().join(FILE);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let command = "gradnet bench --sweep --json > speed_sweep.jsonl";
            return Err(missing(Figure::Speed, command, results.folder()));
        }
        read => read.map_err(|error| RunError::io("read", &path, error))?,
    };
    let rows = text
        .lines()
        .enumerate()
        .map(|(line, json)| {
            serde_json::from_str(json).map_err(|error| RunError::Damaged {
                path: path.clone(),
                reason: format!("line {}: {error}", line + 1),
            })
        })
        .collect::<Result<Vec<Row>, _>>()?;
    let drawn = [
        panel(
            &rows,
            "dim",
            "dimension d, 1024 d parameters, batch 100",
            |row| row.dim,
        ),
        panel(&rows, "width", "hidden units, d = 256, batch 100", |row| {
            row.hidden
        }),
        panel(
            &rows,
            "batch",
            "points per step, d = 256, 262,144 parameters",
            |row| row.batch,
        ),
    ];
    let title = "Milliseconds per training step (lines); the matrix products of one step, timed alone (dots)";
    Ok(panels(title, 3, [430.0, 380.0], drawn.into()))
}

fn panel(rows: &[Row], grows: &str, label: &str, size: fn(&Row) -> usize) -> Panel {
    let mut plots = Vec::new();
    for (network, title, colour) in NETWORKS {
        let case = format!("sweep_{grows}_{network}_");
        let of_network = || rows.iter().filter(|row| row.case.starts_with(&case));
        let points = |time: fn(&Row) -> f64| -> Vec<(f64, f64)> {
            of_network()
                .map(|row| (size(row) as f64, time(row)))
                .collect()
        };
        let steps = LinePlot::new().with_data(points(|row| row.ms_per_step));
        plots.push(Plot::Line(steps.with_color(colour).with_legend(title)));
        let floors = ScatterPlot::new().with_data(points(|row| row.floor_ms));
        plots.push(Plot::Scatter(floors.with_color(colour).with_size(4.0)));
    }
    let shown = || rows.iter().filter(|row| row.case.contains(grows));
    let [left, right] = around(shown().map(|row| size(row) as f64));
    let [low, high] = around(shown().flat_map(|row| [row.ms_per_step, row.floor_ms]));
    let layout = Layout::auto_from_plots(&plots)
        .with_log_scale()
        .with_x_axis_min(left)
        .with_x_axis_max(right)
        .with_y_axis_min(low)
        .with_y_axis_max(high)
        .with_x_label(label)
        .with_x_label_overlap(AxisLabelOverlap::Thin)
        .with_y_label("ms per step")
        .with_y_tick_format(TickFormat::Custom(Arc::new(milliseconds)))
        .with_legend_position(LegendPosition::InsideTopLeft);
    (plots, layout)
}

/// The range of values on a logarithmic axis, a little wider, so that no dot is cut.
fn around(values: impl Iterator<Item = f64>) -> [f64; 2] {
    let (least, most) = values.fold((f64::MAX, f64::MIN), |(least, most), value| {
        (least.min(value), most.max(value))
    });
    [least / 1.25, most * 1.25]
}

fn milliseconds(value: f64) -> String {
    let decimals = usize::from(value < 1.0);
    format!("{value:.decimals$}")
}
