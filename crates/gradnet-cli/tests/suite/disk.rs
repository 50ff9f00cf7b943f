//! Disks that are full and folders that are closed: told with a remedy, and nothing that was saved is lost.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::process::{
    checkpoints, interrupted, resume, saving, start_by, training, weights, whole,
};
use crate::program::gradnet;

/// `ulimit -f` makes writes fail in the middle of a file, as a full disk does.
#[test]
fn a_full_disk_ends_the_run_with_a_remedy_and_what_was_saved_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let expected = whole(folder.path());
    let run = interrupted(folder.path());
    let saved = checkpoints(&run);
    // Room for the config and the log, not for weights: 4 blocks of 1024 bytes.
    let script = "trap '' XFSZ; ulimit -f 4; exec \"$@\"";
    let resuming = ["train", "--resume", "run", "--progress", "none"].map(str::to_owned);
    let limited = start_by(&["bash", "-c", script, "bash"], folder.path(), &resuming);
    let (code, stderr) = limited.end();
    assert_eq!(code, Some(2), "{stderr}");
    for part in ["cannot write", "free some space"] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
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

/// What makes root ask for permission like anyone else: it owns no more rights than the files give it. For others
/// nothing is needed.
const WITHOUT_PRIVILEGES: [&[&str]; 2] = [
    &[],
    &["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"],
];

/// The launcher of [`WITHOUT_PRIVILEGES`] under which `closed` cannot be written; none if root has no `setpriv`.
fn launcher(closed: &Path) -> Option<&'static [&'static str]> {
    WITHOUT_PRIVILEGES.into_iter().find(|launcher| {
        let file = closed.join("try").display().to_string();
        let words = [launcher, &["touch", &file][..]].concat();
        let tried = Command::new(words[0]).args(&words[1..]).output();
        let _ = fs::remove_file(&file);
        // "Permission denied", not "no such program".
        tried.is_ok_and(|tried| String::from_utf8_lossy(&tried.stderr).contains("touch: "))
    })
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The permissions of a folder, for a new run and for one that is to go on. As root it needs `setpriv` (util-linux),
/// and says so without.
#[test]
fn a_closed_folder_is_told_before_training_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    set_mode(&closed, 0o555);
    let Some(launcher) = launcher(&closed) else {
        eprintln!("SKIPPED: root may write to closed folders, and there is no setpriv here");
        return;
    };
    let refused = |arguments: &[String]| {
        let (code, stderr) = start_by(launcher, folder.path(), arguments).end();
        assert_eq!(code, Some(2), "{stderr}");
        assert!(stderr.contains("Permission denied"), "{stderr}");
        assert!(stderr.contains("you may write to with --out"), "{stderr}");
    };
    refused(&saving("closed/run"));
    assert!(!closed.join("run").exists());

    let run = interrupted(folder.path());
    let (before, saved) = (weights(&run), checkpoints(&run));
    for path in [&run.join("checkpoint"), &run.join(".lock"), &run] {
        set_mode(path, 0o555);
    }
    refused(&["train", "--resume", "run"].map(str::to_owned));
    assert_eq!((weights(&run), checkpoints(&run)), (before, saved));
    for path in [&run, &run.join("checkpoint"), &run.join(".lock")] {
        set_mode(path, 0o755);
    }
    let ran = resume(folder.path(), "run");
    assert!(ran.stdout.contains("mse_db (dB)"), "{}", ran.stderr);
}

/// Linux's own /sys takes no folders, from nobody: what a read-only file system is, on every Linux machine and for root
/// too.
#[cfg(target_os = "linux")]
#[test]
fn a_file_system_that_takes_no_folders_is_told_before_training() {
    let folder = tempfile::tempdir().unwrap();
    let (code, stderr) = start_by(&[], folder.path(), &training("/sys/gradnet-run", &[])).end();
    assert_eq!(code, Some(2), "{stderr}");
    let stderr = stderr.replace("\n  │ ", " ");
    for part in ["/sys/gradnet-run", "you may write to with --out"] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
}

#[test]
fn a_file_in_the_place_of_the_run_folder_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes"), "mine").unwrap();
    for out in ["notes", "notes/run"] {
        let (code, stderr) = start_by(&[], folder.path(), &training(out, &[])).end();
        assert_eq!(code, Some(2), "{stderr}");
        for part in [out, "choose another folder"] {
            assert!(stderr.contains(part), "{part}: {stderr}");
        }
    }
    let notes = fs::read_to_string(folder.path().join("notes")).unwrap();
    assert_eq!(notes, "mine");
    assert_eq!(gradnet(folder.path(), &["eval", "notes"]).code, 2);
}
