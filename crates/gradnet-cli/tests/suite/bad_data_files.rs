//! Every way a data file, or the config that names it, can be wrong: told with file, place and remedy.

use std::fs;

use crate::pairs::{csv, try_to_train, write, write_config};
use crate::program::{Ran, command, gradnet};

/// `config check` or `train` with this data file's text and settings fails and says so.
#[track_caller]
fn refused(file: &str, contents: &[u8], settings: &str, said: &[&str]) {
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    fs::write(folder.join(file), contents).unwrap();
    write_config(folder, &format!("path = \"{file}\"\n{settings}"));
    let ran = try_to_train(folder, "run", &[]);
    assert_eq!(ran.code, 2, "{}{}", ran.stdout, ran.stderr);
    let stderr = ran.stderr.replace("\n  │ ", " ");
    for part in said {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    assert!(stderr.contains("help: "), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert!(!folder.join("run/summary.json").exists());
}

#[test]
fn a_bad_row_is_told_with_file_line_and_column() {
    let one =
        |bad: &'static str| csv(move |row, line| if row == 15 { bad.to_owned() } else { line });
    refused(
        "a.csv",
        &one("1,2,3"),
        "",
        &["a.csv, line 17", "3 values", "has 4"],
    );
    refused("a.csv", &one("1,2,3,4,5"), "", &["line 17", "5 values"]);
    refused(
        "a.csv",
        &one("1,2,x,4"),
        "",
        &["line 17", "column `g1`", "`x` is not a number"],
    );
    refused(
        "a.csv",
        &one("1,NaN,3,4"),
        "",
        &["line 17", "column `x2`", "NaN"],
    );
    refused(
        "a.csv",
        &one("1,2,3,inf"),
        "",
        &["line 17", "column `g2`", "infinite"],
    );
    refused(
        "a.csv",
        &one("1,2,3,1e600"),
        "",
        &["line 17", "column `g2`", "infinite"],
    );
    refused(
        "a.csv",
        &one("1,,3,4"),
        "",
        &["line 17", "column `x2`", "missing"],
    );
}

#[test]
fn a_file_that_is_not_as_the_config_says_is_told_at_its_key() {
    let good = csv(|_, line| line);
    refused("a.csv", b"", "", &["empty"]);
    refused("a.csv", b"x,y,z\n1,2,3\n", "", &["coordinates"]);
    refused("a.txt", &good, "", &[".csv, .tsv, .npy"]);
    refused(
        "a.csv",
        &good,
        "x = [\"x1\", \"x22\"]\ny = [\"g1\", \"g2\"]\n",
        &["`x22` is not in the file", "did you mean `x2`"],
    );
    refused(
        "a.csv",
        &good,
        "x = [\"x1\"]\ny = [\"g1\", \"g2\"]\n",
        &["a point has 1 coordinates and its gradient 2"],
    );
    refused(
        "a.csv",
        &good,
        "x = [\"x1\", \"x2\"]\n",
        &["only one of `x` and `y`"],
    );
    refused("a.csv", &good, "test = 1.5\n", &["`data.file.test` is 1.5"]);
    refused(
        "a.csv",
        &good,
        "validation = 0.9\n",
        &[
            "`data.file.validation` is 0.9",
            "beside test = 0.1",
            "write validation = 0.1",
        ],
    );
    refused(
        "a.csv",
        &good,
        "x = [\"x1\", \"x2\"]\ny = [\"x2\", \"g2\"]\n",
        &["a.csv: column `x2` is named both in x and in y", "in y"],
    );
    refused(
        "a.csv",
        &good,
        "x = [\"x1\", \"x1\"]\ny = [\"g1\", \"g2\"]\n",
        &["a.csv: column `x1` is named twice", "name each once"],
    );
    refused(
        "a.csv",
        &good,
        "tets = 0.5\n",
        &["unknown key `tets`", "did you mean `test`"],
    );
    refused(
        "a.csv",
        b"a,b,c,d\n1,2,3,4\n5,6,7,8\n9,8,7,6\n",
        "",
        &["fewer than a batch of 50", "train.batch"],
    );
    refused("a.parquet", &good, "", &["no whole Parquet file"]);
    refused("a.npy", &good, "", &["npy"]);
    refused("a.npz", &good, "", &["no .npz archive"]);
    refused("a.safetensors", &good, "", &["no whole safetensors"]);
    let same = csv(|_, _| "1,2,3,4".to_owned());
    refused("a.csv", &same, "", &["all its points are the same"]);
}

#[test]
fn truncated_files_and_missing_ones_are_told() {
    for name in [
        "pairs.npy",
        "pairs.npz",
        "pairs.parquet",
        "pairs.safetensors",
    ] {
        let here = tempfile::tempdir().unwrap();
        write(here.path(), name);
        let bytes = fs::read(here.path().join(name)).unwrap();
        refused(name, &bytes[..bytes.len() * 2 / 3], "", &[name]);
    }
    let here = tempfile::tempdir().unwrap();
    write_config(here.path(), "path = \"nowhere.csv\"\n");
    let ran = gradnet(here.path(), &["config", "check", "mine.toml"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("no such file"), "{}", ran.stderr);
    // The place in the config is underlined.
    assert!(ran.stderr.contains("nowhere.csv\""), "{}", ran.stderr);
    assert!(ran.stderr.contains('╰'), "{}", ran.stderr);
}

#[test]
fn a_folder_is_no_data_file() {
    let here = tempfile::tempdir().unwrap();
    for name in ["data", "data.csv", "data.npy", "data.npz", "data.parquet"] {
        fs::create_dir(here.path().join(name)).unwrap();
        let ran = gradnet(here.path(), &["config", "init", "--data", name]);
        assert_eq!(ran.code, 2, "{name}: {}", ran.stdout);
        assert!(ran.stderr.contains("folder"), "{name}: {}", ran.stderr);
    }
}

#[test]
fn a_target_and_a_file_are_not_both_learned() {
    let here = tempfile::tempdir().unwrap();
    let data = write(here.path(), "pairs.csv");
    write_config(
        here.path(),
        &format!("{data}\n[target.quartic_polynomial]\n"),
    );
    let ran = gradnet(here.path(), &["config", "check", "mine.toml"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("not from both"), "{}", ran.stderr);
}

#[test]
fn lines_are_counted_as_an_editor_counts_them_whatever_ends_them() {
    let text = |end: &str| {
        let bad = |row, line| {
            if row == 15 {
                "1,2,x,4".to_owned()
            } else {
                line
            }
        };
        let text = String::from_utf8(csv(bad)).unwrap();
        // A comment and two empty lines before the line that is wrong.
        let text = text.replacen('\n', "\n# measured\n\n\n", 1);
        text.replace('\n', end).into_bytes()
    };
    for end in ["\n", "\r\n", "\r"] {
        refused(
            "a.csv",
            &text(end),
            "",
            &["a.csv, line 20", "column `g1`", "`x`"],
        );
    }
}

#[test]
fn tables_that_cannot_be_read_are_told_with_what_they_are() {
    let good = String::from_utf8(csv(|_, line| line)).unwrap();
    let doubled = good.replacen("x1,x2,g1,g2", "x1,x2,g1,x1", 1);
    refused(
        "a.csv",
        doubled.as_bytes(),
        "",
        &["`x1`", "2 times", "a name of its own"],
    );
    let mixed = good
        .replacen("x1,x2,g1,g2", "x1;x2;g1;g2", 1)
        .replace(',', ";");
    let mixed = mixed.replacen(".", ",", 1);
    refused(
        "a.csv",
        mixed.as_bytes(),
        "",
        &["line 2", "comma", "decimal point"],
    );
    let commas = good.replace('.', ",");
    refused(
        "a.csv",
        commas.as_bytes(),
        "",
        &["line 2", "8 values", "decimal commas"],
    );
    let extra = good.replacen("x1,x2,g1,g2", "x1,x2,g1,g2,label", 1);
    let labelled: String = extra
        .lines()
        .map(|line| {
            if line.ends_with("label") {
                line.into()
            } else {
                format!("{line},up")
            }
        })
        .collect::<Vec<String>>()
        .join("\n");
    let said = ["5 columns", "label", "name the columns"];
    refused("a.csv", labelled.as_bytes(), "", &said);
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    refused(
        "a.parquet",
        pointer,
        "",
        &["Git LFS pointer", "git lfs pull"],
    );
}

/// Of the letters after the backslash some are escapes and some are not.
#[test]
fn a_path_of_windows_between_double_quotes_is_told_with_what_to_write() {
    let here = tempfile::tempdir().unwrap();
    let check = |path: &str| {
        write_config(here.path(), &format!("path = {path}\n"));
        let ran = gradnet(here.path(), &["config", "check", "mine.toml"]);
        assert_eq!(ran.code, 2, "{path}: {}", ran.stdout);
        // Paths are broken at their colons and slashes where lines end.
        ran.stderr.split_whitespace().collect::<String>()
    };
    for path in [
        "\"C:\\data\\pairs.csv\"",
        "\"C:\\temp\\new.csv\"",
        "\"C:\\Users\\me\\pairs.csv\"",
        "\"D:\\rows\\pairs.csv\"",
        "\"C:\\exp\\backup.csv\"",
        "\"C:\\xa\\pairs.csv\"",
        "\"\\\\server\\pairs.csv\"",
    ] {
        let stderr = check(path);
        assert!(stderr.contains("singlequotes"), "{path}: {stderr}");
        assert!(
            stderr.contains("path='C:\\data\\pairs.csv'"),
            "{path}: {stderr}"
        );
    }
    // Written as it should be, the file is only not there.
    for path in [
        "'C:\\temp\\new.csv'",
        "\"C:/temp/new.csv\"",
        "\"C:\\\\temp\\\\new.csv\"",
    ] {
        let stderr = check(path);
        assert!(stderr.contains("nosuchfile"), "{path}: {stderr}");
        assert!(!stderr.contains("singlequotes"), "{path}: {stderr}");
    }
}

#[test]
fn a_folder_for_temporary_files_that_is_not_there_is_told() {
    let here = tempfile::tempdir().unwrap();
    let folder = here.path();
    write(folder, "pairs.npz");
    write_config(folder, "path = \"pairs.npz\"\n");
    let without = |arguments: &[&str]| {
        let mut command = command(folder);
        let ran = command
            .args(arguments)
            .env("TMPDIR", folder.join("nowhere"))
            .output();
        Ran::of(ran.unwrap())
    };
    let train = [
        "train",
        "--config",
        "mine.toml",
        "--out",
        "run",
        "--progress",
        "none",
    ];
    let short = ["--set", "train.steps=20"];
    assert_eq!(gradnet(folder, &[&train[..], &short].concat()).code, 0);
    let again = [
        "train",
        "--config",
        "mine.toml",
        "--out",
        "again",
        "--progress",
        "none",
    ];
    let predict = |output| ["predict", "run", "--input", "pairs.npz", "--output", output];
    for arguments in [
        &["config", "init", "--data", "pairs.npz"][..],
        &again,
        &predict("y.csv"),
        &predict("y.npz"),
        &["export", "run", "--to", "w.npz"],
    ] {
        let ran = without(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stdout);
        let stderr = ran.stderr.replace("\n  │ ", " ");
        for part in ["temporary file", "nowhere", "no such folder", "set TMPDIR"] {
            assert!(stderr.contains(part), "{arguments:?}: {part}: {stderr}");
        }
        assert!(!folder.join("y.csv").exists() && !folder.join("w.npz").exists());
    }
}
