//! The live panel of a report gives in a browser what `predict` gives.

use std::fs;
use std::path::{Path, PathBuf};

use crate::browser::{browser, open};
use crate::exported::{runs, trained};
use crate::program::gradnet;
use serde_json::{Value, json};

fn ran(folder: &Path, words: &str) -> String {
    let ran = gradnet(folder, &words.split(' ').collect::<Vec<_>>());
    assert_eq!(ran.code, 0, "{words}: {}", ran.stderr);
    ran.stderr
}

fn rows(file: PathBuf) -> Vec<Vec<f64>> {
    let text = fs::read_to_string(file).unwrap();
    let row = |line: &str| line.split(',').map(|n| n.parse().unwrap()).collect();
    text.lines().skip(1).map(row).collect()
}

fn write(file: PathBuf, rows: &[Vec<f64>]) {
    let line = |row: &Vec<f64>| format!("{:?},{:?}\n", row[0], row[1]);
    let lines: String = rows.iter().map(line).collect();
    fs::write(file, format!("x1,x2\n{lines}")).unwrap();
}

/// The first two numbers of each row.
fn pairs(rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    rows.iter().map(|row| row[..2].to_vec()).collect()
}

/// How far the rows are from their mean.
fn spread(rows: &[Vec<f64>]) -> f64 {
    let column = |i: usize| rows.iter().map(move |row| row[i]);
    let mean = [0, 1].map(|i| column(i).sum::<f64>() / rows.len() as f64);
    let far = |i: usize| column(i).map(move |value| (value - mean[i]).abs());
    far(0).chain(far(1)).fold(0.0, f64::max)
}

fn numbers(value: &Value) -> Vec<f64> {
    let number = |value: &Value| value.as_str().unwrap().parse().unwrap();
    value.as_array().unwrap().iter().map(number).collect()
}

#[track_caller]
fn within(tolerance: f64, found: &[f64], expected: &[f64], scale: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        let by = (found - expected).abs() / scale;
        assert!(
            by <= tolerance,
            "{what}: {found} for {expected}, by {by:.1e}"
        );
    }
}

#[track_caller]
fn same(found: &[f64], expected: &[f64], scale: f64, what: &str) {
    within(1e-5, found, expected, scale, what);
}

/// A script that types every point into the panel of its run, and every value, and notes what it then shows.
const TYPE: &str = r#"<script>
const asked = ASKED;
document.body.dataset.found = JSON.stringify([...document.querySelectorAll(".panel")].map((panel, run) => {
  const all = name => [...panel.querySelectorAll(name)];
  const shown = name => all(name).map(place => place.value);
  const type = (name, numbers) => {
    const places = all(name);
    places.forEach((place, i) => place.value = numbers[i]);
    places[1].dispatchEvent(new Event("input"));
  };
  const words = () => panel.querySelector(".verdict").textContent;
  const at = asked[run].x.map(x => {
    type(".x", x);
    return { y: shown(".y"), potential: shown(".potential"), words: words() };
  });
  type(".x", ["", 1]);
  const blank = { y: shown(".y"), potential: shown(".potential"), words: words() };
  if (!all("input.y").length) return { at, blank, back: null };
  const back = asked[run].y.map(y => {
    type(".y", y);
    return { x: shown(".x"), potential: shown(".potential"), words: words() };
  });
  type(".y", [1e308, -1e308]);
  return { at, blank, back, lost: { x: shown(".x"), potential: shown(".potential"), words: words() } };
}));
</script></body>"#;

/// What a script in the page noted.
fn noted(browser: &Path, folder: &Path, script: &str) -> Value {
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    fs::write(folder.join("asked.html"), page.replace("</body>", script)).unwrap();
    let (dom, console) = open(browser, folder, "asked.html", 1000);
    assert_eq!(console, "");
    let (_, found) = dom.split_once("data-found=\"").expect("the script has run");
    let found = found.split('"').next().unwrap();
    serde_json::from_str(&found.replace("&quot;", "\"").replace("&amp;", "&")).unwrap()
}

#[test]
fn the_panels_of_a_page_show_what_predict_writes() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (mut asked, mut expected) = (Vec::new(), Vec::new());
    let all = runs();
    for (place, (network, task, settings)) in all.iter().enumerate() {
        let name = format!("run{place}");
        let one = here.join(&name);
        fs::create_dir(&one).unwrap();
        trained(&one, network, task, settings);
        ran(
            &one,
            "predict run --input x.csv --output y.csv --potential --quiet",
        );
        let y = rows(one.join("y.csv"));
        write(one.join("values.csv"), &pairs(&y));
        let mut x = Vec::new();
        if *task == "transport" {
            ran(
                &one,
                "predict run --input values.csv --output back.csv --inverse",
            );
            x = rows(one.join("back.csv"));
        }
        asked.push(json!({ "x": rows(one.join("x.csv")), "y": pairs(&y) }));
        expected.push((name, y, x));
    }
    let runs: Vec<String> = expected
        .iter()
        .map(|(name, ..)| format!("{name}/run"))
        .collect();
    ran(here, &format!("report {}", runs.join(" ")));
    let script = TYPE.replace("ASKED", &json!(asked).to_string());
    let found = noted(&browser, here, &script);
    assert_eq!(found.as_array().unwrap().len(), all.len(), "a panel each");
    for (((name, y, x), found), (network, task, settings)) in
        expected.iter().zip(found.as_array().unwrap()).zip(&all)
    {
        let what = format!("{network} {task} {settings}");
        let scale = spread(y);
        let potentials: Vec<f64> = y.iter().map(|row| row[2]).collect();
        let largest = potentials.iter().fold(0.0, |l: f64, p| l.max(p.abs()));
        let at = found["at"].as_array().unwrap();
        assert_eq!(at.len(), y.len());
        for (found, row) in at.iter().zip(y) {
            same(&numbers(&found["y"]), &row[..2], scale, &what);
            same(&numbers(&found["potential"]), &row[2..], largest, &what);
            assert_eq!(found["words"], "", "{what}");
        }
        let nothing = json!({ "y": ["", ""], "potential": [""], "words": "Both coordinates must be numbers." });
        assert_eq!(found["blank"], nothing, "{what}");
        // Only a monotone map inside a strongly monotone linear part has an inverse, in the page as in `predict`.
        assert_eq!(found["back"].is_null(), *task != "transport", "{what}");
        let Some(back) = found["back"].as_array() else {
            continue;
        };
        // The values are those of known points, so both must find these.
        let known = rows(here.join(name).join("x.csv"));
        let scale = spread(&known);
        for (((found, known), x), potential) in back.iter().zip(&known).zip(x).zip(&potentials) {
            let found_x = numbers(&found["x"]);
            same(&found_x, known, scale, &what);
            same(&found_x, x, scale, &what);
            same(&numbers(&found["potential"]), &[*potential], largest, &what);
        }
        let lost = &found["lost"];
        assert_eq!(
            lost["x"],
            json!(["", ""]),
            "{what}: no number that may be wrong"
        );
        assert_eq!(lost["potential"], json!([""]), "{what}");
        assert!(
            lost["words"].as_str().unwrap().starts_with("Not found"),
            "{what}"
        );
    }
}

/// A pointer that drags the cloud of a transport, then the point, then the value.
const DRAG: &str = r#"<script>
const panel = document.querySelector(".panel");
const [points, values] = panel.querySelectorAll("canvas");
const drag = (canvas, from, to) => {
  const box = canvas.getBoundingClientRect();
  const send = (name, [x, y]) => canvas.dispatchEvent(new PointerEvent(name, {
    clientX: box.left + x * box.width, clientY: box.top + y * box.height, bubbles: true, pointerId: 1,
  }));
  send("pointerdown", from);
  send("pointermove", to);
  send("pointerup", to);
};
const shown = () => Object.fromEntries(["x", "y", "shift", "image"].map(name =>
  [name, [...panel.querySelectorAll("." + name)].map(place => place.value)]));
const seen = [shown()];
drag(points, [0.2, 0.9], [0.3, 0.7]);
seen.push(shown());
drag(values, [0.5, 0.5], [0.6, 0.4]);
seen.push(shown());
document.body.dataset.found = JSON.stringify({ seen, cloud: runs[0].panel.clouds[0] });
</script></body>"#;

#[test]
fn a_dragged_cloud_and_a_dragged_value_are_mapped_as_predict_maps_them() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    trained(here, "mgradnet_m", "transport", "");
    ran(here, "report run");
    let found = noted(&browser, here, DRAG);
    let seen = &found["seen"];
    let cloud: Vec<Vec<f64>> = serde_json::from_value(found["cloud"].clone()).unwrap();
    assert!(cloud.len() >= 20, "{}", cloud.len());
    let shift = numbers(&seen[1]["shift"]);
    assert_eq!(numbers(&seen[0]["shift"]), [0.0, 0.0]);
    assert!(
        shift[0] > 0.0 && shift[1] > 0.0,
        "{shift:?}: to the right and up"
    );
    assert_eq!(seen[0]["x"], seen[1]["x"], "the point stayed");
    for (seen, shift) in [(&seen[0], vec![0.0, 0.0]), (&seen[1], shift)] {
        let moved = cloud.iter().map(|x| vec![x[0] + shift[0], x[1] + shift[1]]);
        write(here.join("cloud.csv"), &moved.collect::<Vec<_>>());
        ran(here, "predict run --input cloud.csv --output image.csv");
        let image = rows(here.join("image.csv"));
        let mean = |i: usize| image.iter().map(|y| y[i]).sum::<f64>() / image.len() as f64;
        let shown = numbers(&seen["image"]);
        same(
            &shown,
            &[mean(0), mean(1)],
            spread(&image),
            "the mean of the image",
        );
    }
    // The point that is shown for the dragged value leads to it.
    let [x, y] = ["x", "y"].map(|name| numbers(&seen[2][name]));
    assert_ne!(seen[1]["y"], seen[2]["y"]);
    write(here.join("point.csv"), &[x]);
    ran(here, "predict run --input point.csv --output value.csv");
    let value = &rows(here.join("value.csv"))[0];
    same(
        &y,
        value,
        spread(&rows(here.join("image.csv"))),
        "the dragged value",
    );
}

/// The field of separable dynamics is another formula; and what cannot have a panel says why, on a page that stays
/// small.
#[test]
fn separable_dynamics_have_a_panel_and_other_networks_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let config = format!(
        "{}/../../configs/dynamics_pendulum.toml",
        env!("CARGO_MANIFEST_DIR")
    );
    let few = "--set train.steps=20 --set dynamics.system.paths=6 --set train.validation.every=20 --progress none";
    ran(here, &format!("train {config} {few} -o run"));
    ran(here, "report run");
    if let Some(browser) = browser() {
        let x = vec![vec![0.5, -0.75], vec![-1.0, 0.25]];
        write(here.join("x.csv"), &x);
        ran(here, "predict run --input x.csv --output y.csv --potential");
        let y = rows(here.join("y.csv"));
        let script = TYPE.replace("ASKED", &json!([{ "x": x, "y": [] }]).to_string());
        let found = noted(&browser, here, &script);
        for (found, y) in found[0]["at"].as_array().unwrap().iter().zip(&y) {
            same(&numbers(&found["y"]), &y[..2], 1.0, "separable");
            same(&numbers(&found["potential"]), &y[2..], 1.0, "separable");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    trained(here, "icnn", "data", "");
    ran(here, "report run");
    let page = fs::read_to_string(here.join("report.html")).unwrap();
    assert!(page.contains("There is no live panel: ") && page.contains("has icnn"));
    for part in ["<canvas", "livePanel", ".planes", "\"panel\":"] {
        assert!(!page.contains(part), "{part}");
    }
}
