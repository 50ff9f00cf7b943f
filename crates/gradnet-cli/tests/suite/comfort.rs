//! What makes the program pleasant: completions, manual pages, a schema for editors, a config written for one's own
//! data, JSON everywhere, no colours where none are wanted.

use std::fs;
use std::path::{Path, PathBuf};

use crate::program::{Ran, command, gradnet};
use serde_json::{Value, json};

fn configs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_shell_gets_completions_that_know_commands_networks_and_backends() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = gradnet(Path::new("."), &["completions", shell]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        for word in ["train", "predict", "resume", "completions"] {
            assert!(ran.stdout.contains(word), "{shell}: {word}");
        }
        // The generators of the others leave values out.
        if ["bash", "zsh", "fish"].contains(&shell) {
            for word in ["mgradnet_c", "ndarray"] {
                assert!(ran.stdout.contains(word), "{shell}: {word}");
            }
        }
    }
    assert_eq!(gradnet(Path::new("."), &["completions", "dos"]).code, 2);
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let ran = gradnet(folder.path(), &["man", "pages"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let help = gradnet(folder.path(), &["--help"]).stdout;
    let listed = help
        .lines()
        .skip_while(|line| !line.starts_with("Learn:"))
        .skip(1)
        .take_while(|line| !line.starts_with("Options:"));
    let mut commands = 0;
    for line in listed.filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
        let name = line.split_whitespace().next().unwrap();
        if name == "help" {
            continue;
        }
        let page = folder.path().join(format!("pages/gradnet-{name}.1"));
        let text = fs::read_to_string(&page).unwrap();
        assert!(text.contains(".SH"), "{name}");
        commands += 1;
    }
    assert!(commands >= 12, "{commands}");
    assert!(folder.path().join("pages/gradnet.1").is_file());
}

fn schema() -> Value {
    let ran = gradnet(Path::new("."), &["config", "schema"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// The parts of JSON Schema that ours uses; the path of the first value that does not conform.
fn conforms(value: &Value, schema: &Value, path: &str) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("{path}: {what}"));
    if let Some(options) = schema["oneOf"].as_array() {
        let good = options
            .iter()
            .filter(|option| conforms(value, option, path).is_ok());
        if good.count() != 1 {
            return wrong("is not exactly one of the choices");
        }
    }
    if let Some(choices) = schema["enum"].as_array()
        && !choices.contains(value)
    {
        return wrong("is not among the choices");
    }
    let right = match schema["type"].as_str() {
        None => true,
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("number") => value.is_number(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some(other) => return wrong(&format!("unknown type {other}")),
    };
    if !right {
        return wrong("has the wrong type");
    }
    for required in schema["required"].as_array().into_iter().flatten() {
        if value[required.as_str().unwrap()].is_null() {
            return wrong(&format!("{required} is missing"));
        }
    }
    let (Some(table), Some(properties)) = (value.as_object(), schema["properties"].as_object())
    else {
        return Ok(());
    };
    for (name, inner) in table {
        match properties.get(name) {
            Some(schema) => conforms(inner, schema, &format!("{path}.{name}"))?,
            None if schema["additionalProperties"] == json!(false) => {
                return wrong(&format!("unknown key {name}"));
            }
            None => {}
        }
    }
    Ok(())
}

fn as_json(toml: &str) -> Value {
    serde_json::to_value(toml::from_str::<toml::Value>(toml).unwrap()).unwrap()
}

#[test]
fn the_schema_takes_every_config_of_the_project_and_refuses_broken_ones() {
    let schema = schema();
    for file in configs() {
        let config = as_json(&fs::read_to_string(&file).unwrap());
        assert_eq!(
            conforms(&config, &schema, "config"),
            Ok(()),
            "{}",
            file.display()
        );
    }
    let smoke = configs()
        .into_iter()
        .find(|file| file.ends_with("smoke.toml"))
        .unwrap();
    let smoke = fs::read_to_string(smoke).unwrap();
    for (good, bad) in [
        ("steps = 300", "stpes = 300"),
        ("steps = 300", "steps = \"many\""),
        ("steps = 300", "steps = 0.5"),
        ("[network.mgradnet_m]", "[network.mgradnet_z]"),
        ("data = \"online\"", "data = \"offline\""),
        ("name = \"smoke\"", ""),
        ("[target.piecewise_quadratic]\ndim = 8", "[other]"),
    ] {
        let text = smoke.replace(good, bad);
        assert_ne!(text, smoke, "{good}");
        assert!(
            conforms(&as_json(&text), &schema, "config").is_err(),
            "{bad}"
        );
    }
    let own = "schema = 1\nname = \"a\"\n[data.file]\npath = \"a.csv\"\nx = [\"b\"]\n[network.gradnet_c]\nwidth = 3\n";
    assert_eq!(conforms(&as_json(own), &schema, "config"), Ok(()));
}

/// `docs/config.md` is what the code says of its settings.
#[test]
fn the_reference_of_all_settings_is_fresh() {
    let ran = gradnet(Path::new("."), &["config", "reference"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/config.md");
    let page = fs::read_to_string(page).unwrap_or_default();
    assert!(
        page == ran.stdout,
        "docs/config.md is stale; renew it with `gradnet config reference > docs/config.md`"
    );
}

/// `config init` for this data file, with these options.
fn init(folder: &Path, data: &str, options: &[&str]) -> Ran {
    gradnet(
        folder,
        &[&["config", "init", "--data", data][..], options].concat(),
    )
}

/// A CSV file of so many rows under this line of names.
fn write_rows(file: &Path, names: &str, rows: usize) {
    let rows: String = (0..rows)
        .map(|i| format!("{i},{},{},{}\n", i % 7, 2 * i, i % 5))
        .collect();
    fs::write(file, format!("{names}\n{rows}")).unwrap();
}

#[test]
fn a_config_is_written_for_the_users_data_and_is_good() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let names = "time,place,force,\"odd \"\"name\"\"\"";
    write_rows(&here.join("my data.csv"), names, 300);
    let ran = init(here, "my data.csv", &["--out", "mine.toml"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("gradnet train mine.toml"),
        "{}",
        ran.stdout
    );
    let text = fs::read_to_string(here.join("mine.toml")).unwrap();
    assert!(text.contains("300 rows, 2 dimensions"), "{text}");
    assert!(
        text.matches("\n# ").count() >= 8,
        "it explains itself: {text}"
    );
    for setting in ["modules = 4", "activation = \"learned\""] {
        assert!(text.contains(setting), "{setting}: {text}");
    }
    let ran = gradnet(here, &["config", "check", "mine.toml"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(conforms(&as_json(&text), &schema(), "config"), Ok(()));

    let again = init(here, "my data.csv", &["--out", "mine.toml"]);
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("--overwrite"), "{}", again.stderr);
    let printed = init(here, "my data.csv", &["--network", "gradnet_c"]);
    assert!(
        printed.stdout.contains("[network.gradnet_c]"),
        "{}",
        printed.stdout
    );

    fs::write(here.join("bad.csv"), "a,b\n1,2\n3,x\n").unwrap();
    let ran = init(here, "bad.csv", &[]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("line 3"), "{}", ran.stderr);
}

#[test]
fn a_config_is_only_written_for_data_that_can_train() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let write = |rows: usize| write_rows(&here.join("a.csv"), "a,b,c,d", rows);
    let init = |options: &[&str]| init(here, "a.csv", &[&["--out", "a.toml"], options].concat());
    for rows in 0..4 {
        write(rows);
        let ran = init(&[]);
        assert_eq!(ran.code, 2, "{rows}: {}", ran.stdout);
        let stderr = ran.stderr.replace("\n  │ ", " ");
        assert!(stderr.contains(&format!("it has {rows} rows")), "{stderr}");
        assert!(stderr.contains("at least 4"), "{stderr}");
        assert!(!here.join("a.toml").exists(), "{rows}");
    }
    write(25);
    for (x, y, said) in [
        ("a,b", "b,c", "`b` is named both in x and in y"),
        ("a,a", "c,d", "`a` is named twice"),
    ] {
        let ran = init(&["--x", x, "--y", y]);
        assert_eq!(ran.code, 2, "{x} {y}: {}", ran.stdout);
        let stderr = ran.stderr.replace("\n  │ ", " ");
        assert!(stderr.contains(said), "{stderr}");
        assert!(!here.join("a.toml").exists());
    }
    // Of 25 rows 3 and 3 are held out: the batch is no larger than what is left.
    for rows in [15, 25] {
        write(rows);
        let ran = init(&["--overwrite"]);
        assert_eq!(ran.code, 0, "{rows}: {}", ran.stderr);
        let train = [
            "train",
            "--config",
            "a.toml",
            "--out",
            &rows.to_string(),
            "--progress",
            "none",
            "--set",
            "train.steps=2",
        ];
        let ran = gradnet(here, &train);
        assert_eq!(ran.code, 0, "{rows}: {}", ran.stderr);
    }
}

#[test]
fn a_config_can_be_written_for_every_network() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write_rows(&here.join("a.csv"), "a,b,c,d", 200);
    let networks = gradnet(here, &["networks", "--json"]).stdout;
    let networks: Value = serde_json::from_str(&networks).unwrap();
    for entry in networks.as_array().unwrap() {
        let name = entry["name"].as_str().unwrap();
        let options = ["--network", name, "--out", "a.toml", "--overwrite"];
        let ran = init(here, "a.csv", &options);
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        let ran = gradnet(here, &["config", "check", "a.toml"]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
    }
}

/// Every task that `config init` knows writes a config that is good, says what was found, and trains.
#[test]
fn a_config_can_be_written_for_every_task() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write_rows(&here.join("a.csv"), "number,one,two,three", 60);
    write_rows(&here.join("b.csv"), "number,one,two,three", 80);
    let text = fs::read_to_string(here.join("b.csv")).unwrap();
    fs::write(here.join("b.csv"), text.replace(",0,", ",9,")).unwrap();
    let samples = (0..4).flat_map(|path| (0..12).map(move |i| (path, 0.1 * i as f64)));
    let rows: String = samples
        .map(|(path, t)| {
            let (q, p) = ((t + path as f64).sin(), (t + path as f64).cos());
            format!("{path},{t},{q},{p}\n")
        })
        .collect();
    fs::write(here.join("paths.csv"), format!("path,time,q,p\n{rows}")).unwrap();
    for (folder, count) in [("train", 3), ("val", 1), ("test", 1)] {
        let folder = here.join("pictures").join(folder);
        fs::create_dir_all(&folder).unwrap();
        (0..count).for_each(|i| {
            picture(
                &folder.join(format!("{i}.npy")),
                i + folder.as_os_str().len(),
            )
        });
    }
    for (line, said) in [
        (
            "regression --data a.csv --x number,one --y two,three",
            "60 rows, 2 dimensions",
        ),
        ("transport --source a.csv --target b.csv", "60 and 80 rows"),
        ("score --data a.csv", "60 rows"),
        (
            "dynamics --data paths.csv",
            "4 paths, 48 samples, 2 coordinates",
        ),
        (
            "images --train pictures/train",
            "3 pictures to train on, 1 to choose by, 1 to test with",
        ),
    ] {
        let task = line.split(' ').next().unwrap();
        let file = format!("{task}.toml");
        let words = ["config", "init"].into_iter().chain(line.split(' '));
        let words: Vec<&str> = words.chain(["-o", &file]).collect();
        let ran = gradnet(here, &words);
        assert_eq!(ran.code, 0, "{line}: {}", ran.stderr);
        let text = fs::read_to_string(here.join(&file)).unwrap();
        assert!(text.contains(said), "{text}");
        assert!(
            text.matches("\n# ").count() >= 8,
            "it explains itself: {text}"
        );
        assert_eq!(conforms(&as_json(&text), &schema(), "config"), Ok(()));
        let ran = gradnet(here, &["config", "check", &file]);
        assert_eq!(ran.code, 0, "{line}: {}", ran.stderr);
        let mut train = vec!["train", &file, "-o", task, "--progress", "none"];
        let short = ["train.steps=2", "train.validation.every=1", "train.batch=4"];
        short
            .iter()
            .for_each(|setting| train.extend(["--set", setting]));
        if task == "images" {
            train.extend(["--set", "images.levels=[15]"]);
        }
        let ran = gradnet(here, &train);
        assert_eq!(ran.code, 0, "{line}: {}", ran.stderr);
    }
    for (line, said) in [
        ("transport --source a.csv", "needs --target"),
        ("score --source a.csv", "takes no --source"),
        ("score --data a.csv --y one", "takes no --y"),
        (
            "images --train pictures/val",
            "stands beside it|is the same picture",
        ),
        ("dynamic --data a.csv", "did you mean `dynamics`"),
        ("dynamics --data a.csv", "column `path` is not in the file"),
    ] {
        let words = ["config", "init"].into_iter().chain(line.split(' '));
        let ran = gradnet(here, &words.collect::<Vec<_>>());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{line}");
        let stderr = ran.stderr.replace("\n  │ ", " ");
        assert!(
            said.split('|').any(|said| stderr.contains(said)),
            "{line}: {stderr}"
        );
    }
}

/// A picture of 24 × 24 pixels as a `.npy` file of bytes.
fn picture(file: &Path, seed: usize) {
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (24, 24), }";
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    let header = format!("{header:<117}\n");
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend((0..576).map(|i| ((i * (seed + 7)) % 251) as u8));
    fs::write(file, bytes).unwrap();
}

#[test]
fn config_check_as_json_names_place_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let smoke = fs::read_to_string(
        configs()
            .into_iter()
            .find(|f| f.ends_with("smoke.toml"))
            .unwrap(),
    )
    .unwrap();
    fs::write(folder.path().join("good.toml"), &smoke).unwrap();
    fs::write(
        folder.path().join("bad.toml"),
        smoke.replace("steps = 300", "stpes = 300"),
    )
    .unwrap();
    let ran = gradnet(
        folder.path(),
        &["config", "check", "--json", "good.toml", "bad.toml"],
    );
    assert_eq!(ran.code, 2);
    let list: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (list[0]["good"].clone(), list[0]["dim"].clone()),
        (json!(true), json!(8))
    );
    let line = smoke
        .lines()
        .position(|line| line.contains("steps = 300"))
        .unwrap()
        + 1;
    assert_eq!(list[1]["line"], line);
    assert!(
        list[1]["help"]
            .as_str()
            .unwrap()
            .contains("did you mean `steps`")
    );
}

#[test]
fn reports_are_coloured_only_where_that_is_wanted() {
    let escape = '\u{1b}';
    let report = |no_colour: bool| {
        let mut program = command(Path::new("."));
        if !no_colour {
            program.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1");
        }
        let output = program.args(["eval", "nowhere"]).output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(!report(true).contains(escape));
    assert!(report(false).contains(escape));
}
