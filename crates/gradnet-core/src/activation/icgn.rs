//! The activation of the Input Convex Gradient Network (baseline), exact and as the paper ran it.
//!
//! The ICGN integrates a Gram factor of its Hessian: with `V(x)` the Jacobian of `s(W x + b)` and `s`
//! the sigmoid, `N(x) = ∫₀¹ V(τx)ᵀ V(τx) x dτ`. For one layer `VᵀV = Wᵀ diag(s'(W x + b)²) W`, so `N` is
//! the tied shell around
//!
//! ```text
//! σ(w) = w ⊙ ∫₀¹ s'(τ w + b)² dτ = κ(w + b) − κ(b),     κ = s²/2 − s³/3,   κ' = (s (1 − s))²
//! ```
//!
//! which is increasing: [`IcgnActivation`] is monotone. The difference is computed as the product
//!
//! ```text
//! κ(w + b) − κ(b) = tanh(w/2) c (c + 2 p (1 − p) + 2 q (1 − q))/6
//! c = p (1 − q) + q (1 − p),   p = s(b),   q = s(w + b)
//! ```
//!
//! of positive terms, which does not cancel where `w` is small. The paper's runs replace the
//! integral by a mean over 100 uniform draws of `τ`: [`IcgnMonteCarlo`] is elementwise, hence a
//! gradient for each draw, but a finite mean need not be monotone, so it does not claim to be.

use super::{
    Activation, ActivationPotential, BlockDiagonalActivation, GradientActivation,
    MonotoneActivation,
};
use crate::kernel::quadrature::mean_along;
use crate::kernel::{Cascade, CascadeFunction, ScalarFunction, cascade, softplus};
use crate::source::ParameterSource;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;
use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};
use std::sync::{Arc, Mutex, PoisonError};

/// The ICGN activation with the integral in closed form.
#[derive(Module, Debug)]
pub struct IcgnActivation {
    /// The biases `b`, `[hidden]`.
    pub bias: Param<Tensor<1>>,
}

/// The ICGN activation with the integral replaced by a mean over draws, new ones at each call.
#[derive(Module, Debug)]
pub struct IcgnMonteCarlo {
    /// The biases `b`, `[hidden]`.
    pub bias: Param<Tensor<1>>,
    nodes: usize,
    #[module(skip)]
    generator: Arc<Mutex<ChaCha12Rng>>,
}

impl IcgnActivation {
    /// Biases drawn from `U(±1/√dim)`, as PyTorch's linear layer does.
    pub fn new(hidden: usize, dim: usize, source: &mut ParameterSource) -> Self {
        Self {
            bias: source.linear([hidden], dim),
        }
    }
}

impl IcgnMonteCarlo {
    /// Biases as in [`IcgnActivation::new`]; `nodes` draws for each call, one set for the whole batch.
    ///
    /// # Panics
    /// If `nodes` is 0: there is no mean over no draws.
    pub fn new(hidden: usize, dim: usize, nodes: usize, source: &mut ParameterSource) -> Self {
        assert!(nodes > 0, "the ICGN needs a draw for each call, not 0");
        Self {
            bias: source.linear([hidden], dim),
            nodes,
            generator: Arc::new(Mutex::new(ChaCha12Rng::seed_from_u64(source.seed()))),
        }
    }

    fn draws(&self) -> Vec<f64> {
        let mut generator = self
            .generator
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        (0..self.nodes).map(|_| generator.random()).collect()
    }

    /// The means over fresh draws of `g(u)`, `τ g'(u)` and `g'(u)`, where `u = τ w + b` and `g = s'²`: with `h =
    /// tanh(u/2)`, a cascade of one layer, `g = (1 − h²)²/16` and `g' = −2 h g`.
    fn means(&self, w: &Tensor<2>, bias: &Tensor<2>) -> [Tensor<2>; 3] {
        let half = bias.clone() * 0.5;
        let one = half.ones_like();
        let mut sums = [w.zeros_like(), w.zeros_like(), w.zeros_like()];
        for tau in self.draws() {
            let rate = half.full_like(tau * 0.5);
            let tanh = Cascade {
                alpha: one.clone(),
                beta: rate,
                bias: half.clone(),
                function: CascadeFunction::Fixed(ScalarFunction::Tanh),
            };
            let h = cascade(w.clone(), tanh);
            let value = (h.clone().square() * -1.0 + 1.0).square();
            let change = value.clone() * h;
            let [values, by_w, by_b] = sums;
            sums = [values + value, by_w + change.clone() * tau, by_b + change];
        }
        let [values, by_w, by_b] = sums;
        let scale = 1.0 / (16.0 * self.nodes as f64);
        [values * scale, by_w * (-2.0 * scale), by_b * (-2.0 * scale)]
    }
}

/// `s(u)` and `1 − s(u) = s(−u)`.
fn sigmoids(u: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    (sigmoid(u.clone()), sigmoid(-u))
}

/// `κ(w + b) − κ(b)` with `κ = s²/2 − s³/3`.
fn kappa_rise(w: Tensor<2>, bias: Tensor<2>) -> Tensor<2> {
    let (p, not_p) = sigmoids(bias.clone());
    let (q, not_q) = sigmoids(w.clone() + bias);
    let slopes = p.clone() * not_p.clone() + q.clone() * not_q.clone();
    let mixed = p * not_q + q * not_p;
    (w * 0.5).tanh() * mixed.clone() * (mixed + slopes * 2.0) * (1.0 / 6.0)
}

impl Activation for IcgnActivation {
    fn forward(&self, w: Tensor<2>) -> Tensor<2> {
        kappa_rise(w, self.bias.val().unsqueeze())
    }

    fn jacobian_vector(&self, w: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        let (s, not_s) = sigmoids(w + self.bias.val().unsqueeze());
        (s * not_s).square() * v
    }
}

impl GradientActivation for IcgnActivation {}
impl BlockDiagonalActivation for IcgnActivation {}
impl MonotoneActivation for IcgnActivation {}

impl ActivationPotential for IcgnActivation {
    /// `Σ_i K(w_i + b_i) − K(b_i) − κ(b_i) w_i` with `K = (softplus − s + s²)/6`, `K' = κ`; for
    /// `|w_i| ≤ 1`, where that cancels, eight Gauss nodes of its derivative, to 1e-11.
    fn potential(&self, w: Tensor<2>) -> Tensor<1> {
        let bias = self.bias.val().unsqueeze::<2>();
        let primitive = |u: Tensor<2>| -> Tensor<2> {
            let (s, not_s) = sigmoids(u.clone());
            (softplus(u) - s * not_s) * (1.0 / 6.0)
        };
        let s = sigmoid(bias.clone());
        let kappa: Tensor<2> = s.clone().square() * (0.5 - s / 3.0);
        let rise = primitive(w.clone() + bias.clone()) - primitive(bias.clone());
        let far: Tensor<2> = rise - kappa * w.clone();
        let is_near = w.clone().abs().lower_equal_elem(1.0);
        let short = w.mask_fill(is_near.clone().bool_not(), 0.0);
        let mean = mean_along(short.zeros_like(), short.clone(), |u| {
            kappa_rise(u, bias.clone())
        });
        far.mask_where(is_near, mean * short)
            .sum_dim(1)
            .squeeze_dim(1)
    }
}

impl Activation for IcgnMonteCarlo {
    /// `w ⊙ mean g(τ w + b)`. What is differentiated is the tangent at the same `w` and `b`, which has this value and
    /// these first derivatives: automatic differentiation would keep ten tensors for each draw.
    fn forward(&self, w: Tensor<2>) -> Tensor<2> {
        let bias = self.bias.val().unsqueeze::<2>();
        let (w_0, bias_0) = (w.clone().detach(), bias.clone().detach());
        let [value, by_w, by_b] = self.means(&w_0, &bias_0);
        let slope = value.clone() + w_0.clone() * by_w;
        let at_bias = w_0.clone() * by_b;
        w_0.clone() * value + (w - w_0) * slope + (bias - bias_0) * at_bias
    }

    /// `d/dw [w g(τ w + b)] = g + w τ g'`.
    fn jacobian_vector(&self, w: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        let [value, by_w, _] = self.means(&w, &self.bias.val().unsqueeze());
        (value + w * by_w) * v
    }
}

impl GradientActivation for IcgnMonteCarlo {}
impl BlockDiagonalActivation for IcgnMonteCarlo {}
