//! log(1 + e^x) and its derivative, vector by vector.

use super::lanes::{Element, Kernel, Lanes};
use super::mathematics;
use super::rows::each_piece;

/// Elements that make a piece of work worth a thread of its own.
const PIECE: usize = 32 * 1024;

struct Forward<'a, E> {
    x: &'a [E],
    output: &'a mut [E],
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
            let (value, _) = mathematics::softplus(lanes, lanes.load_first(x, x.len()));
            lanes.store_first(value, output, x.len());
        }
    }
}

struct Backward<'a, E> {
    x: &'a [E],
    gradient: &'a [E],
    output: &'a mut [E],
}

impl<E: Element> Kernel<E> for Backward<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) {
        let inputs = self.x.chunks(L::WIDTH).zip(self.gradient.chunks(L::WIDTH));
        for ((x, gradient), output) in inputs.zip(self.output.chunks_mut(L::WIDTH)) {
            let count = x.len();
            let slope = mathematics::sigmoid(lanes, lanes.load_first(x, count));
            let gradient = lanes.load_first(gradient, count);
            lanes.store_first(gradient * slope, output, count);
        }
    }
}

/// log(1 + e^x) of every element.
pub(super) fn softplus<E: Element>(x: &[E]) -> Vec<E> {
    let mut output = vec![E::ZERO; x.len()];
    each_piece(&mut output, PIECE, |start, output| {
        let x = &x[start..start + output.len()];
        E::widest(Forward { x, output });
    });
    output
}

/// The gradient of x, from the gradient of the output.
pub(super) fn softplus_backward<E: Element>(x: &[E], gradient: &[E]) -> Vec<E> {
    let mut output = vec![E::ZERO; x.len()];
    each_piece(&mut output, PIECE, |start, output| {
        let piece = start..start + output.len();
        E::widest(Backward {
            x: &x[piece.clone()],
            gradient: &gradient[piece],
            output,
        });
    });
    output
}
