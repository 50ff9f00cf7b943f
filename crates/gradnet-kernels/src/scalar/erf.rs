//! `erf u`.

use std::f64::consts::FRAC_2_SQRT_PI;

use burn::tensor::Tensor;

use super::{Outline, Scalar};
#[cfg(feature = "flex")]
use crate::vectors::{Element, Lanes, mathematics};

pub(crate) struct Erf;

impl Scalar for Erf {
    const STEEPEST: f64 = FRAC_2_SQRT_PI;
    const OUTLINE: Outline = Outline::Absolute;

    fn value<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        u.erf()
    }

    fn derivative<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        u.square().neg().exp() * FRAC_2_SQRT_PI
    }

    fn second_derivative<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        Self::derivative(u.clone()) * u * -2.0
    }

    /// `u erf u + e^-u²/√π` is the antiderivative.
    fn bend<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        let size = u.abs();
        let slope = Self::derivative(size.clone());
        size.clone() * (Self::value(size) - 1.0) + slope * 0.5
    }

    #[cfg(feature = "flex")]
    const SLOPE_READS_ARGUMENT: bool = true;

    #[cfg(feature = "flex")]
    #[inline(always)]
    fn on_lanes<L: Lanes>(lanes: L, z: L::Vector) -> L::Vector {
        mathematics::erf(lanes, z)
    }

    #[cfg(feature = "flex")]
    #[inline(always)]
    fn slope_on_lanes<L: Lanes>(lanes: L, z: L::Vector, _: L::Vector) -> L::Vector {
        mathematics::exp(lanes, -(z * z)) * lanes.splat(L::Element::nearest(FRAC_2_SQRT_PI))
    }
}
