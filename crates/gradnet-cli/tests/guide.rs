//! docs/guide.md, docs/sweeps.md and docs/inverse-problems.md, command by command, as a new user would type them.

#![allow(clippy::unwrap_used)] // in a test a failure is the finding

mod program;

use std::fs;
use std::path::{Path, PathBuf};

use gradnet_train::data::{Stream, generator};
use gradnet_train::pictures::{Picture, dead_leaves};
use program::gradnet;

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

fn guide() -> String {
    fs::read_to_string(project("docs/guide.md")).unwrap()
}

/// The commands of the guide's sessions, in order.
fn commands(text: &str) -> Vec<String> {
    text.split("```sh\n")
        .skip(1)
        .flat_map(|rest| rest.split("```").next().unwrap().lines())
        .map(str::to_owned)
        .collect()
}

/// Measurements of a stress-strain law, F = 40 ln cosh(3 e1) + 10 (e1 + e2)^2 + 25 e2^2, with a little noise.
fn measurements() -> String {
    let mut state = 7u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 24) - 0.5
    };
    let mut text = "strain1,strain2,stress1,stress2\n".to_owned();
    for _ in 0..500 {
        let (a, b) = (2.0 * random(), 2.0 * random());
        let shared = 20.0 * (a + b);
        let stress =
            [120.0 * (3.0 * a).tanh() + shared, 50.0 * b + shared].map(|s| s + 0.1 * random());
        text.push_str(&format!("{a},{b},{},{}\n", stress[0], stress[1]));
    }
    text
}

#[test]
fn the_guide_goes_from_a_csv_of_measurements_to_a_verified_map_and_predictions() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("gradients.csv"), measurements()).unwrap();
    fs::write(here.join("points.csv"), "strain1,strain2\n0,0\n0.5,-0.25\n").unwrap();
    let text = guide();
    let mut ran_commands = 0;
    for command in commands(&text) {
        let mut words: Vec<&str> = command.split_whitespace().collect();
        if words[0] != "gradnet" {
            let first = fs::read_to_string(here.join(words.last().unwrap())).unwrap();
            assert!(
                text.contains(first.lines().next().unwrap()),
                "the guide shows the first line"
            );
            continue;
        }
        words.remove(0);
        let ran = gradnet(here, &words);
        assert_eq!(ran.code, 0, "{command}: {}{}", ran.stdout, ran.stderr);
        ran_commands += 1;
        match words[0] {
            "train" => assert!(
                ran.stdout
                    .contains("dB affine (the best symmetric affine map)"),
                "{}",
                ran.stdout
            ),
            "verify" => assert!(ran.stdout.contains("passed"), "{}", ran.stdout),
            _ => {}
        }
    }
    assert_eq!(ran_commands, 7);

    let summary = fs::read_to_string(here.join("runs/first/summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let test = summary["test"]["mse_db_mean"].as_f64().unwrap();
    let linear = summary["reference"]["affine_db"].as_f64().unwrap();
    assert!(test < linear - 10.0, "{test} against {linear}");
    let predictions = fs::read_to_string(here.join("predictions.csv")).unwrap();
    let mut lines = predictions.lines();
    assert_eq!(
        lines.next().unwrap(),
        "stress1,stress2,potential,j1_1,j1_2,j2_1,j2_2"
    );
    // At strain (0.5, -0.25): 120 tanh(1.5) + 5 and -12.5 + 5.
    let values: Vec<f64> = lines
        .nth(1)
        .unwrap()
        .split(',')
        .map(|v| v.parse().unwrap())
        .collect();
    assert!(
        (values[0] - (120.0 * 1.5f64.tanh() + 5.0)).abs() < 5.0,
        "{values:?}"
    );
    assert!((values[1] + 7.5).abs() < 5.0, "{values:?}");
    assert!(here.join("report.html").is_file() && here.join("weights.json").is_file());
}

#[test]
fn every_setting_of_the_guides_example_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let text = guide();
    let example = text
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let example = example.replace("gradients.parquet", "gradients.csv");
    fs::write(folder.path().join("gradients.csv"), measurements()).unwrap();
    let config =
        format!("schema = 1\nname = \"guide\"\n{example}\n[network.mgradnet_c]\nwidth = 7\n");
    fs::write(folder.path().join("guide.toml"), config).unwrap();
    let ran = gradnet(folder.path(), &["config", "check", "guide.toml"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn the_page_on_sweeps_runs() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir_all(here.join("configs/sweeps")).unwrap();
    for file in ["configs/smoke.toml", "configs/sweeps/toy.toml"] {
        fs::copy(project(file), here.join(file)).unwrap();
    }
    let page = fs::read_to_string(project("docs/sweeps.md")).unwrap();
    let commands = commands(&page);
    assert_eq!(commands.len(), 2);
    for command in commands {
        let words: Vec<&str> = command.split_whitespace().skip(1).collect();
        let ran = gradnet(here, &words);
        assert_eq!(ran.code, 0, "{command}: {}", ran.stderr);
    }
    let table = fs::read_to_string(here.join("sweeps/toy/table.md")).unwrap();
    assert!(table.contains("| d = 8 | mGradNet-C |"), "{table}");
    assert!(table.contains("| d = 8 | linear |"), "{table}");
}

/// A drawn picture, 48 pixels wide.
fn leaves(index: u64) -> Picture {
    dead_leaves(String::new(), 48, &mut generator(5, Stream::Test, index))
}

/// The mean squared difference of two pictures.
fn distance(a: &Picture, b: &Picture) -> f64 {
    let squares = a
        .values()
        .iter()
        .zip(b.values())
        .map(|(a, b)| f64::from(a - b).powi(2));
    squares.sum::<f64>() / a.values().len() as f64
}

/// The commands as they stand, with trainings cut short.
#[test]
fn the_page_on_inverse_problems_runs() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir(here.join("configs")).unwrap();
    for file in ["configs/denoise_bsd.toml", "configs/denoise_demo.toml"] {
        fs::copy(project(file), here.join(file)).unwrap();
    }
    for (index, set) in ["train", "validation", "test"].into_iter().enumerate() {
        let set = here.join("pictures").join(set);
        fs::create_dir_all(&set).unwrap();
        leaves(index as u64).write(&set.join("a.png")).unwrap();
    }
    let clean = leaves(9);
    let mut kernel = clean.clone();
    (kernel.height, kernel.width, kernel.planes) = (3, 3, vec![vec![1.0 / 9.0; 9]]);
    kernel.write(&here.join("kernel.npy")).unwrap();
    let mut blurred = clean.clone();
    for (pixel, value) in blurred.planes[0].iter_mut().enumerate() {
        let (row, column) = (pixel / 48, pixel % 48);
        let near = |place: usize| place.saturating_sub(1)..(place + 2).min(48);
        let pixels = near(row).flat_map(|i| near(column).map(move |j| i * 48 + j));
        *value = pixels.map(|pixel| clean.values()[pixel]).sum::<f32>() / 9.0;
    }
    blurred.write(&here.join("blurred.png")).unwrap();

    let page = fs::read_to_string(project("docs/inverse-problems.md")).unwrap();
    let commands = commands(&page);
    assert_eq!(commands.len(), 3);
    for command in &commands {
        let mut words: Vec<&str> = command.split_whitespace().skip(1).collect();
        if words[0] == "train" {
            words.extend(["--set", "train.steps=80", "--set", "train.batch=8"]);
            words.extend(["--set", "network.patch_ridge={filters=4,size=5}"]);
            words.extend(["--set", "images.levels=[5]"]);
        }
        if words[1].ends_with("demo.toml") {
            words.extend(["--set", "images.drawn=8"]);
        }
        let ran = gradnet(here, &words);
        assert_eq!(ran.code, 0, "{command}: {}{}", ran.stdout, ran.stderr);
    }
    let restored = Picture::read(&here.join("restored.png")).unwrap();
    let (before, after) = (distance(&blurred, &clean), distance(&restored, &clean));
    assert!(after < 0.8 * before, "{before} {after}");
    let log = fs::read_to_string(here.join("steps.csv")).unwrap();
    let objectives: Vec<f64> = log
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(2).unwrap().parse().unwrap())
        .collect();
    assert!(objectives.len() > 5 && objectives.windows(2).all(|pair| pair[1] <= pair[0]));
    let bare = gradnet(here, &["train", "configs/denoise_bsd.toml"]);
    assert_eq!(bare.code, 2);
    assert!(bare.stderr.contains("images.train"), "{}", bare.stderr);
    let checked = gradnet(here, &["config", "check", "configs/denoise_bsd.toml"]);
    assert_eq!(checked.code, 0, "{}", checked.stderr);
}
