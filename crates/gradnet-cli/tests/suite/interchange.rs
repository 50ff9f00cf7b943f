//! Weights in and out: the authors' released checkpoints give their outputs, and exported arrays give ours in NumPy.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{Ran, gradnet};
use gradnet_train::files::{RowReader, Selection, write_arrays};
use serde_json::Value;

/// The released networks with random weights: name of the case, network, activation recognised from the arrays.
const RELEASED: [(&str, &str, &str); 8] = [
    ("mgradnet_c_tanh", "mgradnet_c", "tanh"),
    ("mgradnet_c_learned", "mgradnet_c", "learned"),
    ("gradnet_c_tanh", "gradnet_c", "tanh"),
    ("gradnet_c_learned", "gradnet_c", "learned"),
    ("mgradnet_m_softmax", "mgradnet_m", "softmax"),
    ("mgradnet_m_learned", "mgradnet_m", "learned"),
    ("gradnet_m_softmax", "gradnet_m", "softmax"),
    ("gradnet_m_learned", "gradnet_m", "learned"),
];

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn checkpoint(case: &str) -> String {
    project("../gradnet-train/tests/checkpoints")
        .join(format!("{case}.pt"))
        .display()
        .to_string()
}

fn config() -> String {
    project("../../configs/smoke.toml").display().to_string()
}

/// The released code's own numbers.
fn golden(case: &str) -> Value {
    let text = fs::read_to_string(project("../gradnet-train/tests/golden/networks.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["cases"][case].clone()
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    serde_json::from_value(value.clone()).unwrap()
}

fn import(folder: &Path, from: &str, network: &str, out: &str) -> Ran {
    import_key(folder, from, network, out, &[])
}

fn import_key(folder: &Path, from: &str, network: &str, out: &str, key: &[&str]) -> Ran {
    let config = config();
    let arguments = [
        "import",
        "--from",
        from,
        "--network",
        network,
        "--config",
        &config,
        "--set",
        "target.piecewise_quadratic.dim=3",
        "--set",
        "evaluation.points=200",
        "--out",
        out,
    ];
    gradnet(folder, &[&arguments[..], key].concat())
}

/// What a report says, without the bars at its lines.
fn told(ran: &Ran) -> String {
    let lines = ran
        .stderr
        .lines()
        .map(|line| line.trim_start_matches([' ', '│', '×']));
    lines.collect::<Vec<_>>().join(" ")
}

/// The run's field at the points of the golden case, as the released code gives it.
#[track_caller]
fn assert_gives(folder: &Path, run: &str, y: &[Vec<f64>]) {
    write_csv(
        &folder.join("x.csv"),
        &rows(&golden("mgradnet_m_softmax")["x"]),
    );
    let ran = gradnet(
        folder,
        &["predict", run, "--input", "x.csv", "--output", "y.csv"],
    );
    assert_eq!(ran.code, 0, "{run}: {}", ran.stderr);
    assert_close(&read(&folder.join("y.csv")), y, run);
}

fn write_csv(file: &Path, rows: &[Vec<f64>]) {
    let line = |row: &Vec<f64>| row.iter().map(f64::to_string).collect::<Vec<_>>().join(",");
    let lines: Vec<String> = rows.iter().map(line).collect();
    fs::write(file, format!("a,b,c\n{}\n", lines.join("\n"))).unwrap();
}

/// All rows of a file of numbers.
fn read(file: &Path) -> Vec<f32> {
    let mut reader = RowReader::open(file, &Selection::All).unwrap();
    let mut numbers = Vec::new();
    while reader.read(100, &mut numbers).unwrap() > 0 {}
    numbers.into_iter().map(|number| number as f32).collect()
}

#[track_caller]
fn assert_close(ours: &[f32], theirs: &[Vec<f64>], what: &str) {
    let theirs = theirs.concat();
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!(
            (f64::from(*ours) - theirs).abs() < 1e-5 * theirs.abs().max(1.0),
            "{what}: {ours} against {theirs}"
        );
    }
}

#[test]
fn every_released_checkpoint_is_imported_and_gives_the_released_outputs() {
    let folder = tempfile::tempdir().unwrap();
    for (case, network, activation) in RELEASED {
        let ran = import(folder.path(), &checkpoint(case), network, case);
        assert_eq!(ran.code, 0, "{case}: {}", ran.stderr);
        let config = fs::read_to_string(folder.path().join(case).join("config.toml")).unwrap();
        for part in [
            "width = 5",
            &format!("activation = \"{activation}\""),
            &format!("[network.{network}]"),
        ] {
            assert!(config.contains(part), "{case}: {part} in {config}");
        }
        let golden = golden(case);
        write_csv(&folder.path().join("x.csv"), &rows(&golden["x"]));
        let ran = gradnet(
            folder.path(),
            &["predict", case, "--input", "x.csv", "--output", "y.csv"],
        );
        assert_eq!(ran.code, 0, "{case}: {}", ran.stderr);
        assert_close(
            &read(&folder.path().join("y.csv")),
            &rows(&golden["y"]),
            case,
        );

        let ran = gradnet(folder.path(), &["eval", case, "--json"]);
        assert_eq!(ran.code, 0, "{case}: {}", ran.stderr);
        assert_eq!(gradnet(folder.path(), &["verify", case]).code, 0, "{case}");
    }
    let ran = gradnet(folder.path(), &["train", "--resume", "mgradnet_c_tanh"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("imported"), "{}", ran.stderr);
}

#[test]
fn a_state_in_safetensors_is_imported_as_the_same_in_pytorch() {
    let folder = tempfile::tempdir().unwrap();
    let golden = golden("gradnet_c_learned");
    let state = golden["state"].as_object().unwrap().iter();
    let arrays: Vec<_> = state
        .map(|(name, value)| {
            let (mut shape, mut numbers) = (Vec::new(), Vec::new());
            flatten(value, 0, &mut shape, &mut numbers);
            (name.clone(), shape, numbers)
        })
        .collect();
    let file = folder.path().join("state.safetensors");
    write_arrays(&file, &arrays).unwrap();
    let ran = import(
        folder.path(),
        &file.display().to_string(),
        "gradnet_c",
        "run",
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    write_csv(&folder.path().join("x.csv"), &rows(&golden["x"]));
    let predict = ["predict", "run", "--input", "x.csv", "--output", "y.npy"];
    assert_eq!(gradnet(folder.path(), &predict).code, 0);
    assert_close(
        &read(&folder.path().join("y.npy")),
        &rows(&golden["y"]),
        "safetensors",
    );
}

fn flatten(value: &Value, depth: usize, shape: &mut Vec<usize>, numbers: &mut Vec<f32>) {
    match value {
        Value::Array(values) => {
            if shape.len() == depth {
                shape.push(values.len());
            }
            values
                .iter()
                .for_each(|value| flatten(value, depth + 1, shape, numbers));
        }
        number => numbers.push(number.as_f64().unwrap() as f32),
    }
}

#[test]
fn what_does_not_fit_is_told_and_leaves_no_run_behind() {
    let folder = tempfile::tempdir().unwrap();
    let good = checkpoint("mgradnet_c_tanh");
    let damaged = folder.path().join("damaged.pt");
    fs::write(&damaged, &fs::read(&good).unwrap()[..1000]).unwrap();
    let damaged = damaged.display().to_string();
    fs::write(folder.path().join("notes.pt"), "not a checkpoint").unwrap();
    for (from, network, said) in [
        (good.as_str(), "mgradnet_m", "--network"),
        (&good, "icnn", "no weights of `icnn` were released"),
        (&good, "resnet", "name one of gradnet_c, gradnet_m"),
        (&good, "mgradnetc", "did you mean --network mgradnet_c?"),
        (&damaged, "mgradnet_c", "no whole zip archive"),
        ("notes.pt", "mgradnet_c", "it is text"),
        ("nowhere.pt", "mgradnet_c", "there is no such file"),
    ] {
        let ran = import(folder.path(), from, network, "run");
        assert_eq!(ran.code, 2, "{from} {network}: {}", ran.stderr);
        let stderr = ran.stderr.replace("\n  │ ", " ");
        assert!(stderr.contains(said), "{said}: {stderr}");
        assert!(stderr.contains("help: "), "{stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
        assert!(!folder.path().join("run").exists(), "{from} {network}");
    }
    // The right network for a target of another dimension.
    let config = config();
    let arguments = [
        "import",
        "--from",
        &good,
        "--network",
        "mgradnet_c",
        "--config",
        &config,
        "--out",
        "run",
    ];
    let ran = gradnet(folder.path(), &arguments);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("dim=3"), "{}", ran.stderr);
}

/// Files of `scripts/checkpoint_fixtures.py`: name, whose outputs they have, and what is said of where the weights are.
const KINDS: [(&str, &str, &[&str]); 11] = [
    ("trainer.pth.tar", "float32", &["`model_state_dict`"]),
    ("lightning.ckpt", "float32", &["`state_dict`", "`model.`"]),
    (
        "bfloat16.pth",
        "bfloat16",
        &["`module._orig_mod.`", "bfloat16"],
    ),
    ("float16.bin", "float16", &["`net`", "`module.`", "float16"]),
    ("float64_legacy.pkl", "float32", &["`model`", "float64"]),
    (
        "bfloat16.safetensors",
        "bfloat16",
        &["`net.`", "`_orig_mod`", "bfloat16"],
    ),
    ("pickled.pkl", "float32", &["`weights`"]),
    ("whole_network.pt", "float32", &[]),
    ("torchscript.pt", "float32", &[]),
    ("numpy.pkl", "float32", &[]),
    ("averaged.pt", "averaged", &["`ema_state_dict`"]),
];

fn kinds() -> PathBuf {
    project("../gradnet-train/tests/checkpoints/kinds")
}

fn outputs(of: &str) -> Vec<Vec<f64>> {
    let text = fs::read_to_string(kinds().join("outputs.json")).unwrap();
    rows(&serde_json::from_str::<Value>(&text).unwrap()[of])
}

#[test]
fn checkpoints_of_trainers_wrappers_and_half_precision_give_the_outputs_of_their_weights() {
    let folder = tempfile::tempdir().unwrap();
    for (file, of, said) in KINDS {
        let from = kinds().join(file).display().to_string();
        let key: &[&str] = match of {
            "averaged" => &["--key", "ema_state_dict"],
            _ => &[],
        };
        let ran = import_key(folder.path(), &from, "mgradnet_m", file, key);
        assert_eq!(ran.code, 0, "{file}: {}", ran.stderr);
        for part in said {
            assert!(
                ran.stderr.contains(part),
                "{file}: {part} in {}",
                ran.stderr
            );
        }
        assert_eq!(
            ran.stderr.is_empty(),
            said.is_empty(),
            "{file}: {}",
            ran.stderr
        );
        assert_gives(folder.path(), file, &outputs(of));
    }
    // What the file holds decides, not its name.
    for name in ["weights", "weights.model", "weights.pt"] {
        fs::copy(
            kinds().join("bfloat16.safetensors"),
            folder.path().join(name),
        )
        .unwrap();
        let ran = import(folder.path(), name, "mgradnet_m", &format!("{name}.run"));
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
    }
}

#[test]
fn several_states_that_fit_are_listed_and_key_chooses_among_them() {
    let folder = tempfile::tempdir().unwrap();
    let from = kinds().join("averaged.pt").display().to_string();
    let ran = import(folder.path(), &from, "mgradnet_m", "run");
    assert_eq!(ran.code, 2);
    let text = told(&ran);
    for part in [
        "`ema_state_dict`, `state_dict`",
        "help: choose one with --key",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!folder.path().join("run").exists());

    let key = ["--key", "state_dict"];
    let ran = import_key(folder.path(), &from, "mgradnet_m", "run", &key);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_gives(folder.path(), "run", &outputs("float32"));

    let key = ["--key", "state_dicts"];
    let ran = import_key(folder.path(), &from, "mgradnet_m", "other", &key);
    assert_eq!(ran.code, 2);
    assert!(
        told(&ran).contains("did you mean --key state_dict?"),
        "{}",
        ran.stderr
    );

    // Two networks side by side in one state.
    let golden = golden("gradnet_c_learned");
    let mut arrays = Vec::new();
    for side in ["student", "teacher"] {
        for (name, value) in golden["state"].as_object().unwrap() {
            let (mut shape, mut numbers) = (Vec::new(), Vec::new());
            flatten(value, 0, &mut shape, &mut numbers);
            arrays.push((format!("{side}.{name}"), shape, numbers));
        }
    }
    write_arrays(&folder.path().join("both.safetensors"), &arrays).unwrap();
    let ran = import(folder.path(), "both.safetensors", "gradnet_c", "both");
    assert_eq!(ran.code, 2);
    assert!(told(&ran).contains("`student`"), "{}", ran.stderr);
    let key = ["--key", "teacher"];
    let ran = import_key(folder.path(), "both.safetensors", "gradnet_c", "both", &key);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("`teacher.`"), "{}", ran.stderr);
}

#[test]
fn a_state_that_does_not_fit_is_told_name_by_name_with_the_nestings_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut arrays: Vec<(String, Vec<usize>, Vec<f32>)> = ["alpha.0", "bias.0", "scale.0"]
        .map(|name| (format!("net.{name}"), vec![5], vec![0.5; 5]))
        .to_vec();
    arrays.push(("net.W".into(), vec![5, 3], vec![0.5; 15]));
    arrays.push(("net.bias.1".into(), vec![2], vec![0.5; 2]));
    write_arrays(&folder.path().join("other.safetensors"), &arrays).unwrap();
    let ran = import(folder.path(), "other.safetensors", "mgradnet_c", "run");
    assert_eq!(ran.code, 2);
    let text = told(&ran);
    for part in [
        "`beta.0` is missing",
        "`scale.0` is unknown",
        "`bias.1` is of another shape",
        "without the prefix `net.`",
        "the top of the file (5)",
        "help: ",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }

    let from = kinds().join("trainer.pth.tar").display().to_string();
    let ran = import(folder.path(), &from, "mgradnet_c", "run");
    assert_eq!(ran.code, 2);
    let text = told(&ran);
    for part in ["`model_state_dict` (14)", "gradnet_m and mgradnet_m"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    // A state that is there under a key, and not asked for.
    let key = ["--key", "optimizer_state_dict"];
    let ran = import_key(folder.path(), &from, "mgradnet_m", "run", &key);
    assert_eq!(ran.code, 2);
    assert!(told(&ran).contains("model_state_dict"), "{}", ran.stderr);
    assert!(!folder.path().join("run").exists());
}

#[test]
fn numbers_that_32_bits_do_not_hold_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = fs::read(kinds().join("float64_legacy.pkl")).unwrap();
    let first = 0.329_381_704_330_444_34_f64.to_le_bytes();
    let at = state.windows(8).position(|window| window == first).unwrap();
    for (number, said) in [(1e300, "1e300"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        state[at..at + 8].copy_from_slice(&f64::to_le_bytes(number));
        fs::write(folder.path().join("large.pkl"), &state).unwrap();
        let ran = import(folder.path(), "large.pkl", "mgradnet_m", "run");
        assert_eq!(ran.code, 2);
        let text = told(&ran);
        assert!(text.contains("`alpha` holds"), "{text}");
        assert!(text.contains(said), "{text}");
    }
    assert!(!folder.path().join("run").exists());
}

#[test]
fn files_that_are_no_checkpoints_are_named_for_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    let tar = [vec![b'a'; 257], b"ustar\0".to_vec(), vec![0; 600]].concat();
    let arrays = [("x".to_owned(), vec![2, 2], vec![0.0; 4])];
    write_arrays(&folder.path().join("arrays.npz"), &arrays).unwrap();
    let npz = fs::read(folder.path().join("arrays.npz")).unwrap();
    let whole = fs::read(kinds().join("trainer.pth.tar")).unwrap();
    let legacy = fs::read(kinds().join("float64_legacy.pkl")).unwrap();
    let tensors = fs::read(kinds().join("bfloat16.safetensors")).unwrap();
    let files: [(&str, &[u8], &str); 14] = [
        ("empty.pt", b"", "it is empty"),
        (
            "notes.ckpt",
            "Gradient networks \u{2207}f".as_bytes(),
            "it is text",
        ),
        (
            "page.pth",
            b"<!DOCTYPE html><html><body>404</body></html>",
            "HTML page",
        ),
        ("login.bin", b"\n<HTML><head>", "HTML page"),
        ("pointer.safetensors", pointer.as_bytes(), "git lfs pull"),
        (
            "model.pt.gz",
            &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0],
            "unpack it first",
        ),
        ("model.pth.tar", &tar, "tar -xf"),
        ("keras.h5", b"\x89HDF\r\n\x1a\n\0\0\0\0", "HDF5"),
        ("graph.onnx", &[8, 7, 18, 7, b'p', b'y', 0xff], "ONNX"),
        ("arrays.pt", &npz, "none of PyTorch's"),
        (
            "half.pth.tar",
            &whole[..whole.len() / 2],
            "no whole zip archive",
        ),
        ("half.pkl", &legacy[..legacy.len() / 2], "cut off"),
        (
            "half.safetensors",
            &tensors[..tensors.len() / 2],
            "no whole safetensors",
        ),
        ("values.pkl", &[0x80, 4, b'}', b'.'], "holds no arrays"),
    ];
    for (name, contents, said) in files {
        fs::write(folder.path().join(name), contents).unwrap();
        let ran = import(folder.path(), name, "mgradnet_m", "run");
        assert_eq!(ran.code, 2, "{name}: {}", ran.stderr);
        let text = told(&ran);
        assert!(text.contains(said), "{name}: {said} in {text}");
        assert!(text.contains("help: "), "{name}: {text}");
        assert!(!text.contains("panicked"), "{name}: {text}");
    }
    fs::create_dir(folder.path().join("folder.pt")).unwrap();
    let ran = import(folder.path(), "folder.pt", "mgradnet_m", "run");
    assert_eq!(ran.code, 2);
    assert!(told(&ran).contains("it is a folder"), "{}", ran.stderr);
    assert!(!folder.path().join("run").exists());
}

/// Whether there is a Python with NumPy here.
fn numpy() -> bool {
    let there = Command::new("python3")
        .args(["-c", "import numpy"])
        .output();
    there.is_ok_and(|output| output.status.success())
}

/// The Python code of docs/interchange.md.
fn snippet() -> String {
    let text = fs::read_to_string(project("../../docs/interchange.md")).unwrap();
    let (_, rest) = text.split_once("```python\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn exported_arrays_rebuild_the_function_in_numpy() {
    let folder = tempfile::tempdir().unwrap();
    for (case, network, _) in RELEASED {
        assert_eq!(
            import(folder.path(), &checkpoint(case), network, case).code,
            0
        );
        for file in ["weights.safetensors", "weights.npz"] {
            let ran = gradnet(folder.path(), &["export", case, "--to", file]);
            assert_eq!(ran.code, 0, "{case}: {}", ran.stderr);
        }
        let description: Value =
            serde_json::from_str(&fs::read_to_string(folder.path().join("weights.json")).unwrap())
                .unwrap();
        assert_eq!(description["network"], network);
        assert_eq!(description["dim"], 3);
        let names = description["arrays"].as_array().unwrap();
        assert!(names.iter().any(|array| array[0] == "alpha"), "{names:?}");
        if !numpy() {
            continue;
        }
        let golden = golden(case);
        let check = format!(
            "{}\nfield = load(\"weights\")\nx = numpy.array({})\ny = numpy.array({})\nassert abs(field(x) - y).max() < 1e-5, abs(field(x) - y).max()\n",
            snippet(),
            golden["x"],
            golden["y"]
        );
        let output = Command::new("python3")
            .args(["-c", &check])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{case}: {stderr}");
    }
    if !numpy() {
        eprintln!("SKIPPED: no python3 with numpy here to rebuild the functions");
    }
}

/// 1000 tanh and a constant at points around 5.4e6, as forces: the exported function is what `predict` writes.
#[test]
fn an_export_of_a_run_on_a_file_has_its_constant_its_sign_and_its_offsets() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut text = "x1,x2,g1,g2\n".to_owned();
    for row in 0..200 {
        let (a, b) = (
            f64::from(row % 20) / 10.0 - 1.0,
            f64::from(row / 20) / 5.0 - 1.0,
        );
        let (f, g) = (
            300.0 - 1000.0 * (a + 0.5 * b).tanh(),
            -20.0 - 500.0 * (a + 0.5 * b).tanh(),
        );
        text.push_str(&format!("{},{},{f},{g}\n", 5.4e6 + a, b));
    }
    fs::write(here.join("pairs.csv"), text).unwrap();
    let config = "schema = 1\nname = \"forces\"\n[data.file]\npath = \"pairs.csv\"\nsign = -1\n[network.mgradnet_m]\nwidth = 8\n[train]\nsteps = 100\nbatch = 20\nlearning_rate = 0.03\n";
    fs::write(here.join("forces.toml"), config).unwrap();
    for words in [
        "train --config forces.toml --out run --progress none",
        "export run --to weights.npz",
        "predict run --input pairs.csv --output y.csv --x x1,x2",
    ] {
        let ran = gradnet(here, &words.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, 0, "{words}: {}", ran.stderr);
    }
    let described = fs::read_to_string(here.join("weights.json")).unwrap();
    let described: Value = serde_json::from_str(&described).unwrap();
    let similarity = &described["similarity"];
    assert_eq!(similarity["sign"], -1);
    let constant = similarity["constant"][0].as_f64().unwrap();
    assert!((constant - 300.0).abs() < 200.0, "{constant}");
    if !numpy() {
        eprintln!("SKIPPED: no python3 with numpy here to rebuild the function");
        return;
    }
    let check = format!(
        "{}\nfield = load(\"weights\")\nx = numpy.loadtxt(\"pairs.csv\", delimiter=\",\", skiprows=1)[:, :2]\ny = numpy.loadtxt(\"y.csv\", delimiter=\",\", skiprows=1)\nassert abs(field(x) - y).max() < 1e-2, abs(field(x) - y).max()\n",
        snippet()
    );
    let output = Command::new("python3")
        .args(["-c", &check])
        .current_dir(here)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
}

#[test]
fn every_network_is_exported_with_all_its_parameters() {
    let folder = tempfile::tempdir().unwrap();
    let networks = gradnet(folder.path(), &["networks", "--json"]).stdout;
    let networks: Value = serde_json::from_str(&networks).unwrap();
    let config = config();
    for entry in networks.as_array().unwrap() {
        let name = entry["name"].as_str().unwrap();
        let train = [
            "train",
            "--config",
            &config,
            "--network",
            name,
            "--out",
            name,
            "--set",
            "train.steps=2",
            "--set",
            "evaluation.points=50",
            "--set",
            "evaluation.draws=1",
            "--progress",
            "none",
        ];
        assert_eq!(gradnet(folder.path(), &train).code, 0, "{name}");
        let ran = gradnet(folder.path(), &["export", name, "--to", "all.safetensors"]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        let summary = fs::read_to_string(folder.path().join(name).join("summary.json")).unwrap();
        let summary: Value = serde_json::from_str(&summary).unwrap();
        let described = fs::read_to_string(folder.path().join("all.json")).unwrap();
        let described: Value = serde_json::from_str(&described).unwrap();
        let numbers = described["arrays"].as_array().unwrap().iter().map(|array| {
            let shape: Vec<u64> = serde_json::from_value(array[1].clone()).unwrap();
            shape.iter().product::<u64>()
        });
        assert_eq!(
            numbers.sum::<u64>(),
            summary["parameters"].as_u64().unwrap(),
            "{name}"
        );
    }
}
