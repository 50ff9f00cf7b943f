//! Bounds of fields made of fields: what is added, the bounds add.
//!
//! `L(f ± g) ≤ L(f) + L(g)`, `L(Σ c_i f_i) ≤ Σ |c_i| L(f_i)`, `L(f + A x) ≤ L(f) + ‖A‖₂`. Met where all parts are at
//! their steepest in one point and direction, with one sign; a difference of fields that cancel is bounded as their
//! sum.

use super::{LipschitzField, for_rounding, schatten_bound};
use crate::combine::{
    Centred, Combination, Difference, LinearSign, MeanFree, StronglyMonotone, Sum, WithLinearPart,
};
use crate::field::MonotoneField;
use crate::kernel::widened;
use crate::sign::Sign;
use burn::module::Module;
use burn::tensor::Tensor;

impl<F: LipschitzField + Module, G: LipschitzField + Module> LipschitzField for Sum<F, G> {
    fn lipschitz_bound(&self) -> Tensor<1> {
        self.first.lipschitz_bound() + self.second.lipschitz_bound()
    }
}

impl<F: LipschitzField + Module, G: LipschitzField + Module> LipschitzField for Difference<F, G> {
    fn lipschitz_bound(&self) -> Tensor<1> {
        self.first.lipschitz_bound() + self.second.lipschitz_bound()
    }
}

impl<F: LipschitzField + Module, S: Sign> LipschitzField for Combination<F, S> {
    fn lipschitz_bound(&self) -> Tensor<1> {
        let bounds = self.fields.iter().map(LipschitzField::lipschitz_bound);
        let sizes = widened(S::constrain(self.coefficients.val())).abs();
        (Tensor::cat(bounds.collect(), 0) * sizes).sum()
    }
}

impl<F: LipschitzField + MonotoneField + Module> LipschitzField for StronglyMonotone<F> {
    fn lipschitz_bound(&self) -> Tensor<1> {
        self.field.lipschitz_bound() + self.modulus()
    }
}

impl<F: LipschitzField + Module> LipschitzField for Centred<F> {
    fn lipschitz_bound(&self) -> Tensor<1> {
        self.field.lipschitz_bound()
    }
}

/// A projection lengthens nothing.
impl<F: LipschitzField + Module> LipschitzField for MeanFree<F> {
    fn lipschitz_bound(&self) -> Tensor<1> {
        self.field.lipschitz_bound()
    }
}

impl<F: LipschitzField + Module, S: LinearSign> LipschitzField for WithLinearPart<F, S> {
    fn lipschitz_bound(&self) -> Tensor<1> {
        let stored = widened(self.matrix.val());
        let [rank, dim] = stored.dims();
        let identity = Tensor::<2>::eye(dim, &stored.device()).cast(stored.dtype());
        let part = schatten_bound(S::product(stored, identity));
        let part = match self.multiple() {
            Some(multiple) => part + widened(multiple),
            None => part,
        };
        self.field.lipschitz_bound() + for_rounding(part, rank, self.matrix.val().dtype())
    }
}
