//! `1 / (1 + e^-u)`.

use burn::tensor::{DType, Tensor, activation};

use super::{Outline, Scalar, softplus::Softplus};
#[cfg(feature = "flex")]
use crate::vectors::{Lanes, Vector, mathematics};

pub(crate) struct Sigmoid;

impl Scalar for Sigmoid {
    const STEEPEST: f64 = 0.25;
    const OUTLINE: Outline = Outline::Ramp;

    fn value<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        // Burn's sigmoid is computed in f32 on some backends, whatever the element type.
        if u.dtype() == DType::F64 && !crate::has_kernels(&u) {
            return Softplus::value(-u).neg().exp();
        }
        activation::sigmoid(u)
    }

    fn derivative<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        // 1 - s(u) = s(-u), without the cancellation where s is near 1.
        Self::value(u.clone()) * Self::value(-u)
    }

    fn second_derivative<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        let (up, down) = (Self::value(u.clone()), Self::value(-u));
        up.clone() * down.clone() * (down - up)
    }

    fn bend<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        (-u.abs()).exp().log1p()
    }

    fn antiderivative<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        Softplus::value(u)
    }

    #[cfg(feature = "flex")]
    #[inline(always)]
    fn on_lanes<L: Lanes>(lanes: L, z: L::Vector) -> L::Vector {
        mathematics::sigmoid(lanes, z)
    }

    #[cfg(feature = "flex")]
    #[inline(always)]
    fn slope_on_lanes<L: Lanes>(_: L, _: L::Vector, value: L::Vector) -> L::Vector {
        value.neg_mul_add(value, value)
    }
}
