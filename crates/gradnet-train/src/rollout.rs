//! Paths that a run's dynamics predict from starts in a file, into a file.
//!
//! ```text
//! x_0 from the file,    x_{k+1} = Φ_h(x_k),    H along the path        Φ the run's method, symplectic for Hamilton's equations
//! ```
//!
//! Everything is computed on the processor in 64 bits, so that what the energy drifts by is the method's doing and not rounding's.

use std::path::{Path, PathBuf};

use burn::tensor::{DType, Device, Tensor, TensorData};
use gradnet_core::VectorField;
use gradnet_core::analysis::{host, in_double_precision};
use nalgebra::DMatrix;

use crate::data::file::Similarity;
use crate::experiment::TaskConfig;
use crate::files::{FileError, Part, Reading, RowReader, RowWriter, Selection};
use crate::registry::Network;
use crate::run::{Run, RunError, check_output};
use crate::task::dynamics::{
    Coefficients, DynamicsConfig, FRICTION, Flow, Kind, energy_at, input_name, step, time_unit,
};

/// Samples of all paths at most: they are held in memory until they are written.
const MOST_SAMPLES: usize = 5_000_000;

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
}

/// Why there are no paths.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RolloutError {
    /// The run cannot be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The run learned something else.
    #[error("{run} is a run of the task {task}: only dynamics have paths")]
    NotDynamics {
        /// The run folder.
        run: String,
        /// Its task.
        task: &'static str,
    },
    /// A time or a step that cannot be used.
    #[error("{option} is {value}, but it must be {requirement}")]
    Option {
        /// The option.
        option: &'static str,
        /// Its value.
        value: f64,
        /// What it must satisfy.
        requirement: String,
    },
    /// The friction or the inputs' matrix is found at the end of a training.
    #[error("{run} is not finished: its friction and what its inputs do are not known yet")]
    Unfinished {
        /// The run folder.
        run: String,
    },
    /// A path left all numbers.
    #[error("{}, row {row}: the path from there is not finite after time {time}", from.display())]
    NotFinite {
        /// The file with the starts.
        from: PathBuf,
        /// The row of the start, counted from 1.
        row: usize,
        /// The last time at which it was finite.
        time: f64,
    },
}

impl RolloutError {
    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Run(error) => error.remedy(),
            Self::File(error) => error.remedy().into(),
            Self::NotDynamics { .. } => "train them: `gradnet train configs/dynamics_pendulum.toml`, or [dynamics.file] with paths of your own (docs/dynamics.md)".into(),
            Self::Option { .. } => "for example --until 20 --step 0.05".into(),
            Self::Unfinished { run } => format!("finish it first: `gradnet resume {run}`"),
            Self::NotFinite { .. } => "lower --step, or start nearer to the paths the run was trained on".into(),
        }
    }
}

/// A run's dynamics, ready to be followed.
struct Dynamics {
    network: Network,
    kind: Kind,
    coefficients: Coefficients,
    units: Similarity,
    device: Device,
}

/// Follows the dynamics of a run from every row of `from` and writes the paths to `output`: the number of the start, the time, the state, and the
/// learned energy where the network has a potential. Inputs keep the values of the start's row.
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
        return Err(RolloutError::NotDynamics {
            run: run.path().display().to_string(),
            task: run.experiment().task.task(),
        });
    };
    let times = times(options)?;
    check_output(output, Some(from), std::slice::from_ref(run))?;
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
    let (samples, energies) = dynamics.follow(&states, &inputs, &times, from)?;
    let mut drift = dynamics.has_energy().then_some(0.0f64);
    for row in 0..count {
        let state = |sample: &Vec<f64>| sample[row * dim..(row + 1) * dim].to_vec();
        let mut values = vec![
            vec![(row + 1) as f64; times.len()],
            times.clone(),
            samples.iter().flat_map(state).collect(),
        ];
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

/// The starts and their inputs, row after row.
fn starts(
    config: &DynamicsConfig,
    from: &Path,
    dim: usize,
) -> Result<(Vec<f64>, Vec<f64>), FileError> {
    let mut names = config.state_names();
    let states = names.len();
    names.extend(config.input_names());
    let mut reader = RowReader::open_with(from, &Selection::Named(names), Reading::default())?;
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

impl Dynamics {
    fn open(run: &Run, config: &DynamicsConfig) -> Result<Self, RolloutError> {
        let device = Device::flex();
        // The flow separates the field of a separable kind.
        let network = run.weights(&device)?;
        let units = run.kept_facts()?.similarity;
        Ok(Self {
            kind: config.kind,
            coefficients: coefficients(run, config, &units)?,
            network: in_double_precision(network, &device),
            units,
            device,
        })
    }

    fn has_energy(&self) -> bool {
        self.energy(&vec![0.0; self.units.mean.len()]).is_some()
    }

    fn tensor(&self, values: Vec<f64>, width: usize) -> Tensor<2> {
        let data = TensorData::new(values.clone(), [values.len() / width, width]);
        Tensor::from_data(data, (&self.device, DType::F64))
    }

    /// `H` at states in the network's units, in the data's.
    fn energy(&self, states: &[f64]) -> Option<Vec<f64>> {
        let x = self.tensor(states.to_vec(), self.units.mean.len());
        let values = host(energy_at(&self.network, self.kind, x)?);
        Some(
            values
                .iter()
                .map(|h| h * self.units.potential_scale())
                .collect(),
        )
    }

    /// At each time the states of all paths, row after row, and their energies.
    #[allow(clippy::type_complexity)] // two lists of lists
    fn follow(
        &self,
        starts: &[f64],
        inputs: &[f64],
        times: &[f64],
        from: &Path,
    ) -> Result<(Vec<Vec<f64>>, Vec<Vec<f64>>), RolloutError> {
        let dim = self.units.mean.len();
        let rows = starts.len() / dim;
        let mut x = self.tensor(self.units.inner_points(starts), dim);
        let drive = (!inputs.is_empty()).then(|| {
            self.coefficients
                .drive(&self.tensor(inputs.to_vec(), inputs.len() / rows))
        });
        let flow = Flow::new(&self.network, self.coefficients.structure(self.kind));
        let (mut samples, mut energies) = (Vec::new(), Vec::new());
        for (k, time) in times.iter().enumerate() {
            if k > 0 {
                let h = (time - times[k - 1]) / time_unit(&self.units);
                let h = self.tensor(vec![h; rows], 1);
                x = step(&flow, x, h, drive.as_ref()).0;
            }
            let states = host(x.clone());
            if let Some(place) = states.iter().position(|x| !x.is_finite()) {
                return Err(RolloutError::NotFinite {
                    from: from.into(),
                    row: place / dim + 1,
                    time: times[k.saturating_sub(1)],
                });
            }
            energies.push(self.energy(&states).unwrap_or_default());
            samples.push(self.units.unscale_points(&states));
        }
        Ok((samples, energies))
    }
}

/// The friction and the input matrix: given, or found when the run was scored.
fn coefficients(
    run: &Run,
    config: &DynamicsConfig,
    units: &Similarity,
) -> Result<Coefficients, RolloutError> {
    let dim = units.mean.len();
    let finds_friction = config.kind == Kind::Dissipative && config.friction.is_none();
    let given = Coefficients::given(config.friction.unwrap_or(0.0), dim);
    if !finds_friction && config.input_names().is_empty() {
        return Ok(given);
    }
    let summary = run.summary()?.ok_or_else(|| RolloutError::Unfinished {
        run: run.path().display().to_string(),
    })?;
    let number = |name: &str| summary.scores.metrics.get(name).map(|found| found.value);
    let missing = |name: &str| RunError::Damaged {
        path: run.path().into(),
        reason: format!("its summary.json has no {name}"),
    };
    let friction = match finds_friction {
        true => number(FRICTION).ok_or_else(|| missing(FRICTION))?,
        false => given.friction,
    };
    let width = (0..).take_while(|input| number(&input_name(0, *input)).is_some());
    let width = width.count();
    let mut inputs = DMatrix::zeros(dim, width);
    for i in 0..dim {
        for j in 0..width {
            let name = input_name(i, j);
            inputs[(i, j)] = number(&name).ok_or_else(|| missing(&name))? / units.y_scale;
        }
    }
    Ok(Coefficients { friction, inputs })
}
