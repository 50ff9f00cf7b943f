//! Offsets and sizes of points and gradients do not matter: fits, predictions and potentials are as
//! good as those of the same data about the origin.

use std::fs;
use std::path::Path;

use crate::fields::{Fit, Row, changed, convex_rows, write_csv};
use burn::tensor::Device;
use gradnet_train::Run;
use gradnet_train::files::{RowReader, Selection};
use gradnet_train::predict::{PredictOptions, predict};
use gradnet_train::run::Summary;

const NETWORK: &str = "mgradnet_m";
const STEPS: usize = 250;

/// The errors of both fits in decibels, the second in units of the first; and that the reference
/// rows say the same of both.
#[track_caller]
fn same(plain: &Fit, other: &Fit, unit: f64) {
    let shift = 20.0 * unit.log10();
    let (a, b) = (plain.db(), other.db() - shift);
    assert!((a - b).abs() < 1.0, "{a} dB, shifted {b} dB");
    let rows = |summary: &Summary| {
        let reference = summary.reference();
        [reference.constant_db.unwrap(), reference.affine_db.unwrap()]
    };
    for (a, b) in rows(&plain.summary).into_iter().zip(rows(&other.summary)) {
        assert!((a - (b - shift)).abs() < 0.1, "{a} dB, shifted {b} dB");
    }
    let affine = rows(&plain.summary)[1];
    assert!(
        a < affine - 1.0,
        "learns something: {a} dB, affine {affine}"
    );
    assert_eq!(other.warnings, Vec::<String>::new());
}

#[test]
fn a_constant_added_to_the_gradients_changes_no_error() {
    for (dim, seed) in [(1, 3), (2, 1), (2, 2), (5, 1)] {
        let rows = convex_rows(seed, dim);
        let plain = Fit::new(&rows, NETWORK, "", STEPS);
        for offset in [10.0, -20.0, 1e6] {
            let fit = Fit::new(&changed(&rows, |x| x, |y| y + offset), NETWORK, "", STEPS);
            same(&plain, &fit, 1.0);
            let zero = 10.0 * (dim as f64 * offset * offset).log10();
            assert!((fit.summary.reference().zero_db - zero).abs() < 1.0);
        }
    }
}

/// A map that moves every point by 20 and a little more.
#[test]
fn a_transport_map_with_a_shift_is_fitted_as_well_as_without() {
    let rows = convex_rows(4, 2);
    let map = |shift: f64| -> Vec<Row> {
        let moved = |(x, y): &Row| {
            let y = x.iter().zip(y).map(|(x, y)| x + 0.3 * y + shift);
            (x.clone(), y.collect())
        };
        rows.iter().map(moved).collect()
    };
    let plain = Fit::new(&map(0.0), NETWORK, "", STEPS);
    same(&plain, &Fit::new(&map(20.0), NETWORK, "", STEPS), 1.0);
}

#[test]
fn an_offset_of_the_points_changes_no_error() {
    for (dim, offset) in [(2, 5.4e6), (2, 3.7e7), (5, 5.4e6), (1, -2.5e9)] {
        let rows = convex_rows(1, dim);
        let plain = Fit::new(&rows, NETWORK, "", STEPS);
        let fit = Fit::new(&changed(&rows, |x| x + offset, |y| y), NETWORK, "", STEPS);
        same(&plain, &fit, 1.0);
    }
}

/// Beyond 2^24 every second whole number is no 32-bit float.
#[test]
fn whole_numbers_beyond_2_to_the_24_are_told_apart() {
    let rows = changed(&convex_rows(2, 2), |x| (20.0 * x).round(), |y| y);
    let plain = Fit::new(&rows, NETWORK, "", STEPS);
    let fit = Fit::new(
        &changed(&rows, |x| x + 87_654_321.0, |y| y),
        NETWORK,
        "",
        STEPS,
    );
    let (a, b) = (plain.db(), fit.db());
    assert!((a - b).abs() < 1.0, "{a} {b}");
}

#[test]
fn sizes_from_1e_50_to_1e50_change_no_error() {
    let rows = convex_rows(5, 2);
    let plain = Fit::new(&rows, NETWORK, "", STEPS);
    for (x_unit, y_unit) in [
        (1.0, 1e-50),
        (1.0, 1e50),
        (1e-50, 1.0),
        (1e50, 1e-50),
        (1e-30, 1e20),
    ] {
        let scaled = changed(&rows, |x| x * x_unit, |y| y * y_unit);
        same(&plain, &Fit::new(&scaled, NETWORK, "", STEPS), y_unit);
    }
}

fn numbers(file: &Path, selection: &Selection) -> Vec<f64> {
    let mut reader = RowReader::open(file, selection).unwrap();
    let mut numbers = Vec::new();
    while reader.read(100, &mut numbers).unwrap() > 0 {}
    numbers
}

/// Field, potential and Jacobian of a run at points.
fn predicted(run: &Run, points: &[Vec<f64>]) -> [Vec<f64>; 3] {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("x.csv");
    let zeros = |x: &Vec<f64>| (x.clone(), vec![0.0; x.len()]);
    let rows: Vec<Row> = points.iter().map(zeros).collect();
    write_csv(&input, &rows);
    let dim = points[0].len();
    let options = PredictOptions {
        x: Some((1..=dim).map(|i| format!("x{i}")).collect()),
        potential: true,
        jacobian: true,
        ..PredictOptions::default()
    };
    let output = folder.path().join("y.csv");
    let device = Device::flex();
    predict(run, &device, &input, &output, &options, |_| {}, |_, _| {}).unwrap();
    let numbered = |letter: &str| {
        (1..=dim)
            .map(|i| format!("{letter}{i}"))
            .collect::<Vec<_>>()
    };
    let rows = numbered("j").into_iter();
    let jacobian = rows.flat_map(|row| (1..=dim).map(move |column| format!("{row}_{column}")));
    [numbered("g"), vec!["potential".into()], jacobian.collect()]
        .map(|names| numbers(&output, &Selection::Named(names)))
}

/// The predictions are as far from the truth as the score says, in the file's units; and central
/// differences of the potential are the field, those of the field the Jacobian.
#[test]
fn predictions_and_potentials_far_from_the_origin_are_as_good_as_the_score() {
    let rows = convex_rows(6, 2);
    for (x_offset, y_offset, unit, sign) in [
        (0.0, 0.0, 1.0, 1.0),
        (5.4e6, 1e6, 1.0, 1.0),
        (-3.7e9, -20.0, 1e-50, 1.0),
        (5.4e6, 300.0, 1e3, -1.0),
    ] {
        let shifted = changed(&rows, |x| x + x_offset, |y| sign * (y + y_offset) * unit);
        let settings = if sign < 0.0 { "sign = -1" } else { "" };
        let fit = Fit::new(&shifted, NETWORK, settings, STEPS);
        assert_eq!(fit.warnings, Vec::<String>::new());
        let points: Vec<Vec<f64>> = shifted.iter().map(|(x, _)| x.clone()).collect();
        let [field, ..] = predicted(&fit.run(), &points);
        let truth = shifted.iter().flat_map(|(_, y)| y);
        let squares = truth.zip(&field).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        let db = 10.0 * (squares / rows.len() as f64).log10();
        assert!(
            (db - fit.db()).abs() < 5.0,
            "{db} dB, the score {} dB",
            fit.db()
        );

        let step = 2f64.powi(-4);
        let centre = [x_offset + 0.25, x_offset - 0.5];
        let at = |by: f64| vec![centre[0] + by, centre[1]];
        let [field, potential, jacobian] = predicted(&fit.run(), &[at(0.0), at(step), at(-step)]);
        let slope = sign * (potential[1] - potential[2]) / (2.0 * step);
        assert!(
            (slope - field[0]).abs() < 0.02 * unit * (1.0 + y_offset.abs() * 1e-3),
            "{slope} {}",
            field[0]
        );
        let curvature = (field[2] - field[4]) / (2.0 * step);
        assert!(
            (curvature - jacobian[0]).abs() < 0.05 * jacobian[0].abs(),
            "{curvature}"
        );
        assert_eq!(jacobian[0].signum(), sign);
    }
}

/// The digest that version 0.1 wrote: FNV-1a over the numbers as 32-bit floats.
fn narrow_digest(rows: &[Row]) -> String {
    let numbers = rows.iter().flat_map(|(x, y)| x.iter().chain(y));
    let bytes = numbers.flat_map(|number| (*number as f32).to_le_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[test]
fn a_run_of_version_0_1_loads_without_a_constant_and_is_scored_on_its_file() {
    let rows = convex_rows(7, 2);
    let fit = Fit::new(&rows, NETWORK, "", STEPS);
    let path = fit.path();
    // What version 0.1 wrote, with the numbers of this run.
    let template = include_str!("fields/data-0.1.json");
    let now: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(path.join("data.json")).unwrap()).unwrap();
    let mut old: serde_json::Value = serde_json::from_str(template).unwrap();
    assert!(old["similarity"].get("constant").is_none() && old.get("findings").is_none());
    for key in ["rows", "training", "validation", "test", "low", "high"] {
        old[key] = now[key].clone();
    }
    for key in ["mean", "x_scale", "y_scale"] {
        old["similarity"][key] = now["similarity"][key].clone();
    }
    old["digest"] = narrow_digest(&rows).into();
    fs::write(path.join("data.json"), old.to_string()).unwrap();
    let mut summary: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(path.join("summary.json")).unwrap()).unwrap();
    let reference = serde_json::from_str(include_str!("fields/reference-0.1.json")).unwrap();
    summary["reference"] = reference;
    for key in ["task", "metrics", "baselines"] {
        summary.as_object_mut().unwrap().remove(key);
    }
    fs::write(path.join("summary.json"), summary.to_string()).unwrap();

    let run = fit.run();
    let facts = run.data_facts().unwrap().unwrap();
    assert_eq!(facts.similarity.constant, [0.0, 0.0]);
    assert_eq!(
        run.summary().unwrap().unwrap().reference().constant_db,
        None
    );
    // The constant is all that is missing from the field.
    let device = Device::flex();
    let field = run.field(&device).unwrap();
    let constant: Vec<f64> = serde_json::from_value(now["similarity"]["constant"].clone()).unwrap();
    let mut squares = 0.0;
    for (x, y) in &rows {
        let value = field.values(x, &device);
        for ((value, constant), y) in value.iter().zip(&constant).zip(y) {
            squares += (value + constant - y).powi(2);
        }
    }
    let db = 10.0 * (squares / rows.len() as f64).log10();
    assert!((db - fit.db()).abs() < 5.0, "{db} against {}", fit.db());
    let evaluation = run.evaluate(&device, None, None, None).unwrap();
    assert!(evaluation.test().unwrap().mse_db_mean >= fit.db() - 1e-6);

    // The digest of 32 bits still tells another file.
    let mut other = rows.clone();
    other[3].0[0] += 0.5;
    write_csv(&fit.folder.path().join("pairs.csv"), &other);
    let error = run.evaluate(&device, None, None, None).unwrap_err();
    assert!(error.to_string().contains("not the file"), "{error}");
}
