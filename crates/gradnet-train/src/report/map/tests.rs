use gradnet_core::ParameterSource;

use super::super::drawn::Drawn;
use super::*;
use crate::data::file::{ColumnNames, Similarity};
use crate::registry::{NetworkConfig, Size};

/// A convex network in units of its own.
fn field(dim: usize) -> RunField {
    let config = NetworkConfig::from_name("mgradnet_m").unwrap();
    let mut source = ParameterSource::new(&Device::flex(), 3);
    let network = config.with_size(Size::Width(8)).init(dim, &mut source);
    let similarity = Similarity {
        mean: vec![20.0; dim],
        x_scale: 4.0,
        y_scale: 9.0,
        constant: (0..dim).map(|axis| 10.0 * axis as f64).collect(),
        sign: 1,
    };
    RunField::new(network.unwrap(), Some(similarity))
}

/// Points on a spiral around (20, 20, ..).
fn points(count: usize, dim: usize) -> Vec<f64> {
    let rows = (0..count).flat_map(|row| {
        let turn = row as f64;
        (0..dim).map(move |axis| 20.0 + 0.2 * turn * (turn + axis as f64).sin())
    });
    rows.collect()
}

fn shown(dim: usize, truth: Option<Vec<f64>>) -> ShownMap<'static> {
    ShownMap {
        source: points(30, dim),
        target: points(50, dim).iter().map(|x| x + 3.0).collect(),
        truth,
        name: Box::new(|place| format!("line {}", place + 2)),
    }
}

fn names(dim: usize) -> Names {
    let name = |axis: usize| format!("gene {axis}");
    let columns = ColumnNames {
        x: (0..dim).map(name).collect(),
        y: Vec::new(),
    };
    Names::of_a_map(columns, dim)
}

fn named<'a>(pictures: &'a [Picture], caption: &str) -> &'a Picture {
    let found = pictures
        .iter()
        .find(|picture| picture.caption.starts_with(caption));
    found.unwrap_or_else(|| panic!("{caption}"))
}

/// Every arrow begins at a point of the source and ends where the field takes it, and the dots lie at its ends.
#[test]
fn arrows_lead_from_points_to_their_images() {
    let (field, device) = (field(2), Device::flex());
    let shown = shown(2, None);
    let map = Map::measure(&shown, &field, &device);
    let pictures = map.pictures(&names(2));
    let drawn = Drawn::of(named(&pictures, "30 test points before and after"));
    for text in ["before", "after", "target", "gene 0", "gene 1"] {
        assert!(drawn.has_text(text), "{text}");
    }
    let source: Vec<[f64; 2]> = pairs(&shown.source).collect();
    let images = field.values(&shown.source, &device);
    let images: Vec<[f64; 2]> = pairs(&images).collect();
    let arrows = drawn.arrows_of(PALE);
    let ends = |end: usize| arrows.iter().map(|arrow| arrow[end]).collect::<Vec<_>>();
    drawn.assert_same(&ends(0), &source);
    drawn.assert_same(&ends(1), &images);
    // The legend has a dot of its own.
    drawn.assert_same(&drawn.dots_of(2.0, SOURCE)[..30], &source);
    drawn.assert_same(&drawn.dots_of(2.0, MOVED)[..30], &images);
    let target: Vec<[f64; 2]> = pairs(&shown.target).collect();
    drawn.assert_same(&drawn.dots_of(2.0, TARGET)[..50], &target);
}

/// The drawn image of each line of the lattice is where the field takes the points of the drawn line.
#[test]
fn the_lattice_is_bent_as_the_field_bends_it() {
    let (field, device) = (field(2), Device::flex());
    let map = Map::measure(&shown(2, None), &field, &device);
    let pictures = map.pictures(&names(2));
    let drawn = Drawn::of(named(&pictures, "A lattice"));
    let lines = |colour: &str| -> Vec<Vec<[f64; 2]>> {
        let paths = drawn.paths_of(colour).into_iter();
        paths.filter(|path| path.len() == PIECES + 1).collect()
    };
    let (lines, bent) = (lines(PALE), lines(MOVED));
    assert_eq!((lines.len(), bent.len()), (2 * LINES, 2 * LINES));
    for (line, bent) in lines.iter().zip(&bent) {
        let images = field.values(&line.concat(), &device);
        drawn.assert_same(bent, &pairs(&images).collect::<Vec<_>>());
    }
}

/// Along a level line the potential is one number, the next line has the next level, and they are equally far apart.
#[test]
fn level_lines_are_those_of_the_potential() {
    let (field, device) = (field(2), Device::flex());
    let map = Map::measure(&shown(2, None), &field, &device);
    let pictures = map.pictures(&names(2));
    let drawn = Drawn::of(named(&pictures, "The potential F"));
    assert!(drawn.has_text("F(x)"));
    let paths = drawn.paths_of("#ffffff");
    assert!(paths.len() >= LEVELS - 2, "{}", paths.len());
    let levels = paths.iter().map(|path| {
        let values = field.potentials(&path.concat(), &device).unwrap();
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (0.5 * (low + high), high - low)
    });
    let levels: Vec<(f64, f64)> = levels.collect();
    let steps = levels.windows(2).map(|two| two[1].0 - two[0].0);
    let steps: Vec<f64> = steps.collect();
    let step = steps.iter().sum::<f64>() / steps.len() as f64;
    assert!(step > 0.0);
    for (found, (_, spread)) in steps.iter().zip(&levels) {
        assert!((found / step - 1.0).abs() < 0.1, "{steps:?}");
        assert!(*spread < 0.1 * step, "{levels:?}");
    }
}

/// Beyond the plane: how far points go, and the coordinates that change most.
#[test]
fn beyond_the_plane_ways_and_changes_are_counted() {
    let (field, device) = (field(6), Device::flex());
    let shown = shown(6, None);
    let map = Map::measure(&shown, &field, &device);
    let pictures = map.pictures(&names(6));
    assert_eq!(pictures.len(), 1 + COORDINATES);
    assert_eq!(pictures[0].caption, "How far 30 test points are moved.");
    let images = field.values(&shown.source, &device);
    let ways = shown.source.chunks(6).zip(images.chunks(6));
    let ways: Vec<f64> = ways.map(|(x, y)| distance(x, y)).collect();
    let bars = Drawn::of(&pictures[0]).bars();
    // Empty bars are not drawn.
    let steps = bars.windows(2).map(|two| two[1][0] - two[0][0]);
    // A round number, read from pixels.
    let width = (1e3 * steps.fold(f64::INFINITY, f64::min)).round() / 1e3;
    // Each bar is as high as there are points in its range.
    for [left, height] in &bars {
        let place = (left / width).round();
        let expected = ways.iter().filter(|way| (*way / width).floor() == place);
        let expected = expected.count();
        assert!(
            (height - expected as f64).abs() < 0.05,
            "{left}: {height} {expected}, {width} {ways:?}"
        );
    }
    let total: f64 = bars.iter().map(|[_, height]| height).sum();
    assert!((total - 30.0).abs() < 0.5, "{total}");
    // The constants put the later coordinates farther away.
    let mean = |axis: usize| map.changes(axis).map(f64::abs).sum::<f64>() / 30.0;
    let first = map.most_changed()[0];
    assert!((0..6).all(|axis| mean(axis) <= mean(first) + 1e-9));
    let caption = format!("How much gene {first} changes, at 30 test points.");
    assert_eq!(pictures[1].caption, caption);
}

/// The table names the rows with the largest errors, in order, with the numbers of the map.
#[test]
fn the_worst_rows_come_first_with_their_numbers() {
    let (field, device) = (field(3), Device::flex());
    let source = points(30, 3);
    // The truth is the field itself but in three rows.
    let mut truth = field.values(&source, &device);
    for (row, error) in [(7, 2.0), (21, 5.0), (4, 0.5)] {
        truth[3 * row + 1] += error;
    }
    let shown = shown(3, Some(truth));
    let map = Map::measure(&shown, &field, &device);
    let table = serde_json::to_value(map.worst(&names(3)).unwrap()).unwrap();
    let cell = |row: usize, column: usize| table["rows"][row][column].as_str().unwrap();
    assert_eq!(table["head"][3], "error");
    let first = [0, 1, 2].map(|row| (cell(row, 0), cell(row, 3)));
    assert_eq!(
        first,
        [("line 23", "5"), ("line 9", "2"), ("line 6", "0.5")]
    );
    let images = field.values(&source, &device);
    let (x, y) = (&source[63..66], &images[63..66]);
    assert_eq!(cell(0, 2), four_digits(distance(x, y)));
    let axis = (0..3).max_by(|a, b| (y[*a] - x[*a]).abs().total_cmp(&(y[*b] - x[*b]).abs()));
    let axis = axis.unwrap();
    let change = format!("gene {axis} by {}", four_digits(y[axis] - x[axis]));
    assert_eq!(cell(0, 1), change);
    // Without the truth they are those farthest from the target.
    let map = Map::measure(
        &ShownMap {
            truth: None,
            ..shown
        },
        &field,
        &device,
    );
    let table = serde_json::to_value(map.worst(&names(3)).unwrap()).unwrap();
    let target: Vec<f64> = points(50, 3).iter().map(|x| x + 3.0).collect();
    let away = |row: usize| {
        table["rows"][row][3]
            .as_str()
            .unwrap()
            .parse::<f64>()
            .unwrap()
    };
    let nearest = images.chunks(3).map(|y| {
        let ways = target.chunks(3).map(|other| distance(y, other));
        ways.fold(f64::INFINITY, f64::min)
    });
    let mut nearest: Vec<f64> = nearest.collect();
    nearest.sort_by(|a, b| b.total_cmp(a));
    for (row, expected) in nearest.iter().take(WORST).enumerate() {
        assert!((away(row) / expected - 1.0).abs() < 1e-3, "{row}");
    }
}
