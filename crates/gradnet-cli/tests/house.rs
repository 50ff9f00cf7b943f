//! The house is built one way up: no crate depends on one above it, and no room of a crate imports one that needs it.
//!
//! A binary of its own: it reads sources and links no Burn, and it can be run while the suites do not compile.

#![allow(clippy::unwrap_used)] // in a test a failure is the finding

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The crates from the ground up.
const CRATES: [&str; 5] = [
    "gradnet-kernels",
    "gradnet-core",
    "gradnet-train",
    "gradnet-experiments",
    "gradnet-cli",
];

/// The rooms a config goes through on its way to a run folder, from the ground up.
const WAY: [&str; 10] = [
    "files",
    "data",
    "targets",
    "device_check",
    "settings",
    "task",
    "experiment",
    "config",
    "run",
    "training",
];

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let inner = folders.iter().flat_map(|folder| rust_files(folder));
    let files = files
        .into_iter()
        .filter(|file| file.extension().is_some_and(|end| end == "rs"));
    files.chain(inner).collect()
}

/// The code of a file, without comments and without the tests at its end.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The rooms a text imports from its own crate: `crate::room` and `crate::{room, other::{..}}`.
fn imports(code: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (place, _) in code.match_indices("crate::") {
        if code[..place].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[place + "crate::".len()..];
        let word = |text: &str| -> String {
            text.chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect()
        };
        match rest.strip_prefix('{') {
            None => rooms.push(word(rest)),
            Some(list) => {
                let (mut depth, mut start) = (0, true);
                for (at, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => start = true,
                        c if start && !c.is_whitespace() => {
                            rooms.push(word(&list[at..]));
                            start = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    rooms
}

/// Which rooms each room of a crate imports.
fn rooms(name: &str) -> BTreeMap<String, BTreeSet<String>> {
    let source = crates().join(name).join("src");
    let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut uses = Vec::new();
    for file in rust_files(&source) {
        let inside = file.strip_prefix(&source).unwrap();
        let first = inside.iter().next().unwrap().to_str().unwrap();
        let room = first.trim_end_matches(".rs").to_owned();
        let is_test = inside
            .iter()
            .any(|part| ["tests.rs", "tests", "toy.rs"].contains(&part.to_str().unwrap()));
        if !["lib", "main"].contains(&room.as_str()) && !is_test {
            uses.push((room.clone(), imports(&code(&file))));
            rooms.entry(room).or_default();
        }
    }
    for (room, imported) in uses {
        let known = imported
            .into_iter()
            .filter(|other| *other != room && rooms.contains_key(other));
        let known: Vec<_> = known.collect();
        rooms.get_mut(&room).unwrap().extend(known);
    }
    rooms
}

/// Takes away rooms that import nothing that is left; what remains stands in a circle.
fn circle(mut rooms: BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    loop {
        let ground = rooms.iter().find(|(_, imported)| imported.is_empty());
        let Some(ground) = ground.map(|(room, _)| room.clone()) else {
            return rooms.into_keys().collect();
        };
        rooms.remove(&ground);
        rooms.values_mut().for_each(|imported| {
            imported.remove(&ground);
        });
    }
}

#[test]
fn imports_are_found_where_they_are() {
    let code = "use crate::a::B;\nuse crate::{c::{D, e}, f};\nlet x = crate::g::h();\nuse gradnet_crate::z;";
    assert_eq!(imports(code), ["a", "c", "f", "g"]);
    let ring = [("a", "b"), ("b", "a"), ("c", "a")];
    let ring = ring.map(|(room, other)| (room.to_owned(), BTreeSet::from([other.to_owned()])));
    assert_eq!(circle(ring.into()), ["a", "b", "c"]);
}

#[test]
fn no_crate_depends_on_one_above_it() {
    let metadata = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(crates())
        .output()
        .unwrap();
    assert!(
        metadata.status.success(),
        "{}",
        String::from_utf8_lossy(&metadata.stderr)
    );
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let floor = |name: &str| CRATES.iter().position(|known| *known == name);
    let packages = metadata["packages"].as_array().unwrap();
    assert_eq!(packages.len(), CRATES.len());
    for package in packages {
        let name = package["name"].as_str().unwrap();
        for dependency in package["dependencies"].as_array().unwrap() {
            let below = dependency["name"].as_str().unwrap();
            if let Some(below_floor) = floor(below) {
                assert!(
                    below_floor < floor(name).unwrap(),
                    "{name} depends on {below}"
                );
            }
        }
    }
}

#[test]
fn no_room_stands_in_a_circle() {
    for name in CRATES {
        let rooms = rooms(name);
        assert!(rooms.len() >= 4, "{name}: {rooms:?}");
        assert_eq!(
            circle(rooms),
            [""; 0],
            "{name}: these rooms import each other"
        );
    }
}

#[test]
fn from_config_to_run_folder_no_import_runs_upwards() {
    let rooms = rooms("gradnet-train");
    for (floor, room) in WAY.iter().enumerate() {
        let imported = rooms
            .get(*room)
            .unwrap_or_else(|| panic!("there is no room {room}"));
        for above in &WAY[floor + 1..] {
            assert!(!imported.contains(*above), "{room} imports {above}");
        }
    }
}

/// What the README promises of it.
#[test]
fn a_module_of_ones_own_learns_a_task_in_under_forty_lines() {
    let file = crates().join("gradnet-train/examples/learn_with_your_module.rs");
    let code = code(&file);
    let lines = code.lines().filter(|line| !line.trim().is_empty());
    assert!(lines.count() < 40, "{}", file.display());
    assert!(code.lines().all(|line| line.len() <= 100), "no squeezing");
}

/// A file holds one concept; its tests, if they are long, stand in a file of their own.
#[test]
fn no_file_is_longer_than_350_lines_without_its_tests() {
    let mut long = Vec::new();
    for krate in CRATES {
        for file in rust_files(&crates().join(krate).join("src")) {
            let is_test = |part: &std::ffi::OsStr| part == "tests" || part == "tests.rs";
            if file.iter().any(is_test) {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let lines = code.lines().count();
            if lines > 350 {
                long.push(format!("{}: {lines}", file.display()));
            }
        }
    }
    assert_eq!(long, Vec::<String>::new());
}

/// A crate's tests are modules of one binary; a file that no line names would never run.
#[test]
fn every_file_of_a_suite_is_a_module_of_it() {
    let mut suites = 0;
    for krate in CRATES {
        let tests = crates().join(krate).join("tests");
        let Ok(main) = fs::read_to_string(tests.join("suite/main.rs")) else {
            continue;
        };
        suites += 1;
        for entry in fs::read_dir(tests.join("suite")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let is_module = path.with_extension("rs").is_file() || path.join("mod.rs").is_file();
            assert!(
                !is_module || name == "main" || main.contains(&format!("\nmod {name};\n")),
                "{} is not in the suite",
                path.display()
            );
        }
        for entry in fs::read_dir(&tests).unwrap() {
            let path = entry.unwrap().path();
            let is_binary = path.extension().is_some_and(|end| end == "rs");
            assert!(
                !is_binary || path.ends_with("house.rs"),
                "{} links Burn once more: it belongs in the suite",
                path.display()
            );
        }
    }
    assert_eq!(suites, CRATES.len() - 1, "the kernels' tests are inside");
}

/// The edits that CONTRIBUTING lists for an elementwise activation: no other file knows its name.
#[test]
fn a_function_is_named_where_contributing_says() {
    let mut named = BTreeSet::new();
    for krate in CRATES {
        for file in rust_files(&crates().join(krate)) {
            let text = fs::read_to_string(&file).unwrap();
            let mut words = text.split(|c: char| !c.is_alphanumeric());
            if words.any(|word| word.eq_ignore_ascii_case("erf")) {
                let file = file.strip_prefix(crates()).unwrap().to_owned();
                named.insert(file.display().to_string());
            }
        }
    }
    let expected = [
        "gradnet-cli/tests/house.rs",
        "gradnet-core/tests/suite/activations.rs",
        "gradnet-kernels/src/cube/cascade.rs",
        "gradnet-kernels/src/flex/tests.rs",
        "gradnet-kernels/src/scalar/erf.rs",
        "gradnet-kernels/src/scalar/mod.rs",
        "gradnet-kernels/src/vectors/mathematics.rs",
    ];
    assert_eq!(named, expected.map(String::from).into());
}

/// The example that the README shows is the one that stands in the README of gradnet-core, where it is a test.
#[test]
fn the_example_of_the_readme_is_run() {
    let example = |file: PathBuf| {
        let text = fs::read_to_string(file).unwrap();
        let (_, example) = text.split_once("```rust\n").unwrap();
        example.split_once("```").unwrap().0.to_owned()
    };
    assert_eq!(
        example(crates().join("../README.md")),
        example(crates().join("gradnet-core/README.md"))
    );
}
