//! Σ (y − t)² and its derivative, vector by vector.

use std::mem::MaybeUninit;

use super::pieces::{each_piece, in_order, written_in_pieces};
use crate::vectors::{Element, Kernel, Lanes, Vector};

/// Elements that make a piece of work worth a thread of its own.
const PIECE: usize = 32 * 1024;

struct Squares<'a, E> {
    y: &'a [E],
    t: &'a [E],
}

impl<E: Element> Kernel<E> for Squares<'_, E> {
    type Output = E;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> E {
        let mut sum = lanes.splat(E::ZERO);
        for (y, t) in self.y.chunks(L::WIDTH).zip(self.t.chunks(L::WIDTH)) {
            let error = lanes.load_first(y, y.len()) - lanes.load_first(t, t.len());
            sum = error.mul_add(error, sum);
        }
        sum.sum()
    }
}

struct Slopes<'a, E> {
    y: &'a [E],
    t: &'a [E],
    factor: E,
    output: &'a mut [MaybeUninit<E>],
}

impl<E: Element> Kernel<E> for Slopes<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) {
        let factor = lanes.splat(self.factor);
        let inputs = self.y.chunks(L::WIDTH).zip(self.t.chunks(L::WIDTH));
        for ((y, t), output) in inputs.zip(self.output.chunks_mut(L::WIDTH)) {
            let error = lanes.load_first(y, y.len()) - lanes.load_first(t, t.len());
            lanes.write_first(error * factor, output, y.len());
        }
    }
}

/// The mean of the squared differences, 0 if there are none.
pub(super) fn mean_squared_error<E: Element>(y: &[E], t: &[E]) -> E {
    if y.is_empty() {
        return E::ZERO;
    }
    let pieces = y.chunks(PIECE).zip(t.chunks(PIECE)).collect();
    let sums = each_piece(pieces, |(y, t)| vec![E::widest(Squares { y, t })]);
    let sum: f64 = in_order(sums).first().copied().unwrap_or(E::ZERO).into();
    let count = y.len() as f64;
    if sum.is_infinite() {
        // The sum has left the type, the mean need not have.
        let terms = y.iter().zip(t).map(|(&y, &t)| {
            let error: f64 = y.into() - t.into();
            error * (error / count)
        });
        return E::nearest(terms.sum());
    }
    E::nearest(sum / count)
}

/// The gradient of y, from that of the mean.
pub(super) fn mean_squared_error_backward<E: Element>(y: &[E], t: &[E], gradient: E) -> Vec<E> {
    let factor = E::nearest(2.0 * gradient.into() / y.len() as f64);
    written_in_pieces(y.len(), PIECE, |start, output| {
        let range = start..start + output.len();
        E::widest(Slopes {
            y: &y[range.clone()],
            t: &t[range],
            factor,
            output,
        });
    })
}
