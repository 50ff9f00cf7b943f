//! The sign of a weight, as a type.
//!
//! Most theorems of the paper ask for a few nonnegative weights and nothing else (Cor. 7.1, Cor. 8.1).
//! Here that is a type parameter: a parameter of sign [`NonNegative`] is stored free and used through
//! softplus, so no optimizer step can break the guarantee (the released code does the same).

use crate::kernel::softplus;
use burn::tensor::Tensor;
use core::fmt::Debug;

/// How a freely stored parameter becomes the weight a network uses.
pub trait Sign: Clone + Debug + Send + Sync + 'static {
    /// Whether every constrained weight is nonnegative.
    const NONNEGATIVE: bool;

    /// The weight in use, elementwise from the stored parameter.
    fn constrain<const D: usize>(stored: Tensor<D>) -> Tensor<D>;
}

/// Weights of any sign: what is stored is what is used.
#[derive(Clone, Debug, Default)]
pub struct Free;

/// Nonnegative weights: `softplus` of what is stored.
#[derive(Clone, Debug, Default)]
pub struct NonNegative;

impl Sign for Free {
    const NONNEGATIVE: bool = false;

    fn constrain<const D: usize>(stored: Tensor<D>) -> Tensor<D> {
        stored
    }
}

impl Sign for NonNegative {
    const NONNEGATIVE: bool = true;

    fn constrain<const D: usize>(stored: Tensor<D>) -> Tensor<D> {
        softplus(stored)
    }
}
