//! The committed results: what README and docs show of them is what they say.

use std::fs;
use std::path::PathBuf;

use gradnet_experiments::reproduce::{Paper, Results, Rows, Selection, Table};
use gradnet_train::sweep::{Filled, Record};

fn project(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

fn committed(name: &str) -> Table {
    let path = project(&format!("results/tables/{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    serde_json::from_str(&text).unwrap()
}

/// The tables of docs/results.md, row by row.
#[test]
fn the_tables_shown_are_the_committed_ones() {
    let text = fs::read_to_string(project("docs/results.md")).unwrap();
    for name in Paper::names() {
        let overview = committed(name).overview();
        assert!(
            text.contains(overview.trim()),
            "docs/results.md does not show {name} as it is (scripts/show_results.py mends that):\n{overview}"
        );
    }
}

/// The numbers that README begins with.
#[test]
fn the_headlines_of_the_readme_are_the_committed_ones() {
    let readme = fs::read_to_string(project("README.md")).unwrap();
    let shows = |number: f64| {
        let number = format!("{number:.2}");
        assert!(readme.contains(&number), "README does not show {number}");
    };
    let Rows::Field(rows) = committed("table1").rows else {
        panic!("a table of fields");
    };
    let row = |network: &str| rows.iter().find(|r| r.network == network && r.dim == 32);
    shows(row("mgradnet_m").unwrap().mse_db_mean);
    shows(row("mgradnet_m").unwrap().published_db.unwrap());
    shows(row("linear").unwrap().mse_db_mean);
    let Rows::Orbits(rows) = committed("table3").rows else {
        panic!("a table of orbits");
    };
    let row = |label: &str| rows.iter().find(|row| row.label == label).unwrap();
    shows(row("GradNet-M, falling rate (ours)").energy_mse_db_mean);
    shows(row("GradNet-M").published_energy_db.unwrap());
    let speeds = fs::read_to_string(project("results/speed.json")).unwrap();
    let speeds: serde_json::Value = serde_json::from_str(&speeds).unwrap();
    let rows = speeds["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["case"] == "mgradnet_c_d32");
    shows(row.unwrap()["times_faster"].as_f64().unwrap());
}

/// The speeds of docs/performance.md, case by case.
#[test]
fn the_speeds_shown_are_the_committed_ones() {
    let text = fs::read_to_string(project("results/speed.json")).unwrap();
    let speeds: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rows = speeds["rows"].as_array().unwrap();
    assert!(!rows.is_empty());
    let text = fs::read_to_string(project("docs/performance.md")).unwrap();
    for row in rows {
        let number = |key: &str| row[key].as_f64();
        let faster = |key: &str| {
            let [low, high] = [0, 1].map(|end| row[format!("{key}_quartiles")][end].as_f64());
            Some(format!("{:.2} ({:.2} to {:.2})", number(key)?, low?, high?))
        };
        // A peer that was not measured has no column.
        let cells = [
            row["case"].as_str().map(str::to_owned),
            faster("times_faster"),
            faster("times_faster_than_jax"),
            number("times_faster_than_compiled").map(|faster| format!("{faster:.2}")),
            number("ratio_to_floor").map(|ratio| format!("{ratio:.2}")),
        ];
        let cells: Vec<String> = cells.into_iter().flatten().collect();
        assert!(cells.len() >= 3, "{row}");
        let line = format!("| {} |", cells.join(" | "));
        assert!(
            text.contains(&line),
            "docs/performance.md does not show this (scripts/show_results.py mends that):\n{line}"
        );
    }
}

/// GradNet-C's toy as released, in docs/results.md.
#[test]
fn the_released_toy_shown_is_the_committed_one() {
    let text = fs::read_to_string(project("results/released_toy.json")).unwrap();
    let found: serde_json::Value = serde_json::from_str(&text).unwrap();
    let page = fs::read_to_string(project("docs/results.md")).unwrap();
    for (name, key) in [
        ("the notebook", "notebook"),
        ("PyTorch, the notebook's seeds", "notebook_seeds"),
        ("PyTorch, other seeds", "other_seeds"),
    ] {
        let row = &found[key];
        let line = format!(
            "| {name} | {} | {:.2} | {:.2} |",
            row["networks"],
            row["rmse_db_mean"].as_f64().unwrap(),
            row["rmse_db_std"].as_f64().unwrap()
        );
        assert!(
            page.contains(&line),
            "docs/results.md does not show this (scripts/show_results.py mends that):\n{line}"
        );
    }
    // What is said of them: the notebook's mean from its seeds, and forty others that are worse by more than a decibel.
    let mean = |key: &str| found[key]["rmse_db_mean"].as_f64().unwrap();
    assert!((mean("notebook_seeds") - mean("notebook")).abs() < 0.1);
    assert!(mean("other_seeds") - mean("notebook") > 1.0);
}

/// Every committed table follows from the committed records.
#[test]
fn the_committed_tables_follow_from_the_committed_records() {
    let results = Results::new(&project("results"));
    for name in Paper::names() {
        let paper = Paper::from_name(name).unwrap();
        let places = paper.places().unwrap();
        let filled = Filled::of(&places, &results.store(&paper)).unwrap();
        let table = Table::new(&paper, &filled);
        assert_eq!(table.markdown(), committed(name).markdown(), "{name}");
    }
}

/// Every committed record, those of version 0.1, is read, and found by the cell whose numbers it holds.
#[test]
fn every_committed_record_is_found_by_its_cell() {
    let results = Results::new(&project("results"));
    for name in Paper::names() {
        // Some rows have more seeds than the table shows.
        let paper = Paper::from_name(name).unwrap();
        let paper = paper.select(&Selection {
            seeds: Some(15),
            ..Selection::default()
        });
        let store = results.store(&paper);
        let places = paper.places().unwrap();
        let candidates = places.iter().flat_map(|place| &place.candidates);
        let mut found: Vec<_> = candidates
            .flatten()
            .filter_map(|cell| store.load(cell).unwrap())
            .map(|record| (record.experiment.to_toml(), record.wall_s.to_bits()))
            .collect();
        let files = fs::read_dir(project(&format!("results/cells/{name}"))).unwrap();
        let mut committed: Vec<_> = files
            .map(|file| {
                let text = fs::read_to_string(file.unwrap().path()).unwrap();
                let record: Record = serde_json::from_str(&text).unwrap();
                (record.experiment.to_toml(), record.wall_s.to_bits())
            })
            .collect();
        assert!(!committed.is_empty());
        found.sort();
        committed.sort();
        assert_eq!(found, committed, "{name}");
    }
}
