//! How long a training step takes, beside the time of its matrix products alone.
//!
//! A step is what [`training`](gradnet_train::training) does: sampling, the target, forward, loss, backward, Adam. Its
//! floor is the matrix products that no implementation can leave out, timed in the same process: five of the tied shell
//! (`X Wᵀ`, `S W`, and backward `G Wᵀ`, `Sᵀ G`, `Dᵀ X`) and, for target (22), the two of its halves, computed as the
//! step computes them. Regularizers of images are in `patches.rs`, transports with their conjugates in `transport.rs`.

mod patches;
mod transport;

use std::time::{Duration, Instant};

use burn::tensor::{Device, Distribution, Tensor};
use gradnet_core::ParameterSource;
use gradnet_core::kernel::{product, product_transposed};
use gradnet_core::network::{BlockActivation, UnitFunction};
use gradnet_train::registry::{CascadeSettings, ModularSettings, Network, NetworkConfig, Size};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use gradnet_train::backend::Backend;
use gradnet_train::experiment::{EvaluationConfig, TrainConfig};
use gradnet_train::targets::{PiecewiseQuadraticConfig, QuarticPolynomialConfig, TargetConfig};
use gradnet_train::task::{Regression, Task, TaskError, regression::FormulaPairs};
use gradnet_train::training::{TrainError, learner, optimizer};

use patches::Patches;
pub use transport::Conjugates;

/// A shape to time.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name, for instance `mgradnet_c_d32`.
    pub name: String,
    work: Work,
    hidden: usize,
    dim: usize,
    batch: usize,
}

/// What is done in one step.
#[derive(Clone, Debug)]
enum Work {
    /// A network of the paper's experiments learns its target.
    Points(NetworkConfig),
    /// A regularizer of images.
    Patches(Patches),
    /// A map between two distributions.
    Transport(transport::Shape),
}

/// What a case took.
struct Times {
    ms_per_step: f64,
    floor_ms: f64,
    conjugates: Option<Conjugates>,
}

/// One measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The case.
    pub case: String,
    /// Dimension of the field.
    pub dim: usize,
    /// Hidden units, of all modules.
    pub hidden: usize,
    /// Points a step; pixels of all images, for a regularizer of images.
    pub batch: usize,
    /// The backend.
    pub backend: String,
    /// Threads the CPU backends may use.
    pub threads: usize,
    /// Milliseconds a full step, the median of repeats.
    pub ms_per_step: f64,
    /// Milliseconds its matrix products alone, the median of repeats.
    pub floor_ms: f64,
    /// The first over the second.
    pub ratio_to_floor: f64,
    /// Steps a second.
    pub steps_per_s: f64,
    /// Of a transport, the conjugates in a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conjugates: Option<Conjugates>,
}

/// The paper's networks at its sizes: width 7 and batch 1000 at d = 2; the released widths, learned activations and
/// batch 100 at d = 32, 256, 1024. After them a regularizer of images, its field and the step that trains it, and two
/// transports.
pub fn cases() -> Vec<Case> {
    let widths = [
        (2, 7, 7),
        (32, 247, 629),
        (256, 254, 948),
        (1024, 255, 1003),
    ];
    widths
        .into_iter()
        .flat_map(|(dim, modular, cascade)| {
            let toy = dim == 2;
            let modules = ModularSettings {
                width: Some(modular),
                activation: if toy {
                    BlockActivation::Softmax
                } else {
                    BlockActivation::Learned
                },
                ..Default::default()
            };
            let layers = CascadeSettings {
                width: Some(cascade),
                activation: if toy {
                    UnitFunction::Tanh
                } else {
                    UnitFunction::Learned
                },
                ..Default::default()
            };
            let case = |kind: &str, network, hidden| Case {
                name: format!("mgradnet_{kind}_d{dim}"),
                work: Work::Points(network),
                hidden,
                dim,
                batch: if toy { 1000 } else { 100 },
            };
            let hidden = modules.modules * modular;
            [
                case("m", NetworkConfig::MGradNetM(modules), hidden),
                case("c", NetworkConfig::MGradNetC(layers), cascade),
            ]
        })
        .chain(patches::cases())
        .chain(transport::cases())
        .collect()
}

/// How a step grows: with the dimension at the budget of 1024 d parameters, with the width and with the batch at
/// d = 256. The cases are named after what grows: `sweep_dim_mgradnet_c_1024`.
pub fn sweep() -> Vec<Case> {
    let case = |grows: &str, value: usize, kind: &str, size: Size, dim, batch| {
        let config = match kind {
            "c" => NetworkConfig::MGradNetC(CascadeSettings::default()),
            _ => NetworkConfig::MGradNetM(ModularSettings::default()),
        };
        let network = config.with_size(size);
        // A sweep's sizes are its own: each of them gives a width.
        let width = match network.resolve(dim).ok().and_then(|n| n.size()) {
            Some(Size::Width(width)) => width,
            _ => 0,
        };
        let modules = if kind == "c" { 1 } else { 4 };
        Case {
            name: format!("sweep_{grows}_mgradnet_{kind}_{value}"),
            work: Work::Points(network),
            hidden: modules * width,
            dim,
            batch,
        }
    };
    let mut cases = Vec::new();
    for kind in ["m", "c"] {
        for dim in [8, 32, 128, 256, 512, 1024] {
            let budget = Size::Parameters(1024 * dim);
            cases.push(case("dim", dim, kind, budget, dim, 100));
        }
        for hidden in [64, 128, 256, 512, 1024, 2048] {
            let width = Size::Width(if kind == "c" { hidden } else { hidden / 4 });
            cases.push(case("width", hidden, kind, width, 256, 100));
        }
        for batch in [10, 30, 100, 300, 1000] {
            let budget = Size::Parameters(1024 * 256);
            cases.push(case("batch", batch, kind, budget, 256, batch));
        }
    }
    cases
}

impl Case {
    /// Times the case on a device, for about `time` of steps and a quarter of that of matrix products.
    ///
    /// # Errors
    /// If the target or the network cannot be built, which is a fault of the list of cases.
    pub fn run(
        &self,
        backend: Backend,
        device: &Device,
        time: Duration,
    ) -> Result<Row, TrainError> {
        let Times {
            ms_per_step,
            floor_ms,
            conjugates,
        } = backend.on_its_threads(|| self.times(device, time))?;
        Ok(Row {
            case: self.name.clone(),
            dim: self.dim,
            hidden: self.hidden,
            batch: self.batch,
            backend: backend.name().into(),
            threads: rayon::current_num_threads(),
            ms_per_step,
            floor_ms,
            ratio_to_floor: ms_per_step / floor_ms,
            steps_per_s: 1e3 / ms_per_step,
            conjugates,
        })
    }

    fn times(&self, device: &Device, time: Duration) -> Result<Times, TrainError> {
        let (ms_per_step, floor_ms) = match &self.work {
            Work::Points(network) => (
                self.step_ms(network, device, time)?,
                self.floor_ms(device, time / 4),
            ),
            Work::Patches(patches) => (
                patches.step_ms(device, time)?,
                patches.floor_ms(device, time / 4),
            ),
            Work::Transport(shape) => return shape.times(device, time),
        };
        Ok(Times {
            ms_per_step,
            floor_ms,
            conjugates: None,
        })
    }

    fn target(&self) -> TargetConfig {
        if self.dim == 2 {
            return TargetConfig::QuarticPolynomial(QuarticPolynomialConfig::default());
        }
        TargetConfig::PiecewiseQuadratic(PiecewiseQuadraticConfig {
            dim: self.dim,
            ..Default::default()
        })
    }

    fn step_ms(
        &self,
        network: &NetworkConfig,
        device: &Device,
        time: Duration,
    ) -> Result<f64, TrainError> {
        let mut source = ParameterSource::new(&device.clone().autodiff(), 0);
        let network = network.init(self.dim, &mut source)?;
        let config = TrainConfig {
            batch: self.batch,
            learning_rate: 1e-3,
            ..Default::default()
        };
        let evaluation = EvaluationConfig::default();
        let inner = device.clone().without_autodiff();
        let pairs = FormulaPairs::new(&self.target(), &config, &evaluation, 0, &inner);
        let task = Arc::new(Regression::new(pairs.map_err(TaskError::from)?));
        Ok(training_ms(network, task, &config, &inner, time))
    }

    fn floor_ms(&self, device: &Device, time: Duration) -> f64 {
        let device = device.clone().without_autodiff();
        let random = |rows, columns| random(rows, columns, &device);
        let Self {
            batch, hidden, dim, ..
        } = *self;
        let (x, g) = (random(batch, dim), random(batch, dim));
        let (s, d) = (random(batch, hidden), random(batch, hidden));
        let w = random(hidden, dim);
        // Target (22) in halves: every even coordinate onto the even and, under two matrices, onto the odd ones; and
        // the other way around.
        let half = dim / 2;
        let target = (dim > 2).then(|| (random(batch, half), random(half, 3 * half)));
        median_ms(&device, time, || {
            let products = [
                product_transposed(x.clone(), w.clone()),
                product(s.clone(), w.clone()),
                product_transposed(g.clone(), w.clone()),
                s.clone().transpose().matmul(g.clone()),
                d.clone().transpose().matmul(x.clone()),
            ];
            std::hint::black_box(products);
            if let Some((half, a)) = &target {
                std::hint::black_box([(); 2].map(|()| product(half.clone(), a.clone())));
            }
        })
    }
}

/// How long a step of a training takes, with the lessons prepared as a training has them.
fn training_ms(
    network: Network,
    task: Arc<dyn Task<Network>>,
    config: &TrainConfig,
    device: &Device,
    time: Duration,
) -> f64 {
    let mut learner = learner(network, task, optimizer(config));
    let mut lessons = learner.lessons(0..usize::MAX);
    median_ms(device, time, || {
        if let Some(lesson) = lessons.next() {
            learner.step(lesson, 0.0, config.learning_rate);
        }
    })
}

/// A matrix for products that are timed.
fn random(rows: usize, columns: usize, device: &Device) -> Tensor<2> {
    Tensor::random([rows, columns], Distribution::Uniform(-1.0, 1.0), device)
}

/// Repeats at least.
const REPEATS: usize = 7;

/// The median over repeats of the mean time of a call, each repeat a block of calls that ends with the device idle.
fn median_ms(device: &Device, time: Duration, mut call: impl FnMut()) -> f64 {
    let mut block = |calls: u32| {
        let start = Instant::now();
        (0..calls).for_each(|_| call());
        // A device that fails here fails in the next call too, with its own message.
        let _ = device.sync();
        start.elapsed() / calls
    };
    block(3);
    let once = block(3).max(Duration::from_nanos(100));
    let share = time / (2 * REPEATS as u32);
    let calls = (share.as_secs_f64() / once.as_secs_f64()).clamp(1.0, 1e6) as u32;
    block(calls);
    let begin = Instant::now();
    let mut repeats = Vec::new();
    while repeats.len() < REPEATS || begin.elapsed() < time {
        repeats.push(block(calls).as_secs_f64() * 1e3);
    }
    repeats.sort_by(f64::total_cmp);
    repeats[repeats.len() / 2]
}
