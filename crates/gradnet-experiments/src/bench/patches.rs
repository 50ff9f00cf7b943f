//! A regularizer of images beside its matrix products: the gradient `∇R` as a restoration computes it, and the step
//! that trains it.
//!
//! With a row for each of `n` pixels, `H x = P Wᵀ` for the `n × k²` matrix `P` of patches, and `∇R = Σ Pᵀ (S W)`: two
//! products. Backward for the weights are three more, `G Wᵀ`, `Sᵀ G` and `Dᵀ P`. The products are timed with their rows
//! at hand, in blocks of pixels that stay in the cache as they do in the field; the field also has to collect the
//! patches, add up their overlaps and apply the splines.

use std::sync::Arc;
use std::time::Duration;

use burn::tensor::{Device, Distribution, Tensor};
use gradnet_core::ParameterSource;
use gradnet_core::image::ImageField;
use gradnet_core::kernel::{product, product_transposed};
use gradnet_train::experiment::{Experiment, TrainConfig};
use gradnet_train::registry::{NetworkConfig, PatchRidgeSettings};
use gradnet_train::task::RunTask;
use gradnet_train::task::images::ImagesConfig;
use gradnet_train::training::TrainError;

use super::{Case, Work, median_ms, random, training_ms};

/// Filters and side of a patch, as released.
const FILTERS: usize = 32;
const SIDE: usize = 13;

/// Pixels of a block of products.
const BLOCK: usize = 1024;

/// What is done with a regularizer in one step.
#[derive(Clone, Debug)]
pub(super) enum Patches {
    /// `∇R` at images of this shape.
    Field([usize; 3]),
    /// One training step on so many crops of this side.
    Step {
        /// Crops.
        batch: usize,
        /// Their side.
        crop: usize,
    },
}

/// The field at one picture of the benchmark, and the training step of `configs/denoise_bsd.toml`.
pub(super) fn cases() -> [Case; 2] {
    let case = |name: &str, patches: Patches| Case {
        name: name.into(),
        hidden: FILTERS,
        dim: SIDE * SIDE,
        batch: patches.pixels(),
        work: Work::Patches(patches),
    };
    [
        case("patch_ridge_field", Patches::Field([1, 321, 481])),
        case(
            "patch_ridge_step",
            Patches::Step {
                batch: 32,
                crop: 40,
            },
        ),
    ]
}

fn network() -> NetworkConfig {
    NetworkConfig::PatchRidge(PatchRidgeSettings {
        width: Some(FILTERS),
        size: Some(SIDE),
        ..Default::default()
    })
}

impl Patches {
    fn pixels(&self) -> usize {
        match self {
            Self::Field(shape) => shape.iter().product(),
            Self::Step { batch, crop } => batch * crop * crop,
        }
    }

    /// How long a step takes.
    pub(super) fn step_ms(&self, device: &Device, time: Duration) -> Result<f64, TrainError> {
        let inner = device.clone().without_autodiff();
        match self {
            Self::Field(shape) => {
                let mut source = ParameterSource::new(&inner, 0);
                let network = network().init(SIDE * SIDE, &mut source)?;
                let field = network.lifted().expect("it is a network on patches");
                let x = Tensor::<3>::random(*shape, Distribution::Uniform(0.0, 1.0), &inner);
                Ok(median_ms(&inner, time, || {
                    std::hint::black_box(field.apply(x.clone()));
                }))
            }
            Self::Step { batch, crop } => {
                let images = ImagesConfig {
                    drawn: 8,
                    patch: *crop,
                    ..Default::default()
                };
                let experiment = Experiment {
                    train: TrainConfig {
                        batch: *batch,
                        ..Default::default()
                    },
                    ..Experiment::new("bench", images, network())
                };
                let experiment = experiment.check()?;
                let mut source = ParameterSource::new(&device.clone().autodiff(), 0);
                let network = experiment.init_network(&mut source)?;
                let task: Arc<dyn RunTask> = Arc::from(experiment.build_task(&inner, None)?);
                Ok(training_ms(network, task, &experiment.train, &inner, time))
            }
        }
    }

    /// How long the products alone take.
    pub(super) fn floor_ms(&self, device: &Device, time: Duration) -> f64 {
        let device = device.clone().without_autodiff();
        let random = |rows, columns| random(rows, columns, &device);
        let dim = SIDE * SIDE;
        let w = random(FILTERS, dim);
        let blocks = |pixels: usize| {
            (
                random(pixels, dim),
                random(pixels, FILTERS),
                random(pixels, dim),
            )
        };
        let (p, s, g) = blocks(BLOCK.min(self.pixels()));
        let count = self.pixels().div_ceil(BLOCK);
        let trains = matches!(self, Self::Step { .. });
        median_ms(&device, time, || {
            for _ in 0..count {
                std::hint::black_box([
                    product_transposed(p.clone(), w.clone()),
                    product(s.clone(), w.clone()),
                ]);
                if trains {
                    std::hint::black_box([
                        product_transposed(g.clone(), w.clone()),
                        s.clone().transpose().matmul(g.clone()),
                        s.clone().transpose().matmul(p.clone()),
                    ]);
                }
            }
        })
    }
}
