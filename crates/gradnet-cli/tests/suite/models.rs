//! Exported models give in ONNX Runtime and in PyTorch what `predict` gives.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::exported::{runs, trained};
use crate::program::gradnet;

/// The Python that has torch, onnxruntime and numpy, where one is named; else the system's.
fn python() -> String {
    std::env::var("GRADNET_PYTHON").unwrap_or_else(|_| "python3".into())
}

fn has(modules: &str) -> bool {
    let found = Command::new(python())
        .args(["-c", &format!("import {modules}")])
        .output();
    found.is_ok_and(|output| output.status.success())
}

#[track_caller]
fn run(folder: &Path, script: &str) {
    let output = Command::new(python())
        .args(["-c", script])
        .current_dir(folder)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {stderr}");
}

/// The block of Python in docs/interchange.md that begins with this line.
fn snippet(first: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/interchange.md");
    let text = fs::read_to_string(path).unwrap();
    let mut blocks = text.split("```python\n").skip(1);
    let block = blocks.find(|block| block.contains(first)).unwrap();
    block.split("```").next().unwrap().to_owned()
}

/// Reads points and values, after which `values` is compared with `y`.
const READ: &str = "import numpy
x = numpy.loadtxt('x.csv', delimiter=',', skiprows=1)
y = numpy.loadtxt('y.csv', delimiter=',', skiprows=1)
scale = abs(y - y.mean(0)).max()
";

#[test]
fn an_onnx_model_gives_what_predict_gives() {
    let there = has("numpy, onnxruntime");
    for (network, task, settings) in runs() {
        let folder = tempfile::tempdir().unwrap();
        trained(folder.path(), network, task, &settings);
        let ran = gradnet(folder.path(), &["export", "run", "-o", "field.onnx"]);
        assert_eq!(ran.code, 0, "{network} {task} {settings}: {}", ran.stderr);
        assert!(ran.stdout.contains("field.onnx"), "{}", ran.stdout);
        if there {
            let script = snippet("onnxruntime.InferenceSession")
                .replace("numpy.zeros((1, session.get_inputs()[0].shape[1]))", "x");
            let check =
                "assert abs(values - y).max() < 1e-5 * scale, abs(values - y).max() / scale";
            run(folder.path(), &format!("{READ}{script}{check}"));
        }
    }
    if !there {
        eprintln!("SKIPPED: no python3 with onnxruntime here to run the models");
    }
}

#[test]
fn a_pytorch_module_gives_what_predict_gives_and_its_gradient_is_symmetric() {
    let there = has("numpy, torch");
    for (network, task, settings) in runs() {
        let folder = tempfile::tempdir().unwrap();
        trained(folder.path(), network, task, &settings);
        let ran = gradnet(folder.path(), &["export", "run", "-o", "field_torch.py"]);
        assert_eq!(ran.code, 0, "{network} {task} {settings}: {}", ran.stderr);
        for file in ["field_torch.py", "field_torch.npz", "field_torch.json"] {
            assert!(ran.stdout.contains(file), "{}", ran.stdout);
        }
        if there {
            let script = snippet("from field_torch import load");
            let check = "values = field(torch.tensor(x)).detach().numpy()
assert abs(values - y).max() < 1e-5 * scale, abs(values - y).max() / scale
jacobian = torch.autograd.functional.jacobian(lambda row: field(row[None])[0], torch.tensor(x[0]))
assert abs(jacobian - jacobian.T).max() <= 1e-9 * abs(jacobian).max(), jacobian
";
            run(folder.path(), &format!("{script}{READ}{check}"));
        }
    }
    if !there {
        eprintln!("SKIPPED: no python3 with torch here to run the modules");
    }
}

#[test]
fn a_network_without_a_formula_and_a_file_in_the_way_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    trained(here, "icnn", "data", "");
    for file in ["field.onnx", "field.py"] {
        let ran = gradnet(here, &["export", "run", "-o", file]);
        assert_eq!(ran.code, 2, "{}", ran.stdout);
        assert!(
            ran.stderr.contains("icnn is written as arrays only"),
            "{}",
            ran.stderr
        );
        assert!(!here.join(file).exists());
    }
    assert_eq!(gradnet(here, &["export", "run", "-o", "field.npz"]).code, 0);

    fs::write(here.join("mine.npz"), "my own numbers").unwrap();
    let ran = gradnet(here, &["export", "run", "-o", "mine.safetensors"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    fs::remove_file(here.join("mine.json")).unwrap();
    let mut config = fs::read_to_string(here.join("run.toml")).unwrap();
    config = config.replace("icnn", "mgradnet_m");
    fs::write(here.join("run.toml"), config).unwrap();
    let train = "train run.toml --output run --overwrite --progress none";
    assert_eq!(gradnet(here, &train.split(' ').collect::<Vec<_>>()).code, 0);
    let ran = gradnet(here, &["export", "run", "-o", "mine.py"]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains("mine.npz"), "{}", ran.stderr);
    assert_eq!(
        fs::read_to_string(here.join("mine.npz")).unwrap(),
        "my own numbers"
    );
}
