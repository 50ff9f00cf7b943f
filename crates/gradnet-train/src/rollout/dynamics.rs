//! What a run has learned, ready to be followed.

use std::path::Path;

use burn::tensor::{DType, Device, Tensor, TensorData};
use gradnet_core::analysis::{host, in_double_precision};
use nalgebra::DMatrix;

use super::RolloutError;
use crate::data::file::Similarity;
use crate::registry::Network;
use crate::run::{Run, RunError};
use crate::task::dynamics::{
    Coefficients, DynamicsConfig, FRICTION, Flow, Kind, energy_at, input_name, step, time_unit,
};

/// A run's dynamics, ready to be followed.
pub(super) struct Dynamics {
    pub(super) network: Network,
    kind: Kind,
    coefficients: Coefficients,
    pub(super) units: Similarity,
    device: Device,
}

impl Dynamics {
    pub(super) fn open(run: &Run, config: &DynamicsConfig) -> Result<Self, RolloutError> {
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

    pub(super) fn has_energy(&self) -> bool {
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

    /// At each time the states of all paths, row after row, in the network's units.
    pub(super) fn follow(
        &self,
        starts: &[f64],
        inputs: &[f64],
        times: &[f64],
        from: &Path,
    ) -> Result<Vec<Vec<f64>>, RolloutError> {
        let dim = self.units.mean.len();
        let rows = starts.len() / dim;
        let mut x = self.tensor(self.units.inner_points(starts), dim);
        let drive = (!inputs.is_empty()).then(|| {
            self.coefficients
                .drive(&self.tensor(inputs.to_vec(), inputs.len() / rows))
        });
        let flow = Flow::new(&self.network, self.coefficients.structure(self.kind));
        let mut samples: Vec<Vec<f64>> = Vec::new();
        for (k, time) in times.iter().enumerate() {
            if k > 0 {
                let h = (time - times[k - 1]) / time_unit(&self.units);
                let h = self.tensor(vec![h; rows], 1);
                x = step(&flow, x, h, drive.as_ref()).0;
            }
            samples.push(finite(host(x.clone()), dim, k, times, from)?);
        }
        Ok(samples)
    }

    /// The energies at states in the network's units, at each time those of all paths; none where they are not known.
    pub(super) fn energies(
        &self,
        samples: &[Vec<f64>],
        times: &[f64],
        from: &Path,
    ) -> Result<Vec<Vec<f64>>, RolloutError> {
        let at = samples.iter().enumerate();
        at.map(|(k, states)| finite(self.energy(states).unwrap_or_default(), 1, k, times, from))
            .collect()
    }
}

/// The numbers at time `k`, `width` a path, if all are finite.
fn finite(
    numbers: Vec<f64>,
    width: usize,
    k: usize,
    times: &[f64],
    from: &Path,
) -> Result<Vec<f64>, RolloutError> {
    match numbers.iter().position(|number| !number.is_finite()) {
        Some(place) => Err(RolloutError::NotFinite {
            from: from.into(),
            row: place / width + 1,
            time: times[k.saturating_sub(1)],
        }),
        None => Ok(numbers),
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
