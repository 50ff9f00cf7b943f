//! Rows that begin with the weights of others.

use super::*;
use crate::data::{Stream, generator};
use crate::pictures::dead_leaves;
use crate::run::Run;

const SWEEP: &str = "title = \"Ridges\"
[base]
schema = 1
name = \"ridges\"
[base.images]
train = \"pictures\"
validation = \"other\"
test = \"third\"
patch = 16
levels = [25]
noise = [25, 25]
[base.network.patch_ridge]
filters = 2
size = 3
[base.train]
steps = 6
batch = 2
[base.train.validation]
every = 3
[[rows]]
label = \"refined\"
start = \"one step\"
set = { \"train.objective\" = \"proximal\", \"train.learning_rate\" = 1e-9 }
[[rows]]
label = \"weak\"
start = \"refined\"
network = \"patch_weak_ridge\"
set = { \"train.objective\" = \"proximal\" }
";

const FIRST: &str = "[[rows]]\nlabel = \"one step\"\n";

/// The sweep with the row that the others begin with, and the pictures that it reads.
fn pictures(here: &Path) -> Result<Sweep, SweepError> {
    for (seed, name) in ["pictures", "other", "third"].iter().enumerate() {
        fs::create_dir_all(here.join(name)).unwrap();
        let mut random = generator(seed as u64, Stream::Test, 0);
        let picture = dead_leaves(String::new(), 24, &mut random);
        picture.write(&here.join(name).join("a.png")).unwrap();
    }
    written(
        here,
        &SWEEP.replacen("[[rows]]", &format!("{FIRST}[[rows]]"), 1),
    )
}

/// The names of the cells in the order in which they begin.
#[derive(Default)]
struct Order(std::sync::Mutex<Vec<String>>);
impl Watch for Order {
    fn begun(&self, cell: &Cell) {
        self.0.lock().unwrap().push(cell.row.clone());
    }
}

#[test]
fn a_row_begins_with_the_weights_of_the_row_it_names_even_where_those_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let sweep = pictures(here).unwrap();
    let cells = cells(&sweep, 0);
    let runs = here.join("out/runs");
    let weights = |cell: &Cell| Run::open(&runs.join(cell.name())).unwrap();
    let filled = || {
        let order = Order::default();
        // As many jobs as cells: each waits for its start all the same.
        let table = run(&sweep, &here.join("out"), &options(3, Shard::ALL), &order);
        assert!(table.unwrap().is_some());
        order.0.into_inner().unwrap()
    };
    assert_eq!(filled(), ["one step", "refined", "weak"]);
    // A rate of 1e-9 leaves the weights where they began.
    let kernels = |cell: &Cell| {
        let network = weights(cell).weights_on(&Device::flex()).unwrap();
        match network.registered {
            crate::registry::Registered::PatchRidge(ridges) => {
                gradnet_core::analysis::host(ridges.field.weight.val())
            }
            other => panic!("{other:?}"),
        }
    };
    let far = kernels(&cells[0])
        .iter()
        .zip(kernels(&cells[1]))
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max);
    assert!(far < 1e-6, "{far}");
    let start = |cell: &Cell| weights(cell).experiment().train.start.clone();
    assert_eq!(start(&cells[2]), Some(runs.join(cells[1].name())));
    // The record says which weights, not where they lay.
    let store = Store::new(here.join("out/cells"), runs.clone());
    let record = store.load(&cells[1]).unwrap().unwrap();
    assert_eq!(record.experiment.train.start, None);
    assert_eq!(record.files[Path::new("train.start")], cells[0].name());
    assert!(filled().is_empty());
    // A lost record needs the weights that it began with again, and no others.
    fs::remove_file(here.join(format!("out/cells/{}.json", cells[1].name()))).unwrap();
    fs::remove_dir_all(runs.join(cells[0].name())).unwrap();
    assert_eq!(filled(), ["one step", "refined"]);
    // And what those began with.
    fs::remove_file(here.join(format!("out/cells/{}.json", cells[2].name()))).unwrap();
    for cell in &cells[..2] {
        fs::remove_dir_all(runs.join(cell.name())).unwrap();
    }
    assert_eq!(filled(), ["one step", "refined", "weak"]);
}

#[test]
fn another_start_is_another_cell() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = pictures(folder.path()).unwrap();
    let text = fs::read_to_string(folder.path().join("sweep.toml")).unwrap();
    let longer = text.replace(FIRST, &format!("{FIRST}set = {{ \"train.steps\" = 9 }}\n"));
    let longer = written(folder.path(), &longer).unwrap();
    let names = |sweep: &Sweep| cells(sweep, 0).iter().map(Cell::name).collect::<Vec<_>>();
    let same = names(&sweep)
        .into_iter()
        .filter(|name| names(&longer).contains(name));
    assert_eq!(same.count(), 0);
}

#[test]
fn a_start_that_cannot_be_is_told() {
    let folder = tempfile::tempdir().unwrap();
    pictures(folder.path()).unwrap();
    let text = fs::read_to_string(folder.path().join("sweep.toml")).unwrap();
    let said = |from: &str, to: &str| {
        assert!(text.contains(from));
        let sweep = written(folder.path(), &text.replacen(from, to, 1));
        let error = match sweep {
            Ok(sweep) => sweep.places().unwrap_err(),
            Err(error) => error,
        };
        format!("{error}: {}", error.remedy())
    };
    let above = said("start = \"one step\"", "start = \"weak\"");
    assert!(
        above.contains("no row above it") && above.contains("\"weak\""),
        "{above}"
    );
    let several = said(
        FIRST,
        &format!("{FIRST}vary = {{ \"train.steps\" = [6, 9] }}\n"),
    );
    assert!(several.contains("several candidates"), "{several}");
    let filters = "network = \"patch_weak_ridge\"\n";
    let other = said(
        &format!("{filters}set = {{ "),
        &format!("{filters}set = {{ \"network.*.filters\" = 3, "),
    );
    assert!(
        other.contains("\"weak\" cannot begin with the weights of \"refined\""),
        "{other}"
    );
}
