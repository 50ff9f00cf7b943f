//! `tanh u`.

use burn::tensor::Tensor;

use super::{Outline, Scalar};
#[cfg(feature = "flex")]
use crate::vectors::{Element, Lanes, Vector, mathematics};

pub(crate) struct Tanh;

impl Scalar for Tanh {
    const STEEPEST: f64 = 1.0;
    const OUTLINE: Outline = Outline::Absolute;

    fn value<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        u.tanh()
    }

    fn derivative<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        1.0 - u.tanh().square()
    }

    fn second_derivative<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        let t = u.tanh();
        t.clone() * (t.square() - 1.0) * 2.0
    }

    fn bend<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        (u.abs() * -2.0).exp().log1p()
    }

    /// `ln cosh u`, with relative accuracy near 0 and without overflow far out.
    fn antiderivative<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        let size = u.abs();
        let is_near = size.clone().lower_equal_elem(1.0);
        let inside = size.clone().mask_fill(is_near.clone().bool_not(), 0.0);
        // cosh² = 1/(1 - tanh²)
        let near = inside.tanh().square().neg().log1p() * -0.5;
        let far = size.clone() + Self::bend(size) - core::f64::consts::LN_2;
        far.mask_where(is_near, near)
    }

    #[cfg(feature = "flex")]
    #[inline(always)]
    fn on_lanes<L: Lanes>(lanes: L, z: L::Vector) -> L::Vector {
        mathematics::tanh(lanes, z)
    }

    #[cfg(feature = "flex")]
    #[inline(always)]
    fn slope_on_lanes<L: Lanes>(lanes: L, _: L::Vector, value: L::Vector) -> L::Vector {
        value.neg_mul_add(value, lanes.splat(L::Element::ONE))
    }
}
