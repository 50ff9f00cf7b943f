//! What would ruin a fit is said with the number that shows it, and nothing is said of ordinary data.

use std::fs;

use crate::fields::{Fit, Row, changed, convex, convex_rows, normal, random, rows};

const MONOTONE: &str = "mgradnet_m";
const STEPS: usize = 20;

fn warnings(rows: &[Row], network: &str, settings: &str) -> Vec<String> {
    Fit::new(rows, network, settings, STEPS).warnings
}

/// The one warning of a fit, which must say all of this.
#[track_caller]
fn warned(rows: &[Row], network: &str, settings: &str, said: &[&str]) -> String {
    let mut warnings = warnings(rows, network, settings);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let warning = warnings.remove(0);
    for part in said {
        assert!(warning.contains(part), "{part}: {warning}");
    }
    warning
}

#[test]
fn forces_are_told_from_gradients_and_the_sign_mends_them() {
    for (dim, seed) in [(1, 1), (2, 2), (5, 3)] {
        let forces = changed(&convex_rows(seed, dim), |x| x, |y| -3.0 * y + 7.0);
        let said = ["negative definite", "eigenvalues -", "sign = -1"];
        warned(&forces, MONOTONE, "", &said);
        let fit = Fit::new(&forces, MONOTONE, "sign = -1", 250);
        assert_eq!(fit.warnings, Vec::<String>::new());
        let affine = fit.summary.reference().affine_db.unwrap();
        assert!(fit.db() < affine - 1.0, "{} against {affine}", fit.db());
        // The wrong sign is told as well, with the way back.
        let gradients = convex_rows(seed, dim);
        let said = ["minus the gradients", "leave sign = -1 out"];
        warned(&gradients, MONOTONE, "sign = -1", &said);
        // Without the constraint they can be learned: it is said that more could be guaranteed.
        warned(&forces, "gradnet_m", "", &["sign = -1", "mgradnet_m"]);
    }
}

#[test]
fn forces_in_hundreds_of_dimensions_are_told_by_their_pairs() {
    let mut uniform = random(1);
    let force = |x: &[f64]| x.iter().map(|x| 5.0 - x.tanh()).collect();
    let forces = rows(60, 300, || 2.0 * uniform() - 1.0, force);
    warned(&forces, MONOTONE, "", &["of pairs by size", "sign = -1"]);
    assert_eq!(
        warnings(&forces, MONOTONE, "sign = -1"),
        Vec::<String>::new()
    );
}

#[test]
fn eigenvalues_below_zero_are_told_where_the_network_is_monotone_and_only_there() {
    for seed in [1, 2] {
        let mut uniform = random(seed);
        let saddle = |x: &[f64]| vec![3.0 * x[0], -2.0 * x[1], x[2]];
        let saddle = rows(300, 3, || 2.0 * uniform() - 1.0, saddle);
        let said = ["1 of 3 eigenvalues below zero (-2 to 3", "gradnet_m"];
        warned(&saddle, MONOTONE, "", &said);
        assert_eq!(warnings(&saddle, "gradnet_m", ""), Vec::<String>::new());
    }
}

#[test]
fn fields_that_are_no_gradients_are_told_with_what_a_gradient_leaves() {
    for seed in [1, 2] {
        let mut gauss = normal(seed);
        let part = |strength: f64| {
            move |x: &[f64]| {
                let y = convex(x);
                vec![y[0] + strength * x[1], y[1] - strength * x[0]]
            }
        };
        for strength in [0.5, 2.0] {
            let turning = rows(600, 2, &mut gauss, part(strength));
            let warning = warned(&turning, MONOTONE, "", &["is no gradient", "antisymmetric"]);
            assert!(warning.contains('%'), "{warning}");
        }
        // Columns of y in another order than those of x.
        let swapped = |x: &[f64]| {
            let y = convex(x);
            vec![y[1], y[2], y[0]]
        };
        let swapped = rows(600, 3, &mut gauss, swapped);
        let said = warnings(&swapped, "gradnet_m", "");
        assert!(
            said.iter().any(|w| w.contains("is no gradient")),
            "{said:?}"
        );
        // In many dimensions, where only affine maps can be compared.
        let turning = |x: &[f64]| -> Vec<f64> {
            let next = x.iter().cycle().skip(1);
            let before = x.iter().cycle().skip(x.len() - 1);
            let both = x.iter().zip(next.zip(before));
            both.map(|(x, (next, before))| x.tanh() + next - before)
                .collect()
        };
        let turning = rows(600, 12, &mut gauss, turning);
        warned(&turning, MONOTONE, "", &["is no gradient"]);
    }
}

#[test]
fn rows_that_are_trained_on_and_held_out_are_counted() {
    let some = convex_rows(1, 2);
    // Half the rows twice: of the 40 + 40 rows held out of 600 some have their twin in the training.
    let twice = [&some[..], &some[..200]].concat();
    let warning = warned(
        &twice,
        MONOTONE,
        "",
        &["of the 120 rows held out", "keep each row once"],
    );
    let count: usize = warning.split(' ').next().unwrap().parse().unwrap();
    assert!((40..100).contains(&count), "{warning}");
    // The same points with other values are measurements repeated, which is no fault.
    let again = changed(&some, |x| x, |y| y + 1e-9);
    let both = [some, again].concat();
    assert_eq!(warnings(&both, MONOTONE, ""), Vec::<String>::new());
}

#[test]
fn stand_ins_for_missing_values_and_slips_are_told_with_line_and_column() {
    for (value, shown) in [
        (-9999.0, "-9999"),
        (-999.0, "-999"),
        (1e30, "1e30"),
        (12_345.0, "12345"),
    ] {
        for (row, column) in [(17, 0), (101, 3)] {
            let mut some = convex_rows(2, 2);
            match column {
                0 => some[row].0[0] = value,
                _ => some[row].1[1] = value,
            }
            let name = if column == 0 { "`x1`" } else { "`g2`" };
            let line = format!("line {}", row + 2);
            warned(&some, MONOTONE, "", &[&line, name, shown]);
        }
    }
    let mut some = convex_rows(3, 5);
    some[57] = (vec![-9999.0; 5], vec![-9999.0; 5]);
    warned(&some, MONOTONE, "", &["line 59", "-9999", "9 more columns"]);
    for row in (0..400).step_by(20) {
        some[row].1[2] = -9999.0;
    }
    let said = warnings(&some, MONOTONE, "");
    assert_eq!(said.len(), 1, "{said:?}");
}

/// `f_i(x) = g_i(x / s) / s_i` is the gradient of `G(x / s)`: the same field in other units.
#[test]
fn coordinates_in_different_units_are_told_and_the_remedy_mends_them() {
    let plain = convex_rows(1, 2);
    let alone = Fit::new(&plain, MONOTONE, "", 250).db();
    let scaled = |scale: f64| -> Vec<Row> {
        let row = |(x, y): &Row| (vec![x[0], scale * x[1]], vec![y[0], y[1] / scale]);
        plain.iter().map(row).collect()
    };
    for scale in [1e3, 1e-3] {
        let apart = scaled(scale);
        warned(&apart, MONOTONE, "", &["times as far as", "one scale"]);
        let ruined = Fit::new(&apart, MONOTONE, "", 250).db();
        assert!(ruined > alone + 3.0, "{scale}: {ruined} for {alone}");
    }
    assert_eq!(warnings(&scaled(5.0), MONOTONE, ""), Vec::<String>::new());
}

#[test]
fn numbers_that_were_rounded_far_away_are_told() {
    let rounded = |x: f64| f64::from((x + 5.4e6) as f32);
    let some = changed(&convex_rows(1, 2), rounded, |y| y);
    let said = warnings(&some, MONOTONE, "");
    assert!(
        said.iter()
            .any(|w| w.contains("stored with 32 bits") && w.contains("0.5")),
        "{said:?}"
    );
    let rounded = |x: f64| x + 1e15;
    let some = changed(&convex_rows(1, 2), rounded, |y| y);
    let said = warnings(&some, MONOTONE, "");
    assert!(
        said.iter()
            .any(|w| w.contains("read in 64 bits") && w.contains("0.125")),
        "{said:?}"
    );
    // Whole numbers are what they are.
    let whole = changed(&convex_rows(1, 2), |x| (100.0 * x).round() + 5.4e6, |y| y);
    assert_eq!(warnings(&whole, MONOTONE, ""), Vec::<String>::new());
}

#[test]
fn nothing_is_said_of_ordinary_data() {
    type Field = fn(&[f64]) -> Vec<f64>;
    let fields: [(&str, Field); 5] = [
        ("smooth", convex),
        ("linear", |x| x.iter().map(|x| 3.0 * x + 2.0).collect()),
        ("saturating", |x| {
            x.iter().map(|x| (20.0 * x).tanh()).collect()
        }),
        ("steps", |x| {
            x.iter()
                .map(|x| if *x < 0.1 { -1.0 } else { 1.0 })
                .collect()
        }),
        ("largest", |x| {
            let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            x.iter()
                .map(|x| f64::from(u8::from(*x == largest)))
                .collect()
        }),
    ];
    for seed in [1, 2] {
        for (name, field) in fields {
            for dim in [1, 2, 5] {
                let mut gauss = normal(seed);
                let mut other = normal(seed + 100);
                let mut uniform = random(seed);
                // Student's t with three degrees of freedom.
                let mut heavy = || {
                    let square: f64 = (0..3).map(|_| other().powi(2)).sum();
                    other() / (square / 3.0).sqrt()
                };
                let side = [200.0, 20.0, 3.0][if dim == 5 { 2 } else { dim - 1 }];
                let mut place = 0;
                let mut grid = || {
                    let (point, axis) = (place / dim, place % dim);
                    place += 1;
                    (point as f64 / f64::powi(side, axis as i32)).floor() % side / side - 0.5
                };
                let count = if dim == 5 {
                    243
                } else {
                    f64::powi(side, dim as i32) as usize
                };
                let cases: [(&str, Vec<Row>); 4] = [
                    ("normal", rows(400, dim, &mut gauss, field)),
                    ("heavy tails", rows(400, dim, &mut heavy, field)),
                    ("grid", rows(count, dim, &mut grid, field)),
                    (
                        "time",
                        rows(400, dim, || (100.0 * uniform()).round(), field),
                    ),
                ];
                for (points, some) in cases {
                    let distinct: std::collections::HashSet<String> =
                        some.iter().map(|row| format!("{row:?}")).collect();
                    if distinct.len() < some.len() {
                        continue;
                    }
                    let said = warnings(&some, MONOTONE, "");
                    assert!(
                        said.is_empty(),
                        "{name}, {points}, d = {dim}, seed {seed}: {said:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_was_found_is_kept_in_the_run_and_not_looked_for_in_a_standardised_copy_alone() {
    let forces = changed(&convex_rows(1, 2), |x| x, |y| -y);
    for settings in ["", "standardise = false"] {
        let fit = Fit::new(&forces, MONOTONE, settings, STEPS);
        let facts = fit.run().data_facts().unwrap().unwrap();
        assert_eq!(facts.findings.len(), 1, "{settings}");
        assert_eq!(facts.findings[0].to_string(), fit.warnings[0]);
        let text = fs::read_to_string(fit.path().join("data.json")).unwrap();
        assert!(text.contains("negative definite"), "{text}");
    }
}
