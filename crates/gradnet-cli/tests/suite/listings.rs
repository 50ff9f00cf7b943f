//! The commands that read: what they list, in which form, with which exit code.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::program::{Ran, gradnet};
use serde_json::Value;

fn run(arguments: &[&str]) -> Ran {
    gradnet(Path::new("."), arguments)
}

fn json(arguments: &[&str]) -> Value {
    let ran = run(arguments);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// The names of the registry.
fn networks() -> Vec<String> {
    let list = json(&["networks", "--json"]);
    let entries = list.as_array().unwrap();
    entries
        .iter()
        .map(|entry| entry["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn networks_and_targets_as_tables() {
    insta::assert_snapshot!("networks", run(&["networks"]).stdout);
    insta::assert_snapshot!("targets", run(&["targets"]).stdout);
}

#[test]
fn every_row_of_the_tables_is_in_the_json_too() {
    for list in ["networks", "targets"] {
        let rows = run(&[list]).stdout.lines().count() - 1;
        assert_eq!(json(&[list, "--json"]).as_array().unwrap().len(), rows);
    }
}

#[test]
fn devices_names_every_backend_and_has_flex() {
    let ran = run(&["devices"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for backend in ["flex", "ndarray", "wgpu", "cuda", "rocm", "metal", "vulkan"] {
        assert!(ran.stdout.contains(backend), "{backend}: {}", ran.stdout);
    }
}

/// "Before training": every registered network keeps what it claims at its initial weights.
#[test]
fn every_network_passes_verification_with_fresh_weights() {
    let names = networks();
    assert!(names.len() >= 15);
    for name in &names {
        let ran = run(&["verify", "--network", name, "--dim", "4", "--samples", "8"]);
        assert_eq!(ran.code, 0, "{name}: {}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn verification_says_what_is_claimed_and_what_is_not() {
    let claim = |name| json(&["verify", "--network", name, "--json"])["claim"].clone();
    assert_eq!(claim("mgradnet_c"), "monotone");
    assert_eq!(claim("gradnet_c"), "gradient");
    assert_eq!(claim("baseline"), "none");
    // A perceptron with no guarantee is no gradient, and the check sees it.
    assert_eq!(
        json(&["verify", "--network", "baseline", "--json"])["symmetric"],
        false
    );
}

#[test]
fn a_network_that_does_not_exist() {
    let ran = run(&["verify", "--network", "mgradnetm"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("did you mean --network mgradnet_m?"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_network_in_a_dimension_that_does_not_suit_it() {
    let ran = run(&["verify", "--network", "hamiltonian", "--dim", "3"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("--dim"), "{}", ran.stderr);
}

#[test]
fn bad_usage_is_exit_code_2_and_help_is_0() {
    for arguments in [
        &["trian"][..],
        &["train"],
        &["verify"],
        &["verify", "run", "--network", "rr"],
        &["eval", "run", "--draws", "many"],
        &["verify", "--network", "rr", "--samples", "0"],
        &["train", "--config", "x.toml", "--progress", "loud"],
        &[],
    ] {
        let ran = run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
    for arguments in [&["--help"][..], &["--version"], &["train", "--help"]] {
        let ran = run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}");
        assert_eq!(ran.stderr, "");
    }
}

/// `gradnet list networks | head -c 1`: the reader goes away, and that is no error.
#[test]
fn a_reader_that_goes_away_is_no_error() {
    for arguments in [&["networks"][..], &["networks", "--json"], &["--help"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gradnet"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut stderr)
            .unwrap();
        assert_eq!(
            child.wait().unwrap().code(),
            Some(0),
            "{arguments:?}: {stderr}"
        );
        assert_eq!(stderr, "");
    }
}
