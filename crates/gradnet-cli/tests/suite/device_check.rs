//! A device is held against the processor before its numbers are used.

use std::fs;
use std::path::Path;

use crate::program::{command, gradnet};
use serde_json::Value;

fn config() -> String {
    format!("{}/../../configs/smoke.toml", env!("CARGO_MANIFEST_DIR"))
}

/// Trains a few steps on a backend and returns the summary.
fn trained(folder: &Path, backend: &str, out: &str) -> Value {
    let (config, steps) = (config(), "train.steps=3");
    let arguments = [
        "train",
        "--config",
        &config,
        "--backend",
        backend,
        "--out",
        out,
        "--set",
        steps,
    ];
    let ran = gradnet(folder, &arguments);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let text = fs::read_to_string(folder.join(out).join("summary.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_summary_records_how_far_the_device_is_from_the_processor() {
    let folder = tempfile::tempdir().unwrap();
    let checked = trained(folder.path(), "ndarray", "a");
    let difference = checked["device_check"]["difference"].as_f64().unwrap();
    assert!((0.0..1e-5).contains(&difference), "{difference}");
    assert!(checked["device_check"]["quantity"].is_string());
    let itself = trained(folder.path(), "flex", "b");
    assert!(itself.get("device_check").is_none());
}

#[test]
fn every_network_is_checked_and_every_row_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let check = ["devices", "--check", "--backend", "ndarray", "--dim", "4"];
    let ran = gradnet(folder.path(), &check);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let networks = gradnet(folder.path(), &["networks", "--json"]);
    let networks: Vec<Value> = serde_json::from_str(&networks.stdout).unwrap();
    for network in &networks {
        let name = network["name"].as_str().unwrap();
        let row = ran
            .stdout
            .lines()
            .find(|line| line.split_whitespace().nth(1) == Some(name));
        assert!(row.is_some(), "{name} is missing:\n{}", ran.stdout);
    }
    let ran = gradnet(folder.path(), &[&check[..], &["--json"]].concat());
    let rows: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(rows.len(), networks.len());
    for row in rows {
        assert!(row["fault"].is_null(), "{row}");
        let difference = row["agreement"]["difference"].as_f64();
        // A network that draws numbers at each call is compared in its target alone.
        assert!(
            difference.is_some_and(|difference| difference < 1e-4),
            "{row}"
        );
    }
    let unknown = gradnet(
        folder.path(),
        &["devices", "--check", "--backend", "opencl"],
    );
    assert_eq!(unknown.code, 2, "{}", unknown.stderr);
}

/// A fresh machine has no cache of chosen kernels, neither CubeCL's nor the driver's.
fn scored_on_a_fresh_machine(run: &Path, home: bool) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let mut eval = command(folder.path());
    eval.args(["eval", run.to_str().unwrap(), "--backend", "wgpu", "--json"])
        .env("XDG_CACHE_HOME", folder.path().join("cache"));
    if home {
        eval.env("HOME", folder.path());
    }
    let output = eval.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let scored: Value = serde_json::from_slice(&output.stdout).unwrap();
    scored["test"]["mse_db_mean"].as_f64().unwrap()
}

#[test]
#[ignore = "ten minutes"]
fn a_run_has_one_score_whatever_kernels_wgpu_chooses() {
    let folder = tempfile::tempdir().unwrap();
    if !gradnet(folder.path(), &["devices"])
        .stdout
        .contains("wgpu     0")
    {
        eprintln!("SKIPPED on wgpu: this machine has no adapter");
        return;
    }
    let config = config();
    let ran = gradnet(
        folder.path(),
        &["train", "--config", &config, "--out", "run"],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let run = folder.path().join("run");
    let summary = fs::read_to_string(run.join("summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    let on_flex = summary["test"]["mse_db_mean"].as_f64().unwrap();
    for tuning in 0..20 {
        let found = scored_on_a_fresh_machine(&run, tuning % 2 == 0);
        assert!(
            (found - on_flex).abs() < 0.05,
            "tuning {tuning}: {found} beside {on_flex}"
        );
    }
}
