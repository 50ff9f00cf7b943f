//! LogSumExp of quadratics over blocks of hidden units:
//!
//! ```text
//! ψ(z) = LSE_k(t q_k)/t − ln(K)/t,   q_k = ‖z_k‖²/2 + c_k
//! σ(z) = [p_1 z_1, …, p_K z_K],   p = softmax(t q)
//! ```
//!
//! Not in the paper; in the spirit of Lemma 3, with quadratics for its affine functions. LogSumExp
//! is convex and increasing in each argument and the `q_k` are convex, so `ψ` is convex. For `t →
//! ∞` it becomes `max_k q_k`: around `W x + a` every maximum of convex quadratics, target (22)
//! among them, is a limit of such networks. The gradient weighs the blocks by a softmax, each block
//! a linear map where its weight is one. The constant `ln(K)/t` is taken off so that `ψ` keeps its
//! digits at small temperatures too; for `t → 0` it is the mean of the `q_k`.
//!
//! A high temperature from the start leaves all but one block without data. So the temperature may follow a
//! [schedule](TemperatureSchedule), which the training moves along by [`anneal`](QuadraticLseActivation::anneal).

use super::block::pulled_back;
use super::soft_maximum::soft_maximum;
use super::{
    Activation, ActivationPotential, ActivationTrace, GradientActivation, MonotoneActivation,
    TemperatureSchedule,
};
use crate::source::ParameterSource;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::softmax;

/// The gradient of a LogSumExp of quadratics; monotone.
#[derive(Module, Debug)]
pub struct QuadraticLseActivation {
    /// The offsets `c_k`, `[blocks]`.
    pub offset: Param<Tensor<1>>,
    /// The stored `ln t` of the temperature, `[1]`: it has orders of magnitude to go.
    pub log_temperature: Param<Tensor<1>>,
    #[module(skip)]
    schedule: Option<TemperatureSchedule>,
}

impl QuadraticLseActivation {
    /// `blocks` quadratics without offsets; the temperature is learned from the given one on.
    ///
    /// # Panics
    /// If the temperature is not positive.
    pub fn new(blocks: usize, temperature: f64, source: &ParameterSource) -> Self {
        assert!(
            temperature > 0.0,
            "the temperature must be positive, not {temperature}"
        );
        Self {
            offset: source.constant([blocks], 0.0),
            log_temperature: source.constant([1], temperature.ln()),
            schedule: None,
        }
    }

    /// The same quadratics with a temperature that follows a schedule, wherever training would take it.
    ///
    /// # Panics
    /// If the first temperature of the schedule is not positive.
    pub fn annealed(
        blocks: usize,
        schedule: TemperatureSchedule,
        source: &ParameterSource,
    ) -> Self {
        Self {
            schedule: Some(schedule),
            ..Self::new(blocks, schedule.from, source)
        }
    }

    /// Takes the temperature to where the schedule has it when the part `progress` of a run is done.
    ///
    /// Without a schedule nothing happens.
    pub fn anneal(&mut self, progress: f64) {
        let Some(schedule) = self.schedule else {
            return;
        };
        let value = schedule.at(progress).ln();
        self.log_temperature = self.log_temperature.clone().map(|stored| {
            let scheduled = stored.full_like(value);
            scheduled.set_require_grad(stored.is_require_grad())
        });
    }

    fn blocks(&self, z: Tensor<2>) -> Tensor<3> {
        let [batch, hidden] = z.dims();
        let [blocks] = self.offset.dims();
        z.reshape([batch, blocks, hidden / blocks])
    }

    /// `t`, `[1, 1]`.
    fn temperatures(&self) -> Tensor<2> {
        self.log_temperature.val().exp().unsqueeze()
    }

    /// `q`, `[batch, blocks]`.
    fn quadratics(&self, blocks: Tensor<3>) -> Tensor<2> {
        let quadratic: Tensor<2> = blocks.square().sum_dim(2).squeeze_dim(2) * 0.5;
        quadratic + self.offset.val().unsqueeze()
    }

    /// `t q`, `[batch, blocks]`.
    fn scaled_quadratics(&self, blocks: Tensor<3>) -> Tensor<2> {
        self.quadratics(blocks) * self.temperatures()
    }
}

impl Activation for QuadraticLseActivation {
    fn forward(&self, z: Tensor<2>) -> Tensor<2> {
        let shape = z.dims();
        let blocks = self.blocks(z);
        let weights = softmax(self.scaled_quadratics(blocks.clone()), 1);
        (blocks * weights.unsqueeze_dim(2)).reshape(shape)
    }

    /// `p_k v_k + t p_k (⟨z_k, v_k⟩ − Σ_j p_j ⟨z_j, v_j⟩) z_k`.
    fn jacobian_vector(&self, z: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        let shape = z.dims();
        let (blocks, directions) = (self.blocks(z), self.blocks(v));
        let weights = softmax(self.scaled_quadratics(blocks.clone()), 1);
        let along: Tensor<2> = (blocks.clone() * directions.clone())
            .sum_dim(2)
            .squeeze_dim(2);
        let mean = (weights.clone() * along.clone()).sum_dim(1);
        let turn = weights.clone() * (along - mean) * self.temperatures();
        (directions * weights.unsqueeze_dim(2) + blocks * turn.unsqueeze_dim(2)).reshape(shape)
    }
}

impl GradientActivation for QuadraticLseActivation {}
impl MonotoneActivation for QuadraticLseActivation {}

impl ActivationPotential for QuadraticLseActivation {
    fn potential(&self, z: Tensor<2>) -> Tensor<1> {
        let quadratics = self.quadratics(self.blocks(z));
        soft_maximum(quadratics, self.temperatures()).squeeze_dim(1)
    }
}

impl ActivationTrace for QuadraticLseActivation {
    /// `Σ_k p_k ‖W_k‖² + t (Σ_k p_k ‖g_k‖² − ‖Σ_k p_k g_k‖²)` with `g_k = W_kᵀ z_k` and Frobenius norms.
    fn shell_trace(&self, z: Tensor<2>, weight: Tensor<2>) -> Tensor<1> {
        let [hidden, dim] = weight.dims();
        let [count] = self.offset.dims();
        let weight = weight.reshape([count, hidden / count, dim]);
        let blocks = self.blocks(z);
        let p = softmax(self.scaled_quadratics(blocks.clone()), 1);
        let sizes = weight
            .clone()
            .square()
            .sum_dim(2)
            .sum_dim(1)
            .reshape([1, count]);
        let pieces = pulled_back(blocks, weight);
        let steep: Tensor<2> = pieces.clone().square().sum_dim(2).squeeze_dim(2);
        let mean: Tensor<2> = (pieces * p.clone().unsqueeze_dim(2))
            .sum_dim(1)
            .squeeze_dim(1);
        let spread = (p.clone() * steep).sum_dim(1) - mean.square().sum_dim(1);
        let trace = (p * sizes).sum_dim(1) + spread * self.temperatures();
        trace.squeeze_dim(1)
    }
}
