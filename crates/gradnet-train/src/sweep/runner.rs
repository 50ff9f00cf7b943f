//! Runs the cells of a sweep, some side by side, and keeps what is done.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use burn::tensor::Device;
use rayon::ThreadPoolBuildError;

use super::identity::NUMBERS;
use super::jobs::{side_by_side, train_or_resume};
use super::record::Store;
use super::{Cell, Record, Shard, Sweep, SweepError, Table};
use crate::backend::Backend;
use crate::interrupter::Interrupter;
use crate::machine::machine;
use crate::run::{RunFolder, Summary};
use crate::settings::Schedule;
use crate::task::Rows;
use crate::training::{TrainError, TrainOptions};

/// How a sweep runs.
#[derive(Clone)]
pub struct Options {
    /// Runs side by side; above one, each has a single thread.
    pub jobs: usize,
    /// The part of the cells that this process runs.
    pub shard: Shard,
    /// The backend, for the record.
    pub backend: Backend,
    /// The device.
    pub device: Device,
    /// The folder of records, runs and table.
    pub output: PathBuf,
    /// A handle that ends the sweep, the finished cells kept.
    pub interrupter: Interrupter,
}

/// Told about a sweep as it goes.
pub trait Watch: Sync {
    /// A cell begins.
    fn begun(&self, _cell: &Cell) {}
    /// A cell has its record; so many of those known to be needed have one.
    fn ended(&self, _record: &Record, _done: usize, _total: usize) {}
}

/// Runs what a sweep lacks. The table lies in the output folder as Markdown, CSV and JSON once it is whole; `None` while cells of other parts are
/// missing.
///
/// # Errors
/// See [`SweepError`].
pub fn run(
    sweep: &Sweep,
    options: &Options,
    watch: &dyn Watch,
) -> Result<Option<Table>, SweepError> {
    let running = Running {
        options,
        watch,
        store: Store::new(&options.output),
        state: Mutex::default(),
        baselines: Mutex::default(),
    };
    let seeds = sweep.seeds();
    // Every cell of every seed is checked before the first is trained.
    let by_seed = seeds
        .iter()
        .map(|seed| sweep.cells(*seed))
        .collect::<Result<Vec<_>, _>>()?;
    let Some(searched) = running.records(by_seed[0].clone())? else {
        return Ok(None);
    };
    let best = best(sweep, &searched);
    let is_best = |cell: &Cell| {
        let chosen = |best: &&Record| {
            (&best.row, &best.case, &best.candidate) == (&cell.row, &cell.case, &cell.candidate)
        };
        best.iter().any(chosen)
    };
    let further = by_seed[1..].iter().flatten();
    let further: Vec<Cell> = further.filter(|cell| is_best(cell)).cloned().collect();
    let Some(repeated) = running.records(further)? else {
        return Ok(None);
    };
    let table = Table::new(sweep, &best, &repeated);
    for (end, text) in table.files() {
        running.store.write(&running.store.table(end), &text)?;
    }
    Ok(Some(table))
}

/// The record with the least validation of each row and case, all with the first seed.
fn best<'a>(sweep: &Sweep, records: &'a [Record]) -> Vec<&'a Record> {
    let mut best = Vec::new();
    for case in sweep.cases() {
        for row in sweep.rows() {
            let of_place = records.iter().filter(|r| r.row == row && r.case == case);
            best.extend(of_place.min_by(|a, b| a.validation().total_cmp(&b.validation())));
        }
    }
    best
}

/// What the jobs share.
#[derive(Default)]
struct State {
    queue: VecDeque<Cell>,
    done: usize,
    total: usize,
    failure: Option<SweepError>,
}

struct Running<'a> {
    options: &'a Options,
    watch: &'a dyn Watch,
    store: Store,
    state: Mutex<State>,
    /// Rows to compare with, by all they depend on.
    baselines: Mutex<HashMap<String, Rows>>,
}

impl Running<'_> {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is one push or one assignment, which a panic cannot leave half done.
        self.state
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
    }

    /// The records of all these cells, those of this part trained where they lack one; `None` if another part's are missing.
    fn records(&self, cells: Vec<Cell>) -> Result<Option<Vec<Record>>, SweepError> {
        let mut names = HashSet::new();
        for (place, cell) in cells.iter().enumerate() {
            // Rows that come to one experiment share its run and its record.
            if !names.insert(cell.name()) {
                continue;
            }
            let has = self.store.load(cell)?.is_some();
            let mut state = self.state();
            if has {
                state.done += 1;
            } else if self.options.shard.has(place) {
                state.queue.push_back(cell.clone());
            }
            state.total += usize::from(has || self.options.shard.has(place));
        }
        let failed = |error: ThreadPoolBuildError| {
            self.state().failure.get_or_insert(error.into());
        };
        side_by_side(self.options.jobs, || self.job(), failed);
        let mut state = self.state();
        if let Some(failure) = state.failure.take() {
            return Err(failure);
        }
        let (done, total) = (state.done, state.total);
        if self.options.interrupter.should_stop() && done < total {
            return Err(SweepError::Interrupted { done, total });
        }
        drop(state);
        let records = cells.iter().map(|cell| self.store.load(cell));
        Ok(records.collect::<Result<Option<Vec<_>>, _>>()?)
    }

    /// Takes cells until there are none.
    fn job(&self) {
        while let Some(cell) = self.next() {
            if let Err(failure) = self.run(&cell) {
                self.state().failure.get_or_insert(failure);
            }
        }
    }

    fn next(&self) -> Option<Cell> {
        let mut state = self.state();
        match state.failure.is_some() || self.options.interrupter.should_stop() {
            true => None,
            false => state.queue.pop_front(),
        }
    }

    fn run(&self, cell: &Cell) -> Result<(), SweepError> {
        self.watch.begun(cell);
        let started = Instant::now();
        let (result, failure) = match self.train(cell) {
            Ok(summary) => (Some(summary), None),
            Err(TrainError::NonFinite { step, .. }) => {
                (None, Some(format!("diverged at step {step}")))
            }
            Err(TrainError::Interrupted { .. }) => return Ok(()),
            Err(error) => {
                return Err(SweepError::Cell {
                    cell: cell.name(),
                    error: Box::new(error),
                });
            }
        };
        let wall_s = started.elapsed().as_secs_f64();
        let record = Record {
            row: cell.row.clone(),
            case: cell.case.clone(),
            candidate: cell.candidate.clone(),
            experiment: cell.experiment.clone(),
            result,
            failure,
            version: env!("CARGO_PKG_VERSION").into(),
            numbers: NUMBERS,
            files: cell.files.clone(),
            machine: machine(),
            backend: self.options.backend.name().into(),
            wall_s,
        };
        self.store.save(cell, &record)?;
        // The record is what a checkpoint was for.
        let _ = std::fs::remove_dir_all(self.store.run(cell).join(RunFolder::CHECKPOINTS));
        let (done, total) = {
            let mut state = self.state();
            state.done += 1;
            (state.done, state.total)
        };
        self.watch.ended(&record, done, total);
        Ok(())
    }

    fn train(&self, cell: &Cell) -> Result<Summary, TrainError> {
        let (folder, device) = (self.store.run(cell), &self.options.device);
        let baselines = self.baselines(cell)?;
        let options = || TrainOptions {
            overwrite: true,
            interrupter: self.options.interrupter.clone(),
            baselines: Some(baselines.clone()),
            ..TrainOptions::new(self.options.backend)
        };
        train_or_resume(&cell.experiment, device, &folder, options)
    }

    /// The rows to compare with, computed once for all runs that they are the same for: those that differ in the network or in how its
    /// weights move.
    fn baselines(&self, cell: &Cell) -> Result<Rows, TrainError> {
        let experiment = &cell.experiment;
        let mut protocol = experiment.protocol();
        protocol.train.learning_rate = 0.0;
        protocol.train.schedule = Schedule::Constant;
        let key = format!("{:?} {protocol:?}", experiment.task);
        let mut known = self
            .baselines
            .lock()
            .unwrap_or_else(|poison| poison.into_inner());
        if let Some(rows) = known.get(&key) {
            return Ok(rows.clone());
        }
        let rows = experiment
            .build_task(&self.options.device, None)?
            .baselines();
        known.insert(key, rows.clone());
        Ok(rows)
    }
}
