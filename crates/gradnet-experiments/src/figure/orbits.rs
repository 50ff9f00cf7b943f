//! Fig. 6: the path of body 1 and body 2, true and predicted by every network of Table III.

use burn::tensor::Device;
use kuva::plot::LinePlot;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::render::Scene;

use super::canvas::{Panel, around_square, panels_with_legend, stroke, with_margins};
use super::{Figure, FigureError, missing};
use crate::reproduce::{Paper, Results};
use crate::two_body::{Orbit, Prediction, evaluation_states, rate_of};
use gradnet_train::run::Run;
use gradnet_train::sweep::Filled;

/// Which of the 15 orbits is drawn: the one that Greydanus et al. draw.
const ORBIT: usize = 2;

/// The colours of the predicted paths of body 1 and body 2, and that of the true paths.
const BODIES: [&str; 2] = ["#4f9bd9", "#e8795a"];
const TRUTH: &str = "#111111";

/// The panels show the square from minus this to this.
const REACH: f64 = 2.0;

pub(super) fn scene(
    results: &Results,
    papers: &[Paper],
    device: &Device,
) -> Result<Scene, FigureError> {
    let none = || missing(Figure::Orbits, "gradnet reproduce table3", results.folder());
    let paper = papers.iter().find(|paper| paper.name == "table3");
    let paper = paper.ok_or_else(none)?;
    let (places, store) = (paper.places()?, results.store(paper));
    let filled = Filled::of(&places, &store)?;
    let steps = |filled: &Filled<'_>| filled.records[0].experiment.train.steps;
    let own = filled.iter().map(steps).min();
    let mut drawn = Vec::new();
    // Rows that train longer than the paper are left out.
    for filled in filled.iter().filter(|filled| Some(steps(filled)) == own) {
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
        "Two bodies from t = 0 to {}, start {} of {}, seed 0: error of the positions over the whole time",
        paper.horizon.end,
        ORBIT + 1,
        evaluation_states().len()
    );
    let legend = vec![
        stroke("body 1, predicted", BODIES[0], None),
        stroke("body 2, predicted", BODIES[1], None),
        stroke("both, true", TRUTH, None),
    ];
    let size = around_square(250.0);
    Ok(panels_with_legend(&title, 4, size, drawn, legend))
}

fn panel(label: &str, prediction: &Prediction) -> Panel {
    let error = prediction.coordinate_mse_db();
    // The truth on top: its turns lie on one another, the predicted ones spread.
    let mut plots = paths(&prediction.predicted, BODIES, 1.4);
    plots.extend(paths(&prediction.truth, [TRUTH; 2], 1.0));
    let mut told = format!("{error:.1} dB");
    if let Some(time) = leaves(&prediction.predicted) {
        told = format!("{told}, out of the panel from t = {time:.0}");
    }
    let layout = Layout::new((-REACH, REACH), (-REACH, REACH))
        .with_title(label.replace(" (ours)", ""))
        .with_title_size(14)
        .with_subtitle(told)
        .with_subtitle_size(12)
        .with_x_label("x")
        .with_y_label("y")
        .with_x_tick_step(1.0)
        .with_y_tick_step(1.0)
        .with_show_grid(false)
        .with_clamp_axis();
    (plots, with_margins(layout))
}

/// Whether a body is in the panel.
fn inside((x, y): (f64, f64)) -> bool {
    x.abs() < REACH && y.abs() < REACH
}

/// When a body first leaves the panel.
fn leaves(orbit: &Orbit) -> Option<f64> {
    let mut states = orbit.times.iter().zip(&orbit.states);
    let out = states.find(|(_, s)| !(inside((s[0], s[2])) && inside((s[1], s[3]))));
    out.map(|(time, _)| *time)
}

/// The paths of both bodies within the panel; one that leaves it is cut there.
fn paths(orbit: &Orbit, colours: [&str; 2], width: f64) -> Vec<Plot> {
    (0..2)
        .map(|body| {
            let places = orbit
                .states
                .iter()
                .map(|state| (state[body], state[2 + body]));
            let shown = places.take_while(|place| inside(*place));
            let line = LinePlot::new().with_data(shown.collect::<Vec<_>>());
            Plot::Line(line.with_color(colours[body]).with_stroke_width(width))
        })
        .collect()
}
