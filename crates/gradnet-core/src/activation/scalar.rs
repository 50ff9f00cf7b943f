//! The fixed scalar functions `s: R -> R` that elementwise activations are built from.

use super::quadrature::{mean_along, ray_integral};
use crate::kernel::softplus;
use burn::tensor::activation::{relu, sigmoid};
use burn::tensor::{DType, Tensor};
use serde::{Deserialize, Serialize};

/// A nondecreasing scalar function, with its derivatives and its antiderivative.
///
/// Being nondecreasing, each gives a monotone elementwise activation (Prop. 2, second remark).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScalarFunction {
    /// `tanh u`.
    Tanh,
    /// `1 / (1 + e^-u)`.
    Sigmoid,
    /// `ln(1 + e^u)`.
    Softplus,
    /// `max(u, 0)`: a subgradient network at the kinks (Sec. V-D).
    Relu,
}

impl ScalarFunction {
    /// All functions, for tests and listings.
    pub const ALL: [Self; 4] = [Self::Tanh, Self::Sigmoid, Self::Softplus, Self::Relu];

    /// `s(u)`, elementwise.
    pub fn value<const D: usize>(self, u: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Tanh => u.tanh(),
            Self::Sigmoid => sigmoid(u),
            Self::Softplus => softplus(u),
            Self::Relu => relu(u),
        }
    }

    /// `s'(u)`, elementwise; for [`Relu`](Self::Relu) 0 at the kink.
    pub fn derivative<const D: usize>(self, u: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Tanh => 1.0 - u.tanh().square(),
            // 1 - s(u) = s(-u), without the cancellation where s is near 1.
            Self::Sigmoid => sigmoid(u.clone()) * sigmoid(-u),
            Self::Softplus => sigmoid(u),
            Self::Relu => step(u),
        }
    }

    /// `s''(u)`, elementwise.
    pub fn second_derivative<const D: usize>(self, u: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Tanh => {
                let t = u.tanh();
                t.clone() * (t.square() - 1.0) * 2.0
            }
            Self::Sigmoid => {
                let (up, down) = (sigmoid(u.clone()), sigmoid(-u));
                up.clone() * down.clone() * (down - up)
            }
            Self::Softplus => Self::Sigmoid.derivative(u),
            Self::Relu => u.zeros_like(),
        }
    }

    /// An antiderivative `S = ∫ s`, elementwise: `ln cosh u`, `softplus u`, `max(u, 0)²/2`, and for softplus, whose
    /// antiderivative is a dilogarithm,
    ///
    /// ```text
    /// S(u) = max(u, 0)²/2 + ∫₀^u ln(1 + e^-|r|) dr
    /// ```
    ///
    /// with an integral that stands still beyond `|u| = 40`, by Gauss-Legendre quadrature to 1e-10.
    pub fn antiderivative<const D: usize>(self, u: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Tanh => log_cosh(u),
            Self::Sigmoid => softplus(u),
            Self::Softplus => Self::Relu.antiderivative(u.clone()) + self.bend(u),
            Self::Relu => relu(u).square() * 0.5,
        }
    }

    /// What the antiderivative has beyond its piecewise polynomial `|u|`, `max(u, 0)` or `max(u,
    /// 0)²/2`, up to a constant: bounded, and still far out.
    fn bend<const D: usize>(self, u: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Tanh => (u.abs() * -2.0).exp().log1p(),
            Self::Sigmoid => (-u.abs()).exp().log1p(),
            Self::Softplus => ray_integral(u.clamp(-40.0, 40.0), |r| (-r.abs()).exp().log1p()),
            Self::Relu => u.zeros_like(),
        }
    }

    /// The mean of `s` on the way from `p` to `p + δ`, elementwise: `[S(p + δ) − S(p)]/δ` with `S' = s`, and `s(p)` for
    /// `δ = 0`.
    ///
    /// The quotient cancels where `δ` is small. There, for `|δ| ≤ 1`, eight Gauss nodes give the
    /// mean to 1e-11; relu, which has a kink, is `(s(p) + s(q))/2 · (s(q) − s(p))/(q − p)` with `q
    /// = p + δ`, without cancellation. It cancels far out as well, where `S` is large: so the
    /// piecewise polynomial in `S` is averaged apart from the bounded rest.
    pub fn mean<const D: usize>(self, start: Tensor<D>, step: Tensor<D>) -> Tensor<D> {
        if self == Self::Relu {
            return relu_mean(start.clone(), start + step);
        }
        let near = step.clone().abs().lower_equal_elem(1.0);
        let long = step.clone().mask_fill(near.clone(), 1.0);
        let short = step.mask_fill(near.clone().bool_not(), 0.0);
        let end = start.clone() + long.clone();
        let straight = match self {
            Self::Tanh => slope_between(start.clone(), end.clone(), Tensor::abs),
            Self::Sigmoid => slope_between(start.clone(), end.clone(), relu),
            Self::Softplus | Self::Relu => relu_mean(start.clone(), end.clone()),
        };
        let bend = (self.bend(end) - self.bend(start.clone())) / long;
        (straight + bend).mask_where(near, mean_along(start, short, |u| self.value(u)))
    }
}

/// `ln cosh u`, with relative accuracy near 0 and without overflow far out.
fn log_cosh<const D: usize>(u: Tensor<D>) -> Tensor<D> {
    let size = u.abs();
    let is_near = size.clone().lower_equal_elem(1.0);
    let inside = size.clone().mask_fill(is_near.clone().bool_not(), 0.0);
    // cosh² = 1/(1 - tanh²)
    let near = inside.tanh().square().neg().log1p() * -0.5;
    let far = size.clone() + (size * -2.0).exp().log1p() - core::f64::consts::LN_2;
    far.mask_where(is_near, near)
}

/// `(line(q) − line(p))/(q − p)`, and 0 where `p = q`.
fn slope_between<const D: usize>(
    p: Tensor<D>,
    q: Tensor<D>,
    line: impl Fn(Tensor<D>) -> Tensor<D>,
) -> Tensor<D> {
    let way = q.clone() - p.clone();
    let still = way.clone().equal_elem(0.0);
    (line(q) - line(p)) / way.mask_fill(still, 1.0)
}

/// The mean of `max(u, 0)` between `p` and `q`.
fn relu_mean<const D: usize>(p: Tensor<D>, q: Tensor<D>) -> Tensor<D> {
    let (low, high) = (relu(p.clone()), relu(q.clone()));
    let way = q - p.clone();
    let still = way.clone().equal_elem(0.0);
    let slope = (high.clone() - low.clone()) / way.mask_fill(still.clone(), 1.0);
    (low + high) * 0.5 * slope.mask_where(still, step(p))
}

/// 1 where `u > 0`, else 0.
fn step<const D: usize>(u: Tensor<D>) -> Tensor<D> {
    let dtype: DType = u.dtype();
    u.greater_elem(0.0).float().cast(dtype)
}
