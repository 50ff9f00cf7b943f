//! No change of a run folder's files, by accident or on purpose, ends a reader in any other way than with the run or an
//! error.
//!
//! `weights.bpk` and the checkpoints end in a seal that no accident passes; here they are sealed again after the
//! change, so that what reads them behind the seal is tried too.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::changes::{Change, change, changed};
use burn::tensor::Device;
use gradnet_train::backend::Backend;
use gradnet_train::config::{self, Overrides};
use gradnet_train::{Run, TrainOptions, resume, train};
use proptest::prelude::*;
use tempfile::TempDir;

/// The checkpoint of the run, which has one.
const CHECKPOINT: &str = "checkpoint/step-000000020.checkpoint";

/// A run of 20 steps on a file, made once.
fn good() -> &'static Path {
    static RUN: OnceLock<PathBuf> = OnceLock::new();
    RUN.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutated_runs");
        fs::create_dir_all(&folder).unwrap();
        let rows: String = (0..60)
            .map(|i| format!("{i},{},{},{}\n", i % 7, 2 * i, i % 5))
            .collect();
        fs::write(folder.join("pairs.csv"), format!("a,b,c,d\n{rows}")).unwrap();
        let text = "schema = 1
name = \"small\"
[data.file]
path = \"pairs.csv\"
[network.mgradnet_m]
width = 4
[train]
steps = 20
batch = 10
checkpoint_every = 20
[train.validation]
every = 10
";
        let file = folder.join("small.toml");
        fs::write(&file, text).unwrap();
        let experiment = config::load(&file, &Overrides::default()).unwrap();
        let run = folder.join("run");
        let overwrite = TrainOptions {
            overwrite: true,
            ..options()
        };
        train(&experiment, &Device::flex(), &run, overwrite).unwrap();
        assert!(run.join(CHECKPOINT).is_file());
        run
    })
}

fn options() -> TrainOptions {
    TrainOptions::new(Backend::Flex)
}

/// A copy of the run in which one file holds something else.
fn with(name: &str, contents: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    fs::create_dir_all(run.join("checkpoint")).unwrap();
    for file in [
        "config.toml",
        "weights.bpk",
        "metrics.jsonl",
        "data.json",
        "summary.json",
        CHECKPOINT,
    ] {
        fs::copy(good().join(file), run.join(file)).unwrap();
    }
    fs::write(run.join(name), contents).unwrap();
    (folder, run)
}

/// Everything that is read of a run; the first error.
fn read(run: &Path) -> Result<(), String> {
    let read = || {
        let run = Run::open(run)?;
        run.summary()?;
        run.metrics()?;
        run.field(&Device::flex()).map(drop)
    };
    read().map_err(|error| format!("{error} ({})", error.remedy()))
}

/// The contents of a sealed file with another seal: FNV-1a of 64 bits over all before, as the formats say.
fn sealed_again(mut bytes: Vec<u8>) -> Vec<u8> {
    let seal = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    bytes.extend(seal.to_le_bytes());
    bytes
}

/// A sealed file of the run, changed behind its seal.
fn changed_inside(name: &str, changes: &[Change]) -> Vec<u8> {
    let mut bytes = fs::read(good().join(name)).unwrap();
    bytes.truncate(bytes.len() - 8);
    sealed_again(changed(bytes, changes))
}

#[test]
fn the_unchanged_run_is_read_and_its_seals_are_what_the_formats_say() {
    for name in ["weights.bpk", CHECKPOINT] {
        let bytes = fs::read(good().join(name)).unwrap();
        assert!(changed_inside(name, &[]) == bytes, "{name}");
    }
    assert_eq!(read(good()), Ok(()));
}

#[test]
fn a_data_json_whose_scales_are_none_is_refused() {
    let text = fs::read_to_string(good().join("data.json")).unwrap();
    for scale in ["0.0", "-2.5"] {
        let mut facts: serde_json::Value = serde_json::from_str(&text).unwrap();
        facts["similarity"]["y_scale"] = scale.parse::<f64>().unwrap().into();
        let (_folder, run) = with("data.json", facts.to_string().as_bytes());
        let message = read(&run).unwrap_err();
        assert!(message.contains("data.json"), "{message}");
        assert!(message.contains("not above 0"), "{message}");
    }
}

macro_rules! text_files {
    ($($test:ident $name:literal)*) => {
        proptest! {
            #![proptest_config(ProptestConfig::with_cases(100))]
            $(#[test]
            fn $test(changes in prop::collection::vec(change(), 1..6)) {
                let bytes = changed(fs::read(good().join($name)).unwrap(), &changes);
                let (_folder, run) = with($name, &bytes);
                if let Err(message) = read(&run) {
                    prop_assert!(message.contains($name), "{message}");
                }
            })*
        }
    };
}

text_files! {
    a_changed_data_json_is_read_or_refused "data.json"
    a_changed_summary_is_read_or_refused "summary.json"
    a_changed_log_is_read_or_refused "metrics.jsonl"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn changed_weights_are_read_or_refused(changes in prop::collection::vec(change(), 1..6)) {
        let (_folder, run) = with("weights.bpk", &changed_inside("weights.bpk", &changes));
        if let Err(message) = read(&run) {
            prop_assert!(message.contains("weights.bpk"), "{message}");
        }
    }

    #[test]
    fn a_changed_config_of_a_run_is_read_or_refused(changes in prop::collection::vec(change(), 1..6)) {
        let bytes = changed(fs::read(good().join("config.toml")).unwrap(), &changes);
        let (_folder, run) = with("config.toml", &bytes);
        if let Err(error) = Run::open(&run) {
            prop_assert!(!error.remedy().is_empty(), "{error}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_run_goes_on_from_a_changed_checkpoint_or_refuses_it(
        changes in prop::collection::vec(change(), 1..4)
    ) {
        let (_folder, run) = with(CHECKPOINT, &changed_inside(CHECKPOINT, &changes));
        fs::remove_file(run.join("summary.json")).unwrap();
        if let Err(error) = resume(&run, &Device::flex(), options()) {
            prop_assert!(!error.remedy().is_empty(), "{error}");
        }
    }
}
