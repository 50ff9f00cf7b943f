//! A training run as a process of its own: launched under limits, signalled, killed, and gone on with; and what it left
//! in its folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use gradnet_train::Run;

use crate::program::{Ran, command};

/// A run of a few seconds.
pub fn config() -> String {
    format!("{}/../../configs/smoke.toml", env!("CARGO_MANIFEST_DIR"))
}

/// `train` of [`config`] into `out`, with these settings.
pub fn training(out: &str, settings: &[&str]) -> Vec<String> {
    let mut arguments = vec!["train".into(), "--config".into(), config()];
    arguments.extend(["--out", out, "--progress", "none"].map(str::to_owned));
    for setting in settings {
        arguments.extend(["--set", setting].map(str::to_owned));
    }
    arguments
}

/// A run of a few seconds with a checkpoint at every validation.
pub fn saving(out: &str) -> Vec<String> {
    let settings = [
        "train.steps=1500",
        "train.validation.every=50",
        "train.checkpoint_every=50",
        "train.schedule=cosine",
        "train.clip_norm=1.0",
        "evaluation.draws=1",
    ];
    training(out, &settings)
}

/// A run that does not end by itself.
pub fn endless(out: &str) -> Vec<String> {
    training(out, &["train.steps=100000000"])
}

/// A `gradnet` that is going on.
pub struct Going {
    child: Child,
    stderr: PathBuf,
}

/// Starts `gradnet` in `folder`.
pub fn start(folder: &Path, arguments: &[String]) -> Going {
    start_by(&[], folder, arguments)
}

/// Starts `gradnet` by a command that takes program and arguments behind its own and becomes it.
pub fn start_by(launcher: &[&str], folder: &Path, arguments: &[String]) -> Going {
    let program = env!("CARGO_BIN_EXE_gradnet");
    let words = [launcher, &[program]].concat();
    let stderr = folder.join("stderr.txt");
    let child = Command::new(words[0])
        .args(&words[1..])
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .stdout(Stdio::null())
        .stderr(fs::File::create(&stderr).unwrap())
        .spawn()
        .unwrap();
    Going { child, stderr }
}

impl Going {
    /// Waits until `there` holds, a minute at most; false if the process ended before.
    pub fn until(&mut self, there: impl Fn() -> bool) -> bool {
        let started = Instant::now();
        while !there() {
            if !self.is_alive() {
                return false;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "a minute");
            std::thread::sleep(Duration::from_millis(2));
        }
        true
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Whether it has begun to listen to Ctrl-C, where the system tells that.
    pub fn listens(&self) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let caught = status.ok().and_then(|status| {
            let mask = status.lines().find_map(|l| l.strip_prefix("SigCgt:"))?;
            u64::from_str_radix(mask.trim(), 16).ok()
        });
        caught.is_none_or(|mask| mask & 0b10 != 0)
    }

    /// Sends a signal by its name, such as "INT".
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap()
    }

    /// Ends it by SIGKILL, if it still goes on.
    pub fn kill(self) {}

    /// Waits for its end: the exit code and what it said.
    pub fn end(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        (status.code(), self.said())
    }
}

/// Nothing goes on after the test, however it ends.
impl Drop for Going {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Goes on with a run as on a machine without a GPU: a build that knows GPUs must not want one for reading a
/// checkpoint.
pub fn resume(folder: &Path, run: &str) -> Ran {
    let output = command(folder)
        .args(["train", "--resume", run])
        .env("VK_DRIVER_FILES", "/nonexistent")
        .env("VK_ICD_FILENAMES", "/nonexistent")
        .env("__EGL_VENDOR_LIBRARY_FILENAMES", "/nonexistent")
        .output()
        .unwrap();
    Ran::of(output)
}

/// The bits of all weights of a run, in order.
pub fn weights(run: &Path) -> Vec<u32> {
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
pub fn log(run: &Path) -> Vec<(usize, u64)> {
    let metrics = Run::open(run).unwrap().metrics().unwrap();
    let lines = metrics.iter();
    lines
        .map(|line| (line.step, line.validation.value().to_bits()))
        .collect()
}

/// Whether a run's log has that many lines.
pub fn has_lines(run: &Path, lines: usize) -> bool {
    fs::read_to_string(run.join("metrics.jsonl")).is_ok_and(|text| text.lines().count() >= lines)
}

/// The checkpoints of a run, the newest last.
pub fn checkpoints(run: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(run.join("checkpoint"))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "checkpoint"))
        .collect();
    files.sort();
    files
}

/// Weights and log of the run that nothing stops.
pub fn whole(folder: &Path) -> (Vec<u32>, Vec<(usize, u64)>) {
    let (code, stderr) = start(folder, &saving("whole")).end();
    assert_eq!(code, Some(0), "{stderr}");
    let run = folder.join("whole");
    (weights(&run), log(&run))
}

/// The same run interrupted after at least two checkpoints; its folder.
pub fn interrupted(folder: &Path) -> PathBuf {
    let run = folder.join("run");
    let mut going = start(folder, &saving("run"));
    assert!(going.until(|| checkpoints(&run).len() == 2));
    going.signal("INT");
    going.end();
    assert_eq!(checkpoints(&run).len(), 2);
    run
}
