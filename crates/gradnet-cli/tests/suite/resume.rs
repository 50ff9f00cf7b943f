//! Runs that are killed or damaged, and go on to the very weights of the run that was left in peace.

#![cfg(unix)]

use std::fs;
use std::path::Path;

use crate::process::{
    checkpoints, config, endless, has_lines, interrupted, log, resume, saving, start, weights,
    whole,
};
use crate::program::gradnet;
use gradnet_train::data::{Stream, generator};
use gradnet_train::pictures::dead_leaves;

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
        ("the log has five lines", Box::new(|run| has_lines(run, 5))),
        (
            "the log has twenty lines",
            Box::new(|run| has_lines(run, 20)),
        ),
    ];
    let mut killed = 0;
    for (moment, there) in &moments {
        let _ = fs::remove_dir_all(&run);
        let mut going = start(folder.path(), &saving("run"));
        killed += usize::from(going.until(|| there(&run)));
        going.kill();
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
    let mut going = start(folder.path(), &saving("run"));
    going.until(|| !checkpoints(&run).is_empty());
    going.kill();
    for _ in 0..3 {
        let last = checkpoints(&run).pop();
        let resuming = ["train", "--resume", "run", "--progress", "none"].map(str::to_owned);
        let mut going = start(folder.path(), &resuming);
        going.until(|| checkpoints(&run).pop() != last);
        going.kill();
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
fn a_killed_run_leaves_the_best_weights_up_to_its_checkpoint_and_says_that_it_is_not_finished() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut going = start(folder.path(), &saving("run"));
    going.until(|| has_lines(&run, 5) && !checkpoints(&run).is_empty());
    going.kill();
    let newest = checkpoints(&run).pop().unwrap();
    let step: usize = newest.file_stem().unwrap().to_str().unwrap()["step-".len()..]
        .parse()
        .unwrap();
    let until_then = log(&run).into_iter().filter(|(at, _)| *at < step);
    let best = until_then
        .map(|(_, db)| f64::from_bits(db))
        .fold(f64::MAX, f64::min);
    assert!(best < f64::MAX, "no validation before step {step}");
    let ran = gradnet(folder.path(), &["eval", "run", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("is not finished"), "{}", ran.stderr);
    let scored: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let db = scored["test"]["mse_db_mean"].as_f64().unwrap();
    assert!(db < best + 0.5, "{db} dB, {best} dB before step {step}");
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
    let mut first = start(folder.path(), &endless("run"));
    assert!(first.until(|| run.join("weights.bpk").exists()));
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
    first.kill();
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
    assert!(ran.stdout.contains("mse_db (dB)"), "{}", ran.stdout);
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

/// A score and dynamics, whose batches, noise and windows are drawn by step: nothing else needs to be kept.
#[test]
fn a_score_and_dynamics_killed_and_resumed_end_with_the_same_weights() {
    let folder = tempfile::tempdir().unwrap();
    let config = |name: &str| format!("{}/../../configs/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    // The friction of a dissipative system is found anew from the weights.
    let oscillator = [
        "dynamics.kind=\"dissipative\"",
        "dynamics.system.name=\"damped_oscillator\"",
        "dynamics.horizon=5",
    ];
    for (name, steps, more) in [
        (
            "score_moons",
            "train.steps=3000",
            &["train.average=0.99"][..],
        ),
        ("dynamics_pendulum", "train.steps=600", &[]),
        ("dynamics_pendulum", "train.steps=300", &oscillator),
    ] {
        let arguments = |out: &str| {
            let mut arguments = vec!["train".to_owned(), config(name), "--out".into(), out.into()];
            let every = ["train.validation.every=60", "train.checkpoint_every=60"];
            for setting in [steps].iter().chain(&every).chain(more) {
                arguments.extend(["--set".to_owned(), (*setting).to_owned()]);
            }
            arguments.extend(["--overwrite", "--progress", "none"].map(str::to_owned));
            arguments
        };
        let whole: Vec<String> = arguments("whole");
        let whole: Vec<&str> = whole.iter().map(String::as_str).collect();
        let ran = gradnet(folder.path(), &whole);
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        let (whole, run) = (folder.path().join("whole"), folder.path().join("run"));
        let _ = fs::remove_dir_all(&run);
        let mut going = start(folder.path(), &arguments("run"));
        assert!(going.until(|| has_lines(&run, 2) && !checkpoints(&run).is_empty()));
        going.kill();
        assert!(!run.join("summary.json").exists(), "{name} was not killed");
        let ran = resume(folder.path(), "run");
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        assert_eq!(weights(&run), weights(&whole), "{name}");
        assert_eq!(log(&run), log(&whole), "{name}");
    }
}

/// A table of 60 rows in the plane: points, the gradients of |x|²/2 and |x|²/2 itself, or 6 paths of 10 samples.
fn table(names: &str) -> String {
    let rows = (0..60).map(|row| {
        let (path, sample) = (row / 10, f64::from(row % 10));
        let angle = 0.1 * sample + f64::from(path);
        let (a, b) = (angle.cos(), (1.7 * angle).sin());
        let number = |name: &str| match name {
            "path" => format!("{path}"),
            "time" => format!("{:.4}", 0.1 * sample),
            "e" => format!("{:.4}", (a * a + b * b) / 2.0),
            name if name.ends_with('1') => format!("{a:.4}"),
            _ => format!("{b:.4}"),
        };
        names.split(',').map(number).collect::<Vec<_>>().join(",")
    });
    let rows: Vec<String> = rows.collect();
    format!("{names}\n{}\n", rows.join("\n"))
}

/// One byte is enough, in any of the files: the last digit of a table, or a byte in the middle of a picture.
#[test]
fn every_file_that_a_run_reads_is_watched() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("points.csv"), table("x1,x2,e")).unwrap();
    fs::write(here.join("gradients.csv"), table("g1,g2")).unwrap();
    fs::write(here.join("samples.csv"), table("s1,s2")).unwrap();
    fs::write(here.join("moved.csv"), table("m2,m1")).unwrap();
    fs::write(here.join("paths.csv"), table("path,time,q1,p2")).unwrap();
    for (index, set) in ["train", "validation", "test"].into_iter().enumerate() {
        fs::create_dir(here.join(set)).unwrap();
        for picture in [2 * index, 2 * index + 1] {
            let name = format!("{set}/p{picture}.png");
            let mut random = generator(1, Stream::Test, picture as u64);
            let drawn = dead_leaves(String::new(), 24, &mut random);
            drawn.write(&here.join(name)).unwrap();
        }
    }
    let gradnet_c = "[network.gradnet_c]\nwidth = 4\n";
    for (task, files) in [
        (
            format!(
                "[data.file]\npath = \"points.csv\"\ngradient_path = \"gradients.csv\"\nx = [\"x1\", \"x2\"]\ny = [\"g1\", \"g2\"]\npotential = \"e\"\n{gradnet_c}"
            ),
            &["points.csv", "gradients.csv"][..],
        ),
        (
            format!("[dynamics]\nhorizon = 2\n[dynamics.file]\npath = \"paths.csv\"\nstate = [\"q1\", \"p2\"]\n{gradnet_c}"),
            &["paths.csv"],
        ),
        (
            format!("[score.file]\npath = \"samples.csv\"\n{gradnet_c}"),
            &["samples.csv"],
        ),
        (
            "[transport.files]\nsource = \"samples.csv\"\ntarget = \"moved.csv\"\n[network.mgradnet_m]\nmodules = 1\nwidth = 2\n".into(),
            &["samples.csv", "moved.csv"],
        ),
        (
            "[images]\ntrain = \"train\"\nvalidation = \"validation\"\ntest = \"test\"\npatch = 16\nnoise = [25, 25]\nlevels = [25]\n[network.patch_ridge]\nfilters = 2\nsize = 3\n".into(),
            &["train/p1.png", "validation/p2.png", "test/p5.png"],
        ),
    ] {
        let train = "[train]\nsteps = 2\nbatch = 4\n";
        let text = format!("schema = 1\nname = \"watched\"\n{task}{train}");
        fs::write(here.join("watched.toml"), text).unwrap();
        let words = ["train", "watched.toml", "-o", "run", "--overwrite", "--progress", "none"];
        let ran = gradnet(here, &words);
        assert_eq!(ran.code, 0, "{files:?}: {}", ran.stderr);
        // As if it had been killed during its test.
        fs::remove_file(here.join("run/summary.json")).unwrap();
        for file in files {
            let path = here.join(file);
            let before = fs::read(&path).unwrap();
            let mut edited = before.clone();
            match file.ends_with(".csv") {
                true => edited[before.len() - 2] ^= 1,
                false => edited[before.len() / 2] ^= 1,
            }
            fs::write(&path, edited).unwrap();
            let ran = resume(here, "run");
            assert_eq!(ran.code, 2, "{file}: {}", ran.stderr);
            // Messages break their lines anywhere.
            let said: String = ran.stderr.split(['\n', '│', ' ']).collect();
            for part in [*file, "ithaschangedsince", "restorethefile"] {
                assert!(said.contains(part), "{file}: {}", ran.stderr);
            }
            fs::write(&path, before).unwrap();
        }
        let ran = resume(here, "run");
        assert_eq!(ran.code, 0, "{files:?}: {}", ran.stderr);
    }
}
