//! `gradnet reproduce`: the whole way with small budgets, and what it refuses.

use std::fs;
use std::path::Path;

use crate::program::gradnet;
use gradnet_train::data::{Stream, generator};
use gradnet_train::pictures::dead_leaves;
use serde_json::Value;

fn table(folder: &Path, name: &str) -> Vec<Value> {
    let path = folder.join(format!("results/quick/tables/{name}.json"));
    let table: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    table["rows"].as_array().unwrap().clone()
}

/// Every table and figure, small; then again, with nothing left to train.
#[test]
fn everything_is_reproduced_with_small_budgets_and_a_second_call_trains_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let first = gradnet(folder.path(), &["reproduce", "all", "--quick"]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    for heading in [
        "## Table I:",
        "## Table II:",
        "## Table III:",
        "## Convex toy",
        "## Nonconvex toy",
    ] {
        assert!(first.stdout.contains(heading), "{}", first.stdout);
    }
    let quick = folder.path().join("results/quick");
    for figure in [
        "fig4-potentials",
        "fig5-error-maps",
        "fig6-orbits",
        "training-curves-table1",
    ] {
        // The maps of Fig. 4 and 5 have too many cells for rectangles.
        if !["fig4-potentials", "fig5-error-maps"].contains(&figure) {
            let svg = fs::read_to_string(quick.join(format!("figures/{figure}.svg"))).unwrap();
            let is_whole = svg.starts_with("<svg") && svg.contains("</svg>");
            assert!(is_whole, "{figure}");
        }
        let png = fs::read(quick.join(format!("figures/{figure}.png"))).unwrap();
        assert_eq!(&png[1..4], b"PNG", "{figure}");
    }
    let rows = table(folder.path(), "table1");
    let networks: Vec<_> = rows
        .iter()
        .map(|row| row["network"].as_str().unwrap())
        .collect();
    assert_eq!(networks[..2], ["zero", "linear"]);
    for network in ["icnn", "crr", "mgradnet_c", "mgradnet_m"] {
        let row = rows.iter().find(|row| row["network"] == network).unwrap();
        for number in [
            "mse_db_mean",
            "mse_db_std_draws",
            "mse_db_std_seeds",
            "learning_rate",
            "published_db",
        ] {
            assert!(
                row[number].is_f64(),
                "{network}: {number} is {}",
                row[number]
            );
        }
        assert!(row["parameters"].as_u64().unwrap() <= 32_768);
    }
    let orbits = table(folder.path(), "table3");
    assert_eq!(orbits[0]["network"], "exact");
    assert!(
        orbits
            .iter()
            .all(|row| row["coordinate_mse_db_mean"].is_f64())
    );

    let printed = fs::read_to_string(quick.join("tables/table1.md")).unwrap();
    let again = gradnet(folder.path(), &["reproduce", "table1", "--quick"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(!again.stderr.contains("begins"), "{}", again.stderr);
    assert_eq!(again.stdout.trim(), printed.trim());
}

#[test]
fn a_network_or_a_dimension_that_no_table_has_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |arguments: &[&str]| {
        let ran = gradnet(folder.path(), arguments);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        ran.stderr
    };
    let near = refused(&["reproduce", "table1", "--networks", "mgradnet_n"]);
    assert!(near.contains("no network `mgradnet_n`"), "{near}");
    assert!(
        near.contains("did you mean mgradnet_m?") || near.contains("did you mean mgradnet_c?"),
        "{near}"
    );
    let other = refused(&["reproduce", "table1", "--networks", "hamiltonian"]);
    assert!(other.contains("is not in this table"), "{other}");
    let dim = refused(&["reproduce", "table2", "--dims", "64"]);
    assert!(
        dim.contains("no dimension 64") && dim.contains("32, 256, 1024"),
        "{dim}"
    );
    let toy = refused(&["reproduce", "toy-convex", "--dims", "2"]);
    assert!(toy.contains("leave out --dims"), "{toy}");
    let figure = refused(&["reproduce", "curves"]);
    assert!(figure.contains("`gradnet reproduce table1`"), "{figure}");
}

/// A record that is no record is told by its name, and no other is touched.
#[test]
fn a_damaged_record_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "reproduce",
        "toy-convex",
        "--quick",
        "--networks",
        "icgn",
        "--seeds",
        "1",
    ];
    assert_eq!(gradnet(folder.path(), &arguments).code, 0);
    let cells = folder.path().join("results/quick/cells/toy-convex");
    let record = fs::read_dir(cells).unwrap().next().unwrap().unwrap().path();
    fs::write(&record, "{").unwrap();
    let ran = gradnet(folder.path(), &arguments);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    let name = record.file_stem().unwrap().to_string_lossy().into_owned();
    assert!(
        ran.stderr.replace('\n', "").contains("remove it"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains(&name[..10]), "{}", ran.stderr);
}

/// The tables of the tasks, small: every case and row has its numbers, beside those of rows to compare with.
#[test]
fn the_tables_of_the_tasks_are_reproduced_with_small_budgets() {
    let folder = tempfile::tempdir().unwrap();
    for (name, files, number, row) in [
        (
            "scores",
            &["scores", "scores_log_concave", "score_losses"][..],
            "fisher_relative",
            "kernel_density",
        ),
        ("dynamics", &["dynamics"], "rollout_mse", "stand_still"),
        ("transport", &["transport"], "l2_uvp_forward", "bures"),
    ] {
        let ran = gradnet(folder.path(), &["reproduce", name, "--quick"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(ran.stdout.contains("(quick: not the budgets"), "{name}");
        for file in files {
            let path = format!("results/quick/sweeps/{file}/table.json");
            let table = fs::read_to_string(folder.path().join(path)).unwrap();
            let table: Value = serde_json::from_str(&table).unwrap();
            let lines = table["lines"].as_array().unwrap();
            assert!(lines.iter().all(|line| line["diverged"] == 0), "{table}");
            let learned = lines.iter().filter(|line| line["parameters"].is_u64());
            let mut numbers = learned.map(|line| &line["numbers"][number]["mean"]);
            assert!(numbers.all(Value::is_f64), "{file}: {table}");
            assert!(lines.iter().any(|line| line["row"] == *row), "{file}");
        }
    }
    let refused = gradnet(folder.path(), &["reproduce", "dynamics", "--dims", "2"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("--dims"), "{}", refused.stderr);
}

/// The pictures of the table on images are the user's: without them it says so, with them each cell is kept.
#[test]
fn the_table_of_denoising_is_reproduced_on_a_folder_of_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let refused = gradnet(here, &["reproduce", "denoising", "--quick"]);
    assert_eq!(refused.code, 2);
    let said = refused.stderr.replace('\n', " ");
    assert!(said.contains("--images FOLDER"), "{said}");
    let refused = gradnet(here, &["reproduce", "scores", "--images", "pictures"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("reads none"), "{}", refused.stderr);
    for (seed, name) in [(0, "train"), (1, "set12"), (2, "set68")] {
        let of = here.join("pictures").join(name);
        fs::create_dir_all(&of).unwrap();
        let picture = dead_leaves(String::new(), 48, &mut generator(seed, Stream::Test, 0));
        picture.write(&of.join("a.png")).unwrap();
    }
    let arguments = ["reproduce", "denoising", "--quick", "--images", "pictures"];
    let ran = gradnet(here, &arguments);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let of = here.join("results/quick/sweeps/denoising");
    let table: Value =
        serde_json::from_str(&fs::read_to_string(of.join("table.json")).unwrap()).unwrap();
    let lines = table["lines"].as_array().unwrap();
    let learned: Vec<&Value> = lines
        .iter()
        .filter(|line| line["parameters"].is_u64())
        .collect();
    assert_eq!(learned.len(), 5, "{table}");
    let number = |line: &Value, name: &str| line["numbers"][name]["mean"].as_f64();
    for line in &learned {
        for name in [
            "psnr_db_25",
            "lipschitz_bound",
            "minutes",
            "deblurring_db",
            "inpainting_db",
        ] {
            assert!(
                number(line, name).is_some_and(f64::is_finite),
                "{name}: {line}"
            );
        }
        // Half of the pixels are black before.
        let [before, after] =
            ["inpainting_measured_db", "inpainting_db"].map(|name| number(line, name).unwrap());
        assert!(after > before + 3.0, "{before} {after}");
    }
    // The bound of a ridge is close to what power iterations find, and above it.
    let ratio = number(learned[0], "lipschitz_ratio").unwrap();
    assert!((1.0..1.3).contains(&ratio), "{ratio}");
    let published = lines
        .iter()
        .find(|line| line["row"].as_str().unwrap().contains("fifty"));
    let numbers = &published.expect("it is a row")["numbers"];
    assert_eq!(numbers["psnr_db_25"]["mean"], 28.1);
    assert_eq!(numbers["psnr_db_25"]["unit"], "dB");
    assert!(lines.iter().any(|line| line["row"] == "wiener"), "{table}");
    // One record a cell, and nothing is run twice.
    let records = || {
        fs::read_dir(of.join("cells"))
            .unwrap()
            .map(|entry| entry.unwrap())
    };
    let written = || records().map(|record| record.metadata().unwrap().modified().unwrap());
    let before: Vec<_> = written().collect();
    assert_eq!(before.len(), 5);
    assert_eq!(gradnet(here, &arguments).code, 0);
    assert_eq!(written().collect::<Vec<_>>(), before);
}
