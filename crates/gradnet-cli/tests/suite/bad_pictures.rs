//! Pictures and operators that cannot be used: each is refused, or told of, with its name and what to do about it.

use std::fs;
use std::path::Path;

use gradnet_train::data::{Stream, generator};
use gradnet_train::pictures::{Picture, dead_leaves};

use crate::program::{Ran, gradnet};

/// A drawn picture.
fn leaves(side: usize, seed: u64) -> Picture {
    dead_leaves(String::new(), side, &mut generator(seed, Stream::Test, 0))
}

/// A grey picture of given numbers.
fn table(file: &Path, [height, width]: [usize; 2], values: Vec<f32>) {
    let picture = Picture {
        height,
        width,
        planes: vec![values],
        ..leaves(8, 0)
    };
    picture.write(file).unwrap();
}

/// Three folders of two pictures each.
fn folders(here: &Path) {
    for (index, set) in ["train", "validation", "test"].into_iter().enumerate() {
        fs::create_dir(here.join(set)).unwrap();
        for (number, side) in [(0, 32), (1, 40)] {
            let file = here.join(set).join(format!("{number}.png"));
            leaves(side, (2 * index + number) as u64)
                .write(&file)
                .unwrap();
        }
    }
}

/// The words of `what` after the program's name, with a config for the folders.
fn config(here: &Path, network: &str) {
    let text = format!(
        "schema = 1\nname = \"pictures\"\n\n[images]\ntrain = \"train\"\nvalidation = \"validation\"\n\
         test = \"test\"\npatch = 24\nnoise = [20, 20]\nlevels = [20]\n\n{network}\n\n[train]\nsteps = 40\n\
         batch = 4\ncheckpoint_every = 0\n\n[train.validation]\nevery = 20\n"
    );
    fs::write(here.join("pictures.toml"), text).unwrap();
}

const RIDGE: &str = "[network.patch_ridge]\nfilters = 4\nsize = 5";

fn run(here: &Path, words: &str) -> Ran {
    gradnet(here, &words.split_whitespace().collect::<Vec<_>>())
}

/// What a report says, as one line without the bars at its lines.
fn told(ran: &Ran) -> String {
    let lines = ran.stderr.lines();
    let lines = lines.map(|line| line.trim_start_matches([' ', '│', '×']));
    lines.collect::<Vec<_>>().join(" ")
}

/// A run of ridges on the folders, `run`.
fn trained(here: &Path) {
    folders(here);
    config(here, RIDGE);
    assert_eq!(run(here, "train pictures.toml -o run").code, 0);
}

#[track_caller]
fn refused(here: &Path, words: &str, parts: &[&str]) {
    let ran = run(here, words);
    let said = told(&ran);
    assert_eq!(ran.code, 2, "{words}: {}{said}", ran.stdout);
    for part in parts {
        assert!(said.contains(part), "{words}: no {part:?} in {said}");
    }
}

#[test]
fn pictures_that_cannot_be_learned_from_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    folders(here);
    config(here, RIDGE);
    let train = "train pictures.toml -o run";
    // No picture in a folder.
    fs::create_dir(here.join("none")).unwrap();
    fs::write(here.join("none/notes.txt"), "later").unwrap();
    let none = format!("{train} --set images.train=none");
    refused(
        here,
        &none,
        &[
            "none",
            "no file in it ends on .png or .npy",
            "put pictures there",
        ],
    );
    // Text that is called a picture.
    let other = here.join("train/2.png");
    fs::write(&other, "not a picture").unwrap();
    refused(here, train, &["2.png", "cannot be read as PNG"]);
    // Transparent pixels.
    fs::write(&other, transparent()).unwrap();
    refused(
        here,
        train,
        &["2.png", "transparent pixels", "without an alpha channel"],
    );
    fs::remove_file(other).unwrap();
    // A number that is none.
    let mut values = vec![0.5; 1024];
    values[7] = f32::NAN;
    let array = here.join("train/2.npy");
    table(&array, [32, 32], values);
    refused(here, train, &["2.npy", "NaN"]);
    fs::remove_file(array).unwrap();
    // Sizes may differ, but a crop has to fit into each.
    table(&here.join("train/2.npy"), [32, 20], vec![0.5; 640]);
    refused(here, train, &["2.npy", "32 x 20 pixels", "images.patch"]);
    fs::remove_file(here.join("train/2.npy")).unwrap();
    // Neither a crop nor a picture of any set may be smaller than a patch.
    let wide = format!("{train} --set network.patch_ridge.size=25");
    refused(here, &wide, &["images.patch", "24", "25 x 25"]);
    table(&here.join("test/2.npy"), [4, 32], vec![0.5; 128]);
    refused(here, train, &["2.npy", "4 x 32 pixels", "5 x 5"]);
    assert!(!here.join("run").exists(), "nothing was begun");
}

/// A PNG of two grey pixels, one of them half transparent.
fn transparent() -> Vec<u8> {
    let chunk = |kind: &[u8], data: &[u8]| {
        let body = [kind, data].concat();
        let mut checksum = u32::MAX;
        for byte in &body {
            checksum ^= u32::from(*byte);
            for _ in 0..8 {
                let low = checksum & 1;
                checksum = (checksum >> 1) ^ (0xEDB8_8320 * low);
            }
        }
        let length = (data.len() as u32).to_be_bytes();
        [&length[..], &body, &(!checksum).to_be_bytes()].concat()
    };
    let header = [0, 0, 0, 2, 0, 0, 0, 1, 8, 4, 0, 0, 0];
    // Deflate's stored block, and the checksum of Adler: a filter of no kind, then grey and alpha twice.
    let line = [0_u8, 51, 255, 102, 128];
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in line {
        (a, b) = (a + u32::from(byte), b + a + u32::from(byte));
    }
    let stored = [
        &[0x78, 1, 1, 5, 0, 250, 255][..],
        &line,
        &(b << 16 | a).to_be_bytes(),
    ]
    .concat();
    let magic = b"\x89PNG\r\n\x1a\n";
    [
        &magic[..],
        &chunk(b"IHDR", &header),
        &chunk(b"IDAT", &stored),
        &chunk(b"IEND", &[]),
    ]
    .concat()
}

#[test]
fn measurements_and_operators_that_do_not_fit_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    folders(here);
    config(here, RIDGE);
    let ran = run(here, "train pictures.toml -o run");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut clean = leaves(32, 9);
    let solve = "solve run -o x.png -i y.png --noise";
    // The result has the bits of the measurement.
    for bits in [8, 16] {
        clean.bits = bits;
        clean.write(&here.join("y.png")).unwrap();
        let ran = run(here, &format!("{solve} 20"));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let restored = Picture::read(&here.join("x.png")).unwrap();
        assert_eq!(restored.bits, bits);
    }
    fs::remove_file(here.join("x.png")).unwrap();
    // Noise outside of what was trained: a note near by, an error far away.
    let near = run(here, &format!("{solve} 30"));
    assert_eq!(near.code, 0, "{}", near.stderr);
    assert!(
        told(&near).contains("noise from 20 to 20, not 30"),
        "{}",
        near.stderr
    );
    fs::remove_file(here.join("x.png")).unwrap();
    refused(
        here,
        &format!("{solve} 100"),
        &["the noise is 100", "from 20 to 20", "--strength"],
    );
    refused(
        here,
        &format!("{solve} NaN"),
        &["the noise is NaN", "--noise 2.55"],
    );
    // Operators whose tables do not fit.
    table(&here.join("mask.npy"), [16, 32], vec![1.0; 512]);
    table(&here.join("kernel.npy"), [41, 41], vec![1.0 / 1681.0; 1681]);
    let with = |operator: &str| format!("{solve} 20 --operator {operator}");
    refused(
        here,
        &with("mask:mask.npy"),
        &["16 x 32", "32 x 32", "a mask has the size"],
    );
    refused(
        here,
        &with("blur:kernel.npy"),
        &["41 x 41", "32 x 32", "a kernel may not be larger"],
    );
    refused(
        here,
        &with("matrix:mask.npy"),
        &["32 columns", "pixels", "matrix:32x48:A.npy"],
    );
    refused(
        here,
        &with("radon:mask.npy"),
        &["no operator `radon:mask.npy`", "write identity"],
    );
    refused(here, &with("blur:absent.npy"), &["absent.npy"]);
    // Measurements that are none, and one that is smaller than a patch.
    let measured = |file: &str| format!("solve run -o x.png -i {file} --noise 20");
    let mut values = vec![0.5; 1024];
    values[7] = f32::NAN;
    table(&here.join("nan.npy"), [32, 32], values);
    refused(here, &measured("nan.npy"), &["nan.npy", "NaN"]);
    fs::write(here.join("text.png"), "not a picture").unwrap();
    refused(
        here,
        &measured("text.png"),
        &["text.png", "cannot be read as PNG"],
    );
    fs::write(here.join("clear.png"), transparent()).unwrap();
    refused(
        here,
        &measured("clear.png"),
        &["clear.png", "transparent pixels"],
    );
    table(&here.join("small.npy"), [4, 32], vec![0.5; 128]);
    refused(here, &measured("small.npy"), &["4 x 32 pixels", "5 x 5"]);
    assert!(!here.join("x.png").exists(), "nothing was written");
}

/// Where the operator loses pixels, nothing makes up for what a regularizer lacks to be convex.
#[test]
fn a_regularizer_that_is_not_convex_gives_a_critical_point_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    folders(here);
    config(
        here,
        "[network.patch_gradnet_m]\nfilters = 4\nmodules = 2\nsize = 5",
    );
    let ran = run(here, "train pictures.toml -o run");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    leaves(32, 9).write(&here.join("y.png")).unwrap();
    let lost = (0..1024).map(|i| if i % 3 == 0 { 0.0 } else { 1.0 });
    table(&here.join("mask.npy"), [32, 32], lost.collect());
    let ran = run(
        here,
        "solve run -o x.png -i y.png --noise 20 --operator mask:mask.npy",
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        told(&ran).contains("the result is a critical point"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stdout.contains("rises of the objective: 0"),
        "{}",
        ran.stdout
    );
}

/// A weakly convex regularizer that was trained in one step is told to be half done, one by proximal steps is not.
#[test]
fn weakly_convex_ridges_in_one_step_are_told_to_be_the_first_half() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    folders(here);
    config(here, &RIDGE.replace("patch_ridge", "patch_weak_ridge"));
    let remark = "refine a patch_weak_ridge with train.objective = \"proximal\"";
    let dry = |more: &str| told(&run(here, &format!("train pictures.toml --dry-run{more}")));
    assert!(dry("").contains(remark), "{}", dry(""));
    for other in [" --set train.objective=proximal", " --network patch_ridge"] {
        assert!(!dry(other).contains(remark), "{}", dry(other));
    }
}

/// What is read or written already is not written over, and a measurement brighter than white is read as what it is.
#[test]
fn solve_writes_over_nothing_and_knows_the_white_of_bright_measurements() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    trained(here);
    let kernel = vec![1.0; 9];
    table(&here.join("k.npy"), [3, 3], kernel);
    let picture = leaves(32, 9);
    // The sum over 3 x 3 pixels, up to 9 times white.
    let pixel = |row: usize, column: usize| picture.planes[0][row * 32 + column];
    let sums = (0..1024_usize).map(|i| {
        let (row, column) = (i / 32, i % 32);
        let rows = row.saturating_sub(1)..(row + 2).min(32);
        let columns = column.saturating_sub(1)..(column + 2).min(32);
        rows.flat_map(|row| columns.clone().map(move |column| (row, column)))
            .map(|(row, column)| pixel(row, column))
            .sum()
    });
    let sums: Vec<f32> = sums.collect();
    assert!(sums.iter().any(|value| *value > 2.0));
    table(&here.join("y.npy"), [32, 32], sums);
    let solve = |more: &str| {
        format!("solve run -i y.npy --noise 20 --operator blur:k.npy --steps 50 {more}")
    };
    for words in [
        "-o x.npy --log y.npy",
        "-o x.npy --log x.npy",
        "-o x.npy --log k.npy",
        "-o k.npy",
        "-o y.npy",
    ] {
        refused(here, &solve(words), &["the output would replace"]);
    }
    refused(
        here,
        &solve("-o x.npy --log run/weights.bpk"),
        &["into the run folder"],
    );
    let ran = run(here, &solve("-o x.npy"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(told(&ran).contains("white 1, here"), "{}", ran.stderr);
    let restored = Picture::read(&here.join("x.npy")).unwrap();
    let pairs = restored.values().iter().zip(picture.values());
    let error = pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>() / 1024.0;
    assert!(error < 0.02, "{error}");
    table(&here.join("zero.npy"), [3, 3], vec![0.0; 9]);
    refused(
        here,
        "solve run -i y.npy --noise 20 -o x.npy --operator blur:zero.npy",
        &["the kernel is zero everywhere"],
    );
    refused(
        here,
        "solve run -i y.npy --noise 20 -o x.npy --operator matrix:20x24x1:A.npy",
        &["there is no operator `matrix:20x24x1:A.npy`"],
    );
}

/// The numbers of an older version meant other splines: what such a run was scored with is not what it would do.
#[test]
fn a_run_whose_weights_mean_another_function_than_it_was_scored_with_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    trained(here);
    let file = here.join("run/summary.json");
    let mut summary: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let bound = summary["metrics"]["lipschitz_bound"]["value"]
        .as_f64()
        .unwrap();
    assert_eq!(run(here, "export run -o prior.npz").code, 0);
    summary["metrics"]["lipschitz_bound"]["value"] = (bound / 0.03).into();
    fs::write(&file, summary.to_string()).unwrap();
    for words in ["export run -o other.npz", "tune run --noise 20"] {
        refused(
            here,
            words,
            &["of another version of gradnet", "train it anew"],
        );
    }
}
