//! How the error of each theorem's class of networks falls with the width, on targets the theorem covers (solid) and on
//! others (dashed).

use std::fs;

use kuva::plot::LinePlot;
use kuva::plot::line::LineStyle;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::render::Scene;

use super::canvas::{COLOURS, Panel, grid, stroke};
use super::{Figure, FigureError, missing};
use crate::reproduce::Results;
use crate::universality::{Class, Row, Shape};
use gradnet_train::run::RunError;

/// The rows in the results folder.
pub const FILE: &str = "universality.json";

pub(super) fn scene(results: &Results) -> Result<Scene, FigureError> {
    let path = results.folder().join(FILE);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let command = "gradnet reproduce universality";
            return Err(missing(Figure::Universality, command, results.folder()));
        }
        read => read.map_err(|error| RunError::io("read", &path, error))?,
    };
    let rows: Vec<Row> = serde_json::from_str(&text).map_err(|error| RunError::Damaged {
        path,
        reason: error.to_string(),
    })?;
    let drawn = Shape::ALL.map(|shape| panel(shape, &rows));
    let title = "Error over width: the theorem covers the target (solid) or does not (dashed)";
    let mut legend: Vec<_> = Class::ALL
        .into_iter()
        .zip(COLOURS)
        .map(|(class, colour)| stroke(class.theorem(), colour, None))
        .collect();
    legend.push(stroke("covered", "#444444", None));
    legend.push(stroke("not covered", "#444444", Some(DASHES)));
    // The sixth place of the grid holds the legend.
    let scene = grid(title, 3, [430.0, 360.0], drawn.into())
        .with_shared_legend_entries(legend)
        .with_shared_legend_at(960.0, 450.0)
        .render();
    Ok(scene)
}

/// Strokes and gaps of a class that does not cover the target, in pixels.
const DASHES: &str = "9 7";

fn panel(shape: Shape, rows: &[Row]) -> Panel {
    // Where lines cover one another, the lower ones show as rims of the upper, thinner ones.
    let widths = (0..).map(|above| 4.5 - 0.65 * f64::from(above));
    let classes = Class::ALL.into_iter().zip(COLOURS).zip(widths);
    let lines = classes.map(|((class, colour), width)| {
        let of_class = rows
            .iter()
            .filter(|row| row.class == class && row.target == shape);
        let points: Vec<(f64, f64)> = of_class.map(|row| (row.width as f64, row.mse_db)).collect();
        let line = LinePlot::new().with_data(points).with_color(colour);
        let line = line.with_stroke_width(width);
        Plot::Line(if class.covers(shape) {
            line
        } else {
            line.with_line_style(LineStyle::Custom(DASHES.into()))
        })
    });
    let plots: Vec<Plot> = lines.collect();
    let layout = Layout::auto_from_plots(&plots)
        .with_title(shape.name().replace('_', " "))
        .with_log_x()
        .with_x_axis_min(3.5)
        .with_x_axis_max(75.0)
        .with_x_label("hidden units")
        .with_y_label("mean squared error, dB");
    (plots, layout)
}
