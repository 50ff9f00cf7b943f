//! Fig. 5: where on the unit square each network of the toys errs, on one colour scale.

use std::sync::Arc;

use burn::tensor::{Device, FloatDType};
use gradnet_core::VectorField;
use kuva::plot::{ColorMap, Heatmap};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::render::Scene;

use super::canvas::{Panel, panels, unit_square};
use super::{Figure, FigureError, missing};
use crate::reproduce::{Paper, Results};
use gradnet_train::data::points_tensor;
use gradnet_train::run::Run;
use gradnet_train::sweep::Filled;
use gradnet_train::task::regression::decibels;

/// Cells along a side of a map.
const SIDE: usize = 100;

/// The colour scale: squared errors from here to here, in decibels; what lies beyond has the end's colour.
const SCALE: [f64; 2] = [-60.0, -10.0];

pub(super) fn scene(
    results: &Results,
    papers: &[Paper],
    device: &Device,
) -> Result<Scene, FigureError> {
    let mut drawn = Vec::new();
    for paper in papers.iter().filter(|paper| paper.name.starts_with("toy-")) {
        let kind = paper.name.trim_start_matches("toy-");
        let (places, store) = (paper.places()?, results.store(paper));
        for filled in Filled::of(&places, &store)? {
            if filled.records[0].result.is_none() {
                continue;
            }
            let run = Run::open(&store.run(filled.cell()))?;
            let errors = errors(&run, device)?;
            drawn.push(map(&errors, &format!("{} ({kind})", filled.place.row)));
        }
    }
    if drawn.is_empty() {
        let command = "gradnet reproduce toy-convex";
        return Err(missing(Figure::ErrorMaps, command, results.folder()));
    }
    drawn.push(scale());
    let title = "Squared error of the learned gradient on the unit square, seed 0";
    Ok(panels(title, 4, [300.0, 290.0], drawn))
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
    (vec![Plot::Heatmap(map)], unit_square(title))
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

/// The colour bar that all maps share: a panel of its own, most of it empty.
fn scale() -> Panel {
    let [from, to] = SCALE;
    let steps = 100;
    let values: Vec<Vec<f64>> = (0..steps)
        .map(|i| vec![from + (to - from) * (i as f64 + 0.5) / steps as f64])
        .collect();
    let map = coloured(&values)
        .with_x_range(0.0, 1.0)
        .with_y_range(from, to);
    let layout = Layout::new((0.0, 12.0), (from, to))
        .with_title("all panels")
        .with_y_label("squared error, dB")
        .with_x_tick_step(100.0)
        .with_y_tick_step(10.0)
        .with_show_grid(false)
        .with_clamp_axis();
    (vec![Plot::Heatmap(map)], layout)
}
