//! docs/paper-map.md names a test for every row; they must exist.

use std::fs;
use std::path::{Path, PathBuf};

/// All Rust files below a folder.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is readable");
    entries
        .map(|entry| entry.expect("the entry is readable").path())
        .flat_map(|path| match path.is_dir() {
            true => rust_files(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The names `file::test` in a page, as written between backticks.
fn named_tests(page: &str) -> Vec<(&str, &str)> {
    page.split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|code| code.split_once("::"))
        .filter(|(file, test)| {
            let is_name = |word: &str| {
                word.chars()
                    .all(|c| c.is_ascii_lowercase() || "_0123456789".contains(c))
            };
            is_name(file) && is_name(test)
        })
        .collect()
}

#[test]
fn every_numbered_item_of_the_paper_has_a_row_with_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/paper-map.md")).expect("the map is there");
    let numbered = [
        ("Def.", 8),
        ("Lemma", 8),
        ("Prop.", 2),
        ("Rem.", 6),
        ("Thm.", 8),
    ];
    let items = numbered
        .iter()
        .flat_map(|(kind, last)| (1..=*last).map(move |number| format!("{kind} {number}")));
    let corollaries = ["3.1", "4.1", "7.1", "8.1"].map(|number| format!("Cor. {number}"));
    for item in items.chain(corollaries) {
        let found = page.lines().filter(|row| row.contains("::")).any(|row| {
            row.split('|')
                .nth(1)
                .is_some_and(|cell| cell.split(',').any(|part| part.trim() == item))
        });
        assert!(found, "docs/paper-map.md has no row with a test for {item}");
    }
}

/// Whether the tests of a module are in a file: its own, or `tests.rs` in its folder.
fn is_of(path: &Path, module: &str) -> bool {
    let named = |path: &Path, name: &str| path.file_stem().is_some_and(|stem| stem == name);
    let folder = || path.parent().is_some_and(|folder| named(folder, module));
    named(path, module) || (named(path, "tests") && folder())
}

#[test]
fn every_test_named_in_the_map_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/paper-map.md")).expect("the map is there");
    let files = rust_files(&root.join("crates"));
    let named = named_tests(&page);
    assert!(named.len() > 30, "the map names {} tests", named.len());
    for (file, test) in named {
        let exists = files.iter().filter(|path| is_of(path, file)).any(|path| {
            let code = fs::read_to_string(path).expect("the file is readable");
            code.contains(&format!("fn {test}("))
        });
        assert!(
            exists,
            "docs/paper-map.md names `{file}::{test}`, which does not exist"
        );
    }
}
