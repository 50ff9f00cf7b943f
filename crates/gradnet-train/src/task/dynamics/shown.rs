//! Paths for a report's page: recorded and predicted, the learned energy along both, and the velocity in the plane.

use burn::tensor::{DType, Tensor, TensorData};
use gradnet_core::analysis::{Region, host};

use super::flow::Flow;
use super::task::Dynamics;
use crate::data::PointSet;
use crate::registry::Network;
use crate::task::regression::{Exhibit, Shown};

/// Paths that are shown.
const PATHS: usize = 6;

/// Arrows along each side of the plane.
const ARROWS: usize = 15;

/// Test paths and what a network predicts for them, in the paths' units.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownPaths {
    /// Names of the coordinates of a state.
    pub names: Vec<String>,
    /// Whether the second half of them are the momenta of the first.
    pub has_momenta: bool,
    /// The paths.
    pub paths: Vec<ShownPath>,
    /// States of the plane and their velocities; empty beyond it.
    pub velocities: Vec<[f64; 4]>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownPath {
    /// The times.
    pub times: Vec<f64>,
    /// The recorded states, sample after sample.
    pub recorded: Vec<f64>,
    /// The states predicted from the first recorded one.
    pub predicted: Vec<f64>,
    /// The learned energy along both, where the potential is known.
    pub energies: Option<[Vec<f64>; 2]>,
}

impl Dynamics {
    /// What a network predicts for some test paths.
    pub(super) fn shown(&self, network: &Network) -> ShownPaths {
        let coefficients = self.coefficients(network);
        let predictor = self.predictor(network, &coefficients);
        let mut tests = self.test_paths();
        tests.truncate(PATHS);
        let energy = self.energy(network);
        let dim = self.paths.dim();
        let along = |states: &[f64]| -> Option<Vec<f64>> {
            let energy = energy.as_ref()?;
            Some(states.chunks(dim).map(energy).collect())
        };
        let predicted = predictor.paths(&tests);
        let paths = tests.iter().zip(predicted).map(|(path, predicted)| {
            let energies = along(&path.states).zip(along(&predicted));
            ShownPath {
                times: path.times.clone(),
                recorded: path.states.clone(),
                energies: energies.map(|(recorded, predicted)| [recorded, predicted]),
                predicted,
            }
        });
        let paths: Vec<ShownPath> = paths.collect();
        ShownPaths {
            names: self.paths.states.clone(),
            has_momenta: self.config.kind.has_momenta(),
            velocities: match dim {
                2 => self.velocities(
                    &Flow::new(network, coefficients.structure(self.config.kind)),
                    &paths,
                ),
                _ => Vec::new(),
            },
            paths,
        }
    }

    /// The velocity on a grid over the recorded states, without inputs.
    fn velocities(&self, flow: &Flow<Network>, paths: &[ShownPath]) -> Vec<[f64; 4]> {
        let range = |axis: usize| {
            let values = paths
                .iter()
                .flat_map(|path| path.recorded.iter().skip(axis).step_by(2));
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
                (low.min(*x), high.max(*x))
            })
        };
        let ranges = [range(0), range(1)];
        let node = |axis: usize, i: usize| {
            let (low, high) = ranges[axis];
            low + (high - low) * i as f64 / (ARROWS - 1) as f64
        };
        let states: Vec<f64> = (0..ARROWS * ARROWS)
            .flat_map(|place| [node(0, place % ARROWS), node(1, place / ARROWS)])
            .collect();
        let data = TensorData::new(self.units.scale_points(&states), [ARROWS * ARROWS, 2]);
        let x = Tensor::from_data(data, (&self.device, DType::F32));
        let velocities = host(flow.apply(flow.gradient(x)));
        let rows = states.chunks(2).zip(velocities.chunks(2));
        rows.map(|(x, v)| {
            let [u, w] = [v[0], v[1]].map(|v| v * self.units.y_scale);
            [x[0], x[1], u, w]
        })
        .collect()
    }

    /// The states of the test paths: where a page looks at the Jacobian.
    pub(super) fn states(&self, points: usize, region: Region) -> Exhibit {
        let states = self.test_paths();
        let states: Vec<f32> = states
            .iter()
            .flat_map(|path| self.units.scale_points(&path.states))
            .take(points * self.paths.dim())
            .collect();
        Exhibit {
            pairs: PointSet::from_pairs(&states, &states, self.paths.dim(), &self.device),
            target: None,
            region,
            shows: Shown::Points,
        }
    }
}
