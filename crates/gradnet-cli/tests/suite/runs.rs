//! Runs from the command line: a smoke run trained, scored and verified on every backend there is, and the ways a run
//! is refused or stops.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::program::{Ran, command, gradnet};
use serde_json::Value;

/// A config of the project.
fn config(name: &str) -> String {
    format!("{}/../../configs/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

/// `gradnet train` of the smoke config into `folder`/run; what it printed.
fn train(folder: &Path, arguments: &[&str]) -> Ran {
    let config = config("smoke");
    let mut all = vec!["train", "--config", &config, "--out", "run"];
    all.extend(arguments);
    gradnet(folder, &all)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn read_json(path: PathBuf) -> Value {
    json(&fs::read_to_string(path).unwrap())
}

/// A small and quick experiment.
const QUICK: &[&str] = &[
    "--set",
    "train.steps=20",
    "--set",
    "train.validation.every=10",
    "--set",
    "evaluation.draws=1",
];

/// Trains, scores and verifies on one backend; the test error in decibels.
fn whole_way(backend: &str) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let ran = train(folder.path(), &["--backend", backend, "--progress", "none"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    if backend == "flex" {
        // Vulkan's drivers have things to say of their own.
        let judged = |line: &str| line.contains("is better than the network");
        assert!(
            ran.stderr.lines().all(judged),
            "--progress none is silent but for the verdict: {}",
            ran.stderr
        );
    }
    assert!(ran.stdout.contains("mse_db (dB)"), "{}", ran.stdout);

    let run = folder.path().join("run");
    for file in [
        "config.toml",
        "weights.bpk",
        "metrics.jsonl",
        "summary.json",
    ] {
        assert!(run.join(file).is_file(), "{file}");
    }
    let summary = read_json(run.join("summary.json"));
    assert_eq!(summary["backend"], backend);
    assert_eq!(summary["network"], "mgradnet_m");
    let trained = summary["test"]["mse_db_mean"].as_f64().unwrap();
    let zero = summary["reference"]["zero_db"].as_f64().unwrap();
    assert!(trained < zero - 3.0, "it learned something: {trained} dB");

    // The same points, so the same number.
    let scored = gradnet(
        folder.path(),
        &["eval", "run", "--json", "--backend", backend],
    );
    assert_eq!(scored.code, 0, "{}", scored.stderr);
    let scored = json(&scored.stdout);
    let again = scored["test"]["mse_db_mean"].as_f64().unwrap();
    assert!((again - trained).abs() < 1e-3, "{again} against {trained}");

    let verified = gradnet(
        folder.path(),
        &[
            "verify",
            "run",
            "--json",
            "--samples",
            "8",
            "--backend",
            backend,
        ],
    );
    assert_eq!(verified.code, 0, "{}", verified.stderr);
    let verified = json(&verified.stdout);
    assert_eq!(verified["claim"], "monotone");
    assert_eq!(verified["passed"], true);
    assert!(verified["relative_asymmetry"].as_f64().unwrap() < 1e-4);
    trained
}

/// The backends that have a device here, from `gradnet list devices`.
fn backends() -> Vec<String> {
    let ran = gradnet(Path::new("."), &["devices", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let reports = json(&ran.stdout);
    let reports = reports.as_array().unwrap();
    let offered = reports
        .iter()
        .filter(|report| report["devices"].as_array().is_some_and(|d| !d.is_empty()));
    offered
        .map(|report| report["backend"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_smoke_config_gives_the_same_test_error_on_every_backend() {
    let backends = backends();
    assert!(backends.contains(&"flex".to_owned()));
    if !backends.contains(&"wgpu".to_owned()) {
        eprintln!("SKIPPED on wgpu: this machine has no adapter");
    }
    let errors: BTreeMap<_, _> = backends
        .iter()
        .map(|backend| (backend, whole_way(backend)))
        .collect();
    let lowest = errors.values().copied().fold(f64::INFINITY, f64::min);
    let highest = errors.values().copied().fold(f64::NEG_INFINITY, f64::max);
    assert!(highest - lowest < 0.05, "{errors:?}");
}

#[test]
fn every_config_of_the_project_is_good() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
    let mut files: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".toml"))
        .collect();
    files.sort();
    let mut arguments = vec!["config", "check"];
    arguments.extend(files.iter().map(String::as_str));
    let ran = gradnet(&folder, &arguments);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    insta::assert_snapshot!(ran.stdout);
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let number = |arguments: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let ran = train(folder.path(), &[QUICK, arguments].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        read_json(folder.path().join("run/summary.json"))["test"]["mse_db_mean"]
            .as_f64()
            .unwrap()
    };
    assert_eq!(number(&[]), number(&[]));
    assert_ne!(number(&[]), number(&["--seed", "1"]));
}

#[test]
fn another_network_trains_from_the_same_config() {
    let folder = tempfile::tempdir().unwrap();
    let ran = train(
        folder.path(),
        &[QUICK, &["--network", "gradnet_c"]].concat(),
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let summary = read_json(folder.path().join("run/summary.json"));
    assert_eq!(summary["network"], "gradnet_c");
    assert!(summary["parameters"].as_u64().unwrap() <= 2000);
}

/// "After training": every registered network trains, and what came of it keeps what it claims.
#[test]
fn every_network_trains_and_passes_verification() {
    let here = tempfile::tempdir().unwrap();
    let list = json(&gradnet(here.path(), &["networks", "--json"]).stdout);
    for entry in list.as_array().unwrap() {
        let name = entry["name"].as_str().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ran = train(folder.path(), &[QUICK, &["--network", name]].concat());
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        let verified = gradnet(folder.path(), &["verify", "run", "--json"]);
        assert_eq!(verified.code, 0, "{name}: {}", verified.stdout);
        let verified = json(&verified.stdout);
        assert_eq!(verified["claim"], entry["claim"], "{name}");
    }
}

/// The paper's target (22) at d = 32 and the budget of Table I, a few steps each.
#[test]
fn every_network_trains_on_the_papers_target_at_d_32() {
    let here = tempfile::tempdir().unwrap();
    let list = json(&gradnet(here.path(), &["networks", "--json"]).stdout);
    let config = config("convex_d32");
    for entry in list.as_array().unwrap() {
        let name = entry["name"].as_str().unwrap();
        let mut arguments = vec!["train", "--config", &config, "--network", name];
        arguments.extend(["--out", name, "--progress", "none"]);
        for setting in [
            "train.steps=20",
            "train.validation.points=200",
            "evaluation.draws=1",
            "evaluation.points=500",
            "evaluation.linear_points=2000",
        ] {
            arguments.extend(["--set", setting]);
        }
        let ran = gradnet(here.path(), &arguments);
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        let summary = read_json(here.path().join(name).join("summary.json"));
        assert_eq!(summary["dim"], 32, "{name}");
        let parameters = summary["parameters"].as_u64().unwrap();
        assert!(
            (31_000..=32_768).contains(&parameters),
            "{name}: {parameters}"
        );
    }
}

#[test]
fn the_run_folder_is_named_after_config_network_and_seed() {
    let folder = tempfile::tempdir().unwrap();
    let config = config("smoke");
    let arguments = [&["train", "--config", &config, "--seed", "4"], QUICK].concat();
    let ran = gradnet(folder.path(), &arguments);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let run = folder.path().join("runs/smoke-mgradnet_m-s4");
    assert!(run.join("summary.json").is_file());
    assert!(ran.stdout.contains("runs/smoke-mgradnet_m-s4"));
}

#[test]
fn the_resolved_config_of_a_run_trains_again_to_the_same_result() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(train(folder.path(), QUICK).code, 0);
    let arguments = ["train", "--config", "run/config.toml", "--out", "again"];
    let ran = gradnet(folder.path(), &arguments);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let number = |run: &str| {
        read_json(folder.path().join(run).join("summary.json"))["test"]["mse_db_mean"].clone()
    };
    assert_eq!(number("run"), number("again"));
    let weights = |run: &str| fs::read(folder.path().join(run).join("weights.bpk")).unwrap();
    assert!(weights("run") == weights("again"), "to the last byte");
}

#[test]
fn a_finished_run_is_replaced_only_on_request() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(train(folder.path(), QUICK).code, 0);
    let weights = fs::read(folder.path().join("run/weights.bpk")).unwrap();

    let refused = train(folder.path(), &[QUICK, &["--seed", "1"]].concat());
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("--overwrite"), "{}", refused.stderr);
    assert_eq!(
        fs::read(folder.path().join("run/weights.bpk")).unwrap(),
        weights
    );

    let replaced = train(
        folder.path(),
        &[QUICK, &["--seed", "1", "--overwrite"]].concat(),
    );
    assert_eq!(replaced.code, 0, "{}", replaced.stderr);
    assert_ne!(
        fs::read(folder.path().join("run/weights.bpk")).unwrap(),
        weights
    );
}

#[test]
fn files_that_are_no_run_are_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("run")).unwrap();
    fs::write(folder.path().join("run/thesis.txt"), "years of work").unwrap();
    let ran = train(folder.path(), &[QUICK, &["--overwrite"]].concat());
    assert_eq!(ran.code, 2);
    assert!(folder.path().join("run/thesis.txt").is_file());
}

#[test]
fn progress_in_a_pipe_is_a_few_plain_lines() {
    let folder = tempfile::tempdir().unwrap();
    let ran = train(folder.path(), QUICK);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("step 20/20"), "{}", ran.stderr);
    assert!(!ran.stderr.contains('\u{1b}'), "no escape sequences");
}

#[test]
fn a_run_that_asks_for_the_dashboard_of_old_is_told_that_it_is_gone_and_trains() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["tui", "dashboard"] {
        let asked = ["--overwrite", "--progress", name];
        let ran = train(folder.path(), &[QUICK, &asked].concat());
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        assert!(folder.path().join("run/summary.json").is_file(), "{name}");
        insta::assert_snapshot!("the_dashboard_is_gone", ran.stderr.lines().next().unwrap());
    }
}

#[test]
fn an_unknown_backend() {
    let folder = tempfile::tempdir().unwrap();
    let ran = train(folder.path(), &["--backend", "flexx"]);
    assert_eq!(ran.code, 2);
    assert!(!folder.path().join("run").exists());
    assert!(
        ran.stderr.contains("did you mean --backend flex?"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_backend_that_is_not_compiled_in() {
    let folder = tempfile::tempdir().unwrap();
    if backends().contains(&"rocm".to_owned()) {
        eprintln!("SKIPPED: rocm is compiled in");
        return;
    }
    let ran = train(folder.path(), &["--backend", "rocm"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("--features rocm"), "{}", ran.stderr);
}

#[test]
fn a_device_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let ran = train(folder.path(), &["--device", "99"]);
    assert_eq!(ran.code, 2);
    insta::assert_snapshot!(ran.stderr);
    let ran = gradnet(
        folder.path(),
        &["verify", "--network", "rr", "--device", "99"],
    );
    assert_eq!(ran.code, 2);
}

/// A machine without drivers: the loaders of Vulkan and of EGL are pointed at nothing.
#[test]
fn a_machine_without_an_adapter() {
    refused_adapter(&[
        "VK_DRIVER_FILES",
        "VK_ICD_FILENAMES",
        "__EGL_VENDOR_LIBRARY_FILENAMES",
    ]);
}

/// Without Vulkan there may be an adapter of OpenGL's, which can open and add, but not run a network.
#[test]
fn an_adapter_that_cannot_compute() {
    refused_adapter(&["VK_DRIVER_FILES", "VK_ICD_FILENAMES"]);
}

/// Trains on wgpu with the variables set to a path that is not there; a machine may have an adapter all the same.
fn refused_adapter(variables: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let output = command(folder.path())
        .args(["train", "--config", &config("smoke"), "--backend", "wgpu"])
        .args(QUICK)
        .envs(variables.iter().map(|variable| (variable, "/nonexistent")))
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    if output.status.success() {
        eprintln!("SKIPPED: this machine has an adapter without {variables:?}");
        return;
    }
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("mesa-vulkan-drivers"), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert!(!folder.path().join("runs").exists());
}

#[test]
fn a_loss_that_is_not_finite_stops_the_run() {
    let folder = tempfile::tempdir().unwrap();
    // A hundred layers whose weights all move by 1 a step: the product of them leaves 32 bits within a few steps.
    // Rounding has a say in it, so a second seed may be needed.
    let layers = "network={gradnet_c={width=200,layers=100}}";
    let diverging = |seed: &str| {
        let rate = "train.learning_rate=1";
        let set = [
            "--set",
            layers,
            "--set",
            rate,
            "--overwrite",
            "--seed",
            seed,
        ];
        train(folder.path(), &set)
    };
    let ran = ["0", "1", "2", "3"]
        .into_iter()
        .map(diverging)
        .find(|ran| ran.code != 0)
        .unwrap();
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    for part in [
        "at step",
        "the last finite loss was",
        "weights.bpk",
        "learning_rate",
    ] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    assert!(folder.path().join("run/weights.bpk").is_file());
    assert!(!folder.path().join("run/summary.json").exists());
    assert_eq!(gradnet(folder.path(), &["verify", "run"]).code, 0);
}

#[test]
fn a_folder_that_is_no_run() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["eval", "verify"] {
        for run in ["nowhere", "."] {
            let ran = gradnet(folder.path(), &[command, run]);
            assert_eq!(ran.code, 2, "{}", ran.stderr);
            assert!(ran.stderr.contains("is not a run folder"), "{}", ran.stderr);
            assert!(ran.stderr.contains("help: "), "{}", ran.stderr);
        }
    }
}

#[test]
fn damaged_weights_and_weights_of_another_network_are_told() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(train(folder.path(), QUICK).code, 0);
    let weights = folder.path().join("run/weights.bpk");
    let good = fs::read(&weights).unwrap();
    for damaged in [&good[..good.len() / 2], &b"no weights at all"[..], &[]] {
        fs::write(&weights, damaged).unwrap();
        let ran = gradnet(folder.path(), &["eval", "run"]);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    }
    // One bit, in the middle of a number: every command that uses the weights sees it.
    let mut flipped = good.clone();
    flipped[good.len() - 100] ^= 4;
    fs::write(folder.path().join("x.csv"), "0,0,0,0,0,0,0,0\n").unwrap();
    for command in [
        &["eval", "run"][..],
        &["verify", "run"],
        &["report", "run"],
        &["export", "run", "--to", "w.npz"],
        &["predict", "run", "--input", "x.csv", "--output", "y.csv"],
    ] {
        fs::write(&weights, &flipped).unwrap();
        let ran = gradnet(folder.path(), command);
        assert_eq!(ran.code, 2, "{command:?}: {}", ran.stderr);
        for part in ["weights.bpk", "checksum", "help: train again"] {
            assert!(ran.stderr.contains(part), "{command:?}: {}", ran.stderr);
        }
        fs::write(&weights, &good).unwrap();
        let ran = gradnet(folder.path(), command);
        assert_eq!(ran.code, 0, "{command:?}: {}", ran.stderr);
    }
    let config = folder.path().join("run/config.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(
        &config,
        text.replace("mgradnet_m", "gradnet_m")
            .replace("width = ", "width = 1"),
    )
    .unwrap();
    let ran = gradnet(folder.path(), &["verify", "run"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_keeps_its_best_weights() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_gradnet"))
        .args(["train", "--config", &config("smoke"), "--out", "run"])
        .args(["--set", "train.steps=100000000", "--progress", "none"])
        .current_dir(folder.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let weights = folder.path().join("run/weights.bpk");
    let started = Instant::now();
    while !weights.exists() {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "no weights in a minute"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(!folder.path().join("run/summary.json").exists());
    let ran = gradnet(folder.path(), &["eval", "run"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}
