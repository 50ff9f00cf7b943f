//! A released regularizer of pictures, of made-up weights, is imported and used as any other run.

use std::fs;
use std::path::Path;

use gradnet_train::files::write_arrays;

use crate::program::{Ran, gradnet};

fn run(here: &Path, words: &str) -> Ran {
    gradnet(here, &words.split_whitespace().collect::<Vec<_>>())
}

/// Numbers between -1 and 1 that look random.
fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count)
        .map(|i| ((i * 7919 + seed * 104_729) as f64 * 0.618_034).fract() as f32 * 2.0 - 1.0)
        .collect()
}

/// A file in the layout of weakly_convex_ridge_regularizer; `concave` moves its concave part away from where it began.
fn checkpoint(file: &Path, concave: f32) {
    let line = |rise: f32| (0..5).map(move |knot| rise * (0.05 * knot as f32 - 0.1));
    let array =
        |name: &str, shape: &[usize], values: Vec<f32>| (name.to_owned(), shape.to_vec(), values);
    let arrays = [
        array(
            "conv_layer.conv_layers.0.parametrizations.weight.original",
            &[2, 1, 3, 3],
            numbers(18, 0),
        ),
        array(
            "conv_layer.conv_layers.1.weight",
            &[3, 2, 3, 3],
            numbers(54, 1),
        ),
        array("activation_cvx.coefficients", &[1, 5], line(0.9).collect()),
        array(
            "activation_ccv.coefficients",
            &[1, 5],
            line(1.0 + concave).collect(),
        ),
        array("mu_", &[1], vec![2.0]),
        array("spline_scaling.coefficients", &[3, 3], vec![4.0; 9]),
    ];
    write_arrays(file, &arrays).unwrap();
}

const CONFIG: &str = "schema = 1\nname = \"pictures\"\n[images]\ndrawn = 4\npatch = 24\nnoise = [20, 20]\nlevels = [20]\n\
                      [network.patch_ridge]\nfilters = 2\n";

/// What is said of a file that is imported to the folder `run`.
fn imported(here: &Path, network: &str, file: &str) -> Ran {
    let import = format!("import --network {network} -c pictures.toml -o run --from {file}");
    let ran = run(here, &import);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The PSNR of `run` after tuning, and of the noisy pictures.
fn tuned_psnr(here: &Path) -> [f64; 2] {
    let tuned = run(here, "tune run --noise 20");
    assert_eq!(tuned.code, 0, "{}", tuned.stderr);
    let scored = run(here, "eval run --json");
    assert_eq!(scored.code, 0, "{}", scored.stderr);
    let scores: serde_json::Value = serde_json::from_str(&scored.stdout).unwrap();
    let psnr = |of: &serde_json::Value| of["psnr_db_20"]["value"].as_f64().unwrap();
    [&scores["metrics"], &scores["baselines"]["noisy"]].map(psnr)
}

#[test]
fn a_released_regularizer_is_scored_verified_tuned_solved_with_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("pictures.toml"), CONFIG).unwrap();
    checkpoint(&here.join("released.safetensors"), 0.0);
    let ran = imported(here, "patch_ridge", "released.safetensors");
    assert!(ran.stdout.contains("(90 parameters)"), "{}", ran.stdout);
    let said = in_one_line(&ran.stderr);
    for part in [
        "3 kernels of 5 x 5 pixels",
        "[-0.1, 0.1]",
        "at noise 20 of 255",
    ] {
        assert!(said.contains(part), "{said}");
    }
    // The bound is at most the height of the spline, e² times 0.9: the kernels are divided by their norm.
    let export = run(here, "export run -o prior.npz");
    assert_eq!(export.code, 0, "{}", export.stderr);
    let description = fs::read_to_string(here.join("prior.json")).unwrap();
    let description: serde_json::Value = serde_json::from_str(&description).unwrap();
    let bound = description["lipschitz_bound"].as_f64().unwrap();
    let height = 0.9 * 2.0_f64.exp();
    assert!(
        bound > 0.99 * height && bound < 1.002 * height,
        "{bound} {height}"
    );
    let verified = run(here, "verify run");
    assert_eq!(verified.code, 0, "{}{}", verified.stdout, verified.stderr);
    let untuned = run(here, "solve run -i a.npy -o b.npy --noise 20");
    assert_eq!(untuned.code, 2, "{}", untuned.stdout);
    let [restored, noisy] = tuned_psnr(here);
    assert!(restored > noisy + 1.0, "{noisy} {restored}");
    let reported = run(here, "report run -o report.html");
    assert_eq!(reported.code, 0, "{}", reported.stderr);
}

#[test]
fn a_weakly_convex_regularizer_is_imported() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("pictures.toml"), CONFIG).unwrap();
    checkpoint(&here.join("weak.safetensors"), 0.2);
    let ran = imported(here, "patch_weak_ridge", "weak.safetensors");
    assert!(in_one_line(&ran.stderr).contains("3 kernels of 5 x 5 pixels"));
    let [restored, noisy] = tuned_psnr(here);
    assert!(restored > noisy, "{noisy} {restored}");
}

#[test]
fn what_is_no_convex_regularizer_of_pictures_is_refused_and_leaves_no_run() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("pictures.toml"), CONFIG).unwrap();
    checkpoint(&here.join("weak.safetensors"), 0.2);
    checkpoint(&here.join("convex.safetensors"), 0.0);
    let import = "import --network patch_ridge -o run --from";
    for (words, parts) in [
        (
            "weak.safetensors -c pictures.toml",
            ["weakly convex", "--network patch_weak_ridge"],
        ),
        (
            "convex.safetensors -c pictures.toml --set images.noise=[30,40]",
            ["not for 35", "images.noise"],
        ),
        (
            "convex.safetensors -c points.toml",
            ["regularizer of pictures", "a config of [images]"],
        ),
    ] {
        let points = "schema = 1\nname = \"points\"\n[target.piecewise_quadratic]\ndim = 25\n[network.patch_ridge]\nfilters = 2\nsize = 5\n";
        fs::write(here.join("points.toml"), points).unwrap();
        let ran = run(here, &format!("{import} {words}"));
        let lines = ran
            .stderr
            .lines()
            .map(|line| line.trim_start_matches([' ', '│', '×']));
        let said = lines.collect::<Vec<_>>().join(" ");
        assert_eq!(ran.code, 2, "{words}: {said}");
        for part in parts {
            assert!(said.contains(part), "{words}: {said}");
        }
        assert!(!here.join("run").exists());
    }
}
