//! What the command line says once: where output goes, what a training would do, its result as JSON, silence, colours,
//! lists.

use std::fs;
use std::path::Path;

use crate::program::{command, gradnet};
use serde_json::Value;

const CONFIG: &str = "schema = 1
name = \"small\"
[target.quartic_polynomial]
[network.mgradnet_m]
width = 4
[train]
steps = 200
batch = 20
checkpoint_every = 50
[train.validation]
every = 50
points = 100
[evaluation]
points = 100
draws = 2
linear_points = 100
";

fn folder() -> tempfile::TempDir {
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("small.toml"), CONFIG).unwrap();
    here
}

fn json(here: &Path, arguments: &[&str]) -> Value {
    let ran = gradnet(here, arguments);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

fn names(here: &Path) -> Vec<String> {
    let entries = fs::read_dir(here).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn a_dry_run_says_what_would_be_done_and_writes_nothing() {
    let here = folder();
    let plan = json(
        here.path(),
        &["train", "small.toml", "--dry-run", "--json", "--seed", "7"],
    );
    assert_eq!(plan["network"], "mgradnet_m");
    assert_eq!(plan["seed"], 7);
    assert_eq!(plan["folder"], "runs/small-mgradnet_m-s7");
    let parameters = plan["parameters"].as_u64().unwrap();
    assert_eq!(plan["memory_bytes"].as_u64().unwrap(), 16 * parameters);
    let ran = gradnet(here.path(), &["train", "small.toml", "--dry-run"]);
    for part in [
        "mgradnet_m",
        "[target.quartic_polynomial]",
        "200 steps of 20 points",
        "MB",
        "runs/small-mgradnet_m-s0 (nothing written)",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    // What a training refuses for want of memory, a dry run refuses too.
    let large = "train small.toml --dry-run --set evaluation.points=1000000000000";
    let large: Vec<_> = large.split_whitespace().collect();
    let ran = gradnet(here.path(), &large);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains("memory"), "{}", ran.stderr);
    assert_eq!(names(here.path()), ["small.toml"]);
    // What the plan says is what the training has.
    let summary = json(
        here.path(),
        &["train", "small.toml", "--json", "--seed", "7"],
    );
    assert_eq!(summary["parameters"], plan["parameters"]);
    // A folder that is taken is refused by a dry run too.
    let ran = gradnet(
        here.path(),
        &["train", "small.toml", "--dry-run", "--seed", "7"],
    );
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("--overwrite"), "{}", ran.stderr);
}

#[test]
fn the_result_as_json_is_the_summary() {
    let here = folder();
    let printed = json(here.path(), &["train", "small.toml", "-o", "run", "--json"]);
    let text = fs::read_to_string(here.path().join("run/summary.json")).unwrap();
    assert_eq!(printed, serde_json::from_str::<Value>(&text).unwrap());
    assert!(printed["metrics"]["mse_db"]["value"].is_f64(), "{printed}");
}

#[test]
fn quiet_says_nothing_but_the_result() {
    let here = folder();
    let loud = gradnet(here.path(), &["train", "small.toml", "-o", "loud"]);
    assert!(!loud.stderr.is_empty());
    let quiet = gradnet(here.path(), &["train", "small.toml", "-o", "quiet", "-q"]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (0, ""));
    assert!(quiet.stdout.contains("mse_db (dB)"), "{}", quiet.stdout);
    let bad = gradnet(here.path(), &["-q", "train", "none.toml"]);
    assert_eq!(bad.code, 2);
    assert!(bad.stderr.contains("none.toml"), "{}", bad.stderr);
}

#[test]
fn resume_is_train_resume() {
    let here = folder();
    let whole = json(
        here.path(),
        &["train", "small.toml", "-o", "whole", "--json", "-q"],
    );
    for (name, arguments) in [
        ("a", &["resume", "a"][..]),
        ("b", &["train", "--resume", "b"]),
    ] {
        let run = here.path().join(name);
        fs::create_dir_all(run.join("checkpoint")).unwrap();
        for file in [
            "config.toml",
            "weights.bpk",
            "metrics.jsonl",
            "checkpoint/step-000000150.checkpoint",
        ] {
            fs::copy(here.path().join("whole").join(file), run.join(file)).unwrap();
        }
        let resumed = json(here.path(), &[arguments, &["--json", "-q"]].concat());
        assert_eq!(resumed["metrics"], whole["metrics"], "{name}");
    }
    let refused = gradnet(here.path(), &["resume", "nowhere"]);
    assert_eq!(refused.code, 2);
    assert!(
        refused.stderr.contains("no such folder"),
        "{}",
        refused.stderr
    );
}

#[test]
fn colours_are_as_asked() {
    let here = folder();
    let escape = |arguments: &[&str]| {
        let output = command(here.path())
            .env_remove("NO_COLOR")
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap().contains('\u{1b}')
    };
    for bad in [
        &["train", "none.toml"][..],
        &["trian"],
        &["config", "check", "none.toml"],
    ] {
        assert!(escape(&[bad, &["--color", "always"]].concat()), "{bad:?}");
        assert!(!escape(&[bad, &["--color", "never"]].concat()), "{bad:?}");
        assert!(!escape(bad), "{bad:?}: a pipe is no terminal");
    }
    let help = |choice: &str| gradnet(here.path(), &["--help", "--color", choice]).stdout;
    assert!(help("always").contains("\u{1b}[1m\u{1b}[4mLearn:"));
    assert!(!help("never").contains('\u{1b}'));
    assert!(help("never").contains("\nLearn:\n"));
}

#[test]
fn lists_say_what_there_is() {
    let here = folder();
    assert_eq!(
        gradnet(here.path(), &["list", "runs"]).code,
        2,
        "there is no folder yet"
    );
    let tasks = json(here.path(), &["list", "tasks", "--json"]);
    let tables: Vec<_> = tasks
        .as_array()
        .unwrap()
        .iter()
        .map(|task| &task["table"])
        .collect();
    assert!(tables.contains(&&Value::from("data")), "{tasks}");
    for (old, new) in [
        ("networks", "networks"),
        ("targets", "targets"),
        ("devices", "devices"),
    ] {
        let [old, new] = [vec![old], vec!["list", new]].map(|a| gradnet(here.path(), &a).stdout);
        assert_eq!(old, new);
    }
    json(here.path(), &["train", "small.toml", "--json", "-q"]);
    fs::create_dir(here.path().join("runs/something")).unwrap();
    let runs = json(here.path(), &["list", "runs", "--json"]);
    let [run] = runs.as_array().unwrap().as_slice() else {
        panic!("{runs}");
    };
    assert_eq!(
        (&run["state"], &run["unit"], &run["step"]),
        (&"finished".into(), &"dB".into(), &200.into())
    );
    let summary = here.path().join("runs/small-mgradnet_m-s0/summary.json");
    let summary: Value = serde_json::from_str(&fs::read_to_string(summary).unwrap()).unwrap();
    assert_eq!(run["validation"], summary["validation_db"]);
    fs::remove_file(here.path().join("runs/small-mgradnet_m-s0/summary.json")).unwrap();
    let table = gradnet(here.path(), &["list", "runs"]).stdout;
    for part in ["piecewise", "something"] {
        assert!(!table.contains(part), "{part}: {table}");
    }
    for part in ["quartic_polynomial", " dB", "unfinished, step 200 of 200"] {
        assert!(table.contains(part), "{part}: {table}");
    }
}

#[test]
fn a_sweep_lists_runs_and_goes_on() {
    let here = folder();
    let sweep = "title = \"Rates\"
base = \"small.toml\"
set = { \"train.steps\" = 20 }
vary = { \"train.learning_rate\" = [0.01, 0.001] }
[[rows]]
label = \"M\"
[[rows]]
label = \"C\"
network = \"mgradnet_c\"
";
    fs::write(here.path().join("rates.toml"), sweep).unwrap();
    let listed = gradnet(here.path(), &["sweep", "rates.toml", "--list"]);
    assert_eq!(
        (listed.code, listed.stdout.lines().count()),
        (0, 5),
        "{}",
        listed.stderr
    );
    let mut before = names(here.path());
    before.sort();
    assert_eq!(
        before,
        ["rates.toml", "small.toml"],
        "a list writes nothing"
    );
    let first = gradnet(here.path(), &["sweep", "rates.toml", "--jobs", "2"]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert!(first.stdout.contains("| M |"), "{}", first.stdout);
    assert_eq!(
        first
            .stderr
            .lines()
            .filter(|line| line.starts_with('['))
            .count(),
        4
    );
    let again = gradnet(here.path(), &["sweep", "rates.toml"]);
    assert_eq!(again.stdout, first.stdout);
    assert!(
        !again.stderr.contains("[1/"),
        "nothing is trained again: {}",
        again.stderr
    );

    let bad = sweep.replace("mgradnet_c", "mgradnetc");
    fs::write(here.path().join("bad.toml"), bad).unwrap();
    let refused = gradnet(here.path(), &["sweep", "bad.toml"]);
    assert_eq!(refused.code, 2);
    for part in ["C, seed 0", "mgradnetc", "mgradnet_c"] {
        assert!(refused.stderr.contains(part), "{part}: {}", refused.stderr);
    }
    let refused = gradnet(here.path(), &["sweep", "rates.toml", "--shard", "3/2"]);
    assert!(refused.stderr.contains("such as 1/4"), "{}", refused.stderr);
}

/// The example of the docs, as it is shipped.
#[test]
fn the_shipped_sweep_is_one() {
    let file = format!(
        "{}/../../configs/sweeps/toy.toml",
        env!("CARGO_MANIFEST_DIR")
    );
    let listed = gradnet(Path::new("."), &["sweep", &file, "--list"]);
    assert_eq!(
        (listed.code, listed.stdout.lines().count()),
        (0, 9),
        "{}",
        listed.stderr
    );
}
