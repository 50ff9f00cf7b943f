//! The pictures of a page, as SVG in `data:` addresses: each is an image of its own, so that their names cannot meet.

use kuva::plot::{ColorMap, Heatmap, Histogram, LinePlot, QuiverPivot, QuiverPlot, ScatterPlot};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

use super::Picture;
use super::measure::{Measured, PlaneDensity, PlaneField};
use crate::run::Metrics;
use crate::task::regression::Shown;

/// Colours of runs that can be told apart, also by those who see few (Okabe and Ito).
pub(super) const COLOURS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000",
];

pub(super) fn picture(plots: Vec<Plot>, layout: Layout, caption: impl Into<String>) -> Picture {
    let svg = kuva::render_to_svg(plots, layout);
    Picture {
        source: format!("data:image/svg+xml,{}", percent_encoded(&svg)),
        caption: caption.into(),
    }
}

/// The text as it may stand in an address within quotes.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 5 / 4);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => encoded.push(byte.into()),
            b' ' | b'-' | b'_' | b'.' | b'~' | b'/' | b':' | b'=' | b',' | b';' | b'(' | b')'
            | b'!' | b'*' => encoded.push(byte.into()),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// The validation error over the steps, one line per run; None if no run has any.
pub(super) fn curves<'a>(runs: impl Iterator<Item = (&'a str, &'a [Metrics])>) -> Option<Picture> {
    let mut several = 0;
    let lines: Vec<Plot> = runs
        .zip(COLOURS.iter().cycle())
        .filter(|((_, metrics), _)| !metrics.is_empty())
        .map(|((name, metrics), colour)| {
            several += 1;
            let points = metrics
                .iter()
                .map(|line| (line.step as f64, line.validation.value()))
                .filter(|(_, validation)| validation.is_finite());
            let line = LinePlot::new()
                .with_data(points)
                .with_color(*colour)
                .with_stroke_width(1.8)
                .with_legend(name);
            Plot::Line(line)
        })
        .collect();
    if lines.is_empty() {
        return None;
    }
    let layout = Layout::auto_from_plots(&lines)
        .with_x_label("step")
        .with_y_label("validation");
    Some(picture(
        lines,
        layout,
        "Validation error over the training steps.",
    ))
}

/// The pictures of one run.
pub(super) fn pictures(measured: &Measured) -> Vec<Picture> {
    let mut pictures = Vec::new();
    if let Some(paths) = &measured.paths {
        pictures.extend(super::paths::pictures(paths));
    } else if let Some(plane) = &measured.plane {
        pictures.extend(plane_pictures(plane));
    }
    pictures.extend(errors(&measured.errors, measured.shows));
    if measured.plane.is_none() {
        pictures.extend(spectra(&measured.spectra));
    }
    pictures
}

fn plane_pictures(plane: &PlaneField) -> Vec<Picture> {
    let (low, high) = plane.range;
    let arrows = |arrows: &[[f64; 4]], caption: &str| {
        let plot = QuiverPlot::new()
            .with_arrows(arrows.iter().map(|[x, y, u, v]| (*x, *y, *u, *v)))
            .with_auto_scale(0.9)
            .with_pivot(QuiverPivot::Middle)
            .with_color(COLOURS[0]);
        let plots = vec![Plot::Quiver(plot)];
        let layout = Layout::auto_from_plots(&plots)
            .with_x_label("x1")
            .with_y_label("x2")
            .with_equal_aspect();
        picture(plots, layout, caption)
    };
    let mut pictures = vec![arrows(&plane.arrows, "The learned field.")];
    if let Some(target) = &plane.target_arrows {
        pictures.push(arrows(target, "The target's field."));
    }
    if let Some(errors) = &plane.errors {
        let caption = "Where the error is: its norm over the region.";
        pictures.push(map(errors, [(low, high); 2], "|error|", caption));
    }
    if let Some(density) = &plane.density {
        pictures.extend(density_pictures(density));
    }
    pictures
}

/// Numbers over a rectangle of the plane, row after row upwards.
fn map(rows: &[Vec<f64>], axes: [(f64, f64); 2], legend: &str, caption: &str) -> Picture {
    let [first, second] = axes;
    let map = Heatmap::new()
        .with_data(rows.iter().cloned())
        .with_color_map(ColorMap::Viridis)
        .with_x_range(first.0, first.1)
        .with_y_range(second.0, second.1)
        .with_cell_size(1.0)
        .with_legend(legend);
    let plots = vec![Plot::Heatmap(map)];
    let layout = Layout::auto_from_plots(&plots)
        .with_x_label("x1")
        .with_y_label("x2");
    picture(plots, layout, caption)
}

/// The density, and samples of it beside those of the data.
fn density_pictures(density: &PlaneDensity) -> Vec<Picture> {
    let mut pictures = Vec::new();
    if let Some(values) = &density.values {
        let caption = "The density whose score was learned, from the potential.";
        pictures.push(map(values, density.axes, "share of the largest", caption));
    }
    let scatter = |points: &[[f64; 2]], colour: &str, legend: &str| {
        let plot = ScatterPlot::new()
            .with_data(points.iter().map(|[x, y]| (*x, *y)))
            .with_color(colour)
            .with_size(2.0)
            .with_legend(legend);
        Plot::Scatter(plot)
    };
    let plots = vec![
        scatter(&density.data, COLOURS[4], "data"),
        scatter(&density.drawn, COLOURS[0], "drawn"),
    ];
    let layout = Layout::auto_from_plots(&plots)
        .with_x_label("x1")
        .with_y_label("x2");
    let caption = "Samples drawn with the score, and samples of the data with its noise.";
    pictures.push(picture(plots, layout, caption));
    pictures
}

fn errors(errors: &[f64], shows: Shown) -> Option<Picture> {
    if shows == Shown::Points {
        return None;
    }
    let finite: Vec<f64> = errors.iter().copied().filter(|e| e.is_finite()).collect();
    let largest = finite.iter().copied().fold(0.0, f64::max);
    if finite.is_empty() || largest == 0.0 {
        return None;
    }
    let count = finite.len();
    let plot = Histogram::new()
        .with_data(finite)
        .with_bins(40)
        .with_range((0.0, largest))
        .with_color(COLOURS[0]);
    let plots = vec![Plot::Histogram(plot)];
    let layout = Layout::auto_from_plots(&plots)
        .with_x_label(match shows {
            Shown::Errors => "norm of the error",
            Shown::Ways | Shown::Points => "distance from a point to its image",
        })
        .with_y_label("test points");
    Some(picture(
        plots,
        layout,
        match shows {
            Shown::Errors => format!("How large the error is at {count} test points."),
            Shown::Ways | Shown::Points => format!("How far {count} test points are moved."),
        },
    ))
}

fn spectra(spectra: &[Vec<f64>]) -> Option<Picture> {
    if spectra.is_empty() {
        return None;
    }
    let lines: Vec<Plot> = spectra
        .iter()
        .map(|values| {
            let points = values
                .iter()
                .zip(1..)
                .map(|(value, rank)| (f64::from(rank), *value));
            Plot::Line(
                LinePlot::new()
                    .with_data(points)
                    .with_color(COLOURS[0])
                    .with_stroke_width(1.0),
            )
        })
        .collect();
    let layout = Layout::auto_from_plots(&lines)
        .with_x_label("rank")
        .with_y_label("eigenvalue");
    Some(picture(
        lines,
        layout,
        format!(
            "Eigenvalues of the Jacobian's symmetric part at {} test points: none is negative for a monotone field.",
            spectra.len()
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_survives_its_address() {
        let encoded = percent_encoded("<svg a=\"1\">#%&é</svg>");
        assert!(!encoded.contains(['<', '>', '"', '#', '&', '\'']));
        assert_eq!(encoded, "%3Csvg a=%221%22%3E%23%25%26%C3%A9%3C/svg%3E");
    }

    /// Viridis has its largest number in yellow and its smallest in violet; `y` counts downwards in SVG.
    #[test]
    fn the_rows_of_a_map_lie_from_the_bottom_to_the_top() {
        let rows = [vec![0.0], vec![1.0]];
        let shown = map(&rows, [(0.0, 1.0), (-3.0, 3.0)], "", "");
        let cells = shown.source.split("%3Crect ").skip(1).filter_map(|rect| {
            let of = |name: &str| {
                let rest = rect.split(&format!("{name}=%22")).nth(1)?;
                rest.split("%22").next()
            };
            let (y, width): (f64, f64) = (of("y")?.parse().ok()?, of("width")?.parse().ok()?);
            // The bar of colours is narrow.
            (width > 100.0).then(|| (of("fill"), y))
        });
        let cells: Vec<(Option<&str>, f64)> = cells.collect();
        let at = |colour: &str| {
            let cell = cells.iter().find(|(fill, _)| *fill == Some(colour));
            cell.unwrap_or_else(|| panic!("{cells:?}")).1
        };
        assert!(at("%23fde725") < at("%23440154"));
    }

    #[test]
    fn runs_without_a_history_have_no_curve() {
        assert!(curves([("imported", &[][..])].into_iter()).is_none());
    }
}
