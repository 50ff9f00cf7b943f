//! docs/guide.md and the pages on transport, sweeps, inverse problems and scores, command by command, as a new user
//! would type them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::program::gradnet;
use gradnet_train::data::{Stream, generator};
use gradnet_train::pictures::{Picture, dead_leaves};

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
            "train" => assert!(ran.stdout.contains("\naffine "), "{}", ran.stdout),
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

/// Points of a disc, moved by `(2 a + 5, b/2 − 1)` for the second table.
fn sample(rows: u32, moved: bool) -> String {
    let points = (0..rows).map(|row| {
        let radius = ((f64::from(row) + 0.5) / f64::from(rows)).sqrt();
        let angle = f64::from(row) * 2.399_963;
        let (a, b) = (radius * angle.cos(), radius * angle.sin());
        match moved {
            false => format!("{row},{a},{b}\n"),
            true => format!("{row},{},{}\n", 2.0 * a + 5.0, b / 2.0 - 1.0),
        }
    });
    format!("cell,gene1,gene2\n{}", points.collect::<String>())
}

#[test]
fn the_page_on_transport_goes_from_two_tables_to_a_verified_map_and_its_inverse() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("control.csv"), sample(800, false)).unwrap();
    fs::write(here.join("treated.csv"), sample(600, true)).unwrap();
    let page = fs::read_to_string(project("docs/transport.md")).unwrap();
    let config = page.split("```toml\n").nth(1).unwrap();
    let config = config.split("```").next().unwrap();
    fs::write(here.join("density.toml"), config).unwrap();
    for command in commands(&page) {
        let words: Vec<&str> = command.split_whitespace().skip(1).collect();
        let ran = gradnet(here, &words);
        assert_eq!(ran.code, 0, "{command}: {}{}", ran.stdout, ran.stderr);
        if words[0] == "verify" {
            assert!(ran.stdout.contains("passed"), "{}", ran.stdout);
        }
    }
    let numbers = |file: &str| -> Vec<Vec<f64>> {
        let text = fs::read_to_string(here.join(file)).unwrap();
        let rows = text.lines().skip(1);
        rows.map(|row| row.split(',').map(|x| x.parse().unwrap()).collect())
            .collect()
    };
    // The disc has the density 1/π; a draw is one of the disc or near it.
    let density = numbers("density.csv");
    let mean = density.iter().map(|row| row[2]).sum::<f64>() / 800.0;
    assert!((mean + std::f64::consts::PI.ln()).abs() < 0.5, "{mean}");
    let drawn = numbers("drawn.csv");
    let inside = drawn.iter().filter(|row| row[0].hypot(row[1]) < 1.2);
    assert!(drawn.len() == 500 && inside.count() > 425);
    let (control, moved) = (numbers("control.csv"), numbers("moved.csv"));
    for (x, y) in control.iter().zip(&moved).take(50) {
        assert!((y[0] - (2.0 * x[1] + 5.0)).abs() < 0.3, "{x:?} {y:?}");
        assert!((y[1] - (x[2] / 2.0 - 1.0)).abs() < 0.3, "{x:?} {y:?}");
    }
    // Back and forth again leads to the points themselves.
    let again = [
        "predict",
        "runs/treatment",
        "-i",
        "back.csv",
        "-o",
        "again.csv",
    ];
    assert_eq!(gradnet(here, &again).code, 0);
    for (y, again) in numbers("treated.csv").iter().zip(numbers("again.csv")) {
        assert!((y[1] - again[0]).abs() < 1e-3 && (y[2] - again[1]).abs() < 1e-3);
    }
}

/// README's path from two tables to a map, with the commands as they stand.
#[test]
fn the_readme_goes_from_two_tables_to_a_verified_map() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let without_number = |text: String| -> String {
        let lines = text.lines().map(|line| line.split_once(',').unwrap().1);
        lines.map(|line| format!("{line}\n")).collect()
    };
    for (name, text) in [
        ("control.csv", sample(800, false)),
        ("treated.csv", sample(700, true)),
    ] {
        fs::write(here.join(name), without_number(text)).unwrap();
    }
    let page = fs::read_to_string(project("README.md")).unwrap();
    let typed = commands(&page);
    let typed = typed
        .iter()
        .filter_map(|line| line.strip_prefix("gradnet "));
    // Those for users without data of their own train for up to half a minute.
    let (demos, typed): (Vec<_>, Vec<_>) = typed.partition(|line| line.contains("configs/"));
    assert_eq!((typed.len(), demos.len()), (6, 4));
    for demo in demos {
        let config = demo.split_whitespace().nth(1).unwrap();
        let config = project(config).display().to_string();
        let ran = gradnet(here, &["train", &config, "--dry-run"]);
        assert_eq!(ran.code, 0, "{demo}: {}", ran.stderr);
    }
    for command in typed {
        let words: Vec<&str> = command.split_whitespace().collect();
        let ran = gradnet(here, &words);
        assert_eq!(ran.code, 0, "{command}: {}{}", ran.stdout, ran.stderr);
    }
    for file in ["moved.csv", "back.csv", "report.html"] {
        assert!(here.join(file).is_file(), "{file}");
    }
    // Every task of the table of tasks has a start that `config init` knows.
    let starts = page
        .lines()
        .filter(|line| line.contains("| `gradnet config init"));
    assert_eq!(starts.count(), 5);
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

/// Two round Gaussians of deviation 1 at (7, 0) and (13, 1), with the header that the page shows.
fn samples() -> String {
    let mut state = 11u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 24)
    };
    let mut text = "a,b\n".to_owned();
    for row in 0..1_500 {
        let (a, b) = if row % 2 == 0 {
            (7.0, 0.0)
        } else {
            (13.0, 1.0)
        };
        let mut normal = || (0..12).map(|_| random()).sum::<f64>() - 6.0;
        text.push_str(&format!("{},{}\n", a + normal(), b + normal()));
    }
    text
}

#[test]
fn the_page_on_scores_goes_from_samples_to_a_density_and_new_samples() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("samples.csv"), samples()).unwrap();
    fs::write(here.join("points.csv"), "a,b\n7,0\n10,0.5\n").unwrap();
    let page = fs::read_to_string(project("docs/scores.md")).unwrap();
    let mut printed = String::new();
    for command in commands(&page) {
        let words: Vec<&str> = command.split_whitespace().collect();
        if words[0] != "gradnet" {
            continue;
        }
        let mut words = words[1..].to_vec();
        if words[0] == "train" {
            words.extend(["--set", "train.steps=2500"]);
        }
        let ran = gradnet(here, &words);
        assert_eq!(ran.code, 0, "{command}: {}{}", ran.stdout, ran.stderr);
        printed.push_str(&ran.stdout);
    }
    assert!(
        [
            "500 samples of 25 chains",
            "acceptance",
            "effective sample size",
            "split R-hat"
        ]
        .iter()
        .all(|line| printed.contains(line)),
        "{printed}"
    );

    let summary = fs::read_to_string(here.join("runs/samples/summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let loss = |row: &serde_json::Value| row["heldout_loss"]["value"].as_f64().unwrap();
    let found = loss(&summary["metrics"]);
    assert!(found < loss(&summary["baselines"]["gaussian"]), "{summary}");

    let rows = |file: &str| -> Vec<Vec<f64>> {
        let text = fs::read_to_string(here.join(file)).unwrap();
        let rows = text.lines().skip(1);
        rows.map(|row| row.split(',').map(|v| v.parse().unwrap()).collect())
            .collect()
    };
    // The middle between the two has a density of e^(-(3^2 + 0.5^2)/2), twice: ln 2 - 4.625 = -3.93 beside a mean.
    let density = rows("density.csv");
    let fall = density[1][2] - density[0][2];
    assert!((-5.2..-2.2).contains(&fall), "{density:?}");
    let drawn = rows("drawn.csv");
    assert_eq!(drawn.len(), 500);
    let near = drawn.iter().filter(|x| {
        let square = |a: f64, b: f64| (x[0] - a).powi(2) + (x[1] - b).powi(2);
        square(7.0, 0.0).min(square(13.0, 1.0)) < 9.0
    });
    assert!(near.count() > 450);
    assert!(here.join("report.html").is_file());
}

/// Four Gaussians of deviation 1: a chain stays where it began if their means are 10 from the origin, and reaches all
/// if they are 1 from it.
#[test]
fn sample_tells_by_the_split_r_hat_whether_its_chains_mix() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for (separation, mix) in [(10.0, false), (1.0, true)] {
        let config = format!(
            "schema = 1\nname = \"s\"\n[score.density]\nkind = \"gaussian_mixture\"\nseparation = {separation:.1}\n\
             [network.gradnet_c]\nwidth = 32\n[train]\nsteps = 1500\nschedule = \"cosine\"\n[evaluation]\npoints = 200\ndraws = 1\n"
        );
        fs::write(here.join("s.toml"), config).unwrap();
        let trained = gradnet(here, &["train", "s.toml", "-o", "run", "--overwrite"]);
        assert_eq!(trained.code, 0, "{}", trained.stderr);
        let ran = gradnet(
            here,
            &["sample", "run", "--count", "400", "-o", "drawn.csv"],
        );
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let line = ran
            .stdout
            .lines()
            .find_map(|line| line.strip_prefix("split R-hat"));
        let r_hat: f64 = line.unwrap().trim().parse().unwrap();
        let warned = ran.stderr.contains("the chains do not mix");
        assert_eq!(
            (r_hat < 1.5, !warned),
            (mix, mix),
            "{}{}",
            ran.stdout,
            ran.stderr
        );
    }
}

#[test]
fn what_cannot_be_sampled_or_learned_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let config = |loss: &str, network: &str, dim: usize| {
        format!(
            "schema = 1\nname = \"s\"\n[score.density]\nkind = \"gaussian_mixture\"\ndim = {dim}\nloss = \"{loss}\"\n[network.{network}]\nwidth = 8\n"
        )
    };
    let check = |text: String| {
        fs::write(here.join("s.toml"), text).unwrap();
        gradnet(here, &["config", "check", "s.toml"])
    };
    let jumps = check(config("hyvarinen", "rr", 2));
    assert_eq!(jumps.code, 2);
    assert!(
        jumps.stderr.contains("piecewise linear"),
        "{}",
        jumps.stderr
    );
    let products = check(config("hyvarinen", "mlp", 32));
    assert!(
        products.stderr.contains("\"sliced\""),
        "{}",
        products.stderr
    );
    assert_eq!(check(config("sliced", "mlp", 32)).code, 0);
    assert_eq!(check(config("hyvarinen", "gradnet_c", 32)).code, 0);
    let monotone = check(config("denoising", "mgradnet_c", 2));
    assert!(
        monotone.stderr.contains("not convex"),
        "{}",
        monotone.stderr
    );

    fs::copy(project("configs/smoke.toml"), here.join("smoke.toml")).unwrap();
    let trained = gradnet(here, &["train", "smoke.toml", "-o", "other"]);
    assert_eq!(trained.code, 0, "{}", trained.stderr);
    let refused = gradnet(here, &["sample", "other", "-o", "drawn.csv"]);
    assert_eq!(refused.code, 2);
    assert!(
        refused
            .stderr
            .contains("only a score, or a flow to a known"),
        "{}",
        refused.stderr
    );
    assert!(!here.join("drawn.csv").exists());
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
    assert_eq!(commands.len(), 9);
    for command in &commands {
        let mut words: Vec<&str> = command.split_whitespace().skip(1).collect();
        if words[0] == "train" {
            words.extend(["--set", "train.steps=80", "--set", "train.batch=8"]);
            let network = match command.contains("patch_weak_ridge") {
                true => "network.patch_weak_ridge={filters=4,size=5}",
                false => "network.patch_ridge={filters=4,size=5}",
            };
            words.extend(["--set", network]);
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
    // What is meant for points sends those who have pictures to what is meant for pictures.
    let [points, seed, draws] = ["--points", "--seed", "--draws"].map(|flag| {
        let ran = gradnet(here, &["eval", "runs/demo", flag, "3"]);
        assert_eq!(ran.code, 2, "{flag}: {}", ran.stdout);
        ran.stderr
    });
    for said in [points, seed, draws] {
        assert!(
            said.contains("run on pictures") && said.contains("leave --"),
            "{said}"
        );
    }
    let predicted = |input: &str| {
        let file = ["--input", input, "--output", "field.csv"];
        gradnet(here, &[&["predict", "runs/demo"][..], &file].concat())
    };
    let picture = predicted("blurred.png");
    assert_eq!(picture.code, 2, "{}", picture.stdout);
    for part in [
        "5 x 5 pixels",
        "gradnet solve runs/demo --input blurred.png",
    ] {
        assert!(picture.stderr.contains(part), "{}", picture.stderr);
    }
    let line = vec!["0.5"; 25].join(",") + "\n";
    fs::write(here.join("patches.csv"), line).unwrap();
    let patches = predicted("patches.csv");
    assert_eq!(patches.code, 0, "{}", patches.stderr);
    assert!(
        patches.stderr.contains("5 x 5 pixels"),
        "{}",
        patches.stderr
    );
    let bare = gradnet(here, &["train", "configs/denoise_bsd.toml"]);
    assert_eq!(bare.code, 2);
    assert!(bare.stderr.contains("images.train"), "{}", bare.stderr);
    let checked = gradnet(here, &["config", "check", "configs/denoise_bsd.toml"]);
    assert_eq!(checked.code, 0, "{}", checked.stderr);
}
