//! Runs that are killed, interrupted, damaged or out of disk, and go on to the very weights of the run that was left in peace.

#![allow(clippy::unwrap_used)] // in a test a failure is the finding
#![cfg(unix)]

mod program;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use gradnet_experiments::Run;
use program::{Ran, command, gradnet};

/// A run of a few seconds with a checkpoint at every validation.
fn config() -> String {
    format!("{}/../../configs/smoke.toml", env!("CARGO_MANIFEST_DIR"))
}

const SETTINGS: &[&str] = &[
    "--set",
    "train.steps=1500",
    "--set",
    "train.validation.every=50",
    "--set",
    "train.checkpoint_every=50",
    "--set",
    "train.schedule=cosine",
    "--set",
    "train.clip_norm=1.0",
    "--set",
    "evaluation.draws=1",
];

fn train(folder: &Path, out: &str) -> Ran {
    let config = config();
    let mut all = vec!["train", "--config", &config, "--out", out];
    all.extend(SETTINGS);
    gradnet(folder, &all)
}

/// The same run, to be stopped.
fn start(folder: &Path, out: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_gradnet"))
        .args(["train", "--config", &config(), "--out", out])
        .args(SETTINGS)
        .args(["--progress", "none"])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Goes on with a run as on a machine without a GPU: a build that knows GPUs must not want one for reading a checkpoint.
fn resume(folder: &Path, run: &str) -> Ran {
    let output = command(folder)
        .args(["train", "--resume", run])
        .env("VK_DRIVER_FILES", "/nonexistent")
        .env("VK_ICD_FILENAMES", "/nonexistent")
        .env("__EGL_VENDOR_LIBRARY_FILENAMES", "/nonexistent")
        .output()
        .unwrap();
    Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The bits of all weights of a run, in order.
fn weights(run: &Path) -> Vec<u32> {
    struct Bits(Vec<u32>);
    impl ModuleVisitor for Bits {
        fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
            let data = parameter.val().into_data();
            self.0.extend(data.iter::<f32>().map(f32::to_bits));
        }
    }
    let mut bits = Bits(Vec::new());
    let network = Run::open(run).unwrap().network(&Device::flex()).unwrap();
    network.visit(&mut bits);
    assert!(!bits.0.is_empty());
    bits.0
}

/// Steps and validation errors of a run's log.
fn log(run: &Path) -> Vec<(usize, u64)> {
    let metrics = Run::open(run).unwrap().metrics().unwrap();
    let lines = metrics.iter();
    lines
        .map(|line| (line.step, line.validation_db.to_bits()))
        .collect()
}

fn checkpoints(run: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(run.join("checkpoint"))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "checkpoint"))
        .collect();
    files.sort();
    files
}

/// Waits until `there` holds, a minute at most; false if the child ended before.
fn wait(child: &mut Child, there: impl Fn() -> bool) -> bool {
    let started = Instant::now();
    while !there() {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "a minute");
        std::thread::sleep(Duration::from_millis(2));
    }
    true
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// The uninterrupted run's weights and log.
fn whole(folder: &Path) -> (Vec<u32>, Vec<(usize, u64)>) {
    let ran = train(folder, "whole");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let run = folder.join("whole");
    (weights(&run), log(&run))
}

/// Whether a run folder shows that the moment has come.
type Moment = Box<dyn Fn(&Path) -> bool>;

#[test]
fn a_run_killed_at_any_point_and_resumed_ends_with_the_same_weights() {
    let folder = tempfile::tempdir().unwrap();
    let expected = whole(folder.path());
    let run = folder.path().join("run");
    // Killed at the very start, before the first checkpoint, at several later ones, and again while it goes on.
    let moments: [(&str, Moment); 5] = [
        (
            "the config is there",
            Box::new(|run| run.join("config.toml").exists()),
        ),
        (
            "the first weights are there",
            Box::new(|run| run.join("weights.bpk").exists()),
        ),
        (
            "the first checkpoint is there",
            Box::new(|run| !checkpoints(run).is_empty()),
        ),
        (
            "the log has five lines",
            Box::new(|run| {
                fs::read_to_string(run.join("metrics.jsonl"))
                    .is_ok_and(|text| text.lines().count() >= 5)
            }),
        ),
        (
            "the log has twenty lines",
            Box::new(|run| {
                fs::read_to_string(run.join("metrics.jsonl"))
                    .is_ok_and(|text| text.lines().count() >= 20)
            }),
        ),
    ];
    let mut killed = 0;
    for (moment, there) in &moments {
        let _ = fs::remove_dir_all(&run);
        let mut child = start(folder.path(), "run");
        if wait(&mut child, || there(&run)) {
            child.kill().unwrap();
            killed += 1;
        }
        child.wait().unwrap();
        let ran = resume(folder.path(), "run");
        assert_eq!(ran.code, 0, "{moment}: {}", ran.stderr);
        assert_eq!(weights(&run), expected.0, "{moment}");
        assert_eq!(log(&run), expected.1, "{moment}");
        assert!(run.join("summary.json").is_file());
    }
    assert!(
        killed >= 3,
        "only {killed} runs were killed before their end"
    );
}

#[test]
fn a_run_killed_again_and_again_while_it_goes_on_ends_with_the_same_weights() {
    let folder = tempfile::tempdir().unwrap();
    let expected = whole(folder.path());
    let run = folder.path().join("run");
    let mut child = start(folder.path(), "run");
    wait(&mut child, || !checkpoints(&run).is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    for _ in 0..3 {
        let last = checkpoints(&run).pop();
        let mut child = Command::new(env!("CARGO_BIN_EXE_gradnet"))
            .args(["train", "--resume", "run", "--progress", "none"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait(&mut child, || checkpoints(&run).pop() != last);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert_eq!(resume(folder.path(), "run").code, 0);
    assert_eq!(weights(&run), expected.0);
    assert_eq!(log(&run), expected.1);
    // What dying in the middle of a write leaves behind is gone.
    for folder in [run.clone(), run.join("checkpoint")] {
        for entry in fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(!name.starts_with(".writing-"), "{name}");
        }
    }
}

#[test]
fn an_interrupted_run_saves_says_how_to_go_on_and_does() {
    let folder = tempfile::tempdir().unwrap();
    let expected = whole(folder.path());
    let run = folder.path().join("run");
    let mut child = start(folder.path(), "run");
    let alive = wait(&mut child, || {
        fs::read_to_string(run.join("metrics.jsonl")).is_ok_and(|text| text.lines().count() >= 3)
    });
    assert!(alive, "the run ended before it could be interrupted");
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("gradnet train --resume run"), "{stderr}");
    assert!(!run.join("summary.json").exists());
    assert!(!checkpoints(&run).is_empty());
    assert_eq!(gradnet(folder.path(), &["eval", "run"]).code, 0);

    let ran = resume(folder.path(), "run");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(weights(&run), expected.0);
    assert_eq!(log(&run), expected.1);
}

/// Interrupted after at least one checkpoint; its folder.
fn interrupted(folder: &Path) -> PathBuf {
    let run = folder.join("run");
    let mut child = start(folder, "run");
    assert!(wait(&mut child, || checkpoints(&run).len() == 2));
    signal(&child, "-INT");
    child.wait().unwrap();
    assert_eq!(checkpoints(&run).len(), 2);
    run
}

#[test]
fn a_damaged_checkpoint_falls_back_to_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let expected = whole(folder.path());
    let run = interrupted(folder.path());
    let newest = checkpoints(&run).pop().unwrap();
    let bytes = fs::read(&newest).unwrap();
    fs::write(&newest, &bytes[..bytes.len() / 2]).unwrap();
    let ran = resume(folder.path(), "run");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("the checkpoint before a damaged one"),
        "{}",
        ran.stderr
    );
    assert_eq!(weights(&run), expected.0);
}

#[test]
fn without_a_readable_checkpoint_nothing_is_lost_and_the_remedy_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let run = interrupted(folder.path());
    let before = weights(&run);
    for file in checkpoints(&run) {
        fs::write(file, "gradnet checkpoint 1\n{}\n").unwrap();
    }
    let ran = resume(folder.path(), "run");
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("no checkpoint can be read"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("help: "), "{}", ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    assert_eq!(weights(&run), before);
}

#[test]
fn a_checkpoint_of_another_network_or_a_changed_config_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = interrupted(folder.path());
    let config = run.join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    for changed in [
        text.replace("mgradnet_m", "gradnet_m")
            .replace("seed = 0", "seed = 0\nallow_misfit = true"),
        text.replace("learning_rate = 0.01", "learning_rate = 0.02"),
    ] {
        assert_ne!(changed, text);
        fs::write(&config, changed).unwrap();
        let ran = resume(folder.path(), "run");
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(
            ran.stderr.contains("config.toml is not the one"),
            "{}",
            ran.stderr
        );
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    }
    fs::write(&config, text).unwrap();
    assert_eq!(resume(folder.path(), "run").code, 0);
}

#[test]
fn a_run_goes_on_with_its_own_backend_only() {
    let folder = tempfile::tempdir().unwrap();
    interrupted(folder.path());
    let ran = gradnet(
        folder.path(),
        &["train", "--resume", "run", "--backend", "ndarray"],
    );
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("--backend flex"), "{}", ran.stderr);
}

#[test]
fn a_second_process_on_the_same_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut first = Command::new(env!("CARGO_BIN_EXE_gradnet"))
        .args(["train", "--config", &config(), "--out", "run"])
        .args(["--set", "train.steps=100000000", "--progress", "none"])
        .current_dir(folder.path())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    assert!(wait(&mut first, || run.join("weights.bpk").exists()));
    let config = config();
    for arguments in [
        &["train", "--resume", "run"][..],
        &["train", "--config", &config, "--out", "run"],
        &["train", "--config", &config, "--out", "run", "--overwrite"],
    ] {
        let ran = gradnet(folder.path(), arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("another gradnet"),
            "{arguments:?}: {}",
            ran.stderr
        );
    }
    // Reading is free.
    assert_eq!(gradnet(folder.path(), &["verify", "run"]).code, 0);
    first.kill().unwrap();
    first.wait().unwrap();
}

#[test]
fn a_finished_run_and_a_folder_that_is_none_are_not_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let config = config();
    let quick = [
        "train",
        "--config",
        &config,
        "--out",
        "run",
        "--set",
        "train.steps=20",
    ];
    assert_eq!(gradnet(folder.path(), &quick).code, 0);
    let summary = fs::read(folder.path().join("run/summary.json")).unwrap();
    let ran = resume(folder.path(), "run");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("finished"), "{}", ran.stderr);
    assert!(ran.stdout.contains("test error"), "{}", ran.stdout);
    assert_eq!(
        fs::read(folder.path().join("run/summary.json")).unwrap(),
        summary
    );

    let ran = resume(folder.path(), "nowhere");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("is not a run folder"), "{}", ran.stderr);
    let ran = gradnet(folder.path(), &["train", "--resume", "run", "--seed", "1"]);
    assert_eq!(ran.code, 2, "a run goes on as it began");
}

/// `ulimit -f` makes writes fail in the middle of a file, as a full disk does.
#[test]
fn a_full_disk_ends_the_run_with_a_remedy_and_what_was_saved_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let expected = whole(folder.path());
    let run = interrupted(folder.path());
    let saved = checkpoints(&run);
    // Room for the config and the log, not for weights: 4 blocks of 1024 bytes.
    let script = "trap '' XFSZ; ulimit -f 4; exec \"$0\" train --resume run --progress none";
    let output = Command::new("bash")
        .args(["-c", script, env!("CARGO_BIN_EXE_gradnet")])
        .current_dir(folder.path())
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("cannot write"), "{stderr}");
    assert!(stderr.contains("free some space"), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert_eq!(
        checkpoints(&run),
        saved,
        "the last good ones are still there"
    );

    let ran = resume(folder.path(), "run");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(weights(&run), expected.0);
}

#[test]
fn a_folder_that_cannot_be_written_is_told_before_training() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(closed.join("try"), "").is_ok() {
        eprintln!("SKIPPED: this user may write to folders that are closed to writing (root?)");
        return;
    }
    let ran = train(folder.path(), "closed/run");
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("--out"), "{}", ran.stderr);
}
