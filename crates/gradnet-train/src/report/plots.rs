//! The pictures of a field: its arrows, where its errors are and how large, its density, the eigenvalues of its
//! Jacobian.

use kuva::plot::{ColorMap, Heatmap, Histogram, LinePlot, QuiverPivot, QuiverPlot, ScatterPlot};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

use super::address::Picture;
use super::measure::{Measured, PlaneDensity, PlaneField};
use super::names::{Names, label};

/// Colours of runs that can be told apart, also by those who see few (Okabe and Ito).
pub(super) const COLOURS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000",
];

/// Pixels of a picture that stands beside another: its letters are then as large as those of the page.
const SIZE: [f64; 2] = [600.0, 420.0];

/// A frame around plots, as wide as two of them stand beside each other.
pub(super) fn frame(plots: &[Plot]) -> Layout {
    let [width, height] = SIZE;
    Layout::auto_from_plots(plots)
        .with_width(width)
        .with_height(height)
}

/// Bars of a histogram at most.
const BARS: usize = 40;
/// Marks under it at most, about.
const TICKS: usize = 6;

/// The pictures of one run.
pub(super) fn pictures(measured: &Measured, names: &Names) -> Vec<Picture> {
    let mut pictures = Vec::new();
    if let Some(paths) = &measured.paths {
        pictures.extend(super::paths::pictures(paths));
    } else if let Some(map) = &measured.map {
        pictures.extend(map.pictures(names));
    } else if let Some(plane) = &measured.plane {
        pictures.extend(plane_pictures(plane, names));
    }
    pictures.extend(histogram(
        measured.errors.clone(),
        Some(0.0),
        "norm of the error",
        |count| format!("How large the error is at {count} test points."),
    ));
    if measured.plane.is_none() {
        pictures.extend(spectra(&measured.spectra));
    }
    pictures
}

fn plane_pictures(plane: &PlaneField, names: &Names) -> Vec<Picture> {
    let (low, high) = plane.range;
    let arrows = |arrows: &[[f64; 4]], caption: &str| {
        let plot = QuiverPlot::new()
            .with_arrows(arrows.iter().map(|[x, y, u, v]| (*x, *y, *u, *v)))
            .with_auto_scale(0.9)
            .with_pivot(QuiverPivot::Middle)
            .with_color(COLOURS[0]);
        let plots = vec![Plot::Quiver(plot)];
        let layout = in_the_plane(&plots, names).with_equal_aspect();
        Picture::plots(plots, layout, caption)
    };
    let mut pictures = vec![arrows(&plane.arrows, "The learned field.")];
    if let Some(target) = &plane.target_arrows {
        pictures.push(arrows(target, "The target's field."));
    }
    if let Some(errors) = &plane.errors {
        let caption = "Where the error is: its norm over the region.";
        pictures.push(map(errors, [(low, high); 2], names, "|error|", caption));
    }
    if let Some(density) = &plane.density {
        pictures.extend(density_pictures(density, names));
    }
    pictures
}

/// A frame whose axes are the two coordinates of points.
fn in_the_plane(plots: &[Plot], names: &Names) -> Layout {
    frame(plots)
        .with_x_label(label(names.point(0)))
        .with_y_label(label(names.point(1)))
}

/// Numbers over a rectangle of the plane, row after row upwards.
fn map(
    rows: &[Vec<f64>],
    axes: [(f64, f64); 2],
    names: &Names,
    legend: &str,
    caption: &str,
) -> Picture {
    let [first, second] = axes;
    let map = Heatmap::new()
        .with_data(rows.iter().cloned())
        .with_color_map(ColorMap::Viridis)
        .with_x_range(first.0, first.1)
        .with_y_range(second.0, second.1)
        .with_cell_size(1.0)
        .with_legend(legend);
    let plots = vec![Plot::Heatmap(map)];
    let layout = in_the_plane(&plots, names);
    Picture::plots(plots, layout, caption)
}

/// The density, and samples of it beside those of the data.
fn density_pictures(density: &PlaneDensity, names: &Names) -> Vec<Picture> {
    let mut pictures = Vec::new();
    if let Some(values) = &density.values {
        let caption = "The density whose score was learned, from the potential.";
        pictures.push(map(
            values,
            density.axes,
            names,
            "share of the largest",
            caption,
        ));
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
    let layout = in_the_plane(&plots, names);
    let caption = "Samples drawn with the score, and samples of the data with its noise.";
    pictures.push(Picture::plots(plots, layout, caption));
    pictures
}

/// How often numbers are how large, from `low` on if it is given; `caption` gets their count. None where they are all
/// one.
pub(super) fn histogram(
    numbers: Vec<f64>,
    low: Option<f64>,
    axis: &str,
    caption: impl FnOnce(usize) -> String,
) -> Option<Picture> {
    let finite: Vec<f64> = numbers.into_iter().filter(|x| x.is_finite()).collect();
    let least = finite.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = finite.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (low, count) = (low.unwrap_or(least), finite.len());
    if count == 0 || largest <= low {
        return None;
    }
    // As many bars as there are points in each, on average.
    let width = round_width(largest - low, count.isqrt().clamp(8, BARS));
    let (first, last) = ((low / width).floor(), (largest / width).floor() + 1.0);
    let plot = Histogram::new()
        .with_data(finite)
        .with_bins((last - first) as usize)
        .with_range((first * width, last * width))
        .with_color(COLOURS[0]);
    let plots = vec![Plot::Histogram(plot)];
    let layout = frame(&plots)
        .with_x_label(label(axis))
        .with_y_label("test points")
        .with_x_tick_step(round_width((last - first) * width, TICKS));
    Some(Picture::plots(plots, layout, caption(count)))
}

/// The smallest of 1, 2, 5, 10 and so on, times a power of ten, of which at most `pieces` make `span`.
fn round_width(span: f64, pieces: usize) -> f64 {
    let least = span / pieces as f64;
    let power = 10f64.powf(least.log10().floor());
    let widths = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let wide = widths.into_iter().find(|width| *width >= least);
    wide.unwrap_or(10.0 * power)
}

fn spectra(spectra: &[Vec<f64>]) -> Option<Picture> {
    if spectra.is_empty() {
        return None;
    }
    let lines: Vec<Plot> = spectra
        .iter()
        .enumerate()
        .map(|(place, values)| {
            let points = values
                .iter()
                .zip(1..)
                .map(|(value, rank)| (f64::from(rank), *value));
            let line = LinePlot::new()
                .with_data(points)
                .with_color(COLOURS[0])
                .with_stroke_width(1.0);
            Plot::Line(match place {
                0 => line.with_legend("a test point each"),
                _ => line,
            })
        })
        .collect();
    let layout = frame(&lines)
        .with_x_label("rank")
        .with_y_label("eigenvalue");
    Some(Picture::plots(
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
    use super::super::drawn::Drawn;
    use super::*;
    use crate::data::file::ColumnNames;

    /// Viridis has its largest number in yellow and its smallest in violet; `y` counts downwards in SVG.
    #[test]
    fn the_rows_of_a_map_lie_from_the_bottom_to_the_top() {
        let rows = [vec![0.0], vec![1.0]];
        let names = Names::new(ColumnNames::default(), 2);
        let shown = map(&rows, [(0.0, 1.0), (-3.0, 3.0)], &names, "", "");
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

    /// Bars begin at round numbers, and each is as high as there are numbers from its left end to its right.
    #[test]
    fn bars_are_as_high_as_there_are_numbers_in_them() {
        for (span, bars, width) in [
            (10.0, 10, 1.0),
            (10.0, 9, 2.0),
            (0.3, 10, 0.05),
            (70.0, 8, 10.0),
        ] {
            assert!(
                (round_width(span, bars) / width - 1.0).abs() < 1e-9,
                "{span} {bars}"
            );
        }
        let numbers = vec![-1.5, -0.5, 0.5, 0.6, 3.2, f64::NAN, f64::INFINITY];
        let picture = histogram(numbers, None, "$ of mass", |count| {
            format!("{count} points")
        });
        let picture = picture.unwrap();
        assert_eq!(picture.caption, "5 points");
        let drawn = Drawn::of(&picture);
        assert!(drawn.has_text("$ of mass"), "a dollar is no mathematics");
        // 4.7 in 8 bars: a width of 1, from -2 on.
        let expected = [[-2.0, 1.0], [-1.0, 1.0], [0.0, 2.0], [3.0, 1.0]];
        let bars = drawn.bars();
        let bars: Vec<[f64; 2]> = bars
            .into_iter()
            .filter(|[_, height]| *height > 0.5)
            .collect();
        drawn.assert_same(&bars, &expected);
        assert!(histogram(vec![2.0, 2.0], None, "", |_| String::new()).is_none());
    }
}
