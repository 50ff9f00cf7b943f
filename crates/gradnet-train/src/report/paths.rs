//! The pictures of dynamics: phase portraits, a path over time, and the learned energy along the paths.

use kuva::plot::{LinePlot, QuiverPivot, QuiverPlot};
use kuva::render::plots::Plot;

use super::address::Picture;
use super::names::label;
use super::plots::{COLOURS, frame};
use crate::task::dynamics::{ShownPath, ShownPaths};

/// What was recorded, and what is predicted.
const RECORDED: &str = "#999999";
const PREDICTED: &str = COLOURS[0];

pub(super) fn pictures(shown: &ShownPaths) -> Vec<Picture> {
    let mut pictures = vec![portrait(shown)];
    if let Some(path) = shown.paths.first() {
        // The first position and its momentum, or the first two coordinates.
        let axes = [0, second_axis(shown)];
        let axes = &axes[..axes.len().min(shown.names.len())];
        pictures.extend(axes.iter().map(|axis| over_time(shown, path, *axis)));
    }
    pictures.extend(energy(shown));
    pictures
}

/// The coordinate that stands beside the first: its momentum, or the next one.
fn second_axis(shown: &ShownPaths) -> usize {
    let count = shown.names.len();
    match shown.has_momenta {
        true => count / 2,
        false => 1.min(count - 1),
    }
}

fn line(points: Vec<(f64, f64)>, colour: &str, width: f64, legend: Option<&str>) -> Plot {
    let line = LinePlot::new()
        .with_data(points)
        .with_color(colour)
        .with_stroke_width(width);
    Plot::Line(match legend {
        Some(legend) => line.with_legend(legend),
        None => line,
    })
}

fn column(states: &[f64], dim: usize, axis: usize) -> impl Iterator<Item = f64> + '_ {
    states.iter().skip(axis).step_by(dim).copied()
}

fn portrait(shown: &ShownPaths) -> Picture {
    let (dim, second) = (shown.names.len(), second_axis(shown));
    let mut plots = Vec::new();
    if !shown.velocities.is_empty() {
        let arrows = shown.velocities.iter().map(|[x, y, u, v]| (*x, *y, *u, *v));
        let quiver = QuiverPlot::new()
            .with_arrows(arrows)
            .with_auto_scale(0.8)
            .with_pivot(QuiverPivot::Middle)
            .with_color("#cccccc");
        plots.push(Plot::Quiver(quiver));
    }
    let both = [
        (RECORDED, 3.0, "recorded", false),
        (PREDICTED, 1.2, "predicted", true),
    ];
    for (colour, width, legend, predicted) in both {
        for (i, path) in shown.paths.iter().enumerate() {
            let states = if predicted {
                &path.predicted
            } else {
                &path.recorded
            };
            let points = column(states, dim, 0).zip(column(states, dim, second));
            let legend = (i == 0).then_some(legend);
            plots.push(line(points.collect(), colour, width, legend));
        }
    }
    let layout = frame(&plots)
        .with_x_label(label(&shown.names[0]))
        .with_y_label(label(&shown.names[second]));
    Picture::plots(
        plots,
        layout,
        format!(
            "Phase portrait: {} test paths, recorded and predicted from their first states.",
            shown.paths.len()
        ),
    )
}

fn over_time(shown: &ShownPaths, path: &ShownPath, axis: usize) -> Picture {
    let dim = shown.names.len();
    let over = |states: &[f64]| -> Vec<(f64, f64)> {
        let values = column(states, dim, axis);
        path.times.iter().copied().zip(values).collect()
    };
    let plots = vec![
        line(over(&path.recorded), RECORDED, 3.0, Some("recorded")),
        line(over(&path.predicted), PREDICTED, 1.2, Some("predicted")),
    ];
    let layout = frame(&plots)
        .with_x_label("time")
        .with_y_label(label(&shown.names[axis]));
    let caption = format!(
        "{} along the first test path, recorded and predicted.",
        shown.names[axis]
    );
    Picture::plots(plots, layout, caption)
}

/// The learned energy along both, where it is known.
fn energy(shown: &ShownPaths) -> Option<Picture> {
    let mut plots = Vec::new();
    for (which, colour, width, legend) in [
        (0, RECORDED, 3.0, "along recorded paths"),
        (1, PREDICTED, 1.2, "along predicted paths"),
    ] {
        for (i, path) in shown.paths.iter().enumerate() {
            let energies = &path.energies.as_ref()?[which];
            let points = path.times.iter().copied().zip(energies.iter().copied());
            let legend = (i == 0).then_some(legend);
            plots.push(line(points.collect(), colour, width, legend));
        }
    }
    let layout = frame(&plots)
        .with_x_label("time")
        .with_y_label("learned energy");
    let caption =
        "The learned energy along the paths, up to one constant: level if it is conserved.";
    Some(Picture::plots(plots, layout, caption))
}
