//! Every registered network at the shapes of Table I, for `gradnet list devices --check`.

use burn::tensor::Device;
use gradnet_core::ParameterSource;
use serde::Serialize;

use super::{Agreement, Beside, Workload};
use crate::backend::device_name;
use crate::data::{Stream, generator, uniform_points};
use crate::registry::{NetworkConfig, Size, registry};
use crate::targets::{PiecewiseQuadraticConfig, TargetConfig};

/// The dimensions of Table I.
pub const DIMENSIONS: [usize; 3] = [32, 256, 1024];

/// Parameters a dimension, as Table I allows.
const BUDGET: usize = 1024;

/// Points a training step, as in Table I.
const BATCH: usize = 100;

/// Points a batch of a validation or a test.
const SCORED: usize = 500;

/// A registered network at one dimension.
#[derive(Clone, Debug)]
pub struct Case {
    network: NetworkConfig,
    dim: usize,
}

/// What its check found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The device.
    pub device: String,
    /// The network's registered name.
    pub network: &'static str,
    /// Dimension of the field.
    pub dim: usize,
    /// The largest relative difference; none where there is nothing to compare with, or where it is too large.
    pub agreement: Option<Agreement>,
    /// What is wrong, if something is.
    pub fault: Option<String>,
}

/// All registered networks at each of `dimensions`.
pub fn cases(dimensions: &[usize]) -> Vec<Case> {
    let at = |dim: usize| {
        registry().iter().filter_map(move |entry| {
            let network = NetworkConfig::from_name(entry.name).ok()?;
            let network = network.with_size(Size::Parameters(BUDGET * dim));
            // A dimension that a network does not know, such as an odd one of a phase space, is no case.
            network.resolve(dim).ok()?;
            Some(Case { network, dim })
        })
    };
    dimensions.iter().copied().flat_map(at).collect()
}

impl Case {
    /// Its name: network and dimension.
    pub fn name(&self) -> String {
        format!("{}, d = {}", self.network.name(), self.dim)
    }

    /// Holds `device` against the processor.
    pub fn check(&self, device: &Device) -> Row {
        let mut source = ParameterSource::new(&device.clone().autodiff(), 0);
        let target = TargetConfig::PiecewiseQuadratic(PiecewiseQuadraticConfig {
            dim: self.dim,
            ..Default::default()
        });
        let mut random = generator(0, Stream::Test, 0);
        let points = uniform_points(&mut random, SCORED, self.dim);
        let network = self.network.init(self.dim, &mut source);
        let checked = network
            .map_err(|error| error.to_string())
            .and_then(|network| {
                let workload = Workload {
                    network: &network,
                    target: Some(&target),
                    points: &points,
                    training: &[BATCH],
                    scoring: &[SCORED],
                    beside: Beside {
                        potential: true,
                        jacobian: true,
                        most: BATCH,
                    },
                };
                let checked = workload.check(device);
                checked.map_err(|fault| fault.to_string())
            });
        let (agreement, fault) = match checked {
            Ok(agreement) => (agreement, None),
            Err(fault) => (None, Some(fault)),
        };
        Row {
            device: device_name(device),
            network: self.network.name(),
            dim: self.dim,
            agreement,
            fault,
        }
    }
}
