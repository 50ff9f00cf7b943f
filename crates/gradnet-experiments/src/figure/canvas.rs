//! What the figures share: panels side by side, and a scene as SVG and PNG.

use std::path::{Path, PathBuf};

use kuva::backend::{png::PngBackend, svg::SvgBackend};
use kuva::plot::legend::{LegendEntry, LegendShape};
use kuva::render::figure::Figure as Panels;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::render::Scene;

use super::{Figure, FigureError};
use gradnet_train::run::write_with_folder;

/// Colours that readers of either kind of colour vision tell apart.
pub(super) const COLOURS: [&str; 8] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#444444", "#8c510a",
];

/// A panel: what is drawn, and its axes.
pub(super) type Panel = (Vec<Plot>, Layout);

/// Panels in rows of `columns`, each `width` x `height` pixels.
pub(super) fn panels(title: &str, columns: usize, size: [f64; 2], panels: Vec<Panel>) -> Scene {
    grid(title, columns, size, panels).render()
}

/// The same, with one legend for all panels below them.
pub(super) fn panels_with_legend(
    title: &str,
    columns: usize,
    size: [f64; 2],
    panels: Vec<Panel>,
    legend: Vec<LegendEntry>,
) -> Scene {
    grid(title, columns, size, panels)
        .with_shared_legend_entries(legend)
        .with_shared_legend_bottom()
        .render()
}

/// Panels in rows, to be rendered.
pub(super) fn grid(
    title: &str,
    columns: usize,
    [width, height]: [f64; 2],
    panels: Vec<Panel>,
) -> Panels {
    let rows = panels.len().div_ceil(columns);
    let (plots, layouts): (Vec<_>, Vec<_>) = panels.into_iter().unzip();
    Panels::new(rows, columns)
        .with_title(title)
        .with_title_size(18)
        .with_cell_size(width, height)
        .with_spacing(12.0)
        .with_plots(plots)
        .with_layouts(layouts)
}

/// A line of a legend: a stroke in this colour, dashed if `dashes` says how.
pub(super) fn stroke(label: &str, colour: &str, dashes: Option<&str>) -> LegendEntry {
    LegendEntry {
        label: label.into(),
        color: colour.into(),
        shape: LegendShape::Line,
        dasharray: dashes.map(Into::into),
    }
}

/// Margins of a panel around its axes, in pixels: left, right, top, bottom.
const MARGINS: [f64; 4] = [62.0, 18.0, 56.0, 54.0];

/// The size of a panel whose axes span a square of `side` pixels.
pub(super) fn around_square(side: f64) -> [f64; 2] {
    let [left, right, top, bottom] = MARGINS;
    [left + side + right, top + side + bottom]
}

/// The same margins in every panel, so that equal panels have equal axes.
pub(super) fn with_margins(layout: Layout) -> Layout {
    let [left, right, top, bottom] = MARGINS;
    layout
        .with_force_margins(left, right)
        .with_force_margins_y(top, bottom)
}

/// The axes of the unit square.
pub(super) fn unit_square(title: &str) -> Layout {
    with_margins(Layout::new((0.0, 1.0), (0.0, 1.0)))
        .with_title(title)
        .with_x_label("x₁")
        .with_y_label("x₂")
        .with_x_tick_step(0.5)
        .with_y_tick_step(0.5)
        .with_show_grid(false)
        .with_clamp_axis()
}

/// Writes a scene as PNG of twice the pixels, and as SVG unless that would be tens of thousands of rectangles.
pub(super) fn write(
    figure: Figure,
    folder: &Path,
    name: &str,
    scene: &Scene,
) -> Result<Vec<PathBuf>, FigureError> {
    let png = PngBackend::new()
        .with_scale(2.0)
        .render_scene(scene)
        .map_err(|reason| FigureError::Drawing {
            figure: figure.name(),
            reason,
        })?;
    let path = |ending| folder.join(format!("{name}.{ending}"));
    let mut written = vec![(path("png"), png)];
    if figure.has_svg() {
        let svg = SvgBackend::new().render_scene(scene);
        written.push((path("svg"), svg.into_bytes()));
    }
    for (path, bytes) in &written {
        write_with_folder(path, bytes)?;
    }
    Ok(written.into_iter().map(|(path, _)| path).collect())
}
