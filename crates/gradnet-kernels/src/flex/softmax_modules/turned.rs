//! Modules of `[batch, hidden]` elements: some rows at a time are turned into lines, and back.

use super::{Gradients, Parameters, apart, differentiate, evaluate, into_inputs};
use crate::flex::pieces::{cut, each_piece, in_order, written_in_pieces};
use crate::flex::transpose::{padded, transpose, transposed_padded};
use crate::vectors::{Element, Kernel, Lanes, places};

/// Rows that a piece of work has, where it turns them first.
const ROWS: usize = 256;

struct Evaluate<'a, E> {
    z: &'a [E],
    p: Parameters<'a, E>,
}

impl<E: Element> Kernel<E> for Evaluate<'_, E> {
    type Output = Vec<E>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Vec<E> {
        let (z, p, hidden) = (self.z, self.p, self.p.bias.len());
        written_in_pieces(z.len(), ROWS * hidden, |start, output| {
            let rows = output.len() / hidden;
            let z = transposed_padded(&z[start..start + output.len()], [rows, hidden]);
            let (y, _) = evaluate(lanes, &z, &p, false);
            transpose(&y, [hidden, rows], padded(rows), output);
        })
    }
}

struct Differentiate<'a, E> {
    z: &'a [E],
    gradient: &'a mut [E],
    p: Parameters<'a, E>,
}

impl<E: Element> Kernel<E> for Differentiate<'_, E> {
    type Output = Gradients<E>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Gradients<E> {
        let (z, p, hidden) = (self.z, self.p, self.p.bias.len());
        let pieces = cut(self.gradient, ROWS * hidden);
        let found = each_piece(pieces, |(start, gradient)| {
            let rows = gradient.len() / hidden;
            let z = transposed_padded(&z[start..start + gradient.len()], [rows, hidden]);
            let (_, kept) = evaluate(lanes, &z, &p, true);
            let mut into_z = transposed_padded(gradient, [rows, hidden]);
            let found = into_inputs(lanes, &z, &kept, &mut into_z, &p);
            transpose(&into_z, [hidden, rows], padded(rows), places(gradient));
            found
        });
        if found.is_empty() {
            return differentiate(lanes, &[], &[], &mut [], &p);
        }
        Gradients::new(apart(found).map(in_order), &p)
    }
}

/// Evaluates softmax modules of `[batch, hidden]` elements.
pub(in crate::flex) fn softmax_modules<E: Element>(z: &[E], p: &Parameters<'_, E>) -> Vec<E> {
    E::widest(Evaluate { z, p: *p })
}

/// Turns the gradient of the modules' output into that of their input, and returns those of their parameters.
pub(in crate::flex) fn softmax_modules_backward<E: Element>(
    z: &[E],
    gradient: &mut [E],
    p: &Parameters<'_, E>,
) -> Gradients<E> {
    E::widest(Differentiate { z, gradient, p: *p })
}
