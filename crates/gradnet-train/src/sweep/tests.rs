mod starts;

use std::fs;
use std::path::Path;

use burn::tensor::Device;

use super::*;
use crate::backend::Backend;
use crate::interrupter::Interrupter;

const BASE: &str = "schema = 1
name = \"base\"
[target.quartic_polynomial]
[network.mgradnet_m]
width = 4
[train]
steps = 40
batch = 10
[train.validation]
every = 20
points = 50
[evaluation]
points = 50
draws = 1
linear_points = 50
";

const SWEEP: &str = "title = \"Two networks\"
base = \"base.toml\"
seeds = 2
vary = { \"train.learning_rate\" = [0.01, 0.001] }
[[cases]]
name = \"few\"
set = { \"train.steps\" = 20 }
[[cases]]
name = \"many\"
[[rows]]
label = \"M\"
[[rows]]
label = \"C\"
network = \"mgradnet_c\"
set = { \"network.mgradnet_c.layers\" = 2 }
";

fn written(folder: &Path, sweep: &str) -> Result<Sweep, SweepError> {
    fs::write(folder.join("base.toml"), BASE).unwrap();
    fs::write(folder.join("sweep.toml"), sweep).unwrap();
    Sweep::read(&folder.join("sweep.toml"))
}

fn options(jobs: usize, shard: Shard) -> Options {
    Options {
        jobs,
        shard,
        backend: Backend::Flex,
        device: Device::flex(),
        interrupter: Interrupter::new(),
        keeps: |_| true,
    }
}

/// All cells of one seed.
fn cells(sweep: &Sweep, seed: usize) -> Vec<Cell> {
    let places = sweep.places().unwrap();
    let candidates = places.iter().flat_map(|place| &place.candidates);
    candidates.map(|seeds| seeds[seed].clone()).collect()
}

/// Asks to stop after so many cells.
struct Stops(usize, Interrupter);
impl Watch for Stops {
    fn ended(&self, _record: &Record, progress: Progress, table: &str) {
        assert!(table.starts_with("## "), "{table}");
        if progress.done == self.0 {
            self.1.stop();
        }
    }
}

#[test]
fn cells_are_all_combinations_and_each_has_a_name_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = written(folder.path(), SWEEP).unwrap();
    let cells = cells(&sweep, 0);
    // Two cases, two rows, two rates.
    assert_eq!(cells.len(), 8);
    let mut names: Vec<_> = cells.iter().map(Cell::name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 8);
    let last = &cells[7];
    assert_eq!((last.row.as_str(), last.case.as_str()), ("C", "many"));
    assert_eq!(
        last.candidate,
        toml::toml! { "train.learning_rate" = 0.001 }
    );
    assert_eq!(last.experiment.network.name(), "mgradnet_c");
    assert_eq!(last.experiment.train.learning_rate, 0.001);
    assert_eq!(
        (cells[0].experiment.train.steps, last.experiment.train.steps),
        (20, 40)
    );
}

#[test]
fn a_sweep_stopped_and_gone_on_with_is_the_sweep_whole_and_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let sweep = written(here, SWEEP).unwrap();
    let part =
        |name: &str, jobs, shard| run(&sweep, &here.join(name), &options(jobs, shard), &Silent);
    let whole = part("whole", 1, Shard::ALL).unwrap().unwrap();
    // Four lines of networks, and in each case zero and the linear map.
    assert_eq!(whole.lines.len(), 8);
    for line in &whole.lines {
        assert_eq!(line.seeds, 2, "{line:?}");
        assert!(line.numbers["mse_db"].std.is_some());
    }
    assert!(
        whole.lines[0]
            .chosen
            .starts_with("train.learning_rate = 0.0")
    );

    let stopped = options(1, Shard::ALL);
    let stop = Stops(3, stopped.interrupter.clone());
    let error = run(&sweep, &here.join("stopped"), &stopped, &stop).unwrap_err();
    assert!(
        matches!(error, SweepError::Interrupted { done: 3, total: 8 }),
        "{error}"
    );
    let went_on = part("stopped", 2, Shard::ALL).unwrap().unwrap();
    assert_eq!(went_on, whole);

    let part = |text: &str| part("parts", 1, text.parse().unwrap()).unwrap();
    assert_eq!(part("1/2"), None);
    // The second part finds the first seeds whole and goes on to its share of the others.
    assert_eq!(part("2/2"), None);
    assert_eq!(part("1/2").unwrap(), whole);
    let text = fs::read_to_string(here.join("parts/table.md")).unwrap();
    assert_eq!(text, whole.markdown());
    assert!(text.contains("| few | M |"), "{text}");
    let csv = fs::read_to_string(here.join("parts/table.csv")).unwrap();
    assert_eq!(csv.lines().count(), 9, "{csv}");
}

/// Asks to stop while a cell trains.
struct StopsWithin(usize, std::sync::atomic::AtomicUsize, Interrupter);
impl Watch for StopsWithin {
    fn begun(&self, _cell: &Cell) {
        if self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == self.0 {
            self.2.stop();
        }
    }
}

#[test]
fn a_sweep_stopped_within_a_cell_or_after_the_last_one_comes_to_the_same_table() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = written(folder.path(), SWEEP).unwrap();
    let table = |name: &str, watch: &dyn Fn(Interrupter) -> Box<dyn Watch>| {
        let options = options(1, Shard::ALL);
        let watch = watch(options.interrupter.clone());
        run(&sweep, &folder.path().join(name), &options, &*watch)
    };
    let whole = table("whole", &|_| Box::new(Silent)).unwrap().unwrap();
    let error = table("within", &|stop| Box::new(StopsWithin(2, 0.into(), stop))).unwrap_err();
    assert!(
        matches!(error, SweepError::Interrupted { done: 2, total: 8 }),
        "{error}"
    );
    let went_on = table("within", &|_| Box::new(Silent)).unwrap().unwrap();
    assert_eq!(went_on, whole);
    // Eight candidates and four further seeds: nothing is left to be stopped.
    let last = table("last", &|stop| Box::new(Stops(12, stop))).unwrap();
    assert_eq!(last.unwrap(), whole);
}

/// The candidate is the one of the least validation, whatever its test says.
#[test]
fn validation_chooses() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = written(folder.path(), SWEEP).unwrap();
    let output = folder.path().join("out");
    let table = run(&sweep, &output, &options(1, Shard::ALL), &Silent)
        .unwrap()
        .unwrap();
    let records: Vec<Record> = fs::read_dir(output.join("cells"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .map(|text| serde_json::from_str(&text).unwrap())
        .collect();
    // Eight candidates, and one further seed of each of the four best.
    assert_eq!(records.len(), 12);
    for line in table.lines.iter().filter(|line| line.parameters.is_some()) {
        let first = |record: &&Record| {
            record.experiment.seed == 0 && record.row == line.row && record.case == line.case
        };
        let best = records
            .iter()
            .filter(first)
            .min_by(|a, b| a.validation().total_cmp(&b.validation()));
        let rate = best.unwrap().experiment.train.learning_rate;
        assert_eq!(line.chosen, format!("train.learning_rate = {rate}"));
    }
}

#[test]
fn what_cannot_be_run_is_told_before_anything_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    for (good, bad, told) in [
        ("seeds = 2", "seds = 2", "seds"),
        ("seeds = 2", "seeds = 0", "no seeds"),
        ("[0.01, 0.001]", "0.01", "no list"),
        (
            "network = \"mgradnet_c\"",
            "network = \"mgradnetc\"",
            "mgradnetc",
        ),
        ("\"train.steps\" = 20", "\"train.stpes\" = 20", "stpes"),
        ("\"train.steps\" = 20", "\"train.steps\" = 0", "train.steps"),
        ("base.toml", "none.toml", "none.toml"),
        ("label = \"C\"", "label = \"M\"", "row \"M\" twice"),
        ("name = \"many\"", "name = \"few\"", "case \"few\" twice"),
        ("seeds = 2", "seeds = [1, 0, 1]", "seed 1 twice"),
        ("\"train.steps\" = 20", "\"seed\" = 5", "\"seed\""),
        ("\"train.learning_rate\" =", "seed =", "\"seed\""),
    ] {
        let text = SWEEP.replace(good, bad);
        assert_ne!(text, SWEEP);
        let output = folder.path().join("out");
        let error = written(folder.path(), &text)
            .and_then(|sweep| run(&sweep, &output, &options(1, Shard::ALL), &Silent))
            .unwrap_err();
        assert!(error.to_string().contains(told), "{bad}: {error}");
        assert!(!error.remedy().is_empty());
        assert!(!output.exists(), "{bad}");
    }
    for bad in ["0/2", "3/2", "1", "a/b", "1/0"] {
        assert!(bad.parse::<Shard>().is_err(), "{bad}");
    }
}

const TABLE: &str = "x1,x2,y1,y2
";

/// A file of the map x -> scale x, and a sweep over it whose base stands in it.
fn on_a_file(folder: &Path, scale: f64) -> Sweep {
    let row = |i: u32| {
        let x = [f64::from(i % 10) - 4.5, f64::from(i / 10) - 4.5];
        format!("{},{},{},{}\n", x[0], x[1], scale * x[0], scale * x[1])
    };
    let rows: String = (0..100).map(row).collect();
    fs::write(folder.join("data.csv"), TABLE.to_owned() + &rows).unwrap();
    let base = BASE
        .replace("[network", "[base.network")
        .replace("[train", "[base.train")
        .replace(
            "[target.quartic_polynomial]",
            "[base.data.file]\npath = \"data.csv\"",
        )
        .replace(
            "[evaluation]\npoints = 50\ndraws = 1\nlinear_points = 50\n",
            "",
        )
        .replace("\n[base.train.validation]\nevery = 20\npoints = 50", "");
    let text = format!("title = \"On a file\"\n[base]\n{base}[[rows]]\nlabel = \"M\"\n");
    fs::write(folder.join("sweep.toml"), text).unwrap();
    Sweep::read(&folder.join("sweep.toml")).unwrap()
}

#[test]
fn a_changed_data_file_trains_anew() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out");
    let error = |scale: f64| {
        let sweep = on_a_file(folder.path(), scale);
        let table = run(&sweep, &output, &options(1, Shard::ALL), &Silent);
        let table = table.unwrap().unwrap();
        let zero = table.lines.iter().find(|line| line.row == "zero").unwrap();
        zero.numbers["mse_db"].mean
    };
    let first = error(1.0);
    assert_eq!(error(1.0), first);
    // Predicting zero errs by ten times as much on values ten times as large.
    assert!((error(10.0) - first - 20.0).abs() < 1e-3);
    let records = fs::read_dir(output.join("cells")).unwrap();
    assert_eq!(records.count(), 2);
}

#[test]
fn rows_that_come_to_one_run_share_it() {
    let folder = tempfile::tempdir().unwrap();
    let same = SWEEP.replace("network = \"mgradnet_c\"", "").replace(
        "set = { \"network.mgradnet_c.layers\" = 2 }",
        "set = { \"train.batch\" = 10 }",
    );
    let sweep = written(folder.path(), &same).unwrap();
    let output = folder.path().join("out");
    let table = run(&sweep, &output, &options(2, Shard::ALL), &Silent);
    let table = table.unwrap().unwrap();
    assert_eq!(table.lines[0].numbers, table.lines[1].numbers);
    assert_eq!(
        (table.lines[0].row.as_str(), table.lines[1].row.as_str()),
        ("M", "C")
    );
    // Two cases with two rates and one further seed each.
    assert_eq!(fs::read_dir(output.join("cells")).unwrap().count(), 6);
}

#[test]
fn a_row_with_a_test_of_its_own_has_its_own_rows_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let own = SWEEP.replace(
        "\"network.mgradnet_c.layers\" = 2",
        "\"evaluation.points\" = 60",
    );
    let sweep = written(folder.path(), &own).unwrap();
    let output = folder.path().join("out");
    let table = run(&sweep, &output, &options(1, Shard::ALL), &Silent);
    let table = table.unwrap().unwrap();
    let rows: Vec<_> = table.lines[..6].iter().map(|line| &line.row[..]).collect();
    assert_eq!(
        rows,
        [
            "M",
            "C",
            "linear (beside M)",
            "zero (beside M)",
            "linear (beside C)",
            "zero (beside C)"
        ]
    );
}

#[test]
fn a_star_in_a_key_is_the_network_and_a_case_may_have_its_own_seeds() {
    let folder = tempfile::tempdir().unwrap();
    let star = SWEEP
        .replace("network.mgradnet_c.layers", "network.*.layers")
        .replace(
            "\"train.steps\" = 20 }",
            "\"network.*.width\" = 6 }\nseeds = [7]",
        );
    let places = written(folder.path(), &star).unwrap().places().unwrap();
    assert_eq!(places, {
        let named = star.replace("network.*.layers", "network.mgradnet_c.layers");
        written(folder.path(), &named).unwrap().places().unwrap()
    });
    let network = |place: &Place| place.candidates[0][0].experiment.network.clone();
    let widths = |place| network(place).parameter_count(2).unwrap();
    assert!(widths(&places[0]) > widths(&places[2]));
    let seeds: Vec<_> = places
        .iter()
        .map(|place| place.candidates[0].len())
        .collect();
    assert_eq!(seeds, [1, 1, 2, 2]);
    assert_eq!(places[0].candidates[0][0].experiment.seed, 7);
}

/// A record under another name, as older versions gave, is found by what it holds; one of another experiment is not
/// taken for it.
#[test]
fn records_are_found_by_what_they_hold() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = written(folder.path(), SWEEP).unwrap();
    let output = folder.path().join("out");
    run(&sweep, &output, &options(1, Shard::ALL), &Silent).unwrap();
    let cell = &cells(&sweep, 0)[0];
    let named = output.join(format!("cells/{}.json", cell.name()));
    let store = || Store::new(output.join("cells"), output.join("runs"));
    let record = store().load(cell).unwrap().unwrap();
    assert_eq!(record.backend, "flex");
    assert!(record.machine.contains("threads") && record.wall_s > 0.0);
    let text = fs::read_to_string(&named).unwrap();
    fs::remove_file(&named).unwrap();
    assert!(store().load(cell).unwrap().is_none());
    fs::write(output.join("cells/old.json"), &text).unwrap();
    assert_eq!(store().load(cell).unwrap().unwrap(), record);
    let other = text.replacen("\"linear_points\": 50", "\"linear_points\": 51", 1);
    assert_ne!(other, text);
    fs::write(&named, other).unwrap();
    fs::remove_file(output.join("cells/old.json")).unwrap();
    assert!(store().load(cell).unwrap().is_none());
    fs::write(&named, &text).unwrap();
    let kept = store();
    assert_eq!(kept.load(cell).unwrap().unwrap(), record);
    fs::write(&named, &text[..text.len() / 2]).unwrap();
    // A store reads a record once.
    assert_eq!(kept.load(cell).unwrap().unwrap(), record);
    let error = store().load(cell).unwrap_err();
    assert!(error.to_string().contains("remove it"), "{error}");
}

/// Lines of others stand at the end of each case they belong to, in the units of what stands there.
#[test]
fn published_rows_are_shown_and_nothing_is_run_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let published = "[[published]]\nlabel = \"paper\"\nnumbers = { mse_db = -3.5 }\n\
                     [[published]]\nlabel = \"other\"\ncase = \"many\"\nnumbers = { new = 2.0 }\n";
    let short = SWEEP
        .replace("[0.01, 0.001]", "[0.01]")
        .replace("seeds = 2", "seeds = 1");
    let sweep = written(folder.path(), &(short.clone() + published)).unwrap();
    assert_eq!(cells(&sweep, 0).len(), 4);
    let options = options(1, Shard::ALL);
    let table = run(&sweep, &folder.path().join("out"), &options, &Silent)
        .unwrap()
        .unwrap();
    let rows = |case: &str| {
        let lines = table.lines.iter().filter(|line| line.case == case);
        lines.map(|line| line.row.clone()).collect::<Vec<_>>()
    };
    assert_eq!(rows("few").last().unwrap(), "paper");
    assert_eq!(
        rows("many").iter().rev().take(2).rev().collect::<Vec<_>>(),
        ["paper", "other"]
    );
    let paper = table.lines.iter().find(|line| line.row == "paper").unwrap();
    let number = &paper.numbers["mse_db"];
    assert_eq!(
        (number.mean, number.unit.as_str(), number.std),
        (-3.5, "dB", None)
    );
    assert!(
        table.markdown().contains("| few | paper |"),
        "{}",
        table.markdown()
    );
    let wrong = short + &published.replace("many", "more");
    let error = written(folder.path(), &wrong).unwrap_err().to_string();
    assert!(error.contains("\"more\""), "{error}");
}

/// A cell that reads what is not there names the setting and not only the file, whose name may be empty.
#[test]
fn what_a_cell_reads_and_is_not_there_is_told_with_its_setting() {
    let folder = tempfile::tempdir().unwrap();
    let said = |train: &str| {
        let images = format!("train = \"{train}\"\nvalidation = \"\"\ntest = \"\"");
        let base = format!("[base]\nschema = 1\nname = \"pictures\"\n[base.images]\n{images}\n");
        let network = "[base.network.patch_ridge]\nfilters = 2\n[[rows]]\nlabel = \"ridges\"\n";
        let sweep = format!("title = \"Pictures\"\n{base}{network}");
        let error = written(folder.path(), &sweep).unwrap().places();
        let error = error.unwrap_err();
        (error.to_string(), error.remedy())
    };
    let (empty, remedy) = said("");
    assert!(
        empty.contains("sweep.toml: `images.train` is empty"),
        "{empty}"
    );
    assert!(remedy.contains("`base`"), "{remedy}");
    let (missing, _) = said("nowhere");
    let parts = ["`images.train` asks for ", "nowhere, which cannot be read"];
    assert!(parts.iter().all(|part| missing.contains(part)), "{missing}");
}
