//! A user's own data: trained, scored, verified and predicted from every format, and every way a file can be wrong.

#![allow(clippy::unwrap_used)] // in a test a failure is the finding

mod program;

use std::fs;
use std::path::Path;

use gradnet_experiments::files::{Part, RowReader, RowWriter, Selection, write_arrays};
use program::{Ran, gradnet};
use serde_json::Value;

const ROWS: usize = 600;

/// Points around (20, -5) and the gradient of a convex function there, in units of its own: 1000 tanh(z1/10) + 40 z1, 60 z2 + 20 z1 ...
fn pairs() -> Vec<[f32; 4]> {
    let mut state = 1u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32
    };
    (0..ROWS)
        .map(|_| {
            let (a, b) = (8.0 * random() - 4.0, 8.0 * random() - 4.0);
            // F = 500 ln cosh(a) + 30 a^2 + 20 a b + 30 b^2
            [
                20.0 + a,
                b - 5.0,
                500.0 * a.tanh() + 60.0 * a + 20.0 * b,
                60.0 * b + 20.0 * a,
            ]
        })
        .collect()
}

fn columns(range: std::ops::Range<usize>) -> Vec<f32> {
    pairs()
        .iter()
        .flat_map(|row| row[range.clone()].to_vec())
        .collect()
}

fn part(name: &str, columns: &[&str]) -> Part {
    Part {
        name: name.into(),
        shape: vec![columns.len()],
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// Writes the pairs in a format; the lines of [data.file] that read them.
fn write(folder: &Path, name: &str) -> String {
    let file = folder.join(name);
    match name.rsplit('.').next().unwrap() {
        "npz" | "safetensors" => {
            let arrays = [
                ("x".to_owned(), vec![ROWS, 2], columns(0..2)),
                ("y".to_owned(), vec![ROWS, 2], columns(2..4)),
            ];
            write_arrays(&file, &arrays).unwrap();
            format!("path = \"{name}\"\n")
        }
        "npy" => {
            let mut writer =
                RowWriter::create(&file, vec![part("all", &["a", "b", "c", "d"])]).unwrap();
            writer.write(&[columns(0..4)]).unwrap();
            writer.finish().unwrap();
            format!("path = \"{name}\"\n")
        }
        _ => {
            let parts = vec![part("x", &["x1", "x2"]), part("y", &["g1", "g2"])];
            let mut writer = RowWriter::create(&file, parts).unwrap();
            writer.write(&[columns(0..2), columns(2..4)]).unwrap();
            writer.finish().unwrap();
            format!("path = \"{name}\"\nx = [\"x1\", \"x2\"]\ny = [\"g1\", \"g2\"]\n")
        }
    }
}

const REST: &str = "
[network.mgradnet_m]
width = 10

[train]
steps = 400
batch = 50
learning_rate = 0.03
schedule = \"cosine\"
checkpoint_every = 0

[train.validation]
every = 100
";

fn write_config(folder: &Path, data: &str) {
    let text = format!("schema = 1\nname = \"mine\"\n\n[data.file]\n{data}{REST}");
    fs::write(folder.join("mine.toml"), text).unwrap();
}

/// `gradnet train` of that config into `folder`/run, which must succeed.
#[track_caller]
fn train(folder: &Path, more: &[&str]) {
    let arguments = [
        "train",
        "--config",
        "mine.toml",
        "--out",
        "run",
        "--progress",
        "none",
    ];
    let ran = gradnet(folder, &[&arguments[..], more].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

fn json(ran: &Ran) -> Value {
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

fn numbers(file: &Path, selection: &Selection) -> Vec<f32> {
    let mut reader = RowReader::open(file, selection).unwrap();
    let mut numbers = Vec::new();
    while reader.read(64, &mut numbers).unwrap() > 0 {}
    numbers
}

const FORMATS: [&str; 6] = [
    "pairs.csv",
    "pairs.tsv",
    "pairs.npy",
    "pairs.npz",
    "pairs.parquet",
    "pairs.safetensors",
];

#[test]
fn every_format_trains_scores_verifies_and_predicts_to_the_same_numbers() {
    let mut results: Vec<(f64, Vec<f32>)> = Vec::new();
    for name in FORMATS {
        let here = tempfile::tempdir().unwrap();
        let folder = here.path();
        let data = write(folder, name);
        write_config(folder, &data);
        let checked = gradnet(folder, &["config", "check", "mine.toml"]);
        assert_eq!(checked.code, 0, "{name}: {}", checked.stderr);
        assert!(checked.stdout.contains("d = 2"), "{}", checked.stdout);

        train(folder, &[]);
        let summary: Value =
            serde_json::from_str(&fs::read_to_string(folder.join("run/summary.json")).unwrap())
                .unwrap();
        let test = summary["test"]["mse_db_mean"].as_f64().unwrap();
        let linear = summary["reference"]["linear_db"].as_f64().unwrap();
        let zero = summary["reference"]["zero_db"].as_f64().unwrap();
        // In the user's units the gradients have squares around 400,000: 56 dB.
        assert!((50.0..60.0).contains(&zero), "{name}: {zero}");
        assert!(
            test < linear - 3.0 && linear < zero - 3.0,
            "{name}: {test} {linear} {zero}"
        );
        assert_eq!(summary["test"]["points"], 60);

        let again = json(&gradnet(folder, &["eval", "run", "--json"]));
        assert_eq!(
            again["test"]["mse_db_mean"].as_f64().unwrap(),
            test,
            "{name}"
        );
        let drawn = gradnet(folder, &["eval", "run", "--seed", "5"]);
        assert_eq!(drawn.code, 2, "{}", drawn.stdout);
        let verified = json(&gradnet(folder, &["verify", "run", "--json"]));
        assert_eq!(verified["passed"], true, "{name}");

        let output = format!("out.{}", name.rsplit('.').next().unwrap());
        let input: &[&str] = match name {
            "pairs.npy" => {
                let x = [("x".to_owned(), vec![ROWS, 2], columns(0..2))];
                write_arrays(&folder.join("x.npz"), &x).unwrap();
                &["x.npz"]
            }
            other => &[other],
        };
        let ran = gradnet(
            folder,
            &["predict", "run", "--input", input[0], "--output", &output],
        );
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        assert!(ran.stdout.contains("600 points"), "{}", ran.stdout);
        let predicted = numbers(&folder.join(&output), &Selection::All);
        assert_eq!(predicted.len(), 2 * ROWS);
        // In the user's units: as far from the truth as the score says, within a few decibels over all rows.
        let squares: f64 = predicted
            .iter()
            .zip(columns(2..4))
            .map(|(ours, theirs)| f64::from(ours - theirs).powi(2))
            .sum();
        let db = 10.0 * (squares / ROWS as f64).log10();
        assert!((db - test).abs() < 5.0, "{name}: {db} against {test}");
        results.push((test, predicted));
    }
    for (name, result) in FORMATS.iter().zip(&results) {
        assert_eq!(result, &results[0], "{name} against {}", FORMATS[0]);
    }
}

#[test]
fn the_potential_and_the_jacobian_are_written_in_the_users_units() {
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    let data = write(folder, "pairs.csv");
    write_config(folder, &data);
    train(folder, &[]);
    let step = 0.05f32;
    fs::write(
        folder.join("x.csv"),
        format!("x1,x2\n21.5,-4\n{},-4\n{},-4\n", 21.5 + step, 21.5 - step),
    )
    .unwrap();
    let wanted = ["--potential", "--jacobian"];
    for output in ["out.csv", "out.parquet", "out.npz", "out.safetensors"] {
        let arguments = [
            &["predict", "run", "--input", "x.csv", "--output", output],
            &wanted[..],
        ]
        .concat();
        let ran = gradnet(folder, &arguments);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    let table = numbers(&folder.join("out.csv"), &Selection::All);
    assert_eq!(table.len(), 3 * 7);
    assert_eq!(table, numbers(&folder.join("out.parquet"), &Selection::All));
    let header = fs::read_to_string(folder.join("out.csv")).unwrap();
    assert!(
        header.starts_with("g1,g2,potential,j1_1,j1_2,j2_1,j2_2\n"),
        "{header}"
    );
    let named = |name: &str| Selection::Named(vec![name.into()]);
    let gradient = numbers(&folder.join("out.npz"), &named("gradient"));
    let potential = numbers(&folder.join("out.safetensors"), &named("potential"));
    assert_eq!(gradient[..2], table[..2]);
    // Central differences: of the potential the field, of the field the Jacobian, which is symmetric.
    let slope = (potential[1] - potential[2]) / (2.0 * step);
    assert!(
        (slope - table[0]).abs() < 0.02 * table[0].abs(),
        "{slope} {}",
        table[0]
    );
    let curvature = (table[7] - table[14]) / (2.0 * step);
    assert!(
        (curvature - table[3]).abs() < 0.05 * table[3].abs(),
        "{curvature} {}",
        table[3]
    );
    assert!((table[4] - table[5]).abs() < 1e-3 * table[3].abs());

    let ran = gradnet(
        folder,
        &[
            "predict",
            "run",
            "--input",
            "x.csv",
            "--output",
            "y.npy",
            "--potential",
        ],
    );
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains(".npz"), "{}", ran.stderr);
    assert!(!folder.join("y.npy").exists());
}

#[test]
fn a_run_on_a_file_resumes_and_refuses_a_file_that_changed() {
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    let data = write(folder, "pairs.csv");
    write_config(folder, &data);
    train(folder, &["--set", "train.checkpoint_every=100"]);
    let weights = |run: &str| {
        let ran = gradnet(folder, &["export", run, "--to", "w.safetensors"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        fs::read(folder.join("w.safetensors")).unwrap()
    };
    let whole = weights("run");
    // As if it had been killed after the checkpoint of step 300.
    let run = folder.join("run");
    fs::remove_file(run.join("summary.json")).unwrap();
    fs::remove_file(run.join("checkpoint/step-000000400.checkpoint")).unwrap();
    let ran = gradnet(folder, &["train", "--resume", "run"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(weights("run"), whole);

    fs::remove_file(run.join("summary.json")).unwrap();
    let facts = fs::read(run.join("data.json")).unwrap();
    let text = fs::read_to_string(folder.join("pairs.csv")).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.swap(1, 2);
    let swapped = lines.join("\n") + "\n";
    assert_eq!(swapped.len(), text.len(), "a change that no size tells");
    for changed in [format!("{text}1,2,3,4\n"), swapped] {
        fs::write(folder.join("pairs.csv"), changed).unwrap();
        let ran = gradnet(folder, &["train", "--resume", "run"]);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(
            ran.stderr.contains("data file has changed"),
            "{}",
            ran.stderr
        );
        let kept = fs::read(run.join("data.json")).unwrap();
        assert_eq!(kept, facts, "a refused run keeps its scaling");
        let ran = gradnet(folder, &["eval", "run"]);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains("not the file"), "{}", ran.stderr);
    }
}

#[test]
fn a_trained_run_predicts_without_its_data_file() {
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    let data = write(folder, "pairs.csv");
    write_config(folder, &data);
    train(folder, &[]);
    fs::rename(folder.join("pairs.csv"), folder.join("moved.csv")).unwrap();
    let predict = [
        "predict",
        "run",
        "--input",
        "moved.csv",
        "--output",
        "y.csv",
    ];
    let ran = gradnet(folder, &predict);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(gradnet(folder, &["verify", "run"]).code, 0);
    let ran = gradnet(folder, &["eval", "run"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("pairs.csv"), "{}", ran.stderr);
}

/// `config check` or `train` with this data file's text and settings fails and says so.
#[track_caller]
fn refused(file: &str, contents: &[u8], settings: &str, said: &[&str]) {
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    fs::write(folder.join(file), contents).unwrap();
    write_config(folder, &format!("path = \"{file}\"\n{settings}"));
    let ran = gradnet(
        folder,
        &[
            "train",
            "--config",
            "mine.toml",
            "--out",
            "run",
            "--progress",
            "none",
        ],
    );
    assert_eq!(ran.code, 2, "{}{}", ran.stdout, ran.stderr);
    let stderr = ran.stderr.replace("\n  │ ", " ");
    for part in said {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    assert!(stderr.contains("help: "), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert!(!folder.join("run/summary.json").exists());
}

fn csv(change: impl Fn(usize, String) -> String) -> Vec<u8> {
    let mut text = "x1,x2,g1,g2\n".to_owned();
    for (row, [a, b, c, d]) in pairs().into_iter().enumerate() {
        text.push_str(&change(row, format!("{a},{b},{c},{d}")));
        text.push('\n');
    }
    text.into_bytes()
}

#[test]
fn a_bad_row_is_told_with_file_line_and_column() {
    let one =
        |bad: &'static str| csv(move |row, line| if row == 15 { bad.to_owned() } else { line });
    refused(
        "a.csv",
        &one("1,2,3"),
        "",
        &["a.csv, line 17", "3 values", "has 4"],
    );
    refused("a.csv", &one("1,2,3,4,5"), "", &["line 17", "5 values"]);
    refused(
        "a.csv",
        &one("1,2,x,4"),
        "",
        &["line 17", "column `g1`", "`x` is not a number"],
    );
    refused(
        "a.csv",
        &one("1,NaN,3,4"),
        "",
        &["line 17", "column `x2`", "NaN"],
    );
    refused(
        "a.csv",
        &one("1,2,3,inf"),
        "",
        &["line 17", "column `g2`", "infinite"],
    );
    refused("a.csv", &one("1,2,3,1e60"), "", &["line 17", "32-bit"]);
    refused(
        "a.csv",
        &one("1,,3,4"),
        "",
        &["line 17", "column `x2`", "missing"],
    );
}

#[test]
fn a_file_that_is_not_as_the_config_says_is_told_at_its_key() {
    let good = csv(|_, line| line);
    refused("a.csv", b"", "", &["empty"]);
    refused("a.csv", b"x,y,z\n1,2,3\n", "", &["coordinates"]);
    refused("a.txt", &good, "", &[".csv, .tsv, .npy"]);
    refused(
        "a.csv",
        &good,
        "x = [\"x1\", \"x22\"]\ny = [\"g1\", \"g2\"]\n",
        &["`x22` is not in the file", "did you mean `x2`"],
    );
    refused(
        "a.csv",
        &good,
        "x = [\"x1\"]\ny = [\"g1\", \"g2\"]\n",
        &["a point has 1 coordinates and its gradient 2"],
    );
    refused(
        "a.csv",
        &good,
        "x = [\"x1\", \"x2\"]\n",
        &["only one of `x` and `y`"],
    );
    refused("a.csv", &good, "test = 1.5\n", &["`data.file.test` is 1.5"]);
    refused(
        "a.csv",
        &good,
        "tets = 0.5\n",
        &["unknown key `tets`", "did you mean `test`"],
    );
    refused(
        "a.csv",
        b"a,b,c,d\n1,2,3,4\n5,6,7,8\n9,8,7,6\n",
        "",
        &["fewer than a batch of 50", "train.batch"],
    );
    refused("a.parquet", &good, "", &["no whole Parquet file"]);
    refused("a.npy", &good, "", &["npy"]);
    refused("a.npz", &good, "", &["no .npz archive"]);
    refused("a.safetensors", &good, "", &["no whole safetensors"]);
    let same = csv(|_, _| "1,2,3,4".to_owned());
    refused("a.csv", &same, "", &["all its points are the same"]);
}

#[test]
fn truncated_files_and_missing_ones_are_told() {
    for name in [
        "pairs.npy",
        "pairs.npz",
        "pairs.parquet",
        "pairs.safetensors",
    ] {
        let here = tempfile::tempdir().unwrap();
        write(here.path(), name);
        let bytes = fs::read(here.path().join(name)).unwrap();
        refused(name, &bytes[..bytes.len() * 2 / 3], "", &[name]);
    }
    let here = tempfile::tempdir().unwrap();
    write_config(here.path(), "path = \"nowhere.csv\"\n");
    let ran = gradnet(here.path(), &["config", "check", "mine.toml"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("no such file"), "{}", ran.stderr);
    // The place in the config is underlined.
    assert!(ran.stderr.contains("nowhere.csv\""), "{}", ran.stderr);
    assert!(ran.stderr.contains('╰'), "{}", ran.stderr);
}

#[test]
fn two_files_one_for_the_points_and_one_for_the_gradients() {
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    for (name, range) in [("x.npy", 0..2), ("y.npy", 2..4)] {
        let mut writer =
            RowWriter::create(&folder.join(name), vec![part("v", &["a", "b"])]).unwrap();
        writer.write(&[columns(range)]).unwrap();
        writer.finish().unwrap();
    }
    write_config(folder, "path = \"x.npy\"\ngradient_path = \"y.npy\"\n");
    train(folder, &[]);

    let mut writer =
        RowWriter::create(&folder.join("y.npy"), vec![part("v", &["a", "b"])]).unwrap();
    writer.write(&[columns(2..4)[..20].to_vec()]).unwrap();
    writer.finish().unwrap();
    let ran = gradnet(
        folder,
        &[
            "train",
            "--config",
            "mine.toml",
            "--out",
            "short",
            "--progress",
            "none",
        ],
    );
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("as many rows"), "{}", ran.stderr);
}

/// A short training on a text file of these lines; columns x1, x2 and g1, g2.
fn train_on(folder: &Path, text: &[u8]) {
    fs::write(folder.join("pairs.csv"), text).unwrap();
    let names = "x = [\"x1\", \"x2\"]\ny = [\"g1\", \"g2\"]\n";
    write_config(folder, &format!("path = \"pairs.csv\"\n{names}"));
    train(folder, &["--set", "train.steps=100"]);
}

fn predict(folder: &Path, input: &str, output: &str, more: &[&str]) -> Ran {
    let arguments = ["predict", "run", "--input", input, "--output", output];
    gradnet(folder, &[&arguments[..], more].concat())
}

#[test]
fn points_under_other_names_are_refused_until_they_are_named() {
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    train_on(folder, &csv(|_, line| line));
    fs::write(folder.join("x.csv"), "lat,lon\n20,-5\n21,-4\n").unwrap();
    let ran = predict(folder, "x.csv", "y.csv", &[]);
    assert_eq!(ran.code, 2, "{}{}", ran.stdout, ran.stderr);
    let stderr = ran.stderr.replace("\n  │ ", " ");
    assert!(stderr.contains("`x1` is not in the file"), "{stderr}");
    assert!(stderr.contains("--x"), "{stderr}");
    assert!(!folder.join("y.csv").exists());
    let ran = predict(folder, "x.csv", "y.csv", &["--x", "lat,lon"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    // A file without names has nothing but the order of its columns.
    fs::write(folder.join("plain.csv"), "20,-5\n21,-4\n").unwrap();
    let ran = predict(folder, "plain.csv", "plain_y.csv", &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut writer =
        RowWriter::create(&folder.join("plain.npy"), vec![part("v", &["a", "b"])]).unwrap();
    writer.write(&[vec![20.0, -5.0, 21.0, -4.0]]).unwrap();
    writer.finish().unwrap();
    let ran = predict(folder, "plain.npy", "npy_y.csv", &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for same in ["plain_y.csv", "npy_y.csv"] {
        assert_eq!(
            numbers(&folder.join(same), &Selection::All),
            numbers(&folder.join("y.csv"), &Selection::All),
            "{same}"
        );
    }
}

#[test]
fn no_command_writes_over_what_it_reads_or_into_a_run() {
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    train_on(folder, &csv(|_, line| line));
    fs::write(folder.join("x.csv"), "x1,x2\n20,-5\n21,-4\n").unwrap();
    fs::write(folder.join("notes.json"), "{\"mine\": true}\n").unwrap();
    let kept = [
        "x.csv",
        "pairs.csv",
        "notes.json",
        "run/config.toml",
        "run/data.json",
        "run/summary.json",
        "run/weights.bpk",
    ];
    let contents = || kept.map(|name| fs::read(folder.join(name)).unwrap());
    let before = contents();
    let predict: &[&str] = &["predict", "run", "--input", "x.csv", "--output"];
    let report: &[&str] = &["report", "run", "--output"];
    let export: &[&str] = &["export", "run", "--to"];
    for (command, output, named) in [
        (predict, "x.csv", "x.csv"),
        (predict, "run/../x.csv", "x.csv"),
        (predict, "pairs.csv", "pairs.csv"),
        (predict, "run/y.csv", "y.csv"),
        (report, "pairs.csv", "pairs.csv"),
        (report, "run/config.toml", "config.toml"),
        (export, "run/data.npz", "data.npz"),
        (export, "run/checkpoint/w.npz", "w.npz"),
        (export, "run/summary.safetensors", "summary.safetensors"),
        (export, "notes.safetensors", "notes.json"),
    ] {
        let ran = gradnet(folder, &[command, &[output]].concat());
        assert_eq!(ran.code, 2, "{output}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(named), "{output}: {}", ran.stderr);
        assert!(ran.stderr.contains("help: "), "{output}: {}", ran.stderr);
        assert!(contents() == before, "{command:?} {output}");
    }
    assert!(!folder.join("notes.safetensors").exists());
    // What an export wrote, an export replaces.
    for _ in 0..2 {
        let ran = gradnet(folder, &["export", "run", "--to", "w.npz"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    let ran = gradnet(folder, &["export", "run", "--to", "w.onnx"]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains(".safetensors"), "{}", ran.stderr);
    assert!(!ran.stderr.contains(".csv"), "{}", ran.stderr);
}

#[test]
fn a_prediction_that_is_not_finite_is_refused_with_its_row() {
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    // Points so close together that 3e38 is infinite in the network's units.
    let mut text = "x1,x2,g1,g2\n".to_owned();
    for [a, b, c, d] in pairs() {
        text.push_str(&format!("{},{},{c},{d}\n", 1e-3 * a, 1e-3 * b));
    }
    train_on(folder, text.as_bytes());
    fs::write(folder.join("x.csv"), "x1,x2\n0.02,-0.005\n3e38,0\n").unwrap();
    let ran = predict(folder, "x.csv", "y.csv", &[]);
    assert_eq!(ran.code, 2, "{}{}", ran.stdout, ran.stderr);
    let stderr = ran.stderr.replace("\n  │ ", " ");
    assert!(stderr.contains("x.csv, row 2"), "{stderr}");
    assert!(stderr.contains("`g1`"), "{stderr}");
    assert!(stderr.contains("help: "), "{stderr}");
    assert!(!folder.join("y.csv").exists());
}

#[test]
fn a_folder_is_no_data_file() {
    let here = tempfile::tempdir().unwrap();
    for name in ["data", "data.csv", "data.npy", "data.npz", "data.parquet"] {
        fs::create_dir(here.path().join(name)).unwrap();
        let ran = gradnet(here.path(), &["config", "init", "--data", name]);
        assert_eq!(ran.code, 2, "{name}: {}", ran.stdout);
        assert!(ran.stderr.contains("folder"), "{name}: {}", ran.stderr);
    }
}

#[test]
fn a_target_and_a_file_are_not_both_learned() {
    let here = tempfile::tempdir().unwrap();
    let data = write(here.path(), "pairs.csv");
    write_config(
        here.path(),
        &format!("{data}\n[target.quartic_polynomial]\n"),
    );
    let ran = gradnet(here.path(), &["config", "check", "mine.toml"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("not from both"), "{}", ran.stderr);
}
