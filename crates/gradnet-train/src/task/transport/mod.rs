//! Optimal transport: the map `f = ∇F`, F convex, that moves one distribution to another at the least cost `E|x − f(x)|²/2`.
//!
//! By Brenier's theorem (1991) there is one such map where P has a density, and it is the gradient of a convex function, which is what monotone
//! gradient networks are. Every network stands inside a linear part,
//!
//! ```text
//! f(x) = g(x) + VᵀV x + μ x + b
//! ```
//!
//! so that it is a bijection of the whole space with an exact inverse (`registry::LinearPart`), and begins near the Bures map (`start`).
//!
//! | file | what |
//! |---|---|
//! | `pair` | two distributions to draw from; `mixture`, `gaussians` and `benchmark` have a known map, `files` are tables |
//! | `semi_dual` | the loss, with conjugates solved by Newton's method (`conjugate`) |
//! | `bures` | the affine map in closed form: the start, the first guess of every conjugate, and a row to compare with |
//! | `measures` | what is reported, and the criterion: the dual value on held-out points |

mod benchmark;
mod bures;
mod config;
mod conjugate;
mod drawn;
mod files;
mod gaussians;
mod legacy_random;
mod measures;
mod mixture;
mod pair;
mod semi_dual;
mod start;
mod template;

use burn::tensor::{Device, FloatDType, Tensor};
use gradnet_core::analysis::Region;
use rand::RngExt;

use super::regression::{Exhibit, Shown};
use super::{Criterion, Lesson, Quantities, Rows, RunTask, Task};
use crate::data::file::{DataFacts, Similarity};
use crate::data::{PointSet, Stream, generator, points_tensor};
use crate::registry::Network;
use crate::settings::Protocol;
use semi_dual::{SemiDualBatch, semi_dual};

pub use benchmark::BenchmarkConfig;
pub use bures::Bures;
pub use config::{LossConfig, LossKind, TransportConfig};
pub use files::FilesConfig;
pub use gaussians::GaussiansConfig;
pub use mixture::MixtureConfig;
pub use pair::{Pair, Part, Side};

/// Points of each side that the Bures map is fitted to, at most.
const BURES_POINTS: usize = 20_000;
/// Points of the source that a network is fitted to the Bures map on, at most.
const START_POINTS: usize = 4_096;

/// A transport between two distributions.
pub struct Transport {
    pair: Box<dyn Pair>,
    dim: usize,
    similarity: Similarity,
    bures: Bures,
    modulus: f64,
    seed: u64,
    batch: usize,
    validated: usize,
    tested: usize,
    device: Device,
}

impl Transport {
    /// The task on a device that needs no autodiff.
    pub fn new(pair: Box<dyn Pair>, modulus: f64, protocol: &Protocol, device: &Device) -> Self {
        let dim = pair.dim();
        let [x, y] = [Side::Source, Side::Target]
            .map(|side| pair.points(side, Part::Reference, BURES_POINTS));
        Self {
            dim,
            similarity: pair.similarity(),
            bures: Bures::fit(&x, &y, dim),
            modulus,
            seed: protocol.seed,
            batch: protocol.train.batch,
            validated: protocol.train.validation.points,
            tested: protocol.evaluation.points,
            device: device.clone().without_autodiff(),
            pair,
        }
    }

    /// The points of the source where they are, as points of the target: the identity of the user's space.
    fn unmoved(&self, x: &[f64]) -> Vec<f64> {
        let similarity = &self.similarity;
        let unmoved = similarity.scale_gradients(&similarity.unscale_points(x));
        unmoved.into_iter().map(f64::from).collect()
    }

    /// Points on the device, in 32 bits.
    fn tensor(&self, points: &[f64]) -> Tensor<2> {
        let points = points.iter().map(|x| *x as f32).collect();
        points_tensor(points, self.dim, &self.device, FloatDType::F32)
    }
}

impl Task<Network> for Transport {
    fn dim(&self) -> usize {
        self.dim
    }

    fn lesson(&self, step: usize) -> Lesson<Network> {
        let [x, y] = [Side::Source, Side::Target]
            .map(|side| self.pair.points(side, Part::Step(step), self.batch));
        let mut random = generator(self.seed, Stream::Quadrature, step as u64);
        let batch = SemiDualBatch {
            x: self.tensor(&x),
            start: self.tensor(&self.bures.backward(&y)),
            y: self.tensor(&y),
            offset: random.random(),
        };
        Box::new(move |field| semi_dual(field, batch))
    }

    fn criterion(&self) -> Criterion {
        Criterion {
            name: "dual_value",
            unit: "",
        }
    }

    fn validate(&self, field: &Network, stop: &dyn Fn() -> bool) -> Option<f64> {
        (!stop()).then(|| self.held_out_dual(field))
    }

    fn evaluate(&self, field: &Network) -> Quantities {
        self.measured(field)
    }

    fn baselines(&self) -> Rows {
        self.rows()
    }
}

impl RunTask for Transport {
    fn facts(&self) -> Option<DataFacts> {
        self.pair.facts()
    }

    fn start(&self, network: Network) -> Network {
        let points = self
            .pair
            .points(Side::Source, Part::Reference, START_POINTS);
        start::near(&self.bures, network, &points, &self.device)
    }

    /// Points and the map at them, or themselves where it is not known.
    fn exhibit(&self, points: usize) -> Option<Exhibit> {
        let x = self.pair.points(Side::Source, Part::Test, points);
        let (y, shows) = match self.pair.truth(&x) {
            Some(y) => (y, Shown::Errors),
            None => (self.unmoved(&x), Shown::Ways),
        };
        let narrow = |points: &[f64]| points.iter().map(|x| *x as f32).collect::<Vec<_>>();
        Some(Exhibit {
            pairs: PointSet::from_pairs(&narrow(&x), &narrow(&y), self.dim, &self.device),
            target: None,
            region: match self.pair.facts() {
                Some(DataFacts { low, high, .. }) => Region { low, high },
                None => config::REGION,
            },
            shows,
        })
    }
}
