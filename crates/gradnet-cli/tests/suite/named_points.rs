//! Points of transport maps and scores keep the names of their columns, and units that differ are
//! told before anything is trained.

use std::fs;
use std::path::Path;

use crate::program::{Ran, gradnet};

/// Numbers in (-1, 1) that fill the square well enough: multiples of irrational steps.
fn fraction(row: usize, step: f64) -> f64 {
    2.0 * (row as f64 * step).fract() - 1.0
}

/// Rows of three coordinates with these spreads around (20, 1013, 0.02), under these names.
fn table(names: [&str; 3], spreads: [f64; 3], stretch: f64) -> String {
    let row = |row: usize| {
        let x = [0.618_034, 0.754_878, 0.569_840].map(|step| fraction(row + 1, step));
        let value = |i: usize| [20.0, 1013.0, 0.02][i] + stretch * spreads[i] * x[i];
        format!("{},{},{}\n", value(0), value(1), value(2))
    };
    let rows: String = (0..120).map(row).collect();
    format!("{}\n{rows}", names.join(","))
}

const NAMES: [&str; 3] = ["temp_C", "press_hPa", "flow_lps"];
const ALIKE: [f64; 3] = [5.0, 8.0, 3.0];
const UNLIKE: [f64; 3] = [5.0, 8.0, 0.004];

fn write(folder: &Path, file: &str, text: &str) {
    fs::write(folder.join(file), text).unwrap();
}

fn done(folder: &Path, arguments: &[&str]) -> Ran {
    let ran = gradnet(folder, arguments);
    assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
    ran
}

#[track_caller]
fn refused(folder: &Path, arguments: &[&str], said: &[&str]) {
    let ran = gradnet(folder, arguments);
    assert_eq!(ran.code, 2, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
    // Long lines are broken.
    let words: Vec<&str> = ran.stderr.split_whitespace().collect();
    let told = words.join(" ");
    for part in said {
        assert!(told.contains(part), "{part}: {told}");
    }
}

/// Trains a few steps on a config written by `config init`, and on one of the same tables without names.
fn train_both(folder: &Path, init: &[&str], named: &[&str]) {
    done(
        folder,
        &[&["config", "init"], init, &["-o", "named.toml"]].concat(),
    );
    let config = fs::read_to_string(folder.join("named.toml")).unwrap();
    for line in named {
        assert!(config.contains(line), "{line}: {config}");
    }
    let is_name = |line: &&str| !named.iter().any(|name| line.starts_with(name));
    let plain: Vec<&str> = config.lines().filter(is_name).collect();
    write(folder, "plain.toml", &plain.join("\n"));
    for config in ["named", "plain"] {
        let run = format!("{config}_run");
        let toml = format!("{config}.toml");
        done(
            folder,
            &["train", &toml, "-o", &run, "--set", "train.steps=2"],
        );
    }
}

fn first_line(folder: &Path, file: &str) -> String {
    let text = fs::read_to_string(folder.join(file)).unwrap();
    text.lines().next().unwrap_or_default().to_owned()
}

fn numbers(folder: &Path, file: &str) -> Vec<Vec<f64>> {
    let text = fs::read_to_string(folder.join(file)).unwrap();
    let row = |line: &str| line.split(',').map(|x| x.parse().unwrap()).collect();
    text.lines().skip(1).map(row).collect()
}

#[test]
fn a_map_takes_and_gives_points_under_the_names_that_its_files_have() {
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    let of_target = ["t", "p", "f"];
    write(folder, "old.csv", &table(NAMES, ALIKE, 1.0));
    write(folder, "new.csv", &table(of_target, ALIKE, 1.5));
    let init = ["transport", "--source", "old.csv", "--target", "new.csv"];
    train_both(
        folder,
        &init,
        &[
            r#"columns = ["temp_C", "press_hPa", "flow_lps"]"#,
            r#"target_columns = ["t", "p", "f"]"#,
        ],
    );
    // What a training would refuse gets no config.
    write(
        folder,
        "one.csv",
        &format!("a,b,c\n{}", "1,2,3\n".repeat(40)),
    );
    let init = |target| {
        [
            "config",
            "init",
            "transport",
            "--source",
            "old.csv",
            "--target",
            target,
        ]
    };
    refused(folder, &init("old.csv"), &["the same numbers as old.csv"]);
    refused(
        folder,
        &init("one.csv"),
        &["one.csv", "all its points are the same"],
    );
    let mut turned = numbers(folder, "old.csv");
    turned.iter_mut().for_each(|row| row.rotate_left(1));
    let row = |row: &Vec<f64>| format!("{},{},{}\n", row[0], row[1], row[2]);
    let rows: String = turned.iter().map(row).collect();
    write(
        folder,
        "turned.csv",
        &format!("press_hPa,flow_lps,temp_C\n{rows}"),
    );
    write(folder, "renamed.csv", &format!("a,b,c\n{rows}"));

    for run in ["named_run", "plain_run"] {
        done(
            folder,
            &["predict", run, "-i", "old.csv", "-o", "moved.csv"],
        );
        assert_eq!(first_line(folder, "moved.csv"), "t,p,f");
        // The same points with their columns in another order are moved to the same places.
        done(
            folder,
            &["predict", run, "-i", "turned.csv", "-o", "again.csv"],
        );
        assert_eq!(numbers(folder, "moved.csv"), numbers(folder, "again.csv"));
        let renamed = ["predict", run, "-i", "renamed.csv", "-o", "wrong.csv"];
        refused(folder, &renamed, &["`temp_C`", "--x NAMES"]);
        // What was moved can be moved back without naming anything.
        done(
            folder,
            &[
                "predict",
                run,
                "--inverse",
                "-i",
                "moved.csv",
                "-o",
                "back.csv",
            ],
        );
        assert_eq!(first_line(folder, "back.csv"), NAMES.join(","));
        for (back, was) in numbers(folder, "back.csv")
            .iter()
            .zip(numbers(folder, "old.csv"))
        {
            for ((back, was), size) in back.iter().zip(was).zip(ALIKE) {
                assert!((back - was).abs() < 1e-3 * size, "{back} {was}");
            }
        }
    }
}

#[test]
fn columns_of_source_and_target_that_go_together_by_place_are_told_or_refused() {
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    write(folder, "old.csv", &table(NAMES, ALIKE, 1.0));
    let init = |target: &str| {
        let arguments = [
            "config",
            "init",
            "transport",
            "--source",
            "old.csv",
            "--target",
            target,
        ];
        gradnet(
            folder,
            &[&arguments[..], &["-o", "m.toml", "--overwrite"]].concat(),
        )
    };
    write(folder, "same.csv", &table(NAMES, ALIKE, 1.5));
    let same = init("same.csv");
    assert!(
        same.code == 0 && !same.stderr.contains("by their places"),
        "{}",
        same.stderr
    );
    write(
        folder,
        "other.csv",
        &table(["temp_C", "p", "q"], ALIKE, 1.5),
    );
    let other = init("other.csv");
    let said = "go with those of the source by their places: p with press_hPa, q with flow_lps";
    assert!(
        other.code == 0 && other.stderr.contains(said),
        "{}",
        other.stderr
    );
    for names in [
        ["press_hPa", "temp_C", "flow_lps"],
        ["flow_lps", "other", "more"],
    ] {
        write(folder, "moved.csv", &table(names, ALIKE, 1.5));
        let moved = init("moved.csv");
        assert!(moved.code == 2, "{}", moved.stderr);
        assert!(moved.stderr.contains("is coordinate"), "{}", moved.stderr);
        assert!(moved.stderr.contains("target_columns"), "{}", moved.stderr);
    }
}

#[test]
fn columns_in_different_units_are_told_by_init_and_by_training() {
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    write(folder, "old.csv", &table(NAMES, UNLIKE, 1.0));
    write(folder, "new.csv", &table(NAMES, UNLIKE, 1.5));
    for (init, remedy) in [
        (
            &["transport", "--source", "old.csv", "--target", "new.csv"][..],
            "source and target",
        ),
        (&["score", "--data", "old.csv"], "constant factor"),
    ] {
        let arguments = [&["config", "init"], init, &["-o", "m.toml", "--overwrite"]].concat();
        let told = done(folder, &arguments).stderr;
        let steps = ["train", "m.toml", "-o", init[0], "--set", "train.steps=1"];
        let trained = done(folder, &steps).stderr;
        for said in [&told, &trained] {
            assert!(
                said.contains("`press_hPa` spreads")
                    && said.contains("times as far as column `flow_lps`"),
                "{said}"
            );
            assert!(said.contains(remedy), "{said}");
        }
    }
    // A momentum a thousand times as wide as its position, and a stand-in.
    let path = |path: usize| {
        let row = move |i: usize| {
            let t = 0.1 * i as f64 + path as f64;
            let q = if (path, i) == (2, 5) { -999.0 } else { t.sin() };
            format!("{path},{},{q},{}\n", 0.1 * i as f64, 1e3 * t.cos())
        };
        (0..20).map(row).collect::<String>()
    };
    let paths: String = (0..6).map(path).collect();
    write(folder, "paths.csv", &format!("path,time,q,p\n{paths}"));
    let told = done(
        folder,
        &[
            "config",
            "init",
            "dynamics",
            "--data",
            "paths.csv",
            "-o",
            "d.toml",
        ],
    );
    for said in [
        "`p` spreads",
        "Hamilton's equations",
        "path 2 at time 0.5",
        "-999 stands there",
    ] {
        assert!(told.stderr.contains(said), "{said}: {}", told.stderr);
    }
    // With spreads alike neither says so.
    write(folder, "alike.csv", &table(NAMES, ALIKE, 1.0));
    let told = done(
        folder,
        &[
            "config",
            "init",
            "score",
            "--data",
            "alike.csv",
            "-o",
            "a.toml",
        ],
    );
    assert!(!told.stderr.contains("spreads"), "{}", told.stderr);
}

#[test]
fn a_score_is_asked_under_the_names_of_its_samples_and_noise_beyond_a_column_is_told() {
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    // The third column spreads a twelfth as far as the second: units alike, but a tenth of the
    // common size is more than its deviation.
    write(folder, "samples.csv", &table(NAMES, [8.0, 8.0, 0.65], 1.0));
    let init = ["score", "--data", "samples.csv"];
    let told = done(
        folder,
        &[&["config", "init"][..], &init, &["-o", "a.toml"]].concat(),
    );
    // Uniform on (-s, s): deviation s/sqrt(3). The common size is the root mean square of the three.
    let size = ((2.0 * 64.0 + 0.65_f64.powi(2)) / 9.0).sqrt();
    let ratio = 0.1 * size / (0.65 / 3.0_f64.sqrt());
    let said = told
        .stderr
        .split(" times that of column `flow_lps`")
        .next()
        .unwrap();
    let found: f64 = said.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(
        (found - ratio).abs() < 0.05 * ratio,
        "{found} {ratio}: {}",
        told.stderr
    );
    assert!(!told.stderr.contains("spreads"), "{}", told.stderr);

    train_both(
        folder,
        &init,
        &[r#"x = ["temp_C", "press_hPa", "flow_lps"]"#],
    );
    write(folder, "renamed.csv", &table(["a", "b", "c"], ALIKE, 1.0));
    for run in ["named_run", "plain_run"] {
        let renamed = ["predict", run, "-i", "renamed.csv", "-o", "wrong.csv"];
        refused(folder, &renamed, &["`temp_C`", "--x NAMES"]);
        done(folder, &["sample", run, "--count", "20", "-o", "drawn.csv"]);
        assert_eq!(first_line(folder, "drawn.csv"), NAMES.join(","));
    }
}

/// Trains a step of a map between two tables, as `config init` writes it.
fn map_between(folder: &Path, source: &str, target: &str, run: &str) {
    let config = format!("{run}.toml");
    let init = [
        "config",
        "init",
        "transport",
        "--source",
        source,
        "--target",
        target,
    ];
    done(folder, &[&init[..], &["-o", &config]].concat());
    done(
        folder,
        &["train", &config, "-o", run, "--set", "train.steps=1"],
    );
}

/// Files without names are taken by the places of their columns, as arrays are.
#[test]
fn tables_without_names_and_arrays_go_by_place() {
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    let bare = |stretch| {
        let text = table(NAMES, ALIKE, stretch);
        text.lines()
            .skip(1)
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    write(folder, "old.csv", &bare(1.0));
    write(folder, "new.csv", &bare(1.5));
    map_between(folder, "old.csv", "new.csv", "run");
    write(folder, "named.csv", &table(NAMES, ALIKE, 1.0));
    for input in ["old.csv", "named.csv"] {
        done(folder, &["predict", "run", "-i", input, "-o", "moved.csv"]);
        assert_eq!(first_line(folder, "moved.csv"), "f1,f2,f3");
    }
    // A table with names trains a run that an array, which has none, can be given to.
    write(folder, "other.csv", &table(NAMES, ALIKE, 1.5));
    map_between(folder, "named.csv", "other.csv", "named");
    let x = numbers(folder, "named.csv").concat();
    let x: Vec<f32> = x.into_iter().map(|x| x as f32).collect();
    let shape = vec![x.len() / 3, 3];
    let arrays = [("x".to_owned(), shape, x)];
    gradnet_train::files::write_arrays(&folder.join("x.npz"), &arrays).unwrap();
    done(
        folder,
        &["predict", "named", "-i", "x.npz", "-o", "of_array.csv"],
    );
    done(
        folder,
        &["predict", "named", "-i", "named.csv", "-o", "of_table.csv"],
    );
    let of_array = numbers(folder, "of_array.csv").concat();
    let of_table = numbers(folder, "of_table.csv").concat();
    assert_eq!(of_array.len(), of_table.len());
    // An array of 32 bits rounds 1013 by 3e-5.
    for (a, b) in of_array.iter().zip(of_table) {
        assert!((a - b).abs() < 1e-3, "{a} {b}");
    }
}
