//! How the error of each theorem's class of networks falls with the width, on targets the theorem covers (solid) and on others (dashed).

use std::fs;

use kuva::plot::LinePlot;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::render::Scene;

use super::canvas::{COLOURS, Panel, panels};
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
    Ok(panels(title, 2, [520.0, 380.0], drawn.into()))
}

fn panel(shape: Shape, rows: &[Row]) -> Panel {
    let lines = Class::ALL.into_iter().zip(COLOURS).map(|(class, colour)| {
        let of_class = rows
            .iter()
            .filter(|row| row.class == class && row.target == shape);
        let points: Vec<(f64, f64)> = of_class.map(|row| (row.width as f64, row.mse_db)).collect();
        let line = LinePlot::new().with_data(points).with_color(colour);
        let line = line.with_legend(class.theorem());
        Plot::Line(if class.covers(shape) {
            line
        } else {
            line.with_dashed()
        })
    });
    let plots: Vec<Plot> = lines.collect();
    let layout = Layout::auto_from_plots(&plots)
        .with_title(shape.name().replace('_', " "))
        .with_log_x()
        .with_x_label("hidden units")
        .with_y_label("mean squared error, dB");
    (plots, layout)
}
