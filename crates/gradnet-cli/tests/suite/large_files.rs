//! Files larger than the memory there is: trained on, predicted from and written.

#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::process::start_by;
use crate::program::gradnet;
use gradnet_train::files::{RowReader, Selection};

const DIM: usize = 16;

/// Rows of each file: 128 MiB of points, as many of gradients.
const ROWS: usize = 1 << 21;

/// What the process may have of its own, in MiB: in training less than one of the two files it reads, in predicting
/// three quarters of the one it reads or the one it writes.
///
/// `ulimit -d` counts what a process allocates (its heap, its stacks and anonymous maps), and an allocation beyond it
/// fails, which ends the process. It does not count files that are mapped: their pages belong to the system, which
/// takes them back when it needs the room. The resident set counts both, so it says nothing here.
const TRAINING: usize = 120;
const PREDICTING: usize = 96;

/// A `.npy` file of [`ROWS`] rows.
fn write(file: &Path, row: impl Fn(usize) -> [f32; DIM]) {
    let header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({ROWS}, {DIM}), }}\n");
    let mut out = BufWriter::new(File::create(file).unwrap());
    out.write_all(b"\x93NUMPY\x01\x00").unwrap();
    let length = u16::try_from(header.len()).unwrap();
    out.write_all(&length.to_le_bytes()).unwrap();
    out.write_all(header.as_bytes()).unwrap();
    for number in (0..ROWS).flat_map(row) {
        out.write_all(&number.to_le_bytes()).unwrap();
    }
    out.flush().unwrap();
}

/// Coordinate `place` of point `row`, in [-1, 1).
fn coordinate(row: usize, place: usize) -> f32 {
    let mixed = ((row * DIM + place + 1).wrapping_mul(2_654_435_761) >> 16) % 65_536;
    mixed as f32 / 32_768.0 - 1.0
}

/// Runs `gradnet` with no more than so many MiB of its own, on one thread: each has a stack. When
/// predicting, the allocator commits no memory ahead of its use, which the limit would count.
fn limited(mebibytes: usize, folder: &Path, arguments: &[&str]) {
    let allowed = mebibytes << 10;
    let ahead = u8::from(arguments[0] != "predict");
    let script = format!(
        "ulimit -d {allowed}; export RAYON_NUM_THREADS=1 MIMALLOC_ARENA_EAGER_COMMIT={ahead}; \
         exec \"$@\""
    );
    let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
    let going = start_by(&["bash", "-c", &script, "bash"], folder, &arguments);
    let (code, stderr) = going.end();
    assert_eq!(code, Some(0), "{arguments:?}: {stderr}");
}

#[test]
fn files_beyond_the_memory_are_trained_on_and_predicted() {
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    write(&folder.join("x.npy"), |row| {
        std::array::from_fn(|place| coordinate(row, place))
    });
    write(&folder.join("y.npy"), |row| {
        std::array::from_fn(|place| 10.0 * coordinate(row, place).tanh())
    });
    let config = "schema = 1
name = \"large\"
[data.file]
path = \"x.npy\"
gradient_path = \"y.npy\"
[network.mgradnet_c]
width = 8
[train]
steps = 100
[evaluation]
points = 2000
linear_points = 2000
";
    std::fs::write(folder.join("large.toml"), config).unwrap();
    let train = [
        "train",
        "--config",
        "large.toml",
        "--out",
        "run",
        "--progress",
        "none",
    ];
    limited(TRAINING, folder, &train);
    assert!(
        gradnet(folder, &["verify", "run"])
            .stdout
            .contains("passed")
    );
    // From one format to the other and back: fields of fields, all rows of them.
    for (input, output) in [("x.npy", "y.parquet"), ("y.parquet", "z.npy")] {
        let predict = ["predict", "run", "--input", input, "--output", output];
        limited(PREDICTING, folder, &predict);
        let size = folder.join(output).metadata().unwrap().len();
        let reader = RowReader::open(&folder.join(output), &Selection::All).unwrap();
        assert_eq!(reader.count(), Some(ROWS as u64), "{output}: {size} bytes");
    }
}
