//! Fig. 4: level sets of the potentials (20) and (21) under arrows of their gradients.

use burn::tensor::{Device, FloatDType};
use kuva::plot::{ColorMap, ContourPlot, Heatmap, QuiverPivot, QuiverPlot};
use kuva::render::plots::Plot;
use kuva::render::render::Scene;

use super::FigureError;
use super::canvas::{around_square, panels, unit_square};
use gradnet_train::data::{grid_points, points_tensor};
use gradnet_train::targets::{Target, TargetConfig};

/// Nodes along a side of the level sets' grid, and of the arrows'.
const SIDES: [usize; 2] = [101, 11];

/// Pixels right of a panel, for its colour bar.
const BAR: f64 = 84.0;

pub(super) fn scene(device: &Device) -> Result<Scene, FigureError> {
    let mut drawn = Vec::new();
    for (name, title) in [
        ("quartic_polynomial", "(20), convex"),
        ("trigonometric_surface", "(21), not convex"),
    ] {
        let target = TargetConfig::from_name(name)
            .map(|config| config.init(device))
            .transpose()?;
        let Some(target) = target else { continue };
        let mut plots = levels(target.as_ref(), device);
        plots.push(arrows(target.as_ref(), device));
        let mut layout = unit_square(title)
            .with_title_size(15)
            .with_force_margins(62.0, BAR);
        layout.show_colorbar = true;
        drawn.push((plots, layout));
    }
    let title = "Potentials on the unit square and their gradients";
    let [width, height] = around_square(400.0);
    Ok(panels(title, 2, [width + BAR - 18.0, height], drawn))
}

/// Coordinates along a side.
fn nodes(side: usize) -> Vec<f64> {
    (0..side).map(|i| i as f64 / (side - 1) as f64).collect()
}

/// The values as colours with a bar, and their level sets as lines.
fn levels(target: &dyn Target, device: &Device) -> Vec<Plot> {
    let [side, _] = SIDES;
    let x = points_tensor(grid_points(side), 2, device, FloatDType::F32);
    let values: Vec<f64> = target.potential(x).into_data().iter::<f64>().collect();
    // grid_points goes through x1 in the outer loop; rows are of equal x2.
    let rows = (0..side).map(|j| (0..side).map(|i| values[i * side + j]).collect());
    let rows: Vec<Vec<f64>> = rows.collect();
    // A node is the centre of its cell, so the outer cells reach half a cell beyond the square.
    let half = 0.5 / (side - 1) as f64;
    let colours = Heatmap::new()
        .with_data(rows.clone())
        .with_x_range(-half, 1.0 + half)
        .with_y_range(-half, 1.0 + half)
        .with_color_map(ColorMap::Viridis)
        .with_cell_size(1.0);
    let lines = ContourPlot::new()
        .with_grid(rows, nodes(side), nodes(side))
        .with_n_levels(14)
        .with_line_color("#ffffff")
        .with_line_width(0.9);
    vec![Plot::Heatmap(colours), Plot::Contour(lines)]
}

fn arrows(target: &dyn Target, device: &Device) -> Plot {
    let [_, side] = SIDES;
    let points = grid_points(side);
    let x = points_tensor(points.clone(), 2, device, FloatDType::F32);
    let gradient: Vec<f64> = target.gradient(x).into_data().iter::<f64>().collect();
    let arrows = points.chunks(2).zip(gradient.chunks(2));
    Plot::Quiver(
        QuiverPlot::new()
            .with_arrows(arrows.map(|(x, g)| (f64::from(x[0]), f64::from(x[1]), g[0], g[1])))
            .with_auto_scale(0.9)
            .with_pivot(QuiverPivot::Tail)
            .with_color("#111111")
            .with_shaft_width(1.4),
    )
}
