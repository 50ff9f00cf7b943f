//! `ln(1 + e^u)`.

use burn::tensor::Tensor;

use super::{Outline, Scalar, sigmoid::Sigmoid};
use crate::quadrature::ray_integral;
#[cfg(feature = "flex")]
use crate::vectors::{Lanes, mathematics};

pub(crate) struct Softplus;

impl Scalar for Softplus {
    const STEEPEST: f64 = 1.0;
    const OUTLINE: Outline = Outline::Parabola;

    fn value<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        crate::softplus(u)
    }

    fn derivative<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        Sigmoid::value(u)
    }

    fn second_derivative<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        Sigmoid::derivative(u)
    }

    fn bend<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        ray_integral(u.clamp(-40.0, 40.0), |r| (-r.abs()).exp().log1p())
    }

    #[cfg(feature = "flex")]
    #[inline(always)]
    fn on_lanes<L: Lanes>(lanes: L, z: L::Vector) -> L::Vector {
        mathematics::softplus(lanes, z)
    }

    /// With u = ln(1 + e^z), 1 − e^−u is the logistic function of z.
    #[cfg(feature = "flex")]
    #[inline(always)]
    fn slope_on_lanes<L: Lanes>(lanes: L, _: L::Vector, value: L::Vector) -> L::Vector {
        mathematics::one_minus_exp(lanes, -value)
    }
}
