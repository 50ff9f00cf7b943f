//! Fig. 5: where on the unit square each network of the toys errs, on one colour scale.

use std::sync::Arc;

use burn::tensor::{Device, FloatDType};
use gradnet_core::VectorField;
use kuva::plot::{ColorMap, Heatmap};
use kuva::render::figure::Figure as Panels;
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::Scene;

use super::canvas::{Panel, around_square, unit_square};
use super::{Figure, FigureError, missing};
use crate::reproduce::{Paper, Results};
use gradnet_train::data::points_tensor;
use gradnet_train::run::Run;
use gradnet_train::sweep::Filled;
use gradnet_train::task::regression::decibels;

/// Cells along a side of a map.
const SIDE: usize = 100;

/// The colour scale: squared errors from here to here, in decibels; what lies beyond has the end's colour.
const SCALE: [f64; 2] = [-80.0, 0.0];

/// The tables whose networks are drawn, and their targets, numbered as in the paper.
const TOYS: [(&str, &str); 2] = [("toy-convex", "(20)"), ("toy-nonconvex", "(21)")];

pub(super) fn scene(
    results: &Results,
    papers: &[Paper],
    device: &Device,
) -> Result<Scene, FigureError> {
    let mut rows = Vec::new();
    for (name, target) in TOYS {
        let mut drawn = Vec::new();
        for paper in papers.iter().filter(|paper| paper.name == name) {
            let (places, store) = (paper.places()?, results.store(paper));
            for filled in Filled::of(&places, &store)? {
                if filled.records[0].result.is_none() {
                    continue;
                }
                let run = Run::open(&store.run(filled.cell()))?;
                let title = format!("{}, {target}", filled.place.row);
                drawn.push(map(&errors(&run, device)?, &title));
            }
        }
        if !drawn.is_empty() {
            rows.push(drawn);
        }
    }
    if rows.is_empty() {
        let command = "gradnet reproduce toy-convex";
        return Err(missing(Figure::ErrorMaps, command, results.folder()));
    }
    Ok(arranged(rows))
}

/// A row of maps a target, and the colour bar of all at the right edge, over the whole height.
fn arranged(rows: Vec<Vec<Panel>>) -> Scene {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let (count, width) = (rows.len(), columns + 1);
    let mut places: Vec<Vec<usize>> = Vec::new();
    let mut drawn = Vec::new();
    for (row, maps) in rows.into_iter().enumerate() {
        places.extend((0..maps.len()).map(|column| vec![row * width + column]));
        drawn.extend(maps);
    }
    places.push((0..count).map(|row| row * width + columns).collect());
    drawn.push(bar());
    let (plots, layouts): (Vec<_>, Vec<_>) = drawn.into_iter().unzip();
    let [cell, height] = around_square(190.0);
    Panels::new(count, width)
        .with_title("Squared error of the learned gradient on the unit square, seed 0")
        .with_title_size(18)
        .with_cell_size(cell, height)
        .with_col_width(columns, 120.0)
        .with_spacing(8.0)
        .with_structure(places)
        .with_plots(plots)
        .with_layouts(layouts)
        .render()
}

/// The squared error in decibels at the centres of the cells, row after row from the bottom.
fn errors(run: &Run, device: &Device) -> Result<Vec<Vec<f64>>, FigureError> {
    let centre = |i: usize| (i as f32 + 0.5) / SIDE as f32;
    let points =
        (0..SIDE).flat_map(|row| (0..SIDE).flat_map(move |column| [centre(column), centre(row)]));
    let x = points_tensor(points.collect(), 2, device, FloatDType::F32);
    let exhibit = run.task(device)?.exhibit(1);
    let Some(target) = exhibit.and_then(|exhibit| exhibit.target) else {
        let command = "gradnet reproduce toy-convex";
        return Err(missing(Figure::ErrorMaps, command, run.path()));
    };
    let field = run.network(device)?;
    let error = (field.forward(x.clone()) - target.gradient(x))
        .square()
        .sum_dim(1);
    let values: Vec<f64> = error.into_data().iter::<f64>().map(decibels).collect();
    Ok(values.chunks(SIDE).map(<[f64]>::to_vec).collect())
}

/// A map whose colours mean the same in every panel, though the library spreads its colours over each map's own range.
fn map(values: &[Vec<f64>], title: &str) -> Panel {
    let map = coloured(values)
        .with_x_range(0.0, 1.0)
        .with_y_range(0.0, 1.0);
    let layout = unit_square(title).with_title_size(14);
    (vec![Plot::Heatmap(map)], layout)
}

fn coloured(values: &[Vec<f64>]) -> Heatmap {
    let all = || values.iter().flatten().copied();
    let (least, most) = (
        all().fold(f64::MAX, f64::min),
        all().fold(f64::MIN, f64::max),
    );
    let [from, to] = SCALE;
    let colours = ColorMap::Custom(Arc::new(move |share: f64| {
        let value = least + share * (most - least);
        ColorMap::Viridis.map(((value - from) / (to - from)).clamp(0.0, 1.0))
    }));
    Heatmap::new()
        .with_data(values.to_vec())
        .with_color_map(colours)
        .with_cell_size(1.0)
}

/// The colour bar that all maps share.
fn bar() -> Panel {
    let [from, to] = SCALE;
    let steps = 200;
    let values: Vec<Vec<f64>> = (0..steps)
        .map(|i| vec![from + (to - from) * (f64::from(i) + 0.5) / f64::from(steps)])
        .collect();
    let map = coloured(&values)
        .with_x_range(0.0, 1.0)
        .with_y_range(from, to);
    let layout = Layout::new((0.0, 1.0), (from, to))
        .with_y_label("squared error, dB")
        .with_x_tick_step(2.0)
        .with_x_tick_format(TickFormat::Custom(Arc::new(|_| String::new())))
        .with_y_tick_step(10.0)
        .with_y_tick_format(TickFormat::Custom(Arc::new(bound)))
        .with_show_grid(false)
        .with_force_margins(78.0, 14.0)
        .with_clamp_axis();
    (vec![Plot::Heatmap(map)], layout)
}

/// A value of the bar; its ends stand for all that lies beyond.
fn bound(value: f64) -> String {
    let [from, to] = SCALE;
    match value {
        v if v <= from => format!("≤ {from:.0}"),
        v if v >= to => format!("≥ {to:.0}"),
        v => format!("{v:.0}"),
    }
}
