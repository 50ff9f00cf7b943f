//! A learned map on a page: points before and after, the lattice it bends, its potential, how far points go, and the
//! rows that fare worst. All of it is in the user's units.

use burn::tensor::Device;
use gradnet_core::VectorField;
use kuva::plot::{ColorMap, ContourPlot, LinePlot, QuiverPlot, ScatterPlot};
use kuva::render::plots::Plot;

use super::address::Picture;
use super::names::{Names, label};
use super::plots::{COLOURS, frame, histogram};
use super::table::Table;
use crate::data::file::RunField;
use crate::measure::four_digits;
use crate::task::transport::ShownMap;

/// Test points that are moved.
const POINTS: usize = 2_000;
/// Those of the pictures with dots, and those with an arrow.
const DOTS: usize = 400;
const ARROWS: usize = 120;
/// Rows of the table of the worst.
const WORST: usize = 10;
/// Coordinates whose changes are shown, beyond the plane.
const COORDINATES: usize = 4;
/// Lines of the lattice each way, and pieces of a line.
const LINES: usize = 13;
const PIECES: usize = 48;
/// Nodes of the potential each way, and its levels.
const FINE: usize = 40;
const LEVELS: usize = 12;

const SOURCE: &str = COLOURS[1];
const MOVED: &str = COLOURS[0];
const TARGET: &str = "#999999";
const PALE: &str = "#b6bfc9";

/// What is measured of a map, row after row.
pub(super) struct Map {
    dim: usize,
    source: Vec<f64>,
    images: Vec<f64>,
    target: Vec<f64>,
    has_truth: bool,
    worst: Vec<Worst>,
    plane: Option<Plane>,
}

/// A row that fares badly.
struct Worst {
    name: String,
    /// How far it is moved.
    way: f64,
    /// The coordinate that changes most, and by what.
    change: (usize, f64),
    /// How far from the true image, where that is known.
    error: Option<f64>,
    /// How far from the nearest point of the target.
    away: f64,
}

/// What is looked at in the plane only.
struct Plane {
    /// The lattice's lines, and their images.
    lines: Vec<Vec<[f64; 2]>>,
    bent: Vec<Vec<[f64; 2]>>,
    /// The potential on a grid, row after row upwards, with the smallest at 0.
    potential: Option<Vec<Vec<f64>>>,
    /// The grid's coordinates.
    nodes: [Vec<f64>; 2],
}

/// The test points that a page shows.
pub(super) const SHOWN: usize = POINTS;

impl Map {
    /// Moves the test points.
    pub(super) fn measure(shown: &ShownMap<'_>, field: &RunField, device: &Device) -> Self {
        let dim = field.dim();
        let images = field.values(&shown.source, device);
        let mut worst = (0..images.len() / dim)
            .map(|place| Worst::of(place, dim, shown, &images))
            .collect::<Vec<_>>();
        // A row that has no number is the worst there is.
        let badness = |row: &Worst| row.error.unwrap_or(row.away);
        worst.sort_by(|(_, a), (_, b)| badness(b).total_cmp(&badness(a)));
        worst.truncate(WORST);
        let worst = worst.into_iter().map(|(place, row)| Worst {
            name: (shown.name)(place),
            ..row
        });
        Self {
            worst: worst.collect(),
            dim,
            has_truth: shown.truth.is_some(),
            plane: (dim == 2).then(|| Plane::measure(&shown.source, field, device)),
            source: shown.source.clone(),
            target: shown.target.clone(),
            images,
        }
    }

    /// Some points of the source and of the target.
    pub(super) fn clouds(&self, count: usize) -> [Vec<[f64; 2]>; 2] {
        [&self.source, &self.target].map(|points| pairs(points).take(count).collect())
    }

    /// The pictures.
    pub(super) fn pictures(&self, names: &Names) -> Vec<Picture> {
        let mut pictures = Vec::new();
        if let Some(plane) = &self.plane {
            pictures.push(self.points(names));
            pictures.push(plane.lattice(names));
            pictures.extend(plane.potential(names));
        }
        let (source, images) = (self.source.chunks(self.dim), self.images.chunks(self.dim));
        let ways = source.zip(images).map(|(x, y)| distance(x, y));
        pictures.extend(histogram(
            ways.collect(),
            Some(0.0),
            "distance from a point to its image",
            |count| format!("How far {count} test points are moved."),
        ));
        if self.plane.is_none() {
            let axes = self.most_changed();
            pictures.extend(axes.into_iter().filter_map(|axis| {
                let name = names.both(axis);
                let changes = self.changes(axis).collect();
                histogram(changes, None, &format!("change of {name}"), |count| {
                    format!("How much {name} changes, at {count} test points.")
                })
            }));
        }
        pictures
    }

    /// The changes of a coordinate.
    fn changes(&self, axis: usize) -> impl Iterator<Item = f64> {
        let rows = self.images.iter().zip(&self.source);
        rows.skip(axis).step_by(self.dim).map(|(y, x)| y - x)
    }

    /// The coordinates that change most in the mean square, the first most.
    fn most_changed(&self) -> Vec<usize> {
        let square = |axis: usize| {
            self.changes(axis)
                .map(|change| change * change)
                .sum::<f64>()
        };
        let mut axes: Vec<(usize, f64)> = (0..self.dim).map(|axis| (axis, square(axis))).collect();
        axes.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        axes.into_iter()
            .take(COORDINATES)
            .map(|(axis, _)| axis)
            .collect()
    }

    /// Points, their images and the way between, over the target.
    fn points(&self, names: &Names) -> Picture {
        let dots = |points: &[f64], count: usize, colour: &str, name: &str| {
            let dots = ScatterPlot::new()
                .with_data(pairs(points).take(count).map(|[x, y]| (x, y)))
                .with_color(colour)
                .with_size(2.0)
                .with_legend(name);
            Plot::Scatter(dots)
        };
        let ways = pairs(&self.source).zip(pairs(&self.images)).take(ARROWS);
        let arrows = QuiverPlot::new()
            .with_arrows(ways.map(|([x, y], [u, v])| (x, y, u - x, v - y)))
            .with_scale(1.0)
            .with_head_max_px(7.0)
            .with_color(PALE);
        let plots = vec![
            dots(&self.target, DOTS, TARGET, "target"),
            Plot::Quiver(arrows),
            dots(&self.source, ARROWS, SOURCE, "before"),
            dots(&self.images, ARROWS, MOVED, "after"),
        ];
        let layout = frame(&plots)
            .with_x_label(label(&names.both(0)))
            .with_y_label(label(&names.both(1)))
            .with_equal_aspect();
        let count = (self.source.len() / 2).min(ARROWS);
        let caption = format!(
            "{count} test points before and after the map, over test points of the target."
        );
        Picture::plots(plots, layout, caption)
    }

    /// The rows that fare worst, in numbers.
    pub(super) fn worst(&self, names: &Names) -> Option<Table> {
        if self.worst.is_empty() {
            return None;
        }
        let rows = self.worst.iter().map(|row| {
            let (axis, change) = row.change;
            let most = format!("{} by {}", names.both(axis), four_digits(change));
            let mut cells = vec![row.name.clone(), most, four_digits(row.way)];
            cells.extend(row.error.map(four_digits));
            cells.push(four_digits(row.away));
            cells
        });
        let mut head = vec!["row", "changes most", "moved by"];
        head.extend(self.has_truth.then_some("error"));
        head.push("to the nearest target point");
        let worst = match self.has_truth {
            true => "The test points with the largest error of the map",
            false => "The test points whose images are farthest from the target's test points",
        };
        Some(Table::new(
            format!("{worst}, the worst first."),
            &head,
            rows,
        ))
    }
}

impl Worst {
    /// What is known of the test point at `place`.
    fn of(place: usize, dim: usize, shown: &ShownMap<'_>, images: &[f64]) -> (usize, Self) {
        let row = |points: &'_ [f64]| points[place * dim..(place + 1) * dim].to_vec();
        let (x, y) = (row(&shown.source), row(images));
        let changes = y.iter().zip(&x).map(|(y, x)| y - x).enumerate();
        let change = changes.max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
        let to_target = shown.target.chunks(dim).map(|other| distance(&y, other));
        let worst = Self {
            name: String::new(),
            way: distance(&x, &y),
            change: change.unwrap_or_default(),
            error: shown.truth.as_ref().map(|truth| distance(&y, &row(truth))),
            away: to_target.fold(f64::INFINITY, f64::min),
        };
        (place, worst)
    }
}

impl Plane {
    /// The lattice and the potential over the points.
    fn measure(points: &[f64], field: &RunField, device: &Device) -> Self {
        let range = |axis: usize| {
            let values = points.iter().skip(axis).step_by(2);
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
                (low.min(*x), high.max(*x))
            })
        };
        let ranges = [range(0), range(1)];
        let node = |axis: usize, part: f64| {
            let (low, high) = ranges[axis];
            low + (high - low) * part
        };
        let share = |place: usize, count: usize| place as f64 / (count - 1) as f64;
        let line = |across: usize, place: usize| -> Vec<[f64; 2]> {
            let fixed = node(across, share(place, LINES));
            let point = |piece: usize| {
                let mut point = [fixed; 2];
                point[1 - across] = node(1 - across, share(piece, PIECES + 1));
                point
            };
            (0..=PIECES).map(point).collect()
        };
        let lines = (0..2).flat_map(|across| (0..LINES).map(move |place| (across, place)));
        let lines: Vec<Vec<[f64; 2]>> = lines.map(|(across, place)| line(across, place)).collect();
        let bent = field.values(&lines.concat().concat(), device);
        let bent: Vec<[f64; 2]> = pairs(&bent).collect();
        let nodes = [0, 1].map(|axis| {
            let nodes = (0..FINE).map(|place| node(axis, share(place, FINE)));
            nodes.collect::<Vec<f64>>()
        });
        let grid = nodes[1]
            .iter()
            .flat_map(|y| nodes[0].iter().flat_map(|x| [*x, *y]));
        let potential = field.potentials(&grid.collect::<Vec<f64>>(), device);
        let potential = potential.map(|values| {
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            let above: Vec<f64> = values.iter().map(|value| value - least).collect();
            above.chunks(FINE).map(<[f64]>::to_vec).collect()
        });
        Self {
            lines,
            bent: bent.chunks(PIECES + 1).map(<[[f64; 2]]>::to_vec).collect(),
            potential,
            nodes,
        }
    }

    fn lattice(&self, names: &Names) -> Picture {
        let draw = |lines: &[Vec<[f64; 2]>], colour: &str, name: &str| -> Vec<Plot> {
            let draw = |(place, line): (usize, &Vec<[f64; 2]>)| {
                let plot = LinePlot::new()
                    .with_data(line.iter().map(|[x, y]| (*x, *y)))
                    .with_color(colour)
                    .with_stroke_width(1.0);
                Plot::Line(match place {
                    0 => plot.with_legend(name),
                    _ => plot,
                })
            };
            lines.iter().enumerate().map(draw).collect()
        };
        let mut plots = draw(&self.lines, PALE, "lattice");
        plots.extend(draw(&self.bent, MOVED, "its image"));
        let layout = frame(&plots)
            .with_x_label(label(&names.both(0)))
            .with_y_label(label(&names.both(1)))
            .with_equal_aspect();
        let caption = "A lattice over the source's test points, and where the map takes its lines.";
        Picture::plots(plots, layout, caption)
    }

    fn potential(&self, names: &Names) -> Option<Picture> {
        let [x, y] = self.nodes.clone();
        let contours = ContourPlot::new()
            .with_grid(self.potential.clone()?, x, y)
            .with_n_levels(LEVELS)
            .with_filled()
            .with_colormap(ColorMap::Viridis)
            .with_line_color("#ffffff")
            .with_line_width(0.6)
            .with_legend("F(x)");
        let plots = vec![Plot::Contour(contours)];
        let layout = frame(&plots)
            .with_x_label(label(names.point(0)))
            .with_y_label(label(names.point(1)))
            .with_equal_aspect();
        let caption = "The potential F over the source's test points: the map is its gradient. The smallest value here \
                       is set to 0.";
        Some(Picture::plots(plots, layout, caption))
    }
}

/// Points of the plane.
fn pairs(points: &[f64]) -> impl Iterator<Item = [f64; 2]> {
    points.chunks_exact(2).map(|x| [x[0], x[1]])
}

fn distance(x: &[f64], y: &[f64]) -> f64 {
    let squares = x.iter().zip(y).map(|(x, y)| (x - y).powi(2));
    squares.sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests;
