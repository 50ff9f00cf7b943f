use std::path::Path;

use burn::tensor::Device;

use super::*;
use gradnet_train::Interrupter;
use gradnet_train::backend::Backend;
use gradnet_train::sweep::{Cell, Place, Shard, Silent};
use gradnet_train::training::{Status, TrainError, TrainOptions, train};

fn options(jobs: usize) -> Options {
    Options {
        jobs,
        shard: Shard::ALL,
        backend: Backend::Flex,
        device: Device::flex(),
        interrupter: Interrupter::new(),
        keeps: |_| true,
    }
}

fn quick(name: &str) -> Paper {
    Paper::from_name(name).unwrap().quick()
}

/// These networks, with so many seeds where it is said.
fn only(networks: &[&str], seeds: Option<usize>) -> Selection {
    let networks = networks.iter().map(|name| (*name).to_owned());
    Selection {
        networks: Some(networks.collect()),
        seeds,
        ..Selection::default()
    }
}

fn reproduced(paper: &Paper, selection: &Selection, out: &Path, jobs: usize) -> Table {
    let results = Results::new(out);
    reproduce(paper, selection, &results, &options(jobs), &Silent).unwrap()
}

fn first_cells(places: &[Place]) -> Vec<&Cell> {
    let candidates = places.iter().flat_map(|place| &place.candidates);
    candidates.map(|seeds| &seeds[0]).collect()
}

#[test]
fn every_table_reads_and_every_cell_of_it_is_a_run_that_can_start() {
    for name in Paper::names() {
        let paper = Paper::from_name(name).unwrap();
        assert_eq!(paper.name, name);
        let places = paper.places().unwrap();
        assert_eq!(
            places.len(),
            paper.rows().count() * paper.dims().len().max(1)
        );
        let cells = first_cells(&places);
        let mut names: Vec<_> = cells.iter().map(|cell| cell.name()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), cells.len(), "{name}: two cells share a name");
        let Published {
            published_db,
            published_orbits,
            ..
        } = &paper.published;
        assert!(published_db.len() + published_orbits.len() > 3);
        for label in published_db.keys().chain(published_orbits.keys()) {
            assert!(paper.rows().any(|(row, _)| row == label), "{label}");
        }
        assert!(
            published_db
                .values()
                .all(|all| all.len() == paper.dims().len().max(1))
        );
        let quick = paper.clone().quick().places().unwrap();
        assert!(first_cells(&quick).len() < cells.len() || cells.len() < 10);
        assert!(
            first_cells(&quick)
                .iter()
                .all(|cell| cell.experiment.train.steps <= 120)
        );
    }
    assert!(Paper::from_name("table4").is_none());
}

/// The paper's networks have the parameters its appendices count.
#[test]
fn the_toys_have_the_counts_of_the_paper() {
    let expected = [
        ("toy-convex", vec![109, 96, 96, 102, 100, 94]),
        ("toy-nonconvex", vec![102, 102, 100, 94]),
    ];
    for (name, counts) in expected {
        let places = Paper::from_name(name).unwrap().places().unwrap();
        let count = |cell: &&Cell| cell.experiment.network.parameter_count(2).unwrap();
        let found: Vec<_> = first_cells(&places).iter().map(count).collect();
        assert_eq!(found, counts, "{name}");
    }
}

#[test]
fn a_table_is_reproduced_and_a_second_call_has_nothing_left_to_do() {
    let out = tempfile::tempdir().unwrap();
    let (paper, selection) = (quick("table1"), only(&["mgradnet_m", "crr"], None));
    let table = reproduced(&paper, &selection, out.path(), 2);
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

    struct Nothing;
    impl Watch for Nothing {
        fn begun(&self, cell: &Cell) {
            panic!("{} was run again", cell.name());
        }
    }
    let results = Results::new(out.path());
    let again = reproduce(&paper, &selection, &results, &options(2), &Nothing).unwrap();
    assert_eq!(again, table);
}

#[test]
fn predicted_orbits_are_scored_and_an_interrupted_reproduction_goes_on() {
    let out = tempfile::tempdir().unwrap();
    let (paper, selection) = (quick("table3"), only(&["gradnet_m", "baseline"], Some(1)));
    let results = Results::new(out.path());
    let stopped = options(2);
    stopped.interrupter.stop();
    let error = reproduce(&paper, &selection, &results, &stopped, &Silent).unwrap_err();
    assert!(matches!(error, SweepError::Interrupted { done: 0, .. }));

    let table = reproduced(&paper, &selection, out.path(), 2);
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
    let early = |row: &OrbitRow| row.early_coordinate_mse_db_mean;
    assert!(
        rows.iter()
            .all(|row| early(row).is_some_and(f64::is_finite))
    );

    // Orbits followed to another time are another cell's.
    let mut longer = paper.clone();
    longer.horizon = crate::two_body::Horizon::default();
    let places = paper.places().unwrap();
    let cell = &places[0].candidates[0][0];
    assert!(results.store(&paper).load(cell).unwrap().is_some());
    assert!(results.store(&longer).load(cell).unwrap().is_none());
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
    let (paper, selection) = (quick("toy-convex"), only(&["mgradnet_c"], Some(1)));
    let [whole, stopped] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    reproduced(&paper, &selection, whole.path(), 1);

    let places = paper.select(&selection).places().unwrap();
    let cell = first_cells(&places)[0];
    let store = |folder: &tempfile::TempDir| Results::new(folder.path()).store(&paper);
    let run = store(&stopped).run(cell);
    let mut early = TrainOptions::new(Backend::Flex);
    early.progress = Box::new(StopEarly(early.interrupter.clone()));
    let error = train(&cell.experiment, &Device::flex(), &run, early).unwrap_err();
    assert!(matches!(error, TrainError::Interrupted { .. }), "{error}");
    let config = run.join("config.toml");
    let marked = std::fs::read_to_string(&config).unwrap() + "# marked\n";
    std::fs::write(&config, marked).unwrap();

    reproduced(&paper, &selection, stopped.path(), 1);
    let text = std::fs::read_to_string(&config).unwrap();
    assert!(text.ends_with("# marked\n"), "the run was begun anew");
    assert!(!run.join("checkpoint").exists());
    let result = |folder| store(folder).load(cell).unwrap().unwrap().result.unwrap();
    assert_eq!(result(&stopped), result(&whole));
}

/// The numbers of a cell do not depend on how many run beside it, nor on the threads it has.
#[test]
fn results_are_the_same_whatever_the_number_of_jobs() {
    let (paper, selection) = (quick("table1"), only(&["mgradnet_c", "mgradnet_m"], None));
    let table = |jobs| {
        let out = tempfile::tempdir().unwrap();
        reproduced(&paper, &selection, out.path(), jobs)
    };
    assert_eq!(table(1), table(3));
}
