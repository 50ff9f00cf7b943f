//! No file, however it was made, ends a reader in any other way than with its numbers or an error.
//!
//! Small good files of every format are changed in random places, cut off, lengthened and stuffed with extreme lengths;
//! each reader is then asked for everything in them. Here: what users bring (`.csv`, `.npy`, `.npz`, `.parquet`,
//! `.safetensors`, PyTorch's `.pt`, configs). What a run folder holds (`weights.bpk`, checkpoints, `data.json`,
//! `summary.json`, `metrics.jsonl`, `config.toml`) is in `mutated_runs.rs`.

use std::fs;
use std::path::Path;

use crate::changes::{change, changed};
use gradnet_core::ParameterSource;
use gradnet_core::network::UnitFunction;
use gradnet_train::config::{self, Overrides};
use gradnet_train::files::{Part, RowReader, RowWriter, Selection, write_arrays};
use gradnet_train::interchange::Checkpoint;
use proptest::prelude::*;

/// A good file of the format: 20 rows of two points and two gradients.
fn good(name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    let values: Vec<f32> = (0..40).map(|i| i as f32 / 7.0).collect();
    if name.ends_with("npz") || name.ends_with("safetensors") {
        let arrays = ["x", "y"].map(|name| (name.to_owned(), vec![20, 2], values.clone()));
        write_arrays(&file, &arrays).unwrap();
    } else {
        let columns = ["a", "b"].map(str::to_owned).to_vec();
        let part = Part {
            name: "x".into(),
            shape: vec![2],
            columns,
        };
        let mut writer = RowWriter::create(&file, vec![part]).unwrap();
        writer.write(&[values]).unwrap();
        writer.finish().unwrap();
    }
    fs::read(file).unwrap()
}

/// Reads everything in a table; the rows there were, or the error's text.
fn read_table(file: &Path) -> Result<usize, String> {
    let mut reader = RowReader::open(file, &Selection::All)
        .map_err(|error| format!("{error} {}", error.remedy()))?;
    let mut rows = 0;
    // A file of a few hundred bytes cannot hold more; a header may say so.
    for _ in 0..1_000 {
        let mut numbers = Vec::new();
        match reader.read(64, &mut numbers) {
            Ok(0) => break,
            Ok(read) => rows += read,
            Err(error) => return Err(format!("{error} {}", error.remedy())),
        }
        assert!(numbers.iter().all(|number| number.is_finite()));
    }
    Ok(rows)
}

/// The state of a checkpoint, put into a network where it fits.
fn read_checkpoint(file: &Path) -> Result<(), String> {
    let checkpoint = Checkpoint::open(file).map_err(|error| error.to_string())?;
    let mut source = ParameterSource::new(&burn::tensor::Device::flex(), 0);
    let found = ["gradnet_c", "mgradnet_m"].map(|network| {
        let found = checkpoint.find(network, 3, None);
        let found = found.map_err(|error| format!("{error} {}", error.remedy()))?;
        let state = checkpoint
            .state(&found)
            .map_err(|error| error.to_string())?;
        let _ = state.network(network, UnitFunction::Tanh, &mut source);
        Ok(())
    });
    let [cascade, modules] = found;
    cascade.or(modules)
}

fn checkpoint(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checkpoints");
    fs::read(folder.join(name)).unwrap()
}

macro_rules! tables {
    ($($test:ident $name:literal)*) => {
        proptest! {
            #![proptest_config(ProptestConfig::with_cases(200))]
            $(#[test]
            fn $test(changes in prop::collection::vec(change(), 1..6)) {
                let folder = tempfile::tempdir().unwrap();
                let file = folder.path().join($name);
                fs::write(&file, changed(good($name), &changes)).unwrap();
                if let Err(message) = read_table(&file) {
                    prop_assert!(message.contains($name), "{message}");
                }
            })*
        }
    };
}

tables! {
    a_changed_csv_file_is_read_or_refused "a.csv"
    a_changed_npy_file_is_read_or_refused "a.npy"
    a_changed_npz_file_is_read_or_refused "a.npz"
    a_changed_parquet_file_is_read_or_refused "a.parquet"
    a_changed_safetensors_file_is_read_or_refused "a.safetensors"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_changed_pytorch_checkpoint_is_read_or_refused(
        changes in prop::collection::vec(change(), 1..6), learned in any::<bool>()
    ) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.pt");
        let name = if learned { "gradnet_c_learned.pt" } else { "mgradnet_m_softmax.pt" };
        fs::write(&file, changed(checkpoint(name), &changes)).unwrap();
        let _ = read_checkpoint(&file);
    }

    #[test]
    fn any_bytes_at_all_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.csv", "a.npy", "a.npz", "a.parquet", "a.safetensors"] {
            let file = folder.path().join(name);
            fs::write(&file, &bytes).unwrap();
            let _ = read_table(&file);
        }
        let file = folder.path().join("a.pt");
        fs::write(&file, &bytes).unwrap();
        let _ = read_checkpoint(&file);
    }

    #[test]
    fn a_changed_config_is_read_or_refused(changes in prop::collection::vec(change(), 1..6)) {
        let smoke = include_bytes!("../smoke.toml");
        let text = String::from_utf8_lossy(&changed(smoke.to_vec(), &changes)).into_owned();
        let _ = config::parse("smoke.toml", &text, &Overrides::default());
    }
}

#[test]
fn the_unchanged_files_are_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "a.csv",
        "a.tsv",
        "a.npy",
        "a.npz",
        "a.parquet",
        "a.safetensors",
    ] {
        let file = folder.path().join(name);
        fs::write(&file, good(name)).unwrap();
        assert_eq!(read_table(&file), Ok(20), "{name}");
    }
    let file = folder.path().join("a.pt");
    fs::write(&file, checkpoint("gradnet_c_learned.pt")).unwrap();
    read_checkpoint(&file).unwrap();
}

/// Parsers that call themselves for every bracket run out of stack, which nothing can catch.
#[test]
fn brackets_within_brackets_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let deep = |open: &str| open.repeat(60_000 / open.len());
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend(60_000u16.to_le_bytes());
    npy.extend(deep("(").as_bytes());
    npy.extend([0; 100]);
    let mut tensors = 60_000u64.to_le_bytes().to_vec();
    tensors.extend(deep("[").as_bytes());
    for (name, bytes) in [("a.npy", npy), ("a.safetensors", tensors)] {
        let file = folder.path().join(name);
        fs::write(&file, bytes).unwrap();
        assert!(read_table(&file).is_err(), "{name}");
    }
    let pickle = [&b"\x80\x02"[..], deep("(").as_bytes(), deep("]").as_bytes()].concat();
    let file = folder.path().join("a.pt");
    fs::write(&file, pickle).unwrap();
    assert!(read_checkpoint(&file).is_err());
    let text = format!("schema = {}", deep("["));
    assert!(config::parse("deep.toml", &text, &Overrides::default()).is_err());
}

/// A pickle can name any function to be called when it is loaded; here it would write a file. It is data to the reader,
/// and refused.
#[test]
fn a_checkpoint_that_would_run_code_runs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let witness = folder.path().join("witness");
    let command = format!("touch {}", witness.display());
    let pickle = format!("\u{80}\u{2}cposix\nsystem\nX{}{command}\u{85}R.", {
        let length = u32::try_from(command.len()).unwrap().to_le_bytes();
        String::from_utf8(length.to_vec()).unwrap()
    });
    // 0x80 as one byte, not as UTF-8.
    let bytes: Vec<u8> = pickle.chars().map(|c| c as u8).collect();
    let file = folder.path().join("evil.pt");
    fs::write(&file, bytes).unwrap();
    let refused = read_checkpoint(&file);
    assert!(!witness.exists(), "the reader ran what the file says");
    assert!(refused.is_err());
}
