//! Fig. 6: the path of body 1 and body 2, true and predicted by every network of Table III.

use burn::tensor::Device;
use kuva::plot::LinePlot;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::render::Scene;

use super::canvas::{Panel, panels};
use super::{Figure, FigureError, missing};
use crate::reproduce::{Paper, Results};
use crate::two_body::{Orbit, Prediction, evaluation_states, rate_of};
use gradnet_train::run::Run;
use gradnet_train::sweep::Filled;

/// Which of the 15 orbits is drawn: the one that Greydanus et al. draw.
const ORBIT: usize = 2;

/// The true paths' colours and the predicted ones', body 1 and body 2.
const COLOURS: [[&str; 2]; 2] = [["#b8b8b8", "#b8b8b8"], ["#1f5fa8", "#c4452c"]];

pub(super) fn scene(
    results: &Results,
    papers: &[Paper],
    device: &Device,
) -> Result<Scene, FigureError> {
    let none = || missing(Figure::Orbits, "gradnet reproduce table3", results.folder());
    let paper = papers.iter().find(|paper| paper.name == "table3");
    let paper = paper.ok_or_else(none)?;
    let (places, store) = (paper.places()?, results.store(paper));
    let mut drawn = Vec::new();
    for filled in Filled::of(&places, &store)? {
        if filled.records[0].result.is_none() {
            continue;
        }
        let network = Run::open(&store.run(filled.cell()))?.network(device)?;
        let start = evaluation_states()[ORBIT];
        let prediction = Prediction::new(rate_of(&network, device), start, paper.horizon)?;
        drawn.push(panel(&filled.place.row, &prediction));
    }
    if drawn.is_empty() {
        return Err(none());
    }
    let title = format!(
        "Two bodies from t = 0 to {}: true paths grey, predicted ones coloured (start {ORBIT})",
        paper.horizon.end
    );
    Ok(panels(&title, 3, [420.0, 400.0], drawn))
}

fn panel(label: &str, prediction: &Prediction) -> Panel {
    let error = prediction.coordinate_mse_db();
    let [truth, predicted] = COLOURS;
    let mut plots = paths(&prediction.truth, truth, 3.0);
    plots.extend(paths(&prediction.predicted, predicted, 1.1));
    let layout = Layout::new((-2.0, 2.0), (-2.0, 2.0))
        .with_title(format!("{label}: {error:.1} dB"))
        .with_title_size(15)
        .with_x_label("x")
        .with_y_label("y")
        .with_x_tick_step(1.0)
        .with_y_tick_step(1.0)
        .with_show_grid(false)
        .with_clamp_axis();
    (plots, layout)
}

/// The paths of both bodies within the panel; one that leaves it is cut there.
fn paths(orbit: &Orbit, colours: [&str; 2], width: f64) -> Vec<Plot> {
    (0..2)
        .map(|body| {
            let places = orbit
                .states
                .iter()
                .map(|state| (state[body], state[2 + body]));
            let inside = places.take_while(|(x, y)| x.abs() < 2.0 && y.abs() < 2.0);
            let line = LinePlot::new().with_data(inside.collect::<Vec<_>>());
            Plot::Line(line.with_color(colours[body]).with_stroke_width(width))
        })
        .collect()
}
