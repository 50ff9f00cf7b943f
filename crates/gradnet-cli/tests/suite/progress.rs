//! Progress on a terminal, in CI, and where it is asked for; in a pipe it is tested with the runs.

#[cfg(target_os = "linux")]
use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::process::training;
use crate::program::command;

/// A run of a hundred steps, its progress the program's own choice.
fn short() -> Vec<String> {
    let settings = [
        "train.steps=100",
        "train.validation.every=10",
        "evaluation.draws=1",
    ];
    let mut arguments = training("run", &settings);
    let own = arguments.iter().position(|word| word == "--progress");
    arguments.drain(own.unwrap()..own.unwrap() + 2);
    arguments
}

/// What `gradnet` writes to a terminal of 100 columns: `script` (of every Linux) gives it one.
#[cfg(target_os = "linux")]
fn on_a_terminal(folder: &Path, arguments: &[String]) -> String {
    let mut line = String::from("stty cols 100 rows 40;");
    for word in [&[env!("CARGO_BIN_EXE_gradnet").to_owned()], arguments].concat() {
        line.push_str(&format!(" '{word}'"));
    }
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .current_dir(folder)
        .env("TERM", "xterm-256color")
        .env("CI", "true")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{shown}");
    shown
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_shows_a_bar_with_the_time_left() {
    let folder = tempfile::tempdir().unwrap();
    let shown = on_a_terminal(folder.path(), &short());
    for part in ["smoke mgradnet_m", "━", "/100", " s left", "mse_db (dB)"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("step 100/100"), "no plain lines: {shown}");
    std::fs::write(folder.path().join("x.csv"), "0,0,0,0,0,0,0,0\n").unwrap();
    let predict = ["predict", "run", "--input", "x.csv", "--output", "y.csv"];
    let shown = on_a_terminal(folder.path(), &predict.map(str::to_owned));
    for part in ["/1 points", " left", "1 points written"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_shows_the_bar_for_the_dashboard_of_old() {
    let folder = tempfile::tempdir().unwrap();
    let asked = [short(), ["--progress", "tui"].map(str::to_owned).to_vec()].concat();
    let shown = on_a_terminal(folder.path(), &asked);
    for part in ["the dashboard is gone", "━", "/100", "mse_db (dB)"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("\u{1b}[?1049h"), "no full screen: {shown}");
}

#[test]
fn in_ci_it_is_quiet_unless_asked() {
    let folder = tempfile::tempdir().unwrap();
    let run = |more: &[&str]| {
        let output = command(folder.path())
            .env("CI", "true")
            .args(short())
            .args(more)
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let judged = |line: &str| line.contains("is better than the network");
    assert!(run(&[]).lines().all(judged), "nothing but the verdict");
    assert!(run(&["--overwrite", "--progress", "plain"]).contains("step 100/100"));
}
