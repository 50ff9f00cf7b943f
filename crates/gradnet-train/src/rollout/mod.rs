//! Paths that a run's dynamics predict from starts in a file, into a file.
//!
//! ```text
//! x_0 from the file,    x_{k+1} = Φ_h(x_k),    H along the path        Φ the run's method, symplectic for Hamilton's equations
//! ```
//!
//! Everything is computed on the processor in 64 bits, so that what the energy drifts by is the method's doing and not
//! rounding's.

mod dynamics;
mod error;

use std::path::Path;

use gradnet_core::VectorField;

use crate::data::file::Beyond;
use crate::experiment::TaskConfig;
use crate::files::{FileError, Naming, Part, RowReader, RowWriter, Selection};
use crate::run::{Run, check_output};
use crate::task::dynamics::{DynamicsConfig, Kind, square};
use dynamics::Dynamics;
pub use error::RolloutError;

/// Samples of all paths at most: they are held in memory until they are written.
const MOST_SAMPLES: usize = 5_000_000;

const TRAIN_DYNAMICS: &str = "train them: `gradnet train configs/dynamics_pendulum.toml`, or [dynamics.file] with paths \
    of your own (docs/dynamics.md)";

/// Rows read at a time.
const PIECE: usize = 4_096;

/// How far and in what steps paths are followed, in the unit of the data's times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RolloutOptions {
    /// The last time; paths begin at 0.
    pub until: f64,
    /// The step of the method and of the output; the last one is shorter where it does not divide the time.
    pub step: f64,
}

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct RolledOut {
    /// Paths.
    pub paths: usize,
    /// Steps of each.
    pub steps: usize,
    /// The kind of the dynamics, which says the method.
    pub kind: Kind,
    /// The largest `|H(x(t)) − H(x(0))|` of the learned energy; `None` where the network's potential is not known.
    pub drift: Option<f64>,
    /// The largest distance between these paths and those of half the step, in parts of the size of the data; infinite
    /// where half the step cannot be followed.
    pub step_error: f64,
    /// How the starts lie to the states of training.
    pub starts: Beyond,
    /// The same of the paths: how many lead far outside, and how far.
    pub led: Beyond,
}

/// Follows the dynamics of a run from every row of `from` and writes the paths to `output`: the number of the start,
/// the time, the state, and the learned energy where the network has a potential. Inputs keep the values of the start's
/// row.
///
/// # Errors
/// See [`RolloutError`]; `output` is then as it was.
pub fn rollout(
    run: &Run,
    from: &Path,
    output: &Path,
    options: RolloutOptions,
) -> Result<RolledOut, RolloutError> {
    let TaskConfig::Dynamics(config) = &run.experiment().task else {
        return Err(run
            .other_task("only dynamics have paths", TRAIN_DYNAMICS)
            .into());
    };
    let times = times(options)?;
    check_output(output, &[from], std::slice::from_ref(run))?;
    let dynamics = Dynamics::open(run, config)?;
    let (states, inputs) = starts(config, from, dynamics.network.dim())?;
    let dim = dynamics.network.dim();
    let count = states.len() / dim;
    if count.saturating_mul(times.len()) > MOST_SAMPLES {
        return Err(RolloutError::Option {
            option: "--step",
            value: options.step,
            requirement: format!(
                "so large that {count} paths have at most {MOST_SAMPLES} samples together"
            ),
        });
    }
    let mut writer = RowWriter::create(output, parts(config, &dynamics, dim))?;
    let inner = dynamics.follow(&states, &inputs, &times, from)?;
    let energies = dynamics.energies(&inner, &times, from)?;
    let mut drift = dynamics.has_energy().then_some(0.0f64);
    let facts = run.kept_facts()?;
    // The size of the data is √d in the network's units.
    let step_error = match dynamics.follow(&states, &inputs, &halved(&times), from) {
        Ok(finer) => farthest(&inner, &finer, dim) / (dim as f64).sqrt(),
        Err(_) => f64::INFINITY,
    };
    let samples: Vec<Vec<f64>> = inner
        .iter()
        .map(|states| dynamics.units.unscale_points(states))
        .collect();
    let mut led = Beyond::default();
    for row in 0..count {
        let state = |sample: &Vec<f64>| sample[row * dim..(row + 1) * dim].to_vec();
        let path: Vec<f64> = samples.iter().flat_map(state).collect();
        let Beyond { far, most } = facts.beyond(&path);
        led.add(Beyond {
            far: far.min(1),
            most,
        });
        let mut values = vec![vec![(row + 1) as f64; times.len()], times.clone(), path];
        if let Some(drift) = &mut drift {
            let energy: Vec<f64> = energies.iter().map(|energies| energies[row]).collect();
            let moved = energy.iter().map(|e| (e - energy[0]).abs());
            *drift = moved.fold(*drift, f64::max);
            values.push(energy);
        }
        writer.write(&values)?;
    }
    writer.finish()?;
    Ok(RolledOut {
        paths: count,
        steps: times.len() - 1,
        kind: config.kind,
        drift,
        step_error,
        starts: facts.beyond(&states),
        led,
    })
}

/// 0, the step, twice the step, .., the end.
fn times(options: RolloutOptions) -> Result<Vec<f64>, RolloutError> {
    let RolloutOptions { until, step } = options;
    let refused = |option, value, requirement: &str| {
        Err(RolloutError::Option {
            option,
            value,
            requirement: requirement.into(),
        })
    };
    if !(until.is_finite() && until > 0.0) {
        return refused("--until", until, "a time above 0");
    }
    if !(step > 0.0 && step <= until) {
        return refused("--step", step, "above 0 and at most the time of --until");
    }
    if until / step > MOST_SAMPLES as f64 {
        return refused(
            "--step",
            step,
            "so large that a path has at most 5,000,000 samples",
        );
    }
    // A step that divides the time but for rounding leaves no tiny one at the end.
    let whole = (until / step - 1e-9).ceil() as usize;
    let mut times: Vec<f64> = (0..whole).map(|k| k as f64 * step).collect();
    times.push(until);
    Ok(times)
}

/// The times with one more in the middle of each step.
fn halved(times: &[f64]) -> Vec<f64> {
    let steps = times.windows(2);
    let middles = steps.flat_map(|step| [step[0], (step[0] + step[1]) / 2.0]);
    middles.chain(times.last().copied()).collect()
}

/// The largest distance of a state from that of half the step at the same time.
fn farthest(samples: &[Vec<f64>], finer: &[Vec<f64>], dim: usize) -> f64 {
    let pairs = samples.iter().zip(finer.iter().step_by(2));
    let distances = pairs.flat_map(|(coarse, fine)| {
        let states = coarse.chunks(dim).zip(fine.chunks(dim));
        states.map(|(a, b)| square(a, b).sqrt())
    });
    distances.fold(0.0, f64::max)
}

/// The starts and their inputs, row after row.
fn starts(
    config: &DynamicsConfig,
    from: &Path,
    dim: usize,
) -> Result<(Vec<f64>, Vec<f64>), FileError> {
    let mut names = config.state_names();
    let states = names.len();
    names.extend(config.input_names());
    let mut reader =
        RowReader::open_with(from, &Selection::Named(names), Naming::NONE.reading(None))?;
    let width = reader.width();
    let read: usize = reader.widths()[..states].iter().sum();
    if read != dim {
        return Err(FileError::Format {
            file: from.into(),
            reason: format!("a state has {read} coordinates there, the run's have {dim}"),
            remedy: "give it the columns or arrays that the run was trained on".into(),
        });
    }
    let mut numbers = Vec::new();
    while reader.read(PIECE, &mut numbers)? > 0 {}
    if numbers.is_empty() {
        return Err(FileError::Format {
            file: from.into(),
            reason: "it has no rows: there is nothing to start from".into(),
            remedy: "write one row for each path, with the state it starts from".into(),
        });
    }
    let rows = || numbers.chunks(width);
    let of_states = rows().flat_map(|row| row[..dim].to_vec()).collect();
    Ok((
        of_states,
        rows().flat_map(|row| row[dim..].to_vec()).collect(),
    ))
}

/// What the output holds.
fn parts(config: &DynamicsConfig, dynamics: &Dynamics, dim: usize) -> Vec<Part> {
    let part = |name: &str, shape: Vec<usize>, columns: Vec<String>| Part {
        name: name.into(),
        shape,
        columns,
    };
    let single = |name: String| part(&name, vec![], vec![name.clone()]);
    let given = config.state_names();
    let columns = match given.len() == dim {
        true => given,
        false => (1..=dim).map(|axis| format!("x{axis}")).collect(),
    };
    let [number, time] = config.place_names();
    let mut parts = vec![
        single(number),
        single(time),
        part("state", vec![dim], columns),
    ];
    if dynamics.has_energy() {
        parts.push(single("energy".into()));
    }
    parts
}
