//! The report is one page that opens anywhere, shows the numbers of summary.json and fetches nothing.

use std::fs;
use std::path::Path;

use crate::browser::{browse, browser, open};
use crate::pairs;
use crate::program::gradnet;
use serde_json::Value;

fn config(name: &str) -> String {
    format!("{}/../../configs/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

fn train(folder: &Path, config_name: &str, network: &str, out: &str) -> Value {
    let config = config(config_name);
    let name: String = out.chars().filter(char::is_ascii_alphanumeric).collect();
    let arguments = [
        "train",
        "--config",
        &config,
        "--network",
        network,
        "--out",
        out,
        "--progress",
        "none",
        "--set",
        "train.steps=40",
        "--set",
        "train.validation.every=10",
        "--set",
        "evaluation.draws=2",
        "--set",
        "evaluation.points=400",
        "--set",
        "evaluation.sampling=uniform",
        "--set",
        &format!("name={name}"),
    ];
    let ran = gradnet(folder, &arguments);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    serde_json::from_str(&fs::read_to_string(folder.join(out).join("summary.json")).unwrap())
        .unwrap()
}

/// The numbers of a summary as the page shows them.
fn shown(summary: &Value) -> [String; 3] {
    [
        "/test/mse_db_mean",
        "/reference/zero_db",
        "/reference/linear_db",
    ]
    .map(|place| format!("{:.2}", summary.pointer(place).unwrap().as_f64().unwrap()))
}

/// Nothing on the page points outside it.
fn check_self_contained(page: &str) {
    for outside in [
        "src=\"http",
        "href=\"http",
        "url(http",
        "@import",
        "src=\"//",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn a_report_of_several_runs_shows_their_numbers_and_compares_them() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let summaries = [
        train(here, "smoke", "mgradnet_m", "modules"),
        train(here, "smoke", "mgradnet_c", "cascade"),
        train(here, "convex_2d", "mgradnet_c", "plane"),
    ];
    let ran = gradnet(
        here,
        &[
            "report", "modules", "cascade", "plane", "--output", "all.html",
        ],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("all.html"), "{}", ran.stdout);
    let page = fs::read_to_string(here.join("all.html")).unwrap();
    check_self_contained(&page);
    for number in summaries.iter().flat_map(shown) {
        assert!(page.contains(&number), "{number}");
    }
    assert!(page.contains("id=\"comparison\""));
    for caption in [
        "Error on validation points over the training steps",
        "The learned field",
        "Where the error is",
        "How large the error is",
        "Eigenvalues of the Jacobian",
    ] {
        assert!(page.contains(caption), "{caption}");
    }
    assert!(page.contains("piecewise_quadratic"), "the configuration");

    let ran = gradnet(here, &["report", "plane"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let page = fs::read_to_string(here.join("report.html")).unwrap();
    assert!(!page.contains("id=\"comparison\""));
}

/// A run on a file has no target to draw: its page shows the file's test rows, in the file's units.
#[test]
fn a_report_of_a_run_on_a_data_file_has_its_reference_rows() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let data = pairs::write(here, "pairs.csv");
    pairs::write_config(here, &data);
    pairs::train(here, &["--set", "train.steps=100"]);
    let ran = gradnet(here, &["report", "run"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let page = fs::read_to_string(here.join("report.html")).unwrap();
    check_self_contained(&page);
    let summary = fs::read_to_string(here.join("run/summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    let rows = [
        "/test/mse_db_mean",
        "/reference/constant_db",
        "/reference/affine_db",
    ]
    .map(|place| format!("{:.2}", summary.pointer(place).unwrap().as_f64().unwrap()));
    for (name, number) in ["test error", "constant", "affine"].iter().zip(&rows) {
        let row = format!("<tr><th>{name}</th><td class=\"number\">{number} dB</td>");
        assert!(page.contains(&row), "{row}");
    }
    // In the file's units the constant scores some 56 dB; scaled it would be 3.
    assert!(rows[1].parse::<f64>().unwrap() > 50.0, "{}", rows[1]);
    for part in [
        "60 points",
        "<h1>A gradient field from the pairs in pairs.csv</h1>",
        "<h2>Training: Error on validation points</h2>",
        "The learned field",
        "How large the error is",
        "pairs.csv",
        ">holds<",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // The rows the page scores are the file's: without it there is no page, and the file is named.
    fs::rename(here.join("pairs.csv"), here.join("away.csv")).unwrap();
    let ran = gradnet(here, &["report", "run", "--output", "second.html"]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains("pairs.csv"), "{}", ran.stderr);
    assert!(!here.join("second.html").exists());
}

/// Two tables of 300 rows, of which the target is wider and farther off.
fn write_tables(folder: &Path, columns: &str) {
    let count = columns.split(',').count();
    let table = |name: &str, map: &dyn Fn(f64, usize) -> f64| {
        let mut text = format!("{columns}\n");
        for row in 0..300 {
            let turn = f64::from(row);
            let numbers = (0..count).map(|axis| {
                let number = (turn * (1.3 + axis as f64)).sin() + 0.1 * (7.0 * turn).cos();
                map(number, axis).to_string()
            });
            text.push_str(&numbers.collect::<Vec<_>>().join(","));
            text.push('\n');
        }
        fs::write(folder.join(name), text).unwrap();
    };
    table("control.csv", &|x, _| 70.0 + 5.0 * x);
    table("treated.csv", &|x, axis| 80.0 + 8.0 * x + axis as f64);
    let config = "schema = 1\nname = \"drug\"\n[transport.files]\nsource = \"control.csv\"\ntarget = \"treated.csv\"\n\
                  [network.mgradnet_m]\nwidth = 8\n[train]\nsteps = 20\nbatch = 50\n[train.validation]\nevery = 20\n";
    fs::write(folder.join("drug.toml"), config).unwrap();
}

/// The page of a transport of `columns`.
fn transport_page(folder: &Path, columns: &str) -> String {
    write_tables(folder, columns);
    for words in [
        "train drug.toml -o run --progress none --overwrite",
        "report run",
    ] {
        let ran = gradnet(folder, &words.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, 0, "{words}: {}", ran.stderr);
    }
    fs::read_to_string(folder.join("report.html")).unwrap()
}

/// A page says what was moved where by the names of files, columns and lines, in numbers that `predict` gives.
#[test]
fn a_report_of_a_transport_names_files_columns_and_lines() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let on_axes = |page: &str, name: &str| page.contains(&format!("%3E{name}%3C/text%3E"));
    let page = transport_page(here, "mass,height");
    for part in [
        "<h1>Optimal transport of control.csv to treated.csv</h1>",
        "<h2>Training: Held-out dual value</h2>",
        "<th class=\"number\">held-out dual value</th>",
        "test points before and after the map",
        "A lattice over the source",
        "The potential F",
        "The map, live",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(on_axes(&page, "mass") && on_axes(&page, "height") && !on_axes(&page, "x1"));
    for absent in ["The learned field", "decibel", "10 log10", ">0.0000 "] {
        assert!(!page.contains(absent), "{absent}");
    }

    let page = transport_page(here, "mass,height,age");
    check_self_contained(&page);
    for name in ["mass", "height", "age"] {
        assert!(on_axes(&page, &format!("change of {name}")), "{name}");
    }
    let (_, table) = page.split_once("farthest from the target").unwrap();
    let (_, table) = table.split_once("<tbody>").unwrap();
    let cells = |row: &str| -> Vec<String> {
        let cells = row
            .split("</")
            .map(|cell| cell.rsplit('>').next().unwrap().to_owned());
        cells.filter(|cell| !cell.is_empty()).collect()
    };
    let rows: Vec<Vec<String>> = table
        .split("<tr><th>")
        .skip(1)
        .take(10)
        .map(cells)
        .collect();
    let source = fs::read_to_string(here.join("control.csv")).unwrap();
    let source: Vec<&str> = source.lines().collect();
    let line = |row: &Vec<String>| {
        row[0]
            .strip_prefix("line ")
            .unwrap()
            .parse::<usize>()
            .unwrap()
    };
    let points: String = rows
        .iter()
        .map(|row| format!("{}\n", source[line(row) - 1]))
        .collect();
    fs::write(here.join("worst.csv"), format!("mass,height,age\n{points}")).unwrap();
    let words = "predict run --input worst.csv --output moved.csv --quiet";
    assert_eq!(gradnet(here, &words.split(' ').collect::<Vec<_>>()).code, 0);
    let numbers = |file: &str| -> Vec<Vec<f64>> {
        let text = fs::read_to_string(here.join(file)).unwrap();
        let row = |line: &str| {
            line.split(',')
                .map(|number| number.parse().unwrap())
                .collect()
        };
        text.lines().skip(1).map(row).collect()
    };
    let (points, moved) = (numbers("worst.csv"), numbers("moved.csv"));
    assert_eq!(moved.len(), 10);
    let names = ["mass", "height", "age"];
    for ((row, x), y) in rows.iter().zip(&points).zip(&moved) {
        let changes: Vec<f64> = y.iter().zip(x).map(|(y, x)| y - x).collect();
        let (name, change) = row[1].split_once(" by ").unwrap();
        let axis = names.iter().position(|other| *other == name).unwrap();
        let largest = changes
            .iter()
            .fold(0.0, |most: f64, change| most.max(change.abs()));
        let way = changes
            .iter()
            .map(|change| change * change)
            .sum::<f64>()
            .sqrt();
        let close =
            |text: &str, number: f64| (text.parse::<f64>().unwrap() / number - 1.0).abs() < 2e-3;
        assert!(
            close(change, changes[axis]) && changes[axis].abs() > 0.999 * largest,
            "{row:?} {changes:?}"
        );
        assert!(close(&row[2], way), "{row:?} {way}");
    }
}

#[test]
fn an_unfinished_run_and_one_with_an_unusual_name_are_reported_too() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let out = "a&b";
    train(here, "smoke", "gradnet_c", out);
    fs::remove_file(here.join(out).join("summary.json")).unwrap();
    let ran = gradnet(here, &["report", out]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let page = fs::read_to_string(here.join("report.html")).unwrap();
    assert!(page.contains("unfinished"));
    assert!(page.contains("a&amp;b"), "the folder's name is text");
    let ran = gradnet(here, &["verify", out]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("is not finished"), "{}", ran.stderr);
    assert_eq!(gradnet(here, &["report", "nowhere"]).code, 2);
    assert_eq!(
        gradnet(here, &["report", out, "--output", "no/such/folder.html"]).code,
        2
    );
}

#[test]
fn the_page_opens_in_a_browser_without_errors_at_any_width() {
    let Some(browser) = browser() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let summary = train(here, "smoke", "mgradnet_m", "one");
    // In the plane, so that the page has a live panel.
    train(here, "convex_2d", "mgradnet_c", "two");
    assert_eq!(gradnet(here, &["report", "one", "two"]).code, 0);
    // A copy that measures whether anything sticks out at the side, which on a phone would make the whole page slide.
    let measuring = "<script>document.body.dataset.beyond = document.documentElement.scrollWidth - document.documentElement.clientWidth</script></body>";
    let page = fs::read_to_string(here.join("report.html")).unwrap();
    fs::write(
        here.join("measured.html"),
        page.replace("</body>", measuring),
    )
    .unwrap();
    for width in [360, 1200] {
        let (dom, _) = open(&browser, here, "measured.html", width);
        assert!(dom.contains("data-beyond=\"0\""), "at {width}");
        let (dom, console) = open(&browser, here, "report.html", width);
        assert_eq!(console, "", "at {width}");
        for number in shown(&summary) {
            assert!(dom.contains(&number), "{number} at {width}");
        }
        // The script has filled the table at the last step.
        assert!(
            dom.contains("<output id=\"at\" for=\"step\">40</output>"),
            "at {width}"
        );
    }
    let pdf = format!("--print-to-pdf={}", here.join("report.pdf").display());
    let printed = browse(&browser, here, "report.html", &[&pdf]);
    assert!(printed.status.success());
    assert!(fs::metadata(here.join("report.pdf")).unwrap().len() > 10_000);
}
