//! Runs the cells of a sweep, some side by side, and keeps what is done.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use burn::tensor::Device;
use rayon::ThreadPoolBuildError;

use super::jobs::{side_by_side, train_or_resume};
use super::pace::{Pace, Progress};
use super::{Cell, CellResult, Filled, Place, Record, Shard, Store, SweepError};
use crate::backend::Backend;
use crate::experiment::Experiment;
use crate::interrupter::Interrupter;
use crate::machine::machine;
use crate::run::{Run, RunError, RunFolder};
use crate::settings::Schedule;
use crate::task::Rows;
use crate::training::{TrainError, TrainOptions};

/// How cells are run.
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
    /// A handle that ends the sweep, the finished cells kept.
    pub interrupter: Interrupter,
    /// Whether the run folder of such an experiment is kept beside its record.
    pub keeps: fn(&Experiment) -> bool,
}

/// Told about a sweep as it goes.
pub trait Watch: Sync {
    /// A cell begins.
    fn begun(&self, _cell: &Cell) {}
    /// A cell has its record; `table` is the table so far, as Markdown.
    fn ended(&self, _record: &Record, _progress: Progress, _table: &str) {}
}

/// Says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Watch for Silent {}

/// Trains what the places lack: every candidate with the first seed, then the best candidate of each place with its
/// further seeds. `table` is called after each cell; it writes the table so far and gives it as Markdown. False while
/// cells of other parts are missing.
///
/// # Errors
/// See [`SweepError`].
pub fn fill(
    places: &[Place],
    store: &Store,
    options: &Options,
    watch: &dyn Watch,
    table: &(dyn Fn() -> Result<String, RunError> + Sync),
) -> Result<bool, SweepError> {
    let candidates = places.iter().flat_map(|place| &place.candidates);
    let mut starts = HashSet::new();
    for cell in candidates.clone().flatten() {
        if store.load(cell)?.is_some() {
            continue;
        }
        // One that must be trained again begins with another itself.
        let mut at = cell;
        while let Some(start) = at.start.as_deref() {
            starts.insert(start.name());
            if store.has_run(start) {
                break;
            }
            at = start;
        }
    }
    let running = Running {
        options,
        store,
        watch,
        table,
        starts,
        state: Mutex::default(),
        baselines: Mutex::default(),
    };
    if !running.in_order(candidates.map(|seeds| &seeds[0]))? {
        return Ok(false);
    }
    let filled = Filled::of(places, store)?;
    let chosen = filled.iter().map(|f| &f.place.candidates[f.chosen]);
    running.in_order(chosen.flat_map(|seeds| &seeds[1..]))
}

/// What the jobs share.
#[derive(Default)]
struct State<'a> {
    queue: VecDeque<&'a Cell>,
    running: Vec<&'a Cell>,
    /// Cells that have a record.
    done: usize,
    failure: Option<SweepError>,
    pace: Pace,
}

impl State<'_> {
    /// Cells known to be needed of this process.
    fn total(&self) -> usize {
        self.done + self.running.len() + self.queue.len()
    }
}

struct Running<'a> {
    options: &'a Options,
    store: &'a Store,
    watch: &'a dyn Watch,
    table: &'a (dyn Fn() -> Result<String, RunError> + Sync),
    /// The names of the cells whose weights others, that have no record, begin with.
    starts: HashSet<String>,
    state: Mutex<State<'a>>,
    /// Rows to compare with, by all they depend on.
    baselines: Mutex<HashMap<String, Rows>>,
}

impl<'a> Running<'a> {
    fn state(&self) -> MutexGuard<'_, State<'a>> {
        // Every change is one push or one assignment, which a panic cannot leave half done.
        self.state
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
    }

    fn baselines(&self) -> MutexGuard<'_, HashMap<String, Rows>> {
        self.baselines
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
    }

    /// Runs those of this part that have no record, each after the one that it begins with; whether all have one then.
    fn in_order(&self, cells: impl Iterator<Item = &'a Cell>) -> Result<bool, SweepError> {
        let mut cells: Vec<&Cell> = cells.collect();
        cells.sort_by_key(|cell| cell.depth());
        for alike in cells.chunk_by(|a, b| a.depth() == b.depth()) {
            if !self.cells(alike.iter().copied())? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether others begin with its weights, and they are not there.
    fn is_missed(&self, cell: &Cell) -> bool {
        self.starts.contains(&cell.name()) && !self.store.has_run(cell)
    }

    /// Runs those of this part that have no record; whether all have one then.
    fn cells(&self, cells: impl Iterator<Item = &'a Cell>) -> Result<bool, SweepError> {
        let (mut names, mut others) = (HashSet::new(), false);
        // Rows that come to one experiment share its run and its record.
        let cells = cells.filter(|cell| names.insert(cell.name()));
        for (place, cell) in cells.enumerate() {
            if let Some(record) = self.store.load(cell)?
                && !self.is_missed(cell)
            {
                if let Some(result) = record.result {
                    let key = compared_by(&cell.experiment);
                    self.baselines().insert(key, result.scores.baselines);
                }
                self.state().done += 1;
            } else if self.options.shard.has(place) {
                self.state().queue.push_back(cell);
            } else {
                others = true;
            }
        }
        let failed = |error: ThreadPoolBuildError| {
            self.state().failure.get_or_insert(error.into());
        };
        side_by_side(self.options.jobs, || self.job(), failed);
        let mut state = self.state();
        if let Some(failure) = state.failure.take() {
            return Err(failure);
        }
        let (done, total) = (state.done, state.total());
        if done < total {
            return Err(SweepError::Interrupted { done, total });
        }
        Ok(!others)
    }

    /// Takes cells until there are none.
    fn job(&self) {
        while let Some(cell) = self.next() {
            if let Err(failure) = self.run(cell) {
                self.state().failure.get_or_insert(failure);
            }
        }
    }

    fn next(&self) -> Option<&'a Cell> {
        let mut state = self.state();
        if state.failure.is_some() || self.options.interrupter.should_stop() {
            return None;
        }
        let cell = state.queue.pop_front()?;
        state.running.push(cell);
        Some(cell)
    }

    fn run(&self, cell: &'a Cell) -> Result<(), SweepError> {
        self.watch.begun(cell);
        let started = Instant::now();
        let trained = self.train(cell);
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
                return Err(SweepError::Cell {
                    cell: cell.name(),
                    error: Box::new(error),
                });
            }
        };
        let record = Record {
            row: cell.row.clone(),
            case: cell.case.clone(),
            candidate: cell.candidate.clone(),
            result,
            failure,
            version: env!("CARGO_PKG_VERSION").into(),
            numbers: cell.identity().numbers,
            files: cell.files.clone(),
            machine: machine(),
            backend: self.options.backend.name().into(),
            wall_s: started.elapsed().as_secs_f64(),
            experiment: cell.experiment.clone().into_inner(),
            measure: self.store.measure().map(|measure| measure.settings()),
        };
        self.store.save(cell, &record)?;
        self.clear(cell)?;
        let progress = {
            let mut state = self.state();
            state.done += 1;
            state.pace.ran(&cell.experiment, record.wall_s);
            let left = state.queue.iter().chain(&state.running);
            Progress {
                done: state.done,
                total: state.total(),
                left_s: state.pace.left_s(left.map(|cell| &*cell.experiment)),
            }
        };
        let table = (self.table)()?;
        self.watch.ended(&record, progress, &table);
        Ok(())
    }

    fn train(&self, cell: &Cell) -> Result<CellResult, TrainError> {
        let (folder, device) = (self.store.run(cell), &self.options.device);
        let baselines = self.rows(cell)?;
        let options = || TrainOptions {
            overwrite: true,
            interrupter: self.options.interrupter.clone(),
            baselines: Some(baselines.clone()),
            ..TrainOptions::new(self.options.backend)
        };
        let start = cell.start.as_ref().map(|start| self.store.run(start));
        let experiment = cell.experiment.clone().begun_with(start);
        let summary = train_or_resume(&experiment, device, &folder, options)?;
        let run = Run::open(&folder)?;
        let measure = self.store.measure();
        Ok(CellResult {
            parameters: summary.parameters,
            validation: summary.validation,
            scores: summary.scores,
            measured: measure.map(|m| m.measure(&run, device)).transpose()?,
            curve: curve(&run)?,
        })
    }

    /// The rows to compare with, computed once for all runs that they are the same for, or taken from a record.
    fn rows(&self, cell: &Cell) -> Result<Rows, TrainError> {
        let key = compared_by(&cell.experiment);
        let mut known = self.baselines();
        if let Some(rows) = known.get(&key) {
            return Ok(rows.clone());
        }
        let task = cell.experiment.build_task(&self.options.device, None)?;
        Ok(known.entry(key).or_insert(task.baselines()).clone())
    }

    /// Removes of a run what is of no use once its record is written: its checkpoints, or all of it.
    fn clear(&self, cell: &Cell) -> Result<(), RunError> {
        let run = self.store.run(cell);
        match (self.options.keeps)(&cell.experiment) || self.starts.contains(&cell.name()) {
            true => remove(&run.join(RunFolder::CHECKPOINTS)),
            false => remove(&run),
        }
    }
}

fn remove(folder: &Path) -> Result<(), RunError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(RunError::io("remove", folder, error))
        }
        _ => Ok(()),
    }
}

/// What decides the rows to compare with: all a task is told, but for how the weights move.
fn compared_by(experiment: &Experiment) -> String {
    let mut protocol = experiment.protocol();
    protocol.train.learning_rate = 0.0;
    protocol.train.schedule = Schedule::Constant;
    protocol.side = 0;
    format!("{:?} {protocol:?}", experiment.task)
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
