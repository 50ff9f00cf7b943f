//! log(1 + e^x) and its derivative, vector by vector.

use std::mem::MaybeUninit;

use super::pieces::{cut, each_piece, written_in_pieces};
use crate::vectors::mathematics;
use crate::vectors::{Element, Kernel, Lanes};

/// Elements that make a piece of work worth a thread of its own.
const PIECE: usize = 32 * 1024;

struct Forward<'a, E> {
    x: &'a [E],
    output: &'a mut [MaybeUninit<E>],
}

impl<E: Element> Kernel<E> for Forward<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) {
        for (x, output) in self
            .x
            .chunks(L::WIDTH)
            .zip(self.output.chunks_mut(L::WIDTH))
        {
            let value = mathematics::softplus(lanes, lanes.load_first(x, x.len()));
            lanes.write_first(value, output, x.len());
        }
    }
}

struct Backward<'a, E> {
    x: &'a [E],
    gradient: &'a mut [E],
}

impl<E: Element> Kernel<E> for Backward<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) {
        let gradients = self.gradient.chunks_mut(L::WIDTH);
        for (x, gradient) in self.x.chunks(L::WIDTH).zip(gradients) {
            let count = x.len();
            let slope = mathematics::sigmoid(lanes, lanes.load_first(x, count));
            let value = lanes.load_first(gradient, count);
            lanes.store_first(value * slope, gradient, count);
        }
    }
}

/// log(1 + e^x) of every element.
pub(super) fn softplus<E: Element>(x: &[E]) -> Vec<E> {
    written_in_pieces(x.len(), PIECE, |start, output| {
        let x = &x[start..start + output.len()];
        E::widest(Forward { x, output });
    })
}

/// Turns the gradient of the output into that of x.
pub(super) fn softplus_backward<E: Element>(x: &[E], gradient: &mut [E]) {
    each_piece(cut(gradient, PIECE), |(start, gradient)| {
        let x = &x[start..start + gradient.len()];
        E::widest(Backward { x, gradient });
    });
}
