//! Ctrl-C, SIGTERM and SIGHUP: the first saves what would be lost, ends the program and says how to go
//! on; the second quits.

#![cfg(unix)]

use std::path::Path;
use std::time::{Duration, Instant};

use crate::process::{
    Going, checkpoints, config, has_lines, log, resume, saving, start, start_by, training, weights,
    whole,
};
use crate::program::gradnet;

/// Where there is one, a launcher that gives SIGHUP its default meaning: under `nohup` these tests inherit that it is
/// ignored.
const PLAIN_HANGUP: &[&str] = match cfg!(target_os = "linux") {
    true => &["env", "--default-signal=HUP"],
    false => &[],
};

#[test]
fn a_stopped_run_saves_says_how_to_go_on_and_does() {
    let folder = tempfile::tempdir().unwrap();
    let expected = whole(folder.path());
    let names: &[&str] = match cfg!(target_os = "linux") {
        true => &["INT", "TERM", "HUP"],
        false => &["INT", "TERM"],
    };
    for name in names {
        let run = folder.path().join(name);
        let mut going = start_by(PLAIN_HANGUP, folder.path(), &saving(name));
        let alive = going.until(|| has_lines(&run, 3));
        assert!(alive, "{name}: the run ended before it could be stopped");
        going.signal(name);
        let (code, stderr) = going.end();
        assert_eq!(code, Some(130), "{name}: {stderr}");
        let remedy = format!("gradnet resume {name}");
        assert!(stderr.contains(&remedy), "{stderr}");
        assert!(!run.join("summary.json").exists(), "{name}");
        assert!(!checkpoints(&run).is_empty(), "{name}");
        assert_eq!(gradnet(folder.path(), &["eval", name]).code, 0, "{name}");

        let ran = resume(folder.path(), name);
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        assert_eq!(weights(&run), expected.0, "{name}");
        assert_eq!(log(&run), expected.1, "{name}");
    }
}

/// How long the program may take to end, on a machine that has other things to do as well.
const PROMPT: Duration = Duration::from_secs(3);

/// Sends Ctrl-C; what is said until the program has ended with code 130, which is soon.
fn ended_by_ctrl_c(going: Going, what: &str) -> String {
    let sent = Instant::now();
    going.signal("INT");
    let (code, said) = going.end();
    let took = sent.elapsed();
    assert_eq!(code, Some(130), "{what}: {said}");
    assert!(took < PROMPT, "{what} went on for {took:?}");
    said
}

/// A step of seconds ends before the first signal lets the program go; the second does not wait.
#[test]
fn the_second_ctrl_c_quits_at_once() {
    let settings = ["train.steps=1000", "train.batch=300000"];
    // The first signal may come at the very end of a step.
    for attempt in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        let mut going = start(folder.path(), &training("run", &settings));
        assert!(going.until(|| weights_are_there(&run)), "{}", going.said());
        std::thread::sleep(Duration::from_millis(300));
        going.signal("INT");
        let told = going.until(|| going_says(&folder, "once more to quit"));
        assert!(told, "{}", going.said());
        if !going.is_alive() && attempt < 5 {
            continue;
        }
        let said = ended_by_ctrl_c(going, "the second");
        if checkpoints(&run).is_empty() || attempt == 5 {
            assert!(!said.contains("stopped at step"), "{said}");
            assert!(checkpoints(&run).is_empty());
            return;
        }
    }
}

fn weights_are_there(run: &Path) -> bool {
    run.join("weights.bpk").is_file()
}

/// The test takes seconds. What was trained is in a checkpoint by then, from which the test is made.
#[test]
fn the_first_ctrl_c_ends_the_final_test_and_no_training_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let expected = whole(folder.path());
    let arguments = |out: &str, draws: usize| {
        let mut arguments = saving(out);
        let draws = format!("evaluation.draws={draws}");
        arguments.extend(["--set".to_owned(), draws]);
        // No checkpoint is due at the last step, which is written all the same.
        arguments.extend(["--set", "train.checkpoint_every=0"].map(str::to_owned));
        arguments
    };
    let run = folder.path().join("run");
    let mut going = start(folder.path(), &arguments("run", DRAWS));
    assert!(
        going.until(|| !checkpoints(&run).is_empty()),
        "{}",
        going.said()
    );
    std::thread::sleep(Duration::from_millis(200));
    let said = ended_by_ctrl_c(going, "the final test");
    assert!(said.contains("gradnet resume run"), "{said}");
    assert!(!run.join("summary.json").exists());

    let ran = resume(folder.path(), "run");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(weights(&run), expected.0);
    assert_eq!(log(&run), expected.1);
}

/// Draws of a test of some seconds.
const DRAWS: usize = 2_000;

/// A step, and the rows "zero" and "best symmetric linear map" at d = 3000, which take many seconds.
#[test]
fn the_first_ctrl_c_ends_the_reference_rows_of_a_large_run() {
    let folder = tempfile::tempdir().unwrap();
    let large = [
        "target.piecewise_quadratic.dim=3000",
        "target.piecewise_quadratic.normalise=false",
        "network.mgradnet_m.parameters=20000",
        "train.steps=1",
        "train.batch=1",
        "train.validation.points=1",
        "evaluation.points=1",
        "evaluation.draws=1",
        "evaluation.linear_points=6000",
    ];
    let run = folder.path().join("run");
    let mut going = start(folder.path(), &training("run", &large));
    assert!(
        going.until(|| !checkpoints(&run).is_empty()),
        "{}",
        going.said()
    );
    std::thread::sleep(Duration::from_millis(500));
    assert!(going.is_alive(), "{}", going.said());
    let said = ended_by_ctrl_c(going, "the reference rows");
    assert!(said.contains("gradnet resume run"), "{said}");
}

/// Every other command that can take long, and the preparation of a run.
#[test]
fn the_first_ctrl_c_ends_every_command_and_leaves_nothing_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let ran = training("run", &["train.steps=1", "evaluation.draws=1"]);
    let ran: Vec<&str> = ran.iter().map(String::as_str).collect();
    let ran = gradnet(folder.path(), &ran);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut points = "a,b,c,d,e,f,g,h\n".to_owned();
    (0..400_000).for_each(|_| points.push_str("0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8\n"));
    std::fs::write(folder.path().join("points.csv"), points).unwrap();
    let config = config();
    for words in [
        "eval run --draws 1000000",
        "verify --network mgradnet_m --dim 500 --samples 100000",
        "predict run --input points.csv --output field.csv --jacobian",
        "bench --seconds 100",
        "reproduce universality",
        "reproduce table1 --out results",
        &format!(
            "train --config {config} --out never --set target.piecewise_quadratic.dim=4000 \
             --set network.mgradnet_m.parameters=40000 --set evaluation.linear_points=8000"
        ),
    ] {
        let arguments: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let mut going = start(folder.path(), &arguments);
        let listens = Instant::now();
        while !going.listens() && listens.elapsed() < PROMPT {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(400));
        assert!(going.is_alive(), "{words}: {}", going.said());
        ended_by_ctrl_c(going, words);
    }
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with('.') || name.starts_with("field"))
        .collect();
    assert_eq!(left, [""; 0]);
}

fn going_says(folder: &tempfile::TempDir, part: &str) -> bool {
    let said = std::fs::read_to_string(folder.path().join("stderr.txt"));
    said.is_ok_and(|said| said.contains(part))
}

/// `nohup gradnet train` goes on when the terminal is closed.
#[cfg(target_os = "linux")]
#[test]
fn a_hangup_that_the_run_was_started_to_ignore_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let nohup = ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"];
    let mut going = start_by(&nohup, folder.path(), &saving("run"));
    assert!(going.until(|| has_lines(&run, 2)), "{}", going.said());
    going.signal("HUP");
    let (code, stderr) = going.end();
    assert_eq!(code, Some(0), "{stderr}");
    assert!(run.join("summary.json").is_file());
}
