//! docs/dynamics.md, command by command, and what is said of paths that cannot be used.

use std::fs;
use std::path::{Path, PathBuf};

use crate::program::gradnet;
use burn::tensor::{Device, Tensor};
use gradnet_core::analysis::jacobians;
use gradnet_train::run::Run;

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// The blocks of a language in a document.
fn blocks(text: &str, language: &str) -> Vec<String> {
    text.split(&format!("```{language}\n"))
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

/// Twelve paths of a spring with mass 1, `q = r sin(t + a)` and `p = r cos(t + a)`.
fn spring() -> String {
    let mut text = "path,time,q,p\n".to_owned();
    for path in 0..12 {
        let (radius, phase) = (0.5 + 0.1 * f64::from(path), 0.7 * f64::from(path));
        for sample in 0..20 {
            let time = 0.15 * f64::from(sample);
            let (q, p) = (time + phase).sin_cos();
            text.push_str(&format!("{path},{time},{},{}\n", radius * q, radius * p));
        }
    }
    text
}

fn config() -> String {
    let text = fs::read_to_string(project("docs/dynamics.md")).unwrap();
    blocks(&text, "toml").remove(0)
}

#[test]
fn the_document_goes_from_a_csv_of_paths_to_a_predicted_path() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("paths.csv"), spring()).unwrap();
    fs::write(here.join("start.csv"), "q,p\n1,0\n0,0.7\n").unwrap();
    let text = fs::read_to_string(project("docs/dynamics.md")).unwrap();
    let mut ran_commands = 0;
    for command in blocks(&text, "sh").iter().flat_map(|block| block.lines()) {
        let mut words: Vec<&str> = command.split_whitespace().collect();
        if words.remove(0) != "gradnet" {
            continue;
        }
        let ran = gradnet(here, &words);
        assert_eq!(ran.code, 0, "{command}: {}{}", ran.stdout, ran.stderr);
        ran_commands += 1;
        if words[0] == "config" {
            // Its config has a test of its own; here that of the page stands in, which is sooner done.
            fs::write(here.join("paths.toml"), config()).unwrap();
        }
        if words[0] == "rollout" {
            assert!(
                ran.stdout.contains("leapfrog, symplectic"),
                "{}",
                ran.stdout
            );
        }
    }
    assert_eq!(ran_commands, 5);
    let summary = fs::read_to_string(here.join("runs/paths/summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let learned = summary["metrics"]["rollout_mse"]["value"].as_f64().unwrap();
    let still = &summary["baselines"]["stand_still"]["rollout_mse"]["value"];
    assert!(
        learned < still.as_f64().unwrap() / 10.0,
        "{learned} {still}"
    );

    let page = fs::read_to_string(here.join("report.html")).unwrap();
    for caption in [
        "Phase portrait: ",
        "q along the first test path, recorded and predicted",
        "p along the first test path, recorded and predicted",
        "The learned energy along the paths",
    ] {
        let alt = format!("alt=\"{caption}");
        assert!(page.contains(&alt), "no picture of: {caption}");
    }

    let path = fs::read_to_string(here.join("path.csv")).unwrap();
    let rows: Vec<&str> = path.lines().collect();
    assert_eq!(rows[0], "path,time,q,p,energy");
    // Two paths of 50 steps; the first from (1, 0) is (cos t, −sin t).
    assert_eq!(rows.len(), 1 + 2 * 51);
    let numbers = |row: &str| -> Vec<f64> { row.split(',').map(|v| v.parse().unwrap()).collect() };
    let second = numbers(rows[11]);
    assert_eq!(second[..2], [1.0, 1.0]);
    assert!((second[2] - 1f64.cos()).abs() < 0.1, "{second:?}");
    assert!((second[3] + 1f64.sin()).abs() < 0.1, "{second:?}");
    let energies: Vec<f64> = rows[1..52].iter().map(|row| numbers(row)[4]).collect();
    assert!(
        energies.iter().all(|e| (e - energies[0]).abs() < 0.05),
        "{energies:?}"
    );
}

/// Columns of other usual names are found, and of others it is said how to name them.
#[test]
fn init_finds_the_number_and_the_time_of_a_path_under_their_usual_names() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let under = |names: &str| {
        fs::write(
            here.join("own.csv"),
            spring().replace("path,time,q,p", names),
        )
        .unwrap();
        let init = ["config", "init", "dynamics", "--data", "own.csv"];
        gradnet(here, &init)
    };
    for (names, number, time) in [("run,t,q,p", "run", "t"), ("id,time,q,p", "id", "time")] {
        let ran = under(names);
        assert_eq!(ran.code, 0, "{names}: {}", ran.stderr);
        let config = ran.stdout;
        for line in [
            format!("number = \"{number}\""),
            format!("time = \"{time}\""),
            "state = [\"q\", \"p\"]".into(),
        ] {
            assert!(config.lines().any(|said| said == line), "{line}: {config}");
        }
    }
    let unknown = under("shot,clock,q,p");
    assert_eq!(unknown.code, 2, "{}", unknown.stdout);
    let init = ["config", "init", "dynamics", "--data", "own.csv"];
    let named = [&init[..], &["--number", "shot", "--time", "clock"]].concat();
    let config = gradnet(here, &named);
    assert_eq!(config.code, 0, "{}", config.stderr);
    for line in [
        "number = \"shot\"",
        "time = \"clock\"",
        "state = [\"q\", \"p\"]",
    ] {
        assert!(
            config.stdout.lines().any(|said| said == line),
            "{line}: {}",
            config.stdout
        );
    }
    let said: String = unknown
        .stderr
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    for part in [
        "--number NAME",
        "under [dynamics.file]",
        "there are: shot, clock, q, p",
    ] {
        assert!(said.contains(part), "{said}");
    }
}

/// The energy error of hamiltonian-nn from clean derivatives is 2.49e-2 (Greydanus et al., 2019, README); here there
/// are noisy paths alone. A field of zero keeps the energy, so that its error counts with the rollout's.
#[test]
fn the_pendulum_of_the_configs_is_predicted_from_noisy_paths() {
    let folder = tempfile::tempdir().unwrap();
    let config = project("configs/dynamics_pendulum.toml");
    let config = config.to_str().unwrap();
    let ran = gradnet(
        folder.path(),
        &["train", config, "--output", "run", "--json"],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let summary: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let learned = |name: &str| summary["metrics"][name]["value"].as_f64().unwrap();
    let still = &summary["baselines"]["stand_still"]["rollout_mse"]["value"];
    assert!(learned("energy_mse") <= 2.4e-2, "{summary}");
    assert!(
        learned("rollout_mse") <= still.as_f64().unwrap() / 10.0,
        "{summary}"
    );
}

/// The field of every kind is what `predict` writes, in `verify` and `export` too: separated where the kind is.
#[test]
fn no_command_takes_the_bare_network_of_a_separable_run_for_its_field() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("paths.csv"), spring()).unwrap();
    fs::write(here.join("paths.toml"), config()).unwrap();
    for kind in ["separable", "hamiltonian", "gradient_flow", "dissipative"] {
        let set = format!("dynamics.kind={kind}");
        let weights = format!("{kind}.npz");
        for words in [
            [
                "train",
                "paths.toml",
                "--output",
                kind,
                "--set",
                &set,
                "--set",
                "train.steps=3",
            ],
            ["export", kind, "--output", &weights, "", "", "", ""],
            [
                "predict",
                kind,
                "--input",
                "paths.csv",
                "--output",
                "field.csv",
                "--jacobian",
                "",
            ],
            ["verify", kind, "--samples", "4", "", "", "", ""],
            ["eval", kind, "", "", "", "", "", ""],
        ] {
            let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
            let ran = gradnet(here, &words);
            assert_eq!(ran.code, 0, "{words:?}: {}{}", ran.stdout, ran.stderr);
        }
        let separated = kind == "separable";
        for model in ["model.onnx", "model.py"] {
            let ran = gradnet(here, &["export", kind, "--output", model]);
            assert_eq!(ran.code, if separated { 2 } else { 0 }, "{}", ran.stderr);
            assert_eq!(ran.stderr.contains("arrays only"), separated, "{model}");
        }
        let described = fs::read_to_string(here.join(format!("{kind}.json"))).unwrap();
        let described: serde_json::Value = serde_json::from_str(&described).unwrap();
        let expected = if separated {
            "separated cascade"
        } else {
            "cascade"
        };
        assert_eq!(described["kind"], expected);
        let said = described["formula"].as_str().unwrap();
        assert_eq!(said.contains("F(q, 0) + F(0, p)"), separated, "{said}");
        // The mixed entries of the Jacobian that predict writes, and those of the network that the others take.
        let field = fs::read_to_string(here.join("field.csv")).unwrap();
        let row: Vec<f64> = field
            .lines()
            .nth(3)
            .unwrap()
            .split(',')
            .map(|number| number.parse().unwrap())
            .collect();
        let mixed = row[row.len() - 3];
        assert_eq!(mixed == 0.0, separated, "{kind}: {row:?}");
        let network = Run::open(&here.join(kind)).unwrap();
        let network = network.network(&Device::flex()).unwrap();
        let x = Tensor::<2>::from_data([[0.3f32, -0.7]], &Device::flex());
        let mixed = jacobians(&network, x)[0][(0, 1)];
        assert_eq!(mixed == 0.0, separated, "{kind}");
    }
}

#[test]
fn paths_that_cannot_be_used_are_told_with_their_line_and_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("paths.toml"), config()).unwrap();
    let good = spring();
    let lines: Vec<&str> = good.lines().collect();
    let with = |line: usize, text: &str| {
        let mut lines: Vec<&str> = lines.clone();
        lines[line - 1] = text;
        lines.join("\n")
    };
    for (file, said) in [
        (format!("{good}99,0,1,0\n"), "this sample only"),
        (with(3, "0,0,1,0"), "has the time 0 twice"),
        (with(4, "0,0.1,1,0"), "goes back in time"),
        (with(5, "0,0.45,NaN,0"), "line 5"),
        (lines[..41].join("\n"), "it has 2 paths"),
        (good.replace(",q,", ",angle,"), "`q`"),
    ] {
        fs::write(here.join("paths.csv"), file).unwrap();
        let ran = gradnet(here, &["train", "paths.toml", "--output", "run"]);
        assert_eq!(ran.code, 2, "{said}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
        assert!(ran.stderr.contains("help"), "{said}: {}", ran.stderr);
    }
}

/// What can be trained on and may still be wrong is announced, with its place and what to do.
#[test]
fn wrapped_angles_gaps_and_differences_of_noise_are_announced() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let few = [
        "train",
        "paths.toml",
        "--overwrite",
        "--output",
        "run",
        "--set",
        "train.steps=2",
    ];
    let good = spring();
    let moved = |of: &dyn Fn(f64, f64, [f64; 2]) -> (f64, [f64; 2])| {
        let mut text = "path,time,q,p\n".to_owned();
        for line in good.lines().skip(1) {
            let v: Vec<f64> = line.split(',').map(|v| v.parse().unwrap()).collect();
            let (time, [q, p]) = of(v[0], v[1], [v[2], v[3]]);
            text.push_str(&format!("{},{time},{q},{p}\n", v[0]));
        }
        text
    };
    // An angle that went around once, and is written between -pi and pi.
    let tau = std::f64::consts::TAU;
    let wrapped = moved(&|_, t, [q, p]| (t, [if t > 1.4 { q - tau } else { q }, p]));
    let gap = moved(&|_, t, x| (if t > 1.4 { t + 3.0 } else { t }, x));
    let uneven = moved(&|path, t, x| (t * (1.0 + 0.1 * t + 0.01 * path), x));
    let noise = moved(&|path, t, [q, p]| (t, [q + 0.4 * (97.0 * t + path).sin(), p]));
    for (file, loss, said) in [
        (wrapped, "rollout", "about a whole turn"),
        (gap, "rollout", "has a gap of 3.15"),
        (noise, "midpoint", "no more than noise does"),
    ] {
        fs::write(here.join("paths.csv"), file).unwrap();
        fs::write(here.join("paths.toml"), config()).unwrap();
        let loss = format!("dynamics.loss=\"{loss}\"");
        let ran = gradnet(here, &[&few[..], &["--set", &loss]].concat());
        assert_eq!(ran.code, 0, "{said}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
    // Steps that differ are no fault.
    fs::write(here.join("paths.csv"), uneven).unwrap();
    let ran = gradnet(here, &few);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
}
