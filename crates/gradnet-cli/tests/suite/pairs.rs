//! A user's file of pairs in every format, a config for it, and a training on it.

use std::fs;
use std::path::Path;

use gradnet_train::files::{Part, RowReader, RowWriter, Selection, write_arrays};

use crate::program::{Ran, gradnet};

/// Rows of the file.
pub const ROWS: usize = 600;

/// Points around (20, -5) and the gradient of a convex function there, in units of its own: 1000 tanh(z1/10) + 40 z1,
/// 60 z2 + 20 z1 ...
pub fn pairs() -> Vec<[f32; 4]> {
    let mut state = 1u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32
    };
    (0..ROWS)
        .map(|_| {
            let (a, b) = (8.0 * random() - 4.0, 8.0 * random() - 4.0);
            // F = 500 ln cosh(a) + 30 a^2 + 20 a b + 30 b^2
            [
                20.0 + a,
                b - 5.0,
                500.0 * a.tanh() + 60.0 * a + 20.0 * b,
                60.0 * b + 20.0 * a,
            ]
        })
        .collect()
}

pub fn columns(range: std::ops::Range<usize>) -> Vec<f32> {
    pairs()
        .iter()
        .flat_map(|row| row[range.clone()].to_vec())
        .collect()
}

pub fn part(name: &str, columns: &[&str]) -> Part {
    Part {
        name: name.into(),
        shape: vec![columns.len()],
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// Writes the pairs in a format; the lines of [data.file] that read them.
pub fn write(folder: &Path, name: &str) -> String {
    let file = folder.join(name);
    match name.rsplit('.').next().unwrap() {
        "npz" | "safetensors" => {
            let arrays = [
                ("x".to_owned(), vec![ROWS, 2], columns(0..2)),
                ("y".to_owned(), vec![ROWS, 2], columns(2..4)),
            ];
            write_arrays(&file, &arrays).unwrap();
            format!("path = \"{name}\"\n")
        }
        "npy" => {
            let mut writer =
                RowWriter::create(&file, vec![part("all", &["a", "b", "c", "d"])]).unwrap();
            writer.write(&[columns(0..4)]).unwrap();
            writer.finish().unwrap();
            format!("path = \"{name}\"\n")
        }
        _ => {
            let parts = vec![part("x", &["x1", "x2"]), part("y", &["g1", "g2"])];
            let mut writer = RowWriter::create(&file, parts).unwrap();
            writer.write(&[columns(0..2), columns(2..4)]).unwrap();
            writer.finish().unwrap();
            format!("path = \"{name}\"\nx = [\"x1\", \"x2\"]\ny = [\"g1\", \"g2\"]\n")
        }
    }
}

const REST: &str = "
[network.mgradnet_m]
width = 10

[train]
steps = 400
batch = 50
learning_rate = 0.03
schedule = \"cosine\"
checkpoint_every = 0

[train.validation]
every = 100
";

pub fn write_config(folder: &Path, data: &str) {
    let text = format!("schema = 1\nname = \"mine\"\n\n[data.file]\n{data}{REST}");
    fs::write(folder.join("mine.toml"), text).unwrap();
}

/// `gradnet train` of that config into `folder`/`out`.
pub fn try_to_train(folder: &Path, out: &str, more: &[&str]) -> Ran {
    let arguments = [
        "train",
        "--config",
        "mine.toml",
        "--out",
        out,
        "--progress",
        "none",
    ];
    gradnet(folder, &[&arguments[..], more].concat())
}

/// The same into `folder`/run, which must succeed.
#[track_caller]
pub fn train(folder: &Path, more: &[&str]) {
    let ran = try_to_train(folder, "run", more);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

/// All numbers of some columns or arrays.
pub fn numbers(file: &Path, selection: &Selection) -> Vec<f32> {
    let mut reader = RowReader::open(file, selection).unwrap();
    let mut numbers = Vec::new();
    while reader.read(64, &mut numbers).unwrap() > 0 {}
    numbers.into_iter().map(|number| number as f32).collect()
}

/// The pairs as CSV with the columns x1, x2, g1, g2, each line changed by its number.
pub fn csv(change: impl Fn(usize, String) -> String) -> Vec<u8> {
    let mut text = "x1,x2,g1,g2\n".to_owned();
    for (row, [a, b, c, d]) in pairs().into_iter().enumerate() {
        text.push_str(&change(row, format!("{a},{b},{c},{d}")));
        text.push('\n');
    }
    text.into_bytes()
}
