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

fn options(output: &Path, jobs: usize, shard: Shard) -> Options {
    Options {
        jobs,
        shard,
        backend: Backend::Flex,
        device: Device::flex(),
        output: output.into(),
        interrupter: Interrupter::new(),
    }
}

struct Silent;
impl Watch for Silent {}

/// Asks to stop after so many cells.
struct Stops(usize, Interrupter);
impl Watch for Stops {
    fn ended(&self, _record: &Record, done: usize, _total: usize) {
        if done == self.0 {
            self.1.stop();
        }
    }
}

#[test]
fn cells_are_all_combinations_and_each_has_a_name_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = written(folder.path(), SWEEP).unwrap();
    let cells = sweep.cells(0).unwrap();
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
        [("train.learning_rate".to_owned(), "0.001".to_owned())]
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
    let whole = run(
        &sweep,
        &options(&here.join("whole"), 1, Shard::ALL),
        &Silent,
    )
    .unwrap()
    .unwrap();
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

    let stopped = options(&here.join("stopped"), 1, Shard::ALL);
    let stop = Stops(3, stopped.interrupter.clone());
    let error = run(&sweep, &stopped, &stop).unwrap_err();
    assert!(
        matches!(error, SweepError::Interrupted { done: 3, total: 8 }),
        "{error}"
    );
    let went_on = run(
        &sweep,
        &options(&here.join("stopped"), 2, Shard::ALL),
        &Silent,
    )
    .unwrap()
    .unwrap();
    assert_eq!(went_on, whole);

    let part = |text: &str| options(&here.join("parts"), 1, text.parse().unwrap());
    assert_eq!(run(&sweep, &part("1/2"), &Silent).unwrap(), None);
    // The second part finds the first seeds whole and goes on to its share of the others.
    assert_eq!(run(&sweep, &part("2/2"), &Silent).unwrap(), None);
    assert_eq!(run(&sweep, &part("1/2"), &Silent).unwrap().unwrap(), whole);
    let text = fs::read_to_string(here.join("parts/table.md")).unwrap();
    assert_eq!(text, whole.markdown());
    assert!(text.contains("| few | M |"), "{text}");
    let csv = fs::read_to_string(here.join("parts/table.csv")).unwrap();
    assert_eq!(csv.lines().count(), 9, "{csv}");
}

/// The candidate is the one of the least validation, whatever its test says.
#[test]
fn validation_chooses() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = written(folder.path(), SWEEP).unwrap();
    let output = folder.path().join("out");
    let table = run(&sweep, &options(&output, 1, Shard::ALL), &Silent)
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
        let (key, value) = &best.unwrap().candidate[0];
        assert_eq!(line.chosen, format!("{key} = {value}"));
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
    ] {
        let text = SWEEP.replace(good, bad);
        assert_ne!(text, SWEEP);
        let output = folder.path().join("out");
        let error = written(folder.path(), &text)
            .and_then(|sweep| run(&sweep, &options(&output, 1, Shard::ALL), &Silent))
            .unwrap_err();
        assert!(error.to_string().contains(told), "{bad}: {error}");
        assert!(!error.remedy().is_empty());
        assert!(!output.exists(), "{bad}");
    }
    for bad in ["0/2", "3/2", "1", "a/b", "1/0"] {
        assert!(bad.parse::<Shard>().is_err(), "{bad}");
    }
}
