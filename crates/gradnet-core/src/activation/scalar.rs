//! The fixed scalar functions `s: R -> R` that elementwise activations are built from.

use super::quadrature::ray_integral;
use burn::tensor::activation::{log_sigmoid, relu, sigmoid, softplus};
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
            Self::Softplus => softplus(u, 1.0),
            Self::Relu => relu(u),
        }
    }

    /// `s'(u)`, elementwise; for [`Relu`](Self::Relu) 0 at the kink.
    pub fn derivative<const D: usize>(self, u: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Tanh => 1.0 - u.tanh().square(),
            Self::Sigmoid => {
                let s = sigmoid(u);
                s.clone() * (1.0 - s)
            }
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
                let s = sigmoid(u);
                s.clone() * (1.0 - s.clone()) * (1.0 - s * 2.0)
            }
            Self::Softplus => Self::Sigmoid.derivative(u),
            Self::Relu => u.zeros_like(),
        }
    }

    /// An antiderivative `∫ s`, elementwise.
    ///
    /// `ln cosh u`, `softplus u`, `max(u, 0)²/2`; for softplus, whose antiderivative is a dilogarithm,
    /// the integral from 0 by Gauss-Legendre quadrature (relative error below 1e-9 for `|u| <= 50`).
    pub fn antiderivative<const D: usize>(self, u: Tensor<D>) -> Tensor<D> {
        match self {
            // |u| + ln(1 + e^(-2|u|)) - ln 2, which does not overflow.
            Self::Tanh => {
                let size = u.abs();
                size.clone() + (size * -2.0).exp().log1p() - core::f64::consts::LN_2
            }
            // -ln sigmoid(-u); burn's softplus would round to the identity above 20.
            Self::Sigmoid => -log_sigmoid(-u),
            Self::Softplus => ray_integral(u, |s| Self::Softplus.value(s)),
            Self::Relu => relu(u).square() * 0.5,
        }
    }
}

/// 1 where `u > 0`, else 0.
fn step<const D: usize>(u: Tensor<D>) -> Tensor<D> {
    let dtype: DType = u.dtype();
    u.greater_elem(0.0).float().cast(dtype)
}
