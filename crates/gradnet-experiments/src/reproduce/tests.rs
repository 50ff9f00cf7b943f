use std::path::Path;

use burn::tensor::Device;

use super::*;
use gradnet_train::Interrupter;
use gradnet_train::backend::Backend;
use gradnet_train::training::{Status, TrainError, TrainOptions, train};

fn options(out: &Path) -> Options {
    Options {
        jobs: 2,
        backend: Backend::Flex,
        device: Device::flex(),
        out: out.into(),
        interrupter: Interrupter::new(),
    }
}

/// A second reproduction finds every cell recorded and comes to the same table.
fn runs_nothing_again(plan: &Plan, out: &Path, table: &Table) {
    struct Nothing;
    impl Watch for Nothing {
        fn begun(&self, cell: &Cell) {
            panic!("{} was run again", cell.name());
        }
    }
    let again = reproduce(plan, &options(out), &Nothing).unwrap();
    assert_eq!(again.markdown(), table.markdown());
}

#[test]
fn every_grid_reads_and_every_cell_of_it_is_a_run_that_can_start() {
    for name in Grid::names() {
        let grid = Grid::from_name(name).unwrap();
        assert_eq!(grid.name, name);
        let plan = Plan::new(grid.clone(), Selection::default());
        let cells = plan.search().unwrap();
        assert!(cells.len() >= grid.networks.len() * grid.dims.len().max(1));
        let mut names: Vec<_> = cells.iter().map(Cell::name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), cells.len(), "{name}: two cells share a name");
        let quick = Plan::new(grid.quick(), Selection::default());
        assert!(quick.search().unwrap().len() < cells.len() || cells.len() < 10);
    }
    assert!(Grid::from_name("table4").is_none());
}

/// The paper's networks have the parameters its appendices count.
#[test]
fn the_toys_have_the_counts_of_the_paper() {
    let expected = [
        ("toy-convex", vec![109, 96, 96, 102, 100, 94]),
        ("toy-nonconvex", vec![102, 102, 100, 94]),
    ];
    for (name, counts) in expected {
        let plan = Plan::new(Grid::from_name(name).unwrap(), Selection::default());
        let cells = plan.search().unwrap();
        let found: Vec<_> = cells
            .iter()
            .map(|cell| cell.experiment.network.parameter_count(2).unwrap())
            .collect();
        assert_eq!(found, counts, "{name}");
    }
}

#[test]
fn a_table_is_reproduced_and_a_second_call_has_nothing_left_to_do() {
    let out = tempfile::tempdir().unwrap();
    let grid = Grid::from_name("table1").unwrap().quick();
    let selection = Selection {
        networks: Some(vec!["mgradnet_m".into(), "crr".into()]),
        ..Selection::default()
    };
    let plan = Plan::new(grid, selection);
    let table = reproduce(&plan, &options(out.path()), &Silent).unwrap();
    let Rows::Field(rows) = &table.rows else {
        panic!("a table of fields");
    };
    let labels: Vec<_> = rows.iter().map(|row| row.network.as_str()).collect();
    assert_eq!(labels, ["zero", "linear", "crr", "mgradnet_m"]);
    assert!((rows[0].mse_db_mean - 0.2).abs() < 0.3, "{rows:?}");
    let network = &rows[3];
    assert_eq!((network.seeds, network.dim), (2, 32));
    assert!(network.mse_db_std_seeds.is_some() && network.mse_db_std_draws.is_some());
    assert_eq!(network.published_db, Some(-15.34));
    for ending in ["md", "csv", "json"] {
        let path = out.path().join(format!("tables/table1.{ending}"));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("mGradNet-M"), "{text}");
    }

    runs_nothing_again(&plan, out.path(), &table);
}

/// The rate is chosen on the validation draw: with the records' validation errors exchanged the other rate is chosen, whatever the test says.
#[test]
fn the_choice_follows_validation_and_not_the_test() {
    let out = tempfile::tempdir().unwrap();
    let grid = Grid::from_name("table1").unwrap().quick();
    let selection = Selection {
        networks: Some(vec!["mgradnet_m".into()]),
        ..Selection::default()
    };
    let plan = Plan::new(grid, selection);
    reproduce(&plan, &options(out.path()), &Silent).unwrap();
    let store = Store::new(out.path());
    let mut records = store.load_all(plan.search().unwrap()).unwrap();
    let chosen = |records: &[Record]| {
        let Rows::Field(rows) = Table::new(&plan, records).rows else {
            panic!("a table of fields");
        };
        rows[2].learning_rate
    };
    let before = chosen(&records);
    let error = |record: &Record| record.result.as_ref().unwrap().validation_db;
    let (a, b) = (error(&records[0]), error(&records[1]));
    records[0].result.as_mut().unwrap().validation_db = b;
    records[1].result.as_mut().unwrap().validation_db = a;
    assert_ne!(before, chosen(&records));
}

#[test]
fn predicted_orbits_are_scored_and_an_interrupted_reproduction_goes_on() {
    let out = tempfile::tempdir().unwrap();
    let grid = Grid::from_name("table3").unwrap().quick();
    let selection = Selection {
        networks: Some(vec!["gradnet_m".into(), "baseline".into()]),
        seeds: Some(1),
        ..Selection::default()
    };
    let plan = Plan::new(grid, selection);
    let stopped = options(out.path());
    stopped.interrupter.stop();
    let error = reproduce(&plan, &stopped, &Silent).unwrap_err();
    assert!(matches!(error, ReproduceError::Interrupted { done: 0, .. }));

    let table = reproduce(&plan, &options(out.path()), &Silent).unwrap();
    let Rows::Orbits(rows) = &table.rows else {
        panic!("a table of orbits");
    };
    let labels: Vec<_> = rows.iter().map(|row| row.network.as_str()).collect();
    assert_eq!(
        labels,
        ["exact", "baseline", "gradnet_m", "gradnet_m", "gradnet_m"]
    );
    assert!(rows[0].coordinate_mse_db_mean < -60.0, "{:?}", rows[0]);
    assert!(rows[2].coordinate_mse_db_mean > rows[0].coordinate_mse_db_mean);
    assert_eq!(rows[2].published_energy_db, Some(-52.31));
    // One network in three rows: with a falling rate, and with more steps besides. The records of each are its own.
    assert_eq!(rows[3].published_energy_db, None);
    for [a, b] in [[2, 3], [3, 4]] {
        assert_ne!(
            rows[a].coordinate_mse_db_mean,
            rows[b].coordinate_mse_db_mean
        );
    }
}

/// Ends a run at its first validation.
struct StopEarly(Interrupter);

impl gradnet_train::training::Progress for StopEarly {
    fn update(&mut self, _: &Status) {
        self.0.stop();
    }
}

/// What an interrupted cell has computed is used: its folder is gone on with, not begun anew.
#[test]
fn an_interrupted_cell_goes_on_from_its_checkpoint_and_comes_to_the_same_numbers() {
    let grid = Grid::from_name("toy-convex").unwrap().quick();
    let selection = Selection {
        networks: Some(vec!["mgradnet_c".into()]),
        seeds: Some(1),
        ..Selection::default()
    };
    let plan = Plan::new(grid, selection);
    let cell = plan.search().unwrap().remove(0);
    let [whole, stopped] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    reproduce(&plan, &options(whole.path()), &Silent).unwrap();

    let run = Store::new(stopped.path()).run(&cell);
    let mut early = TrainOptions::new(Backend::Flex);
    early.progress = Box::new(StopEarly(early.interrupter.clone()));
    let error = train(&cell.experiment, &Device::flex(), &run, early).unwrap_err();
    assert!(matches!(error, TrainError::Interrupted { .. }), "{error}");
    let config = run.join("config.toml");
    let marked = std::fs::read_to_string(&config).unwrap() + "# marked\n";
    std::fs::write(&config, marked).unwrap();

    reproduce(&plan, &options(stopped.path()), &Silent).unwrap();
    let text = std::fs::read_to_string(&config).unwrap();
    assert!(text.ends_with("# marked\n"), "the run was begun anew");
    assert!(!run.join("checkpoint").exists());
    let result = |folder: &tempfile::TempDir| {
        let record = Store::new(folder.path()).load(&cell).unwrap().unwrap();
        record.result.unwrap()
    };
    assert_eq!(result(&stopped), result(&whole));
}

/// Two rows that differ in a fixed setting only have two records, and each its own row of the table.
#[test]
fn rows_that_differ_in_a_fixed_setting_only_do_not_share_a_record() {
    let out = tempfile::tempdir().unwrap();
    let mut grid = Grid::from_name("toy-convex").unwrap().quick();
    grid.networks.retain(|row| row.network == "mgradnet_c");
    let mut other = grid.networks[0].clone();
    other.settings.insert("layers".into(), 2.into());
    other.label = "two layers".into();
    grid.networks.push(other);
    let plan = Plan::new(grid, Selection::default());
    let table = reproduce(&plan, &options(out.path()), &Silent).unwrap();
    let Rows::Field(rows) = &table.rows else {
        panic!("a table of fields");
    };
    let [four, two] = &rows[2..] else {
        panic!("{rows:?}");
    };
    assert_ne!(four.parameters, two.parameters);
    assert_ne!(four.mse_db_mean, two.mse_db_mean);
    let cells = out.path().join("cells/toy-convex");
    // Two seeds each.
    assert_eq!(std::fs::read_dir(cells).unwrap().count(), 4);

    runs_nothing_again(&plan, out.path(), &table);
}

/// A record of before, without a tag in its name and without what was not told then, is still found;
/// one of another experiment under that name is not taken for it.
#[test]
fn records_of_older_versions_are_found_by_what_they_hold() {
    let out = tempfile::tempdir().unwrap();
    let grid = Grid::from_name("toy-convex").unwrap().quick();
    let plan = Plan::new(grid, Selection::default());
    let cell = plan.search().unwrap().remove(0);
    let store = Store::new(out.path());
    let selection = Selection {
        networks: Some(vec![cell.experiment.network.name().into()]),
        seeds: Some(1),
        ..Selection::default()
    };
    let only = Plan::new(plan.grid().clone(), selection);
    reproduce(&only, &options(out.path()), &Silent).unwrap();
    let tagged = store.path(&cell);
    let text = std::fs::read_to_string(&tagged).unwrap();
    assert!(text.contains("\"schema\": 1,\n"), "{text}");
    let old = text.replacen("  \"schema\": 1,\n", "", 1);
    std::fs::remove_file(&tagged).unwrap();
    let untagged = tagged.with_file_name(format!("{}.json", cell.name()));
    std::fs::write(&untagged, &old).unwrap();
    let found = store.load(&cell).unwrap().unwrap();
    assert!(found.is_of(&cell));

    let other = old.replacen("\"linear_points\": 500", "\"linear_points\": 501", 1);
    assert_ne!(other, old);
    std::fs::write(&untagged, other).unwrap();
    assert!(store.load(&cell).unwrap().is_none());
}

/// The numbers of a cell do not depend on how many run beside it, nor on the threads it has.
#[test]
fn results_are_the_same_whatever_the_number_of_jobs() {
    let grid = Grid::from_name("table1").unwrap().quick();
    let selection = Selection {
        networks: Some(vec!["mgradnet_c".into(), "mgradnet_m".into()]),
        ..Selection::default()
    };
    let plan = Plan::new(grid, selection);
    let results = |jobs| {
        let out = tempfile::tempdir().unwrap();
        let options = Options {
            jobs,
            ..options(out.path())
        };
        reproduce(&plan, &options, &Silent).unwrap();
        let records = Store::new(out.path()).load_all(plan.search().unwrap());
        let results = records.unwrap().into_iter().map(|record| record.result);
        results.collect::<Vec<_>>()
    };
    let alone = results(1);
    assert_eq!(alone.len(), 4);
    assert_eq!(alone, results(3));
}
