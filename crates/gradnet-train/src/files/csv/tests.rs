use super::*;

/// What is read of a text: names, rows, left out, notes.
struct Table {
    names: Vec<String>,
    rows: Vec<Vec<f64>>,
    left_out: Vec<String>,
    notes: Vec<String>,
}

fn read(text: &str, header: Option<bool>) -> Table {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.csv");
    std::fs::write(&file, text).unwrap();
    let mut opened = open(&file, &Selection::All, Naming::OPTION.reading(header)).unwrap();
    let (mut rows, mut row) = (Vec::new(), Vec::new());
    while opened.rows.read(1, &mut row).unwrap() > 0 {
        rows.push(std::mem::take(&mut row));
    }
    Table {
        names: opened.names,
        rows,
        left_out: opened.left_out,
        notes: opened.notes,
    }
}

/// Rows (0.5, 1.5), (2.5, 3.5), (4.5, 5.5) under the names that are expected.
#[track_caller]
fn reads(text: &str, names: [&str; 2]) -> Table {
    let table = read(text, None);
    assert_eq!(table.names, names, "{text}");
    let rows = [[0.5, 1.5], [2.5, 3.5], [4.5, 5.5]];
    assert_eq!(table.rows, rows, "{text}");
    table
}

#[test]
fn tables_of_every_dialect_read_alike() {
    for text in [
        "a,b\n0.5,1.5\n2.5,3.5\n4.5,5.5\n",
        "a;b\n0.5;1.5\n2.5;3.5\n4.5;5.5",
        "a;b\r\n0,5;1,5\r\n2,5;3,5\r\n4,5;5,5\r\n",
        "a|b\n0.5|1.5\n2.5|3.5\n4.5|5.5\n",
        "a\tb\n0.5\t1.5\n2.5\t3.5\n4.5\t5.5\n",
        "a b\n0.5  1.5\n 2.5 3.5\n4.5 5.5 \n",
        "a b\r0,5 1,5\r2,5 3,5\r4,5 5,5",
        "a,b,\n0.5,1.5,\n2.5,3.5,\n4.5,5.5,\n",
        "a,b\n0.5,1.5,\n2.5,3.5,\n4.5,5.5,\n",
        "a,b,\n0.5,1.5\n2.5,3.5\n4.5,5.5\n",
        "\"a\",\"b\"\n\"0.5\",\"1.5\"\n\"2.5\",\"3.5\"\n\"4.5\",\"5.5\"\n",
        "\"a\",\"b\"\n\"0,5\",\"1,5\"\n\"2,5\",\"3,5\"\n\"4,5\",\"5,5\"\n",
        "sep=;\na;b\n0.5;1.5\n2.5;3.5\n4.5;5.5\n",
        "\u{feff}a,b\n0.5,1.5\n\n2.5,3.5\n\n\n4.5,5.5\n",
        "# written by a program\n# a b\n0.5 1.5\n2.5 3.5\n4.5 5.5\n",
        "# a,b\n0.5 1.5\n2.5 3.5\n4.5 5.5\n",
        "#a,b\n0.5,1.5\n# half of it\n2.5,3.5\n4.5,5.5\n",
        "% a b\n5.0e-01 1.5e+00\n2.5e+00 3.5e+00\n4.5e+00 5.5e+00\n",
        "a,b\n0.5 1.5\n2.5 3.5\n4.5 5.5\n",
    ] {
        reads(text, ["a", "b"]);
    }
}

#[test]
fn a_decimal_comma_is_said() {
    let table = reads("a;b\n0,5;1,5\n2,5;3,5\n4,5;5,5\n", ["a", "b"]);
    assert!(
        table.notes[0].contains("decimal comma: 0,5 is 0.5"),
        "{:?}",
        table.notes
    );
}

#[test]
fn columns_without_a_name_of_their_own_are_left_out() {
    for (text, left_out) in [
        (
            ",a,b\n7,0.5,1.5\n3,2.5,3.5\n9,4.5,5.5\n",
            "column 1 (without a name)",
        ),
        (
            "\"\",a,b\n\"r1\",0.5,1.5\n\"r2\",2.5,3.5\n\"r3\",4.5,5.5\n",
            "column 1 (without a name)",
        ),
        (
            "Unnamed: 0,a,b\n0,0.5,1.5\n1,2.5,3.5\n2,4.5,5.5\n",
            "Unnamed: 0 (an index)",
        ),
        (
            "a,b,__index_level_0__\n0.5,1.5,u\n2.5,3.5,v\n4.5,5.5,w\n",
            "__index_level_0__ (an index)",
        ),
        (
            "a b\n1 0.5 1.5\n2 2.5 3.5\n3 4.5 5.5\n",
            "column 1 (without a name)",
        ),
        (
            "id,a,b\nx1,0.5,1.5\nx2,2.5,3.5\nx3,4.5,5.5\n",
            "id (an index)",
        ),
    ] {
        assert_eq!(reads(text, ["a", "b"]).left_out, [left_out], "{text}");
    }
    // pandas: numbers of rows, and numbers for names.
    let table = reads(",0,1\n0,0.5,1.5\n1,2.5,3.5\n2,4.5,5.5\n", ["0", "1"]);
    assert_eq!(table.left_out, ["column 1 (without a name)"]);
    assert!(
        reads("a,b\n0.5,1.5\n2.5,3.5\n4.5,5.5\n", ["a", "b"])
            .left_out
            .is_empty()
    );
}

#[test]
fn a_first_line_that_counts_is_names_or_values_and_it_is_said_which() {
    let counts = |text: &str, header| {
        let table = read(text, header);
        let said = table.notes.iter().any(|note| note.contains("counts up"));
        (table.names.join(" "), table.rows.len(), said)
    };
    for (text, header, expected) in [
        ("0,1,2,3\n0.5,1.5,2.5,3.5\n", None, ("0 1 2 3", 1, true)),
        ("1,2,3,4\n0.5,1.5,2.5,3.5\n", None, ("1 2 3 4", 1, true)),
        ("0,1,2,3\n4,5,6,7\n", None, ("0 1 2 3", 1, true)),
        ("\"0\",\"1\",\"2\"\n0.5,1.5,2.5\n", None, ("0 1 2", 1, true)),
        ("0,1\n0.5,1.5\n2.0,3.5\n", None, ("0 1", 1 + 1, true)),
        ("5,6,7\n0.5,1.5,2.5\n", None, ("5 6 7", 1, true)),
        (
            "0,1,2,3\n0.5,1.5,2.5,3.5\n",
            Some(false),
            ("1 2 3 4", 2, false),
        ),
        (
            "0,1,2,3\n0.5,1.5,2.5,3.5\n",
            Some(true),
            ("0 1 2 3", 1, false),
        ),
        // Among integers, or alone, two numbers are values.
        ("0,1\n1,2\n2,5\n", None, ("1 2", 3, true)),
        ("0,1\n", None, ("1 2", 1, true)),
        ("5,6,7\n8,9,1\n", None, ("1 2 3", 2, true)),
        // pandas calls columns by floats too, if an index of floats was transposed.
        ("0.0,1.0,2.0\n0.5,1.5,2.5\n", None, ("1 2 3", 2, true)),
        ("1.,2.,3.\n0.5,1.5,2.5\n", None, ("1 2 3", 2, true)),
        // These do not count.
        ("0.0,1.0\n0.5,1.5\n", None, ("1 2", 2, false)),
        ("5.0,6.0,7.0\n0.5,1.5,2.5\n", None, ("1 2 3", 2, false)),
        ("0.0,1.0,2.5\n0.5,1.5,2.5\n", None, ("1 2 3", 2, false)),
        ("3,2,1\n0.5,1.5,2.5\n", None, ("1 2 3", 2, false)),
        ("0.5,1.5\n2.5,3.5\n", None, ("1 2", 2, false)),
        ("0.5,1.5\n2.5,3.5\n", Some(true), ("0.5 1.5", 1, false)),
    ] {
        let (names, rows, said) = counts(text, header);
        assert_eq!((names.as_str(), rows, said), expected, "{text} {header:?}");
    }
}

fn fails(text: &str) -> FileError {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.csv");
    std::fs::write(&file, text).unwrap();
    let mut opened = match open(&file, &Selection::All, Reading::default()) {
        Ok(opened) => opened,
        Err(error) => return error,
    };
    opened.rows.read(100, &mut Vec::new()).unwrap_err()
}

/// A line without names that has a gap or a word in it is no line of names.
#[test]
fn what_is_wrong_is_told_with_the_line_an_editor_shows() {
    for (text, place) in [
        ("a,b\r1,2\r3,x\r", "line 3"),
        ("# c\n\na,b\n1,2\n\n# d\n3,x\n", "line 7"),
        ("a,b\r\n1,2\r\n3\r\n", "line 3"),
        ("0.5,,1.5\n0.5,1,1.5\n", "line 1"),
        ("0.5,x,1.5\n0.5,1,1.5\n", "line 1"),
        ("7,,8\n0.5,1,1.5\n", "line 1"),
        ("a;b\n0,5;1,5\n0.5;1,5\n", "line 2"),
    ] {
        let error = fails(text);
        assert!(
            format!("{error:?}").contains(&format!("{place}\"")),
            "{text}: {error:?}"
        );
    }
}

#[test]
fn a_name_that_is_there_twice_is_refused() {
    for text in ["a,b,a\n1,2,3\n", "# a b a\n1 2 3\n4 5 6\n"] {
        let FileError::Column {
            name, requirement, ..
        } = fails(text)
        else {
            panic!("{text}");
        };
        assert_eq!(
            (name.as_str(), requirement.as_str()),
            ("a", "is there 2 times: 1, 3")
        );
    }
}
