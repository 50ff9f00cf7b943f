//! No change of a checkpoint, by accident or on purpose, ends `import` in any other way than with the weights or an
//! error.
//!
//! The files are those of `tests/checkpoints/kinds` (`scripts/checkpoint_fixtures.py`). A zip archive has checksums
//! that no accident passes: there the pickle is also changed inside and packed again.

use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

use crate::changes::{Change, change, changed};
use gradnet_core::ParameterSource;
use gradnet_core::network::UnitFunction;
use gradnet_train::interchange::Checkpoint;
use proptest::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// Zip archives that PyTorch has written.
const ARCHIVES: [&str; 7] = [
    "trainer.pth.tar",
    "lightning.ckpt",
    "averaged.pt",
    "bfloat16.pth",
    "float16.bin",
    "whole_network.pt",
    "torchscript.pt",
];

/// Everything else.
const OTHERS: [&str; 4] = [
    "float64_legacy.pkl",
    "pickled.pkl",
    "numpy.pkl",
    "bfloat16.safetensors",
];

fn kind(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checkpoints/kinds");
    folder.join(name)
}

/// Reads whatever fits any network; how many states did.
fn read(file: &Path) -> usize {
    let checkpoint = match Checkpoint::open(file) {
        Ok(checkpoint) => checkpoint,
        Err(error) => {
            assert!(!error.remedy().is_empty(), "{error}");
            return 0;
        }
    };
    let mut source = ParameterSource::new(&burn::tensor::Device::flex(), 0);
    let mut states = 0;
    for network in ["gradnet_c", "mgradnet_m"] {
        for key in [None, Some("state_dict"), Some(".")] {
            match checkpoint.find(network, 3, key) {
                Ok(found) => {
                    let state = checkpoint.state(&found);
                    let state =
                        state.map(|state| state.network(network, UnitFunction::Tanh, &mut source));
                    states += usize::from(matches!(state, Ok(Ok(_))));
                }
                Err(error) => assert!(!error.remedy().is_empty(), "{error}"),
            }
        }
    }
    states
}

fn read_bytes(bytes: &[u8]) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.pt");
    fs::write(&file, bytes).unwrap();
    read(&file)
}

/// The archive with its pickle changed and everything packed again.
fn packed_again(name: &str, changes: &[Change]) -> Vec<u8> {
    let mut archive = ZipArchive::new(fs::File::open(kind(name)).unwrap()).unwrap();
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    let names: Vec<String> = archive
        .file_names()
        .map(|name| name.unwrap().into_owned())
        .collect();
    for name in names {
        let mut bytes = Vec::new();
        archive
            .by_name(&name)
            .unwrap()
            .read_to_end(&mut bytes)
            .unwrap();
        if name.ends_with("/data.pkl") {
            bytes = changed(bytes, changes);
        }
        out.start_file(&name, SimpleFileOptions::default()).unwrap();
        out.write_all(&bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

#[test]
fn the_unchanged_checkpoints_are_read() {
    for name in ARCHIVES.into_iter().chain(OTHERS) {
        assert!(read(&kind(name)) > 0, "{name}");
    }
    for name in ARCHIVES {
        assert!(read_bytes(&packed_again(name, &[])) > 0, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_changed_checkpoint_is_read_or_refused(
        changes in prop::collection::vec(change(), 1..6),
        name in prop::sample::select([&ARCHIVES[..], &OTHERS[..]].concat())
    ) {
        read_bytes(&changed(fs::read(kind(name)).unwrap(), &changes));
    }

    #[test]
    fn a_changed_pickle_in_a_whole_archive_is_read_or_refused(
        changes in prop::collection::vec(change(), 1..6),
        name in prop::sample::select(ARCHIVES.to_vec())
    ) {
        read_bytes(&packed_again(name, &changes));
    }

    #[test]
    fn any_pickle_at_all_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read_bytes(&[&[0x80, 2], &bytes[..]].concat());
    }
}

/// Eighty lists, each twice in the next: 2^80 ways to the innermost.
#[test]
fn a_pickle_whose_lists_multiply_is_refused_in_time() {
    let mut pickle = vec![0x80, 2, b']', b'q', 0];
    for place in 1..=80u8 {
        // MARK, BINGET and BINGET of the list before, LIST, BINPUT.
        pickle.extend([b'(', b'h', place - 1, b'h', place - 1, b'l', b'q', place]);
    }
    pickle.push(b'.');
    let started = std::time::Instant::now();
    assert_eq!(read_bytes(&pickle), 0);
    assert!(started.elapsed().as_secs() < 20);
}

/// A dictionary that holds itself has no innermost.
#[test]
fn a_pickle_that_holds_itself_is_refused() {
    // {"a": itself}: EMPTY_DICT, BINPUT 0, SHORT_BINUNICODE "a", BINGET 0, SETITEM, STOP.
    let pickle = [0x80, 2, b'}', b'q', 0, 0x8c, 1, b'a', b'h', 0, b's', b'.'];
    assert_eq!(read_bytes(&pickle), 0);
}
