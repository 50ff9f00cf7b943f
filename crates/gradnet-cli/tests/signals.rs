//! Ctrl-C, SIGTERM and SIGHUP: the first saves and says how to go on, the second quits.

#![allow(clippy::unwrap_used)] // in a test a failure is the finding
#![cfg(unix)]

mod process;
mod program;

use std::time::Duration;

use process::{
    checkpoints, has_lines, log, resume, saving, start, start_by, training, weights, whole,
};
use program::gradnet;

/// Where there is one, a launcher that gives SIGHUP its default meaning: under `nohup` these tests inherit that it is ignored.
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
        let remedy = format!("gradnet train --resume {name}");
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

/// The final test of a million draws would take hours. It is not interrupted half-way by the first signal, which waits for the numbers; the
/// second ends it.
#[test]
fn the_second_ctrl_c_quits_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let settings = ["train.steps=1", "evaluation.draws=1000000"];
    let mut going = start(folder.path(), &training("run", &settings));
    assert!(going.until(|| has_lines(&run, 1)), "{}", going.said());
    std::thread::sleep(Duration::from_millis(300));
    going.signal("INT");
    let told = going.until(|| going_says(&folder, "once more to quit"));
    assert!(told, "{}", going.said());
    std::thread::sleep(Duration::from_millis(300));
    assert!(going.is_alive(), "the first signal quits: {}", going.said());
    going.signal("INT");
    // Were the second one ignored, the minute would pass.
    going.until(|| false);
    let (code, stderr) = going.end();
    assert_eq!(code, Some(130), "{stderr}");
    assert!(!run.join("summary.json").exists());
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
