//! Results of every task stand beside their baselines, and a baseline that is better is named; so is what leads away
//! from the data.

use std::fs;

use crate::program::gradnet;

fn project(file: &str) -> String {
    format!("{}/../../{file}", env!("CARGO_MANIFEST_DIR"))
}

/// After one step, or from files, each task's network loses to some row by what the task is judged by.
#[test]
fn a_row_that_beats_the_network_is_named_with_the_number_and_both_values_for_every_task() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let table: String = (0..60)
        .map(|i| {
            let (a, b) = ((1.7 * f64::from(i)).sin(), (2.3 * f64::from(i)).cos());
            format!("{a},{b},{},{}\n", 2.0 * a + b, a + 3.0 * b)
        })
        .collect();
    fs::write(here.join("pairs.csv"), format!("x1,x2,g1,g2\n{table}")).unwrap();
    let init = ["config", "init", "--data", "pairs.csv", "-o", "pairs.toml"];
    assert_eq!(gradnet(here, &init).code, 0);
    for (config, row, number) in [
        (project("configs/smoke.toml"), "linear", "mse_db"),
        ("pairs.toml".into(), "affine", "mse_db"),
        (
            project("configs/dynamics_pendulum.toml"),
            "linear_system",
            "rollout_mse",
        ),
        (
            project("configs/score_moons.toml"),
            "gaussian",
            "fisher_relative",
        ),
        (
            project("configs/transport_2d.toml"),
            "entropic map",
            "l2_uvp_forward",
        ),
        (project("configs/denoise_demo.toml"), "wiener", "psnr_db_25"),
    ] {
        let one = [
            "train",
            &config,
            "-o",
            "run",
            "--overwrite",
            "--progress",
            "none",
            "--set",
            "train.steps=1",
        ];
        let ran = gradnet(here, &one);
        assert_eq!(ran.code, 0, "{config}: {}", ran.stderr);
        let told = format!("note: {row} is better than the network: its {number} is ");
        assert!(ran.stderr.contains(&told), "{told}: {}", ran.stderr);
        // The network and each row in a line, the numbers' names above.
        let mut lines = ran.stdout.lines().skip(1);
        let head = lines.next().unwrap();
        assert!(
            head.starts_with(' ') && head.contains(number),
            "{}",
            ran.stdout
        );
        assert!(
            lines.next().unwrap().starts_with("network "),
            "{}",
            ran.stdout
        );
        assert!(ran.stdout.contains(&format!("\n{row} ")), "{}", ran.stdout);
        let scored = gradnet(here, &["eval", "run", "--json"]);
        assert!(scored.stderr.contains(&told), "{told}: {}", scored.stderr);
    }
}

#[test]
fn a_start_far_from_the_recorded_states_is_told_and_a_near_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut paths = "path,time,q,p\n".to_owned();
    for path in 0..6 {
        for k in 0..20 {
            let (size, t) = (0.5 + 0.1 * f64::from(path), 0.1 * f64::from(k));
            paths += &format!("{path},{t},{},{}\n", size * t.cos(), -size * t.sin());
        }
    }
    fs::write(here.join("paths.csv"), paths).unwrap();
    let init = [
        "config",
        "init",
        "dynamics",
        "--data",
        "paths.csv",
        "-o",
        "paths.toml",
    ];
    assert_eq!(gradnet(here, &init).code, 0);
    let train = [
        "train",
        "paths.toml",
        "-o",
        "run",
        "--set",
        "train.steps=100",
        "--progress",
        "none",
    ];
    assert_eq!(gradnet(here, &train).code, 0);
    let rollout = |until: &str, step: &str| {
        let from = ["rollout", "run", "--from", "start.csv", "-o", "path.csv"];
        let times = ["--until", until, "--step", step];
        gradnet(here, &[&from[..], &times].concat())
    };
    for (start, far) in [("0.5,-0.2", false), ("50,0", true)] {
        fs::write(here.join("start.csv"), format!("q,p\n{start}\n")).unwrap();
        let ran = rollout("0.1", "0.1");
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(
            ran.stderr.contains("1 of 1 starts lie outside the cube"),
            far,
            "{}",
            ran.stderr
        );
    }
    // Half of a step of 4 leads elsewhere, half of one of 0.1 does not.
    fs::write(here.join("start.csv"), "q,p\n0.5,-0.2\n").unwrap();
    for (step, coarse) in [("0.1", false), ("4", true)] {
        let ran = rollout("4", step);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let told = ran.stderr.contains("the step is too coarse");
        assert_eq!(told, coarse, "{}", ran.stderr);
    }
    // A negative number is a value, not an option.
    for (until, step, wanted) in [("-1", "0.1", "a time above 0"), ("4", "-0.1", "above 0")] {
        let ran = rollout(until, step);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains(wanted), "{}", ran.stderr);
    }
}

/// Each slip is answered before anything is computed, with what was meant.
#[test]
fn slips_of_the_command_line_are_answered_with_what_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let smoke = project("configs/smoke.toml");
    let train = [
        "train",
        &smoke,
        "-o",
        "runs/smoke",
        "--set",
        "train.steps=1",
        "--progress",
        "none",
    ];
    assert_eq!(gradnet(here, &train).code, 0);
    fs::create_dir_all(here.join("runs/broken")).unwrap();
    fs::write(here.join("runs/broken/config.toml"), "schema = 1\n").unwrap();
    fs::create_dir_all(here.join("runs/begun")).unwrap();
    fs::copy(
        here.join("runs/smoke/config.toml"),
        here.join("runs/begun/config.toml"),
    )
    .unwrap();
    fs::create_dir(here.join("empty")).unwrap();
    fs::write(here.join("points.csv"), "1,2,3\n4,5,6\n").unwrap();
    fs::write(here.join("text.csv"), "a,b\n1,word\n").unwrap();
    let said = |arguments: &[&str]| {
        let ran = gradnet(here, arguments);
        let words: Vec<_> = ran
            .stderr
            .split_whitespace()
            .filter(|word| *word != "│")
            .collect();
        (ran.code, words.join(" "))
    };
    for (arguments, part) in [
        (
            &["predict", "runs/smoke", "-i", "point.csv", "-o", "y.csv"][..],
            "did you mean point",
        ),
        (
            &["predict", "runs/smoke", "-i", "points.csv", "-o", "y.xlsx"],
            "coordinates there (1, 2, 3)",
        ),
        (
            &["predict", "runs/smok", "-i", "points.csv", "-o", "y.csv"],
            "did you mean runs/smoke?",
        ),
        (
            &[
                "predict",
                "runs/smoke",
                "-i",
                "points.csv",
                "-o",
                "y.csv",
                "--inverse",
            ],
            "not known to be invertible",
        ),
        (
            &[
                "predict",
                "runs/smoke",
                "-i",
                "points.csv",
                "-o",
                "y.csv",
                "--invrse",
            ],
            "'--inverse'",
        ),
        (
            &["eval", "runs"],
            "name a run in it: runs/begun, runs/broken, runs/smoke",
        ),
        (
            &["verify", "runs/begun"],
            "`gradnet resume runs/begun` trains it",
        ),
        (&["report", "runs/smoke", "-o", "page.pdf"], "name it .html"),
        (
            &[
                "solve",
                "runs/smoke",
                "--input",
                "a.png",
                "--noise",
                "5",
                "--output",
                "b.jpg",
            ],
            "name it .png or .npy",
        ),
        (
            &[
                "solve",
                "runs/smoke",
                "--input",
                "a.png",
                "--noise",
                "5",
                "--output",
                "b.png",
            ],
            "a run of the task regression",
        ),
        (
            &["config", "init", "images", "--train", "empty"],
            "no file in it ends on .png or .npy",
        ),
        (
            &["config", "init", "images", "--train", "empt"],
            "did you mean empty?",
        ),
        (
            &["config", "init", "score", "--data", "text.csv"],
            "x under [score.file], or --x",
        ),
        (
            &[
                "config",
                "init",
                "transport",
                "--source",
                "text.csv",
                "--target",
                "text.csv",
            ],
            "under [transport.files], or --x and --y",
        ),
        (
            &["config", "init", "dynamics", "--data", "text.csv"],
            "under [dynamics.file]",
        ),
    ] {
        let (code, told) = said(arguments);
        assert_eq!(code, 2, "{arguments:?}: {told}");
        assert!(told.contains(part), "{arguments:?}: {told}");
    }
    let (code, told) = said(&["list", "runs", "runs"]);
    assert!(code == 0 && told.contains("runs/broken"), "{told}");
    let (_, told) = said(&["list", "runs", "empty"]);
    assert!(told.contains("no run folder is in empty"), "{told}");
}
