//! `max(u, 0)`, whose derivative at 0 is taken as 0.

use burn::tensor::{Tensor, activation};

use super::{Outline, Scalar, step};
#[cfg(feature = "flex")]
use crate::vectors::{Element, Lanes, Vector};

pub(crate) struct Relu;

impl Scalar for Relu {
    const STEEPEST: f64 = 1.0;
    const OUTLINE: Outline = Outline::Parabola;

    fn value<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        activation::relu(u)
    }

    fn derivative<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        step(u)
    }

    fn second_derivative<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        u.zeros_like()
    }

    fn bend<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        u.zeros_like()
    }

    /// By the outline alone: no quadrature crosses the kink.
    fn mean<const D: usize>(start: Tensor<D>, step: Tensor<D>) -> Tensor<D> {
        Self::OUTLINE.slope_between(start.clone(), start + step)
    }

    #[cfg(feature = "flex")]
    #[inline(always)]
    fn on_lanes<L: Lanes>(lanes: L, z: L::Vector) -> L::Vector {
        z.at_least(lanes.splat(L::Element::ZERO))
    }

    #[cfg(feature = "flex")]
    #[inline(always)]
    fn slope_on_lanes<L: Lanes>(lanes: L, _: L::Vector, value: L::Vector) -> L::Vector {
        lanes.splat(L::Element::ONE).where_positive(value)
    }
}
