//! Runs the cells of a plan, some side by side, and keeps what is done.

use std::collections::{HashMap, VecDeque};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use burn::tensor::Device;

use super::identity::SCHEMA;
use super::record::{CellResult, OrbitScore};
use super::{Cell, Measure, Plan, Record, Store, Table};
use crate::two_body::{Prediction, evaluation_states, rate_of};
use gradnet_train::backend::Backend;
use gradnet_train::experiment::{Experiment, ExperimentError};
use gradnet_train::run::{Run, RunError, RunFolder};
use gradnet_train::sweep::{side_by_side, train_or_resume};
use gradnet_train::task::Rows;
use gradnet_train::training::{Summary, TrainError, TrainOptions};
use gradnet_train::{Interrupter, machine};

/// How a reproduction runs.
#[derive(Clone)]
pub struct Options {
    /// Runs side by side; above one, each has a single thread.
    pub jobs: usize,
    /// The backend, for the record.
    pub backend: Backend,
    /// The device.
    pub device: Device,
    /// The results folder.
    pub out: PathBuf,
    /// A handle that ends the reproduction, the finished cells kept.
    pub interrupter: Interrupter,
}

/// Where a reproduction is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Cells with a record, those of earlier calls included.
    pub done: usize,
    /// Cells known to be needed; the further seeds are known once a row's candidates are done.
    pub total: usize,
    /// Seconds left at the pace so far; none before the first cell.
    pub left_s: Option<f64>,
}

/// Told about a reproduction as it goes.
pub trait Watch: Sync {
    /// A cell begins.
    fn begun(&self, _cell: &Cell) {}
    /// A cell has its record; `table` is the table so far.
    fn ended(&self, _record: &Record, _progress: Progress, _table: &Table) {}
}

/// Says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Watch for Silent {}

/// Why a reproduction did not finish. The cells done before are kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReproduceError {
    /// A cell cannot be built.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// A cell failed in a way that is not a result.
    #[error("{cell}: {error}")]
    Cell {
        /// The cell's name.
        cell: String,
        /// What happened.
        error: Box<TrainError>,
    },
    /// A record or a table cannot be read or written.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The reproduction was asked to stop.
    #[error("stopped after {done} of {total} cells")]
    Interrupted {
        /// Cells with a record.
        done: usize,
        /// Cells known to be needed.
        total: usize,
    },
    /// The threads of a job could not be started.
    #[error("cannot start the threads of a job: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

impl ReproduceError {
    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Experiment(error) => error.remedy().into(),
            Self::Cell { error, .. } => error.remedy(),
            Self::Run(error) => error.remedy(),
            Self::Interrupted { .. } => "the same command goes on from there".into(),
            Self::Threads(_) => "run the cells one after another with --jobs 1".into(),
        }
    }
}

/// Runs what a plan lacks and returns its table, which lies in the results folder as Markdown, CSV and JSON after every cell.
///
/// # Errors
/// See [`ReproduceError`].
pub fn reproduce(
    plan: &Plan,
    options: &Options,
    watch: &dyn Watch,
) -> Result<Table, ReproduceError> {
    let store = Store::new(&options.out);
    // The table shows whatever the results folder has, also of networks and dimensions not asked for now.
    let whole = plan.whole();
    let mut records = store.load_all(whole.search()?)?;
    records.extend(store.load_all(whole.repeats(&records)?)?);
    let run = Reproduction {
        plan,
        whole: &whole,
        options,
        watch,
        store,
        state: Mutex::new(State {
            records,
            ..State::default()
        }),
        baselines: Mutex::default(),
        started: Instant::now(),
    };
    run.cells(plan.search()?)?;
    let known = run.state().records.clone();
    run.cells(plan.repeats(&known)?)?;
    run.table()
}

/// What the jobs share.
#[derive(Default)]
struct State {
    records: Vec<Record>,
    /// Cells of this call's plan that have a record.
    done: usize,
    queue: VecDeque<Cell>,
    /// Cells that are being run.
    running: Vec<Cell>,
    failure: Option<ReproduceError>,
    /// Cells run by this call and the seconds they took, for the time left.
    ran: Vec<(Cost, f64)>,
}

impl State {
    /// Cells of this call's plan.
    fn total(&self) -> usize {
        self.done + self.running.len() + self.queue.len()
    }
}

/// Cells alike in cost: network, dimension, steps.
type Cost = (&'static str, usize, usize);

fn cost(experiment: &Experiment) -> Cost {
    let steps = experiment.train.steps;
    (experiment.network.name(), experiment.dim(), steps)
}

struct Reproduction<'a> {
    plan: &'a Plan,
    whole: &'a Plan,
    options: &'a Options,
    watch: &'a dyn Watch,
    store: Store,
    state: Mutex<State>,
    /// Rows to compare with by dimension and seed: all else they depend on is the plan's.
    baselines: Mutex<HashMap<(usize, u64), Rows>>,
    started: Instant,
}

impl Reproduction<'_> {
    fn state(&self) -> MutexGuard<'_, State> {
        // A job that panics has not half-written the state: every change is one push or one assignment.
        self.state
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
    }

    /// Runs those cells that have no record.
    fn cells(&self, cells: Vec<Cell>) -> Result<(), ReproduceError> {
        for cell in cells {
            self.complete(&cell)?;
            let mut state = self.state();
            if state.records.iter().any(|record| record.is_of(&cell)) {
                state.done += 1;
            } else {
                state.queue.push_back(cell);
            }
        }
        let failed = |error: rayon::ThreadPoolBuildError| {
            self.state().failure.get_or_insert(error.into());
        };
        side_by_side(self.options.jobs, || self.job(), failed);
        let mut state = self.state();
        if let Some(failure) = state.failure.take() {
            return Err(failure);
        }
        if self.options.interrupter.should_stop() {
            let done = state.done;
            return Err(ReproduceError::Interrupted {
                done,
                total: state.total(),
            });
        }
        Ok(())
    }

    /// Measures what a record of an older version lacks, if the weights it came of are still there.
    fn complete(&self, cell: &Cell) -> Result<(), ReproduceError> {
        let index = self.state().records.iter().position(|r| r.is_of(cell));
        let Some(index) = index.filter(|_| !self.options.interrupter.should_stop()) else {
            return Ok(());
        };
        let mut record = self.state().records[index].clone();
        let orbits = record.result.as_mut().and_then(|r| r.orbits.as_mut());
        let Some(orbits) = orbits.filter(|o| o.early_coordinate_mse_db.is_empty()) else {
            return Ok(());
        };
        if let Ok(run) = self.store.trained(cell) {
            orbits.early_coordinate_mse_db = self.orbits(&run)?.early_coordinate_mse_db;
            self.store.save(cell, &record)?;
            self.state().records[index] = record;
        }
        Ok(())
    }

    /// Takes cells until there are none.
    fn job(&self) {
        while let Some(cell) = self.next() {
            if let Err(failure) = self.run(cell) {
                self.state().failure.get_or_insert(failure);
            }
        }
    }

    fn next(&self) -> Option<Cell> {
        let mut state = self.state();
        if state.failure.is_some() || self.options.interrupter.should_stop() {
            return None;
        }
        let cell = state.queue.pop_front()?;
        state.running.push(cell.clone());
        Some(cell)
    }

    fn run(&self, cell: Cell) -> Result<(), ReproduceError> {
        self.watch.begun(&cell);
        let start = Instant::now();
        let trained = self.train(&cell);
        self.state().running.retain(|running| *running != cell);
        let (result, failure) = match trained {
            Ok(result) => (Some(result), None),
            Err(TrainError::NonFinite { step, .. }) => {
                (None, Some(format!("diverged at step {step}")))
            }
            Err(TrainError::Interrupted { .. }) => {
                self.state().queue.push_front(cell);
                return Ok(());
            }
            Err(error) => {
                return Err(ReproduceError::Cell {
                    cell: cell.name(),
                    error: Box::new(error),
                });
            }
        };
        let wall_s = start.elapsed().as_secs_f64();
        let experiment = &cell.experiment;
        let record = Record {
            table: cell.table.into(),
            cell: cell.name(),
            schema: SCHEMA,
            label: cell.label.clone(),
            network: experiment.network.name().into(),
            dim: experiment.dim(),
            seed: experiment.seed,
            candidate: cell.candidate.clone(),
            result,
            failure,
            version: env!("CARGO_PKG_VERSION").into(),
            machine: machine(),
            backend: self.options.backend.name().into(),
            wall_s,
            experiment: experiment.clone(),
            horizon: cell.horizon,
        };
        self.store.save(&cell, &record)?;
        self.clear(&cell)?;
        {
            let mut state = self.state();
            state.ran.push((cost(&record.experiment), wall_s));
            state.records.push(record.clone());
            state.done += 1;
        }
        let table = self.table()?;
        self.watch.ended(&record, self.progress(), &table);
        Ok(())
    }

    fn train(&self, cell: &Cell) -> Result<CellResult, TrainError> {
        let folder = self.store.run(cell);
        let summary = self.summary(cell, &folder)?;
        let run = Run::open(&folder)?;
        let result = CellResult {
            orbits: match self.plan.grid().measure {
                Measure::Field => None,
                Measure::Orbits => Some(self.orbits(&run)?),
            },
            curve: curve(&run)?,
            ..scored(&summary)
        };
        Ok(result)
    }

    fn summary(&self, cell: &Cell, folder: &Path) -> Result<Summary, TrainError> {
        let baselines = self.baselines(cell)?;
        let options = || TrainOptions {
            overwrite: true,
            interrupter: self.options.interrupter.clone(),
            baselines: Some(baselines.clone()),
            ..TrainOptions::new(self.options.backend)
        };
        train_or_resume(&cell.experiment, &self.options.device, folder, options)
    }

    /// Removes of a run what is of no use once its record is written: all of it but the weights that
    /// figures draw, those of the networks in the plane and on phase space.
    fn clear(&self, cell: &Cell) -> Result<(), RunError> {
        let folder = self.store.run(cell);
        let removed = match cell.experiment.dim() > 8 {
            true => folder,
            false => checkpoints(&folder),
        };
        match std::fs::remove_dir_all(&removed) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(RunError::io("remove", &removed, error))
            }
            _ => Ok(()),
        }
    }

    /// The rows to compare with: computed once, or taken from a record.
    fn baselines(&self, cell: &Cell) -> Result<Rows, TrainError> {
        let experiment = &cell.experiment;
        let key = (experiment.dim(), experiment.seed);
        let mut known = self
            .baselines
            .lock()
            .unwrap_or_else(|poison| poison.into_inner());
        if let Some(rows) = known.get(&key) {
            return Ok(rows.clone());
        }
        let stored = self.state().records.iter().find_map(|record| {
            let result = record.result.as_ref()?;
            let same = (record.dim, record.seed) == key
                && record.experiment.task == experiment.task
                && record.experiment.evaluation == experiment.evaluation;
            same.then(|| result.reference.rows())
        });
        let rows = match stored {
            Some(rows) => rows,
            None => experiment
                .build_task(&self.options.device, None)?
                .baselines(),
        };
        known.insert(key, rows.clone());
        Ok(rows)
    }

    /// Follows the 15 orbits by the trained network.
    fn orbits(&self, run: &Run) -> Result<OrbitScore, RunError> {
        let device = self.options.device.clone().without_autodiff();
        let network = run.network(&device)?;
        let horizon = self.plan.grid().horizon;
        let predictions: Vec<_> = evaluation_states()
            .into_iter()
            .map(|start| Prediction::new(rate_of(&network, &device), start, horizon).ok())
            .collect();
        let each = |error: fn(&Prediction) -> f64| -> Vec<Option<f64>> {
            predictions
                .iter()
                .map(|prediction| prediction.as_ref().map(error))
                .collect()
        };
        Ok(OrbitScore {
            coordinate_mse_db: each(Prediction::coordinate_mse_db),
            early_coordinate_mse_db: each(Prediction::early_coordinate_mse_db),
            centre_mse_db: each(Prediction::centre_mse_db),
            energy_mse_db: each(Prediction::energy_mse_db),
        })
    }

    /// The table so far, written to the results folder.
    fn table(&self) -> Result<Table, ReproduceError> {
        let records = self.state().records.clone();
        let table = Table::new(self.whole, &records);
        table.write(&self.store)?;
        Ok(table)
    }

    fn progress(&self) -> Progress {
        let state = self.state();
        let done = state.done;
        let mean = |times: &[f64]| times.iter().sum::<f64>() / times.len() as f64;
        let all: Vec<f64> = state.ran.iter().map(|(_, wall_s)| *wall_s).collect();
        let expected = |cell: &Cell| {
            let alike = cost(&cell.experiment);
            let of_kind: Vec<f64> = state
                .ran
                .iter()
                .filter(|(cost, _)| *cost == alike)
                .map(|(_, wall_s)| *wall_s)
                .collect();
            mean(if of_kind.is_empty() { &all } else { &of_kind })
        };
        let left: f64 = state.queue.iter().chain(&state.running).map(expected).sum();
        // Jobs side by side and loading take their share: the pace is what the clock says.
        let pace = self.started.elapsed().as_secs_f64() / all.iter().sum::<f64>();
        Progress {
            done,
            total: state.total(),
            left_s: (!all.is_empty()).then_some(left * pace),
        }
    }
}

/// The checkpoints of a run: it has them until its record is written.
fn checkpoints(run: &Path) -> PathBuf {
    run.join(RunFolder::CHECKPOINTS)
}

/// The numbers of a summary that a record keeps.
fn scored(summary: &Summary) -> CellResult {
    CellResult {
        parameters: summary.parameters,
        validation_db: summary.validation.value(),
        test: summary.test(),
        reference: summary.reference(),
        orbits: None,
        curve: Vec::new(),
    }
}

/// At most 50 validations, evenly chosen.
fn curve(run: &Run) -> Result<Vec<(usize, f64)>, RunError> {
    let metrics = run.metrics()?;
    let stride = metrics.len().div_ceil(50).max(1);
    let chosen = metrics.iter().step_by(stride);
    Ok(chosen
        .map(|line| (line.step, line.validation.value()))
        .collect())
}
