//! Optimal transport: the map `f = ∇F`, F convex, that moves one distribution to another at the least cost `E|x −
//! f(x)|²/2`.
//!
//! By Brenier's theorem (1991) there is one such map where P has a density, and it is the gradient of a convex
//! function, which is what monotone gradient networks are. Every network stands inside a linear part,
//!
//! ```text
//! f(x) = g(x) + VᵀV x + μ x + b
//! ```
//!
//! so that it is a bijection of the whole space with an exact inverse (`registry::LinearPart`), and begins near the
//! Bures map (`start`).
//!
//! | file | what |
//! |---|---|
//! | `pair` | two distributions to draw from; `mixture`, `gaussians` and `benchmark` have a known map, `files` are tables, `densities` known mixtures |
//! | `semi_dual`, `flow_matching` | the losses that ask for samples alone, with conjugates solved by Newton's method (`conjugate`) |
//! | `likelihood`, `monge_ampere` | the losses of a known density of the target, and of both; `density` and `log_det` are their parts |
//! | `regression` | what a network can: it is told the true map |
//! | `flow` | the density that a flow has learned, in the user's units: its logarithm and samples of it |
//! | `bures` | the affine map in closed form: the start, the first guess of every conjugate, and a row to compare with |
//! | `measures`, `nll` | what is reported, and the criterion: the dual value on held-out points, or the loss where a density is known |

mod bandwidth;
mod benchmark;
mod bures;
mod config;
mod conjugate;
mod densities;
mod density;
mod drawn;
mod files;
mod flow;
mod flow_matching;
mod gaussians;
mod legacy_random;
mod likelihood;
mod log_det;
mod measures;
mod mixture;
mod monge_ampere;
mod nll;
mod pair;
mod regression;
#[cfg(test)]
mod samples;
mod semi_dual;
mod settings;
mod shown;
mod standard_normal;
mod start;
mod template;
mod two_tables;

use burn::tensor::{Device, FloatDType, Tensor};
use gradnet_core::analysis::Region;
use gradnet_core::inverse::Solution;
use rand::RngExt;

use super::regression::{Exhibit, Shown};
use super::{Criterion, Lesson, Quantities, Rows, RunTask, Task};
use crate::data::file::{DataFacts, Similarity};
use crate::data::{PointSet, Stream, generator, points_tensor};
use crate::registry::Network;
use crate::settings::Protocol;
use conjugate::Effort;
use flow_matching::{FlowBatch, TIMES, flow_matching, times};
use likelihood::likelihood;
use monge_ampere::monge_ampere;
use regression::regression;
use semi_dual::{SemiDualBatch, semi_dual};

pub use benchmark::BenchmarkConfig;
pub use bures::Bures;
pub use config::{LossConfig, LossKind, TransportConfig};
pub use densities::{
    DensitiesConfig, DensityConfig, ImageConfig, KernelConfig, MixtureDensityConfig,
};
pub use drawn::GaussianMixture;
pub use files::FilesConfig;
pub use flow::Flow;
pub use gaussians::GaussiansConfig;
pub use mixture::MixtureConfig;
pub use pair::{Pair, Part, Side};
pub use semi_dual::NODES;
pub use shown::ShownMap;

/// Points of each side that the Bures map is fitted to, at most.
const BURES_POINTS: usize = 20_000;
/// Points of the source that a network is fitted to the Bures map on, at most.
const START_POINTS: usize = 4_096;

/// A transport between two distributions.
pub struct Transport {
    pair: Box<dyn Pair>,
    loss: LossKind,
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
    pub fn new(
        pair: Box<dyn Pair>,
        loss: LossKind,
        modulus: f64,
        protocol: &Protocol,
        device: &Device,
    ) -> Self {
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
            loss,
            pair,
        }
    }

    /// The points of the source where they are, as points of the target: the identity of the user's space.
    fn unmoved(&self, x: &[f64]) -> Vec<f64> {
        let similarity = &self.similarity;
        let unmoved = similarity.scale_gradients(&similarity.unscale_points(x));
        unmoved.into_iter().map(f64::from).collect()
    }

    /// The density of a side.
    ///
    /// # Panics
    /// If it is not known; settings whose loss asks for one that is not are refused.
    fn density(&self, side: Side) -> GaussianMixture {
        let density = self.pair.density(side).cloned();
        density.expect("the settings of the loss were checked")
    }

    fn semi_dual(&self, step: usize, x: &[f64]) -> Lesson<Network> {
        let (y, start) = self.sought(step);
        let mut random = generator(self.seed, Stream::Quadrature, step as u64);
        let batch = SemiDualBatch {
            x: self.tensor(x),
            start,
            y,
            offset: random.random(),
        };
        Box::new(move |field| semi_dual(field, batch))
    }

    /// The points of the target whose conjugates a step of the semi-dual loss looks for, and where it begins.
    fn sought(&self, step: usize) -> (Tensor<2>, Tensor<2>) {
        let y = self.pair.points(Side::Target, Part::Step(step), self.batch);
        (self.tensor(&y), self.tensor(&self.bures.backward(&y)))
    }

    /// The search for the conjugates of a step of the semi-dual loss, by itself: for its time.
    ///
    /// # Panics
    /// Of a network that is not monotone inside a linear part, which the task refuses.
    pub fn search(&self, step: usize) -> impl Fn(&Network) -> Solution + use<> {
        let (y, start) = self.sought(step);
        let settings = Effort::Training.settings();
        move |field| conjugate::search(field, y.clone(), start.clone(), &settings)
    }

    fn flow_matching(&self, step: usize, x0: &[f64]) -> Lesson<Network> {
        let x1 = self.pair.points(Side::Target, Part::Step(step), self.batch);
        // A file at its end has fewer points than the batch, and so has the shorter of two.
        let rows = x0.len().min(x1.len());
        let (x0, x1) = (&x0[..rows], &x1[..rows]);
        let mut random = generator(self.seed, Stream::Quadrature, step as u64);
        let batch = FlowBatch {
            x0: self.tensor(x0),
            start: self.tensor(&self.bures.backward(x1)),
            x1: self.tensor(x1),
            times: times(TIMES, random.random()),
        };
        Box::new(move |field| flow_matching(field, batch))
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
        let x = self.pair.points(Side::Source, Part::Step(step), self.batch);
        match self.loss {
            LossKind::SemiDual => self.semi_dual(step, &x),
            LossKind::FlowMatching => self.flow_matching(step, &x),
            LossKind::Likelihood => {
                let (q, x) = (self.density(Side::Target), self.tensor(&x));
                Box::new(move |field| likelihood(field, x, &q))
            }
            LossKind::MongeAmpere => {
                let [p, q] = [Side::Source, Side::Target].map(|side| self.density(side));
                let (log_p, _) = p.log_density_and_score(&x);
                let x = self.tensor(&x);
                Box::new(move |field| monge_ampere(field, x, log_p, &q))
            }
            LossKind::Regression => {
                let (images, x) = (self.tensor(&self.truth(&x)), self.tensor(&x));
                Box::new(move |field| regression(field, x, images))
            }
        }
    }

    fn criterion(&self) -> Criterion {
        let (name, unit, title) = match self.loss {
            LossKind::SemiDual | LossKind::FlowMatching => {
                (measures::DUAL_VALUE, "", "held-out dual value")
            }
            LossKind::Likelihood => (
                nll::NEGATIVE_LOG_LIKELIHOOD,
                nll::NATS,
                "held-out negative log-likelihood",
            ),
            LossKind::MongeAmpere => (
                nll::MONGE_AMPERE,
                nll::NATS,
                "held-out residual of the Monge-Ampère equation",
            ),
            LossKind::Regression => (
                measures::L2_UVP_FORWARD,
                "%",
                "held-out error of the map, of the target's variance",
            ),
        };
        Criterion { name, unit, title }
    }

    fn validate(&self, field: &Network, stop: &dyn Fn() -> bool) -> Option<f64> {
        (!stop()).then(|| match self.loss {
            LossKind::SemiDual | LossKind::FlowMatching => self.held_out_dual(field),
            LossKind::Likelihood | LossKind::MongeAmpere => {
                self.held_out_density(field, self.criterion().name)
            }
            LossKind::Regression => self.held_out_error(field),
        })
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

    fn shown_map(&self, count: usize) -> Option<ShownMap<'_>> {
        Some(self.shown(count))
    }

    /// Points and the map at them, or themselves where it is not known.
    fn exhibit(&self, points: usize) -> Option<Exhibit> {
        let x = self.pair.points(Side::Source, Part::Test, points);
        let (y, shows) = match self.pair.truth(&x) {
            Some(y) => (y, Shown::Errors),
            None => (x.clone(), Shown::Points),
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
