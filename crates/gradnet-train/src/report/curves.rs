//! The curves of trainings: what chose the weights over the steps, and the step whose weights were kept.
//!
//! Runs whose weights were chosen by the same number share a frame.

use kuva::plot::{LinePlot, ScatterPlot};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use serde::Serialize;

use super::address::Picture;
use super::plots::COLOURS;
use crate::run::Metrics;
use crate::task::Criterion;

/// A frame of curves, under what they are of.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Frame {
    pub(super) title: String,
    /// The title as it stands within a sentence.
    pub(super) name: &'static str,
    pub(super) picture: Picture,
}

/// What a run's training left behind.
#[derive(Clone, Debug)]
pub(super) struct Course<'a> {
    pub(super) name: &'a str,
    pub(super) criterion: Criterion,
    pub(super) metrics: &'a [Metrics],
    /// The step whose weights are in the run folder, and their validation.
    pub(super) kept: Option<(usize, f64)>,
}

/// The step whose weights were kept, and their validation, by what the result says of it: step 0 for weights that
/// training began with. An unfinished run, without a result, keeps the best so far.
pub(super) fn kept(metrics: &[Metrics], result: Option<f64>) -> Option<(usize, f64)> {
    let steps = metrics.iter();
    let mut steps = steps.map(|line| (line.step, line.validation.value()));
    let Some(value) = result else {
        return steps.min_by(|(_, a), (_, b)| a.total_cmp(b));
    };
    let first = steps.find(|(_, validation)| *validation == value);
    // A run without a log was not trained here.
    first.or_else(|| (!metrics.is_empty()).then_some((0, value)))
}

/// A frame for each number that chose weights.
pub(super) fn curves(courses: &[Course<'_>]) -> Vec<Frame> {
    let colours = COLOURS.iter().cycle();
    let mut frames: Vec<(Criterion, Vec<(&Course<'_>, &str)>)> = Vec::new();
    for (course, colour) in courses.iter().zip(colours) {
        if course.metrics.is_empty() {
            continue;
        }
        let same = |(criterion, _): &&mut (Criterion, _)| *criterion == course.criterion;
        match frames.iter_mut().find(same) {
            Some((_, courses)) => courses.push((course, colour)),
            None => frames.push((course.criterion, vec![(course, colour)])),
        }
    }
    let frames = frames.iter();
    frames
        .map(|(criterion, courses)| frame(*criterion, courses))
        .collect()
}

fn frame(criterion: Criterion, courses: &[(&Course<'_>, &str)]) -> Frame {
    let mut plots = Vec::new();
    let mut seen = Vec::new();
    for (course, colour) in courses {
        let points = course.metrics.iter();
        let points = points.map(|line| (line.step as f64, line.validation.value()));
        let points: Vec<(f64, f64)> = points.filter(|(_, value)| value.is_finite()).collect();
        seen.extend(points.iter().map(|(_, value)| *value));
        plots.push(match points.len() {
            // A line of one point is invisible.
            1 => dots(points, colour, 4.0, course.name),
            _ => Plot::Line(
                LinePlot::new()
                    .with_data(points)
                    .with_color(*colour)
                    .with_stroke_width(1.8)
                    .with_legend(course.name),
            ),
        });
    }
    // Over the lines.
    for (course, colour) in courses {
        if let Some((step, value)) = course.kept.filter(|(_, value)| value.is_finite()) {
            seen.push(value);
            let name = match courses.len() {
                1 => "kept weights".to_owned(),
                _ => format!("{}: kept", course.name),
            };
            plots.push(dots(vec![(step as f64, value)], colour, 6.0, &name));
        }
    }
    let title = capital(criterion.title);
    let axis = match criterion.unit {
        "" => title.clone(),
        unit => format!("{title}, {}", unit_text(unit)),
    };
    let mut layout = Layout::auto_from_plots(&plots)
        .with_x_label("step")
        .with_x_axis_min(0.0)
        .with_y_label(axis);
    if is_logarithmic(criterion, &seen) {
        layout = layout.with_log_y();
    }
    let caption = match courses {
        [(course, _)] => match course.kept {
            Some((step, _)) => {
                format!(
                    "{title} over the training steps. The weights of step {step} were kept: the large dot."
                )
            }
            None => format!("{title} over the training steps."),
        },
        _ => format!(
            "{title} over the training steps. A large dot marks the step whose weights were kept."
        ),
    };
    Frame {
        title,
        name: criterion.title,
        picture: Picture::plots(plots, layout, caption),
    }
}

fn dots(points: Vec<(f64, f64)>, colour: &str, size: f64, name: &str) -> Plot {
    let plot = ScatterPlot::new()
        .with_data(points)
        .with_color(colour)
        .with_size(size)
        .with_legend(name);
    Plot::Scatter(plot)
}

/// Whether the numbers are shown on a logarithmic axis: positive all, over more than a decade, and no decibels, which
/// are logarithms already.
fn is_logarithmic(criterion: Criterion, values: &[f64]) -> bool {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    criterion.unit != "dB" && least > 0.0 && largest > 10.0 * least
}

/// A unit as prose has it.
pub(super) fn unit_text(unit: &'static str) -> &'static str {
    match unit {
        "state^2" => "state²",
        unit => unit,
    }
}

/// The text with a capital at its start.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::super::drawn::Drawn;
    use super::*;
    use crate::run::Validation;

    const DUAL: Criterion = Criterion {
        name: "dual_value",
        unit: "",
        title: "held-out dual value",
    };

    fn metrics(values: &[(usize, f64)]) -> Vec<Metrics> {
        let line = |(step, value): &(usize, f64)| Metrics {
            step: *step,
            train_loss: None,
            validation: Validation::Other { validation: *value },
            elapsed_s: 1.0,
        };
        values.iter().map(line).collect()
    }

    fn course<'a>(name: &'a str, metrics: &'a [Metrics]) -> Course<'a> {
        Course {
            name,
            criterion: DUAL,
            metrics,
            kept: kept(metrics, None),
        }
    }

    #[test]
    fn runs_without_a_history_have_no_curve() {
        assert!(curves(&[course("imported", &[])]).is_empty());
    }

    /// The circle lies at the lowest of the values, where the axes say it does, and all says what it is.
    #[test]
    fn the_kept_step_is_marked_where_it_is() {
        let lines = metrics(&[(100, 3.0), (200, 1.25), (300, 2.0), (400, 1.5)]);
        let shown = curves(&[course("one", &lines)]);
        let [Frame { title, picture, .. }] = &shown[..] else {
            panic!("{}", shown.len());
        };
        assert_eq!(title, "Held-out dual value");
        assert_eq!(
            picture.caption,
            "Held-out dual value over the training steps. The weights of step 200 were kept: the large dot."
        );
        let drawn = Drawn::of(picture);
        assert!(drawn.has_text("Held-out dual value"));
        assert!(
            drawn.has_text("one") && drawn.has_text("kept weights"),
            "a legend"
        );
        drawn.assert_dots(6.0, &[[200.0, 1.25]]);
        drawn.assert_line(&[[100.0, 3.0], [200.0, 1.25], [300.0, 2.0], [400.0, 1.5]]);
    }

    #[test]
    fn a_single_validation_is_a_point() {
        let lines = metrics(&[(100, 3.0)]);
        let shown = curves(&[course("one", &lines)]);
        let drawn = Drawn::of(&shown[0].picture);
        drawn.assert_dots(4.0, &[[100.0, 3.0]]);
        drawn.assert_dots(6.0, &[[100.0, 3.0]]);
    }

    /// Of steps that are equally good the first was kept, and the weights that training began with if none was better.
    #[test]
    fn the_kept_step_is_that_of_the_result() {
        let lines = metrics(&[(100, 3.0), (200, 1.25), (300, 1.25)]);
        assert_eq!(kept(&lines, Some(1.25)), Some((200, 1.25)));
        assert_eq!(kept(&lines, Some(0.5)), Some((0, 0.5)));
        assert_eq!(kept(&lines, None), Some((200, 1.25)), "unfinished");
        assert_eq!(kept(&[], Some(0.5)), None, "imported");
    }

    #[test]
    fn each_number_that_chose_weights_has_a_frame() {
        let (one, two) = (metrics(&[(10, 0.5), (20, 0.25)]), metrics(&[(10, 2.0)]));
        let error = Criterion {
            name: "mse_db",
            unit: "dB",
            title: "error on validation points",
        };
        let courses = [
            course("a", &one),
            Course {
                criterion: error,
                ..course("b", &two)
            },
            course("c", &two),
        ];
        let shown = curves(&courses);
        let [dual, error] = &shown[..] else {
            panic!("{}", shown.len());
        };
        let dual = Drawn::of(&dual.picture);
        assert!(dual.has_text("a: kept") && dual.has_text("c: kept"));
        dual.assert_dots(6.0, &[[20.0, 0.25], [10.0, 2.0]]);
        let error = Drawn::of(&error.picture);
        assert!(error.has_text("Error on validation points, dB"));
    }

    #[test]
    fn an_axis_is_logarithmic_where_all_is_positive_and_no_decibel() {
        let decibels = Criterion { unit: "dB", ..DUAL };
        assert!(is_logarithmic(DUAL, &[0.01, 1.0]));
        assert!(!is_logarithmic(DUAL, &[0.9, 1.0]));
        assert!(!is_logarithmic(DUAL, &[-0.01, 1.0]));
        assert!(!is_logarithmic(DUAL, &[0.0, 1.0]));
        assert!(!is_logarithmic(decibels, &[0.01, 1.0]));
        let lines = metrics(&[(10, 100.0), (20, 10.0), (30, 1.0)]);
        let shown = curves(&[course("falling", &lines)]);
        let drawn = Drawn::of(&shown[0].picture).over_logarithms();
        drawn.assert_line(&[[10.0, 2.0], [20.0, 1.0], [30.0, 0.0]]);
    }
}
