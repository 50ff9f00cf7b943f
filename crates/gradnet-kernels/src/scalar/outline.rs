//! Piecewise polynomials: what antiderivatives are far out.

use burn::tensor::{Tensor, activation::relu};

use super::step;

/// A piecewise polynomial.
pub(crate) enum Outline {
    /// `|u|`.
    Absolute,
    /// `max(u, 0)`.
    Ramp,
    /// `max(u, 0)²/2`.
    Parabola,
}

impl Outline {
    pub(super) fn value<const D: usize>(&self, u: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Absolute => u.abs(),
            Self::Ramp => relu(u),
            Self::Parabola => relu(u).square() * 0.5,
        }
    }

    /// `(value(q) − value(p))/(q − p)` without cancellation of squares: for a parabola the mean of `max(u, 0)` between
    /// `p` and `q`. Where `p = q` it is the slope of the parabola, and 0 for the others.
    pub(super) fn slope_between<const D: usize>(&self, p: Tensor<D>, q: Tensor<D>) -> Tensor<D> {
        let way = q.clone() - p.clone();
        let still = way.clone().equal_elem(0.0);
        let way = way.mask_fill(still.clone(), 1.0);
        match self {
            Self::Parabola => {
                let (low, high) = (relu(p.clone()), relu(q));
                let slope = (high.clone() - low.clone()) / way;
                (low + high) * 0.5 * slope.mask_where(still, step(p))
            }
            line => (line.value(q) - line.value(p)) / way,
        }
    }
}
