//! A step of the semi-dual loss of optimal transport, and what of it goes into the conjugates.
//!
//! The network is mGradNet-M of the benchmark's runs on our own pair of distributions, a few steps after its start near
//! the Bures map. The products of a search are two for each value of the field (`X Wᵀ`, `S W`), and for each whole
//! Jacobian that of the softmax's averages (`S W`) and that of `s` with the triangles of `w wᵀ`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use burn::tensor::Device;
use gradnet_core::ParameterSource;
use gradnet_core::analysis::Claim;
use gradnet_core::inverse::Solution;
use gradnet_core::kernel::{product, product_transposed};
use gradnet_train::experiment::{EvaluationConfig, Protocol, TrainConfig};
use gradnet_train::registry::{ModularSettings, Network, NetworkConfig};
use gradnet_train::task::transport::{MixtureConfig, NODES, TransportConfig};
use gradnet_train::task::{RunTask, Transport};
use gradnet_train::training::{TrainError, learner, optimizer};
use serde::{Deserialize, Serialize};

use super::{Case, Times, Work, median_ms, random};

/// Steps before anything is timed: the network leaves the affine map, on which Newton's method needs one step.
const STEPS_BEFORE: usize = 50;
/// Batches whose conjugates are timed.
const SEARCHES: usize = 8;
/// Modules of the network.
const MODULES: usize = 4;

/// A shape to time.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    dim: usize,
    /// Units of a module.
    width: usize,
    batch: usize,
}

/// Small and large, at the batch of `configs/transport_w2.toml`.
pub(super) fn cases() -> [Case; 2] {
    [(8, 128), (64, 256)].map(|(dim, width)| {
        let shape = Shape {
            dim,
            width,
            batch: 256,
        };
        Case {
            name: format!("transport_d{dim}"),
            hidden: shape.hidden(),
            dim,
            batch: shape.batch,
            work: Work::Transport(shape),
        }
    })
}

/// The search for a batch of conjugates `f(x*) = y`, means over batches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conjugates {
    /// Milliseconds for a batch.
    pub ms: f64,
    /// Its part of a training step.
    pub share: f64,
    /// Newton steps of the row that took most.
    pub newton_steps: f64,
    /// Values of the field for each row.
    pub values: f64,
    /// Whole Jacobians for each row.
    pub jacobians: f64,
    /// Milliseconds over those of its matrix products alone.
    pub ratio_to_products: f64,
}

impl Shape {
    fn hidden(&self) -> usize {
        MODULES * self.width
    }

    fn settings(&self) -> (TransportConfig, NetworkConfig, Protocol) {
        let transport = TransportConfig {
            mixture: Some(MixtureConfig {
                dim: self.dim,
                ..MixtureConfig::default()
            }),
            ..TransportConfig::default()
        };
        let network = NetworkConfig::MGradNetM(ModularSettings {
            modules: MODULES,
            width: Some(self.width),
            ..ModularSettings::default()
        });
        let protocol = Protocol {
            seed: 0,
            claim: Claim::Monotone,
            side: 0,
            train: TrainConfig {
                batch: self.batch,
                learning_rate: 0.03,
                ..TrainConfig::default()
            },
            evaluation: EvaluationConfig::default(),
        };
        (transport, network, protocol)
    }

    /// Times a step and the conjugates in it.
    pub(super) fn times(&self, device: &Device, time: Duration) -> Result<Times, TrainError> {
        let inner = device.clone().without_autodiff();
        let (transport, network, protocol) = self.settings();
        let task = Arc::new(transport.transport(&protocol, &inner)?);
        let mut source = ParameterSource::new(&device.clone().autodiff(), 0);
        let network = network.init(self.dim, &mut source)?;
        let network = task.start(network.with_linear_part(transport.modulus, &source));
        let mut learner = learner(network, task.clone(), optimizer(&protocol.train));
        let mut lessons = learner.lessons(0..usize::MAX);
        let mut step = || {
            if let Some(lesson) = lessons.next() {
                learner.step(lesson, 0.0, protocol.train.learning_rate);
            }
        };
        (0..STEPS_BEFORE).for_each(|_| step());
        let ms_per_step = median_ms(&inner, time, step);
        let [value, jacobian] = self.products(&inner, time / 8);
        let mut conjugates = self.conjugates(&task, &learner.result());
        let rows = self.batch as f64;
        let of_search = conjugates.values * value + conjugates.jacobians * jacobian;
        conjugates.share = conjugates.ms / ms_per_step;
        conjugates.ratio_to_products = conjugates.ms / (rows * of_search);
        // A gradient takes two products forward and three backward, a value two.
        let of_gradient = 2.5 * value * NODES as f64;
        Ok(Times {
            ms_per_step,
            floor_ms: rows * (of_search + of_gradient),
            conjugates: Some(conjugates),
        })
    }

    /// The searches of some batches, without what only the step knows.
    fn conjugates(&self, task: &Transport, network: &Network) -> Conjugates {
        let batches = STEPS_BEFORE..STEPS_BEFORE + SEARCHES;
        let searches: Vec<_> = batches.map(|step| task.search(step)).collect();
        let begin = Instant::now();
        let found: Vec<Solution> = searches.iter().map(|search| search(network)).collect();
        let ms = begin.elapsed().as_secs_f64() * 1e3 / SEARCHES as f64;
        let mean = |count: &dyn Fn(&Solution) -> usize, of: usize| {
            found.iter().map(count).sum::<usize>() as f64 / (SEARCHES * of) as f64
        };
        Conjugates {
            ms,
            newton_steps: mean(&|found| found.steps, 1),
            values: mean(&|found| found.work.values, self.batch),
            jacobians: mean(&|found| found.work.jacobians, self.batch),
            share: f64::NAN,
            ratio_to_products: f64::NAN,
        }
    }

    /// Milliseconds of the products of a value and of a Jacobian, for each row of a batch.
    fn products(&self, device: &Device, time: Duration) -> [f64; 2] {
        let (batch, dim, hidden) = (self.batch, self.dim, self.hidden());
        let (x, w) = (random(batch, dim, device), random(hidden, dim, device));
        let s = random(batch, hidden, device);
        let triangles = random(hidden, dim * (dim + 1) / 2, device);
        let ms = |products: &dyn Fn()| median_ms(device, time, products) / batch as f64;
        [
            ms(&|| {
                black_box(product_transposed(x.clone(), w.clone()));
                black_box(product(s.clone(), w.clone()));
            }),
            ms(&|| {
                black_box(product(s.clone(), w.clone()));
                black_box(product(s.clone(), triangles.clone()));
            }),
        ]
    }
}
