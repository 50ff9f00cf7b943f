//! Adam in one pass over parameter, gradient and moments.
//!
//! m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², θ ← θ − η m̂ / (√v̂ + ε), with m̂ = m / (1 − β₁^t) and v̂ = v / (1 −
//! β₂^t) (Kingma, Ba, 2015; the optimizer of every run of the paper). Burn's own takes ten passes, which at a million
//! parameters costs as much as a matrix product. On Flex the numbers are updated where they lie.

use burn::{
    optim::{
        AdamState, AdaptiveMomentumState, LearningRate, Optimizer, RecordState, StateSink,
        StateSource,
    },
    tensor::{Device, Tensor},
};

use super::has_kernels;
use super::operands::wide;
use super::operation::Factors;

/// Adam with the state, and so the records, of Burn's [`Adam`](burn::optim::Adam).
///
/// Parameters in `f16` or `bf16` are updated in `f32` and rounded once; their moments stay in
/// `f32`, where the square of a small gradient and ε are not 0.
///
/// ε may be 0, or too small to outweigh the square of a gradient that the element type cannot hold:
/// a weight without a second moment then stays where it is. So a gradient of 0 makes no step, and
/// no step is infinite.
///
/// Use it through [`ModuleOptimizer`](burn::optim::ModuleOptimizer): `ModuleOptimizer::from(FusedAdam::default())`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FusedAdam {
    /// β₁, the memory of the first moment.
    pub beta_1: f32,
    /// β₂, the memory of the second moment.
    pub beta_2: f32,
    /// ε, added to √v̂.
    pub epsilon: f32,
}

impl Default for FusedAdam {
    /// PyTorch's constants, with which the paper's networks were trained. (Burn's ε is 1e-5.)
    fn default() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
        }
    }
}

impl FusedAdam {
    /// The numbers of step `time` ≥ 1.
    ///
    /// η m̂ / (√v̂ + ε) = (η √(1 − β₂^t) / (1 − β₁^t)) m / (√v + ε √(1 − β₂^t)).
    fn factors(&self, rate: LearningRate, time: usize) -> Factors {
        let time = i32::try_from(time).unwrap_or(i32::MAX);
        let (beta_1, beta_2) = (f64::from(self.beta_1), f64::from(self.beta_2));
        let root = (1.0 - beta_2.powi(time)).sqrt();
        let scale = rate * root / (1.0 - beta_1.powi(time));
        let epsilon = f64::from(self.epsilon) * root;
        Factors {
            beta_1: self.beta_1,
            beta_2: self.beta_2,
            scale: scale as f32,
            epsilon: epsilon as f32,
        }
    }
}

/// The moments of one parameter, recorded as Burn's [`AdamState`] is.
///
/// Burn reads an optimizer's record onto its default device, which in a build with wgpu is a GPU that need not be
/// there; the moments are read onto the processor instead and follow their parameter at the next step.
#[derive(Clone)]
pub struct Moments<const D: usize>(AdamState<D>);

impl<const D: usize> RecordState for Moments<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        self.0.state_flatten(prefix, out);
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, device: &Device) -> Option<Self> {
        AdamState::state_unflatten(prefix, source, &processor(device)).map(Self)
    }
}

/// The processor, where a backend for it is compiled in.
#[cfg(feature = "flex")]
fn processor(_otherwise: &Device) -> Device {
    Device::flex()
}

#[cfg(not(feature = "flex"))]
fn processor(otherwise: &Device) -> Device {
    otherwise.clone()
}

impl Optimizer for FusedAdam {
    type State<const D: usize> = Moments<D>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        tensor: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<Moments<D>>,
    ) -> (Tensor<D>, Option<Moments<D>>) {
        let stored = tensor.dtype();
        let computed = wide(stored);
        let tensor = tensor.cast(computed);
        let (time, moment_1, moment_2) = match state {
            Some(Moments(AdamState { momentum })) => (
                momentum.time,
                momentum.moment_1.cast(computed),
                momentum.moment_2.cast(computed),
            ),
            None => (0, tensor.zeros_like(), tensor.zeros_like()),
        };
        let time = time + 1;
        let factors = self.factors(rate, time);
        let update = if has_kernels(&tensor) { fused } else { unfused };
        let gradient = gradient.cast(computed);
        let (tensor, moment_1, moment_2) = update(tensor, gradient, moment_1, moment_2, factors);
        let momentum = AdaptiveMomentumState::new(time, moment_1, moment_2);
        (tensor.cast(stored), Some(Moments(AdamState::new(momentum))))
    }

    fn to_device<const D: usize>(state: Moments<D>, device: &Device) -> Moments<D> {
        Moments(AdamState::new(state.0.momentum.to_device(device)))
    }
}

type Updated<const D: usize> = (Tensor<D>, Tensor<D>, Tensor<D>);

fn unfused<const D: usize>(
    tensor: Tensor<D>,
    gradient: Tensor<D>,
    moment_1: Tensor<D>,
    moment_2: Tensor<D>,
    Factors {
        beta_1,
        beta_2,
        scale,
        epsilon,
    }: Factors,
) -> Updated<D> {
    let moment_1 = moment_1 * beta_1 + gradient.clone() * (1.0 - beta_1);
    let moment_2 = moment_2 * beta_2 + gradient.square() * (1.0 - beta_2);
    let divisor = moment_2.clone().sqrt() + epsilon;
    // The root of the smallest normal number: below it a second moment has lost its digits, or is
    // 0.
    let least = tensor
        .dtype()
        .finfo()
        .map_or(0.0, |info| info.min_positive.sqrt());
    let step = if f64::from(epsilon) >= least {
        moment_1.clone() / divisor
    } else {
        let is_still = divisor.clone().lower_elem(least);
        (moment_1.clone() / divisor.mask_fill(is_still.clone(), 1.0)).mask_fill(is_still, 0.0)
    };
    (tensor - step * scale, moment_1, moment_2)
}

#[cfg(any(feature = "flex", feature = "cube"))]
fn fused<const D: usize>(
    tensor: Tensor<D>,
    gradient: Tensor<D>,
    moment_1: Tensor<D>,
    moment_2: Tensor<D>,
    factors: Factors,
) -> Updated<D> {
    use super::backend::Updates;
    use burn::backend::Dispatch;

    let (tensor, moment_1, moment_2) = Dispatch::adam(
        tensor.into_dispatch(),
        gradient.into_dispatch(),
        moment_1.into_dispatch(),
        moment_2.into_dispatch(),
        factors,
    );
    (
        Tensor::from_dispatch(tensor),
        Tensor::from_dispatch(moment_1),
        Tensor::from_dispatch(moment_2),
    )
}

/// Without a backend that has kernels there is no other way.
#[cfg(not(any(feature = "flex", feature = "cube")))]
use unfused as fused;
