//! A user's own data: trained, scored, verified and predicted from every format; how files can be wrong stands in
//! bad_data_files.rs.

use std::fs;
use std::path::Path;

use crate::pairs::{
    ROWS, columns, csv, numbers, pairs, part, train, try_to_train, write, write_config,
};
use crate::program::{Ran, gradnet};
use gradnet_train::files::{RowWriter, Selection, write_arrays};
use serde_json::Value;

fn json(ran: &Ran) -> Value {
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
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
        let precision = "by so much the first 3 differ from those in 64 bits";
        assert!(ran.stderr.contains(precision), "{}", ran.stderr);
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
            ran.stderr.contains("not the file") && ran.stderr.contains("pairs.csv"),
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
    let ran = try_to_train(folder, "short", &[]);
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
    let twice = predict(folder, "x.csv", "y.csv", &["--x", "lat,lat"]);
    assert_eq!(twice.code, 2, "{}", twice.stdout);
    assert!(twice.stderr.contains("named twice"), "{}", twice.stderr);
    let ran = predict(folder, "x.csv", "y.csv", &["--x", "lat,lon"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(!ran.stderr.contains("lie outside"), "{}", ran.stderr);
    fs::write(folder.join("far.csv"), "x1,x2\n20,-5\n3e7,-4\n").unwrap();
    let ran = predict(folder, "far.csv", "far_y.csv", &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("1 of 2 points lie outside"),
        "{}",
        ran.stderr
    );
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
    let ran = gradnet(folder, &["export", "run", "--to", "w.h5"]);
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

/// What `gradnet config init` says of a file, and the config it writes.
fn init(folder: &Path, file: &str, more: &[&str]) -> Ran {
    let arguments = [
        "config",
        "init",
        "--data",
        file,
        "--out",
        "init.toml",
        "--overwrite",
    ];
    gradnet(folder, &[&arguments[..], more].concat())
}

/// The columns of a file as `config init` says them.
fn told_columns(ran: &Ran) -> String {
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stderr.lines().next().unwrap_or_default().to_owned()
}

/// pandas and R write such tables; the config reads the pairs of the table without the index.
#[test]
fn a_leftover_index_never_becomes_a_coordinate() {
    let rows = |index: fn(usize) -> String, first: &str, last: &str| {
        let mut text = format!("{first}x1,x2,g1,g2{last}\n");
        for (row, [a, b, c, d]) in pairs().into_iter().enumerate() {
            let index = index(row);
            let (before, after) = match first {
                "" => (String::new(), format!(",{index}")),
                _ => (format!("{index},"), String::new()),
            };
            text.push_str(&format!("{before}{a},{b},{c},{d}{after}\n"));
        }
        text
    };
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    let numbers: fn(usize) -> String = |row| row.to_string();
    let from_one: fn(usize) -> String = |row| (row + 1).to_string();
    let words: fn(usize) -> String = |row| format!("s{row}");
    let shuffled: fn(usize) -> String = |row| (row * 7 % ROWS).to_string();
    for (index, first, last, left_out) in [
        (numbers, ",", "", "column 1 (without a name)"),
        (shuffled, ",", "", "column 1 (without a name)"),
        (words, "\"\",", "", "column 1 (without a name)"),
        (numbers, "Unnamed: 0,", "", "Unnamed: 0"),
        (numbers, "id,", "", "id"),
        (shuffled, "id,", "", "id"),
        (words, "id,", "", "id"),
        (from_one, "Index,", "", "Index"),
        (from_one, "k,", "", "k"),
        (numbers, "", ",__index_level_0__", "__index_level_0__"),
        (numbers, "", ",row_id", "row_id"),
    ] {
        fs::write(folder.join("pairs.csv"), rows(index, first, last)).unwrap();
        let told = told_columns(&init(folder, "pairs.csv", &[]));
        let expected = "pairs.csv: points x1, x2; gradients g1, g2; left out: ";
        assert!(
            told.starts_with(&format!("{expected}{left_out}")),
            "{first}{last}: {told}"
        );
        let config = fs::read_to_string(folder.join("init.toml")).unwrap();
        assert!(
            config.contains("x = [\"x1\", \"x2\"]\ny = [\"g1\", \"g2\"]\n"),
            "{config}"
        );
        assert!(config.contains("path = \"pairs.csv\""), "{config}");
    }
    // An even number of columns with an index among them is not halved.
    let text = rows(numbers, "id,", "").replace('\n', ",0.5\n");
    let text = text.replacen("g2,0.5", "g2,weight", 1);
    fs::write(folder.join("pairs.csv"), text).unwrap();
    let ran = init(folder, "pairs.csv", &[]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    let stderr = ran.stderr.replace("\n  │ ", " ");
    for part in [
        "5 columns",
        "x1, x2, g1, g2, weight",
        "left out: id",
        "name the columns",
    ] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    let named = ["--x", "x1,x2", "--y", "g1,g2"];
    let told = told_columns(&init(folder, "pairs.csv", &named));
    assert_eq!(told, "pairs.csv: points x1, x2; gradients g1, g2");
}

/// What `data.json` of a run says of the numbers it learned from. The file's own bytes are another thing.
fn numbers_of(run: &Path) -> Value {
    let text = fs::read_to_string(run.join("data.json")).unwrap();
    let mut facts: Value = serde_json::from_str(&text).unwrap();
    let files = facts.as_object_mut().unwrap().remove("files");
    assert!(files.is_some(), "{text}");
    facts
}

#[test]
fn training_says_its_columns_and_an_index_changes_nothing_of_it() {
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    let facts = |text: &[u8], name: &str| -> (Value, String) {
        fs::write(folder.join("pairs.csv"), text).unwrap();
        write_config(folder, "path = \"pairs.csv\"\n");
        let ran = try_to_train(folder, name, &["--set", "train.steps=20"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        (numbers_of(&folder.join(name)), ran.stderr)
    };
    let (plain, said) = facts(&csv(|_, line| line), "plain");
    assert!(said.contains("points x1, x2; gradients g1, g2\n"), "{said}");
    let text = String::from_utf8(csv(|row, line| format!("{row},{line}"))).unwrap();
    let (indexed, said) = facts(format!("id,{text}").as_bytes(), "indexed");
    assert!(said.contains("left out: id"), "{said}");
    assert_eq!(indexed, plain);
    // pandas without names: the first line counts the columns.
    let unnamed = text.replacen("x1,x2,g1,g2", ",0,1,2,3", 1);
    let (unnamed, said) = facts(unnamed.as_bytes(), "unnamed");
    assert!(
        said.contains("points 0, 1; gradients 2, 3; left out"),
        "{said}"
    );
    // Its columns have no names that another file could be held to; the numbers are the same.
    assert!(unnamed["columns"].is_null() && plain["columns"].is_object());
    assert_eq!(without_names(unnamed), without_names(plain));
}

fn without_names(mut facts: Value) -> Value {
    facts.as_object_mut().unwrap().remove("columns");
    facts
}

#[test]
fn a_first_line_that_counts_is_no_point_unless_one_says_so() {
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    let rows = |more: &[&str]| {
        let ran = init(folder, "pairs.csv", more);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let config = fs::read_to_string(folder.join("init.toml")).unwrap();
        let said = ran.stderr.contains("header = ");
        (
            config.lines().next().unwrap().contains("601 rows"),
            said,
            config,
        )
    };
    let text = String::from_utf8(csv(|_, line| line)).unwrap();
    for (first, begins) in [("0,1,2,3", "x = [\"0\""), ("1,2,3,4", "x = [\"1\"")] {
        let text = text.replacen("x1,x2,g1,g2", first, 1);
        fs::write(folder.join("pairs.csv"), text).unwrap();
        let (point, said, config) = rows(&[]);
        assert!(
            !point && said && config.contains(begins),
            "{first}: {config}"
        );
        let (point, said, config) = rows(&["--header", "false"]);
        assert!(
            point && !said && config.contains("header = false"),
            "{first}: {config}"
        );
        let (point, said, config) = rows(&["--header", "true"]);
        assert!(
            !point && !said && config.contains("header = true"),
            "{first}: {config}"
        );
    }
    // The same of points to predict at.
    train_on(folder, text.as_bytes());
    for (points, more, count) in [
        ("0,1\n20.5,-5.0\n21.0,-4.5\n", &[][..], "2 points"),
        (
            "0,1\n20.5,-5.0\n21.0,-4.5\n",
            &["--header", "false"],
            "3 points",
        ),
        ("0,1\n20,-5\n21,-4\n", &[], "3 points"),
        ("0,1\n20,-5\n21,-4\n", &["--header", "true"], "2 points"),
        (",0,1\n0,20.5,-5.0\n1,21.0,-4.5\n", &[], "2 points"),
        ("20.5,-5.0\n21.0,-4.5\n", &[], "2 points"),
        ("0,20.5,-5.0\n1,21.0,-4.5\n", &[], "2 points"),
        ("id,x1,x2\n0,20.5,-5.0\n1,21.0,-4.5\n", &[], "2 points"),
        ("# x1 x2\n20.5 -5.0\n21.0 -4.5\n", &[], "2 points"),
        ("x2;x1\n-5,0;20,5\n-4,5;21,0\n", &[], "2 points"),
    ] {
        fs::write(folder.join("x.csv"), points).unwrap();
        let ran = predict(folder, "x.csv", "y.csv", more);
        assert_eq!(ran.code, 0, "{points}: {}", ran.stderr);
        assert!(ran.stdout.starts_with(count), "{points}: {}", ran.stdout);
        assert!(
            ran.stderr.starts_with("x.csv: points "),
            "{points}: {}",
            ran.stderr
        );
        let counts = points.starts_with("0,1");
        assert_eq!(
            ran.stderr.contains("--header "),
            counts && more.is_empty(),
            "{}",
            ran.stderr
        );
        if count == "2 points" && points.contains(".5") {
            let values = numbers(&folder.join("y.csv"), &Selection::All);
            fs::write(folder.join("named.csv"), "x1,x2\n20.5,-5\n21,-4.5\n").unwrap();
            assert_eq!(predict(folder, "named.csv", "named_y.csv", &[]).code, 0);
            assert_eq!(
                values,
                numbers(&folder.join("named_y.csv"), &Selection::All),
                "{points}"
            );
        }
    }
    // Columns that are no points of the network are told, not guessed.
    fs::write(folder.join("x.csv"), "0,20.5\n1,21.0\n2,20.0\n").unwrap();
    let ran = predict(folder, "x.csv", "y.csv", &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("counts the rows"), "{}", ran.stderr);
    fs::write(folder.join("x.csv"), "id,x2\n0,20.5\n1,21.0\n2,20.0\n").unwrap();
    let ran = predict(folder, "x.csv", "y.csv", &["--x", "id,x2"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let ran = predict(folder, "x.csv", "y.csv", &[]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
}

#[test]
fn a_config_that_init_writes_is_one_that_check_takes() {
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    // 10,001 dimensions: more than the 20,000 points of the linear map determine.
    let width = 2 * 10_001;
    let header = format!("{{'descr': '|i1', 'fortran_order': False, 'shape': (5, {width}), }}\n");
    let mut wide = b"\x93NUMPY\x01\x00".to_vec();
    wide.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    wide.extend(header.as_bytes());
    wide.extend((0..5 * width).map(|place| (place % 97) as u8));
    fs::write(folder.join("wide.npy"), wide).unwrap();
    let names: Vec<String> = (0..width)
        .map(|place| format!("coordinate{place}"))
        .collect();
    let mut text = names.join(",") + "\n";
    for row in 0..5 {
        let values = (0..width).map(|place| format!("{}.5", (row + place) % 97));
        text.push_str(&(values.collect::<Vec<_>>().join(",") + "\n"));
    }
    fs::write(folder.join("wide.csv"), text).unwrap();
    fs::write(folder.join("odd name\n#.csv"), csv(|_, line| line)).unwrap();
    fs::write(folder.join("back\\slash\t'.csv"), csv(|_, line| line)).unwrap();
    let thin: String = (0..9)
        .map(|row| format!("{row}.5,{}\n", row * row))
        .collect();
    fs::write(folder.join("thin.csv"), thin).unwrap();
    for (file, network) in [
        ("wide.npy", "mgradnet_m"),
        ("wide.csv", "gradnet_c"),
        ("odd name\n#.csv", "mgradnet_m"),
        ("back\\slash\t'.csv", "mgradnet_m"),
        ("thin.csv", "mgradnet_c"),
    ] {
        let ran = init(folder, file, &["--network", network]);
        assert_eq!(ran.code, 0, "{file}: {}", ran.stderr);
        let checked = gradnet(folder, &["config", "check", "init.toml"]);
        assert_eq!(checked.code, 0, "{file}: {}", checked.stderr);
    }
    fs::remove_file(folder.join("init.toml")).unwrap();
    // A network that no config for this file can have.
    let odd: String = (0..9)
        .map(|row| format!("{row}.5,1.5,{row},4,5.5,{row}\n"))
        .collect();
    fs::write(folder.join("odd.csv"), odd).unwrap();
    let ran = init(folder, "odd.csv", &["--network", "hamiltonian"]);
    assert_eq!(ran.code, 2, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("even"), "{}", ran.stderr);
    assert!(!folder.join("init.toml").exists());
}

#[test]
fn compressed_text_and_sixteen_bit_text_train_as_plain_text_does() {
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    let text = String::from_utf8(csv(|_, line| line)).unwrap();
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let comma = text.replace(',', ";").replace('.', ",");
    let spaces = text.replace(',', "  ");
    let mut facts = Vec::new();
    for (name, bytes) in [
        ("plain", text.clone().into_bytes()),
        ("utf16", [&b"\xff\xfe"[..], &wide].concat()),
        ("comma", comma.into_bytes()),
        ("spaces", spaces.into_bytes()),
        ("mac", text.replace('\n', "\r").into_bytes()),
    ] {
        fs::write(folder.join("pairs.csv"), bytes).unwrap();
        write_config(folder, "path = \"pairs.csv\"\n");
        let ran = try_to_train(folder, name, &["--set", "train.steps=20"]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        facts.push(numbers_of(&folder.join(name)));
    }
    assert!(facts.iter().all(|other| *other == facts[0]));
}

/// Rows of a quartic well: U = |x|^4/4 + |x|^2/2 + 3, forces -(1 + |x|^2) x.
fn wells(sign: f64) -> String {
    let mut text = "x1,x2,g1,g2,energy\n".to_owned();
    for row in 0..400 {
        let t = f64::from(row);
        let (x, y) = ((0.37 * t).sin() * 1.3, (0.61 * t + 0.5).cos() * 1.3);
        let square = x * x + y * y;
        let (slope, energy) = (1.0 + square, square * square / 4.0 + square / 2.0 + 3.0);
        text.push_str(&format!(
            "{x},{y},{},{},{energy}\n",
            sign * slope * x,
            sign * slope * y
        ));
    }
    text
}

const WELL: &str = r#"schema = 1
name = "well"

[data.file]
path = "well.csv"
x = ["x1", "x2"]
y = ["g1", "g2"]
potential = "energy"

[network.gradnet_m]
width = 32

[train]
steps = 800
batch = 50

[train.validation]
every = 100
"#;

/// With either sign the energy is learned to a small part of its variance, and from energies alone the forces follow.
#[test]
fn energies_beside_forces_are_learned_with_either_sign_and_alone() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("well.toml"), WELL).unwrap();
    for (sign, weight) in [("1", "1.0"), ("-1", "1.0"), ("1", "0.0")] {
        fs::write(here.join("well.csv"), wells(sign.parse().unwrap())).unwrap();
        let sign = format!("data.file.sign={sign}");
        let weight = format!("data.file.gradient_weight={weight}");
        let settings = ["--set", &sign, "--set", &weight];
        let train = ["train", "well.toml", "--json", "--overwrite", "-o", "run"];
        let ran = gradnet(here, &[&train[..], &settings].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let summary: Value = serde_json::from_str(&ran.stdout).unwrap();
        let found = summary["metrics"]["potential_mse"]["value"]
            .as_f64()
            .unwrap();
        let zero = summary["baselines"]["zero"]["potential_mse"]["value"]
            .as_f64()
            .unwrap();
        // The variance of U over the rows is about 0.6.
        assert!((0.3..1.5).contains(&zero), "{zero}");
        assert!(found < 0.02 * zero, "{settings:?}: {found} of {zero}");
        let error = summary["metrics"]["mse_db"]["value"].as_f64().unwrap();
        let zero = summary["baselines"]["zero"]["mse_db"]["value"]
            .as_f64()
            .unwrap();
        assert!(error < zero - 10.0, "{settings:?}: {error} dB of {zero}");

        // What is written is U up to a constant: it rises as U does, for forces as well.
        fs::write(here.join("at.csv"), "x1,x2\n0,0\n1,0\n").unwrap();
        let ran = gradnet(
            here,
            &[
                "predict",
                "run",
                "-i",
                "at.csv",
                "-o",
                "u.csv",
                "--potential",
            ],
        );
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let written = fs::read_to_string(here.join("u.csv")).unwrap();
        let last = |line: &str| line.rsplit(',').next().unwrap().parse::<f64>().unwrap();
        let potentials: Vec<f64> = written.lines().skip(1).map(last).collect();
        let rise = potentials[1] - potentials[0];
        assert!((rise - 0.75).abs() < 0.2, "{settings:?}: {rise}");
    }
}

#[test]
fn potentials_that_cannot_be_used_are_refused_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let good = wells(1.0);
    let nan = {
        let mut lines: Vec<String> = good.lines().map(str::to_owned).collect();
        let row = lines[7].rsplit_once(',').unwrap().0.to_owned();
        lines[7] = format!("{row},nan");
        lines.join("\n")
    };
    for (file, config, said) in [
        (&good, WELL.replace("\"energy\"", "\"enrgy\""), "`enrgy`"),
        (&nan, WELL.to_owned(), "line 8"),
        (
            &good,
            WELL.replace("x = [\"x1\", \"x2\"]\n", ""),
            "needs the other columns named",
        ),
        (
            &good,
            WELL.replace("potential = \"energy\"", "potential_weight = 2.0"),
            "meaning beside a potential",
        ),
        (
            &good,
            WELL.replace(
                "potential = \"energy\"",
                "potential = \"energy\"\npotential_weight = -1.0",
            ),
            "must be a number",
        ),
        (
            &good,
            WELL.replace("gradnet_m", "icgn_monte_carlo"),
            "has no potential",
        ),
    ] {
        fs::write(here.join("well.csv"), file).unwrap();
        fs::write(here.join("well.toml"), config).unwrap();
        let ran = gradnet(here, &["train", "well.toml", "-o", "refused"]);
        assert_eq!(ran.code, 2, "{said}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
        assert!(ran.stderr.contains("help"), "{said}: {}", ran.stderr);
    }
}
