//! Linear splines, one unit after the other along a row.
//!
//! The value between the knots i and i + 1 is c_i + f (c_{i+1} − c_i) with f the fraction of the way; so ∂z is the
//! slope of that piece, and (1 − f, f) of the gradient goes to (c_i, c_{i+1}).

use std::mem::MaybeUninit;

use super::pieces::{cut, each_piece, in_order, written_in_pieces};
use crate::Knots;
use crate::vectors::{Element, Kernel, Lanes};

/// Elements that make a piece of work worth a thread of its own.
const PIECE: usize = 8 * 1024;

/// The splines of all units.
#[derive(Clone, Copy)]
pub(super) struct Splines<'a, E> {
    /// `[hidden, knots]`.
    coefficients: &'a [E],
    knots: usize,
    range: E,
    /// Knots per unit of length.
    density: E,
}

impl<'a, E: Element> Splines<'a, E> {
    /// Of `[hidden, knots]` coefficients.
    pub(super) fn new(coefficients: &'a [E], knots: usize, range: f64) -> Self {
        Self {
            coefficients,
            knots,
            range: E::nearest(range),
            density: E::nearest(Knots::new(knots, range).density()),
        }
    }

    /// As [`Knots::locate`]: the knot to the left, the fraction of the way to the next, and the values at the two.
    #[inline(always)]
    fn locate(&self, unit: &'a [E], z: E) -> (usize, E, E, E) {
        let position = (z + self.range) * self.density;
        let index = position.whole().min(self.knots - 2);
        let fraction = position - E::nearest(index as f64);
        (index, fraction, unit[index], unit[index + 1])
    }
}

struct Forward<'a, E> {
    z: &'a [E],
    splines: Splines<'a, E>,
    output: &'a mut [MaybeUninit<E>],
}

impl<E: Element> Kernel<E> for Forward<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, _lanes: L) {
        let (splines, knots) = (self.splines, self.splines.knots);
        let hidden = splines.coefficients.len() / knots;
        for (z, output) in self
            .z
            .chunks_exact(hidden)
            .zip(self.output.chunks_exact_mut(hidden))
        {
            let units = splines.coefficients.chunks_exact(knots);
            for ((&z, output), unit) in z.iter().zip(output).zip(units) {
                let (_, fraction, low, high) = splines.locate(unit, z);
                output.write(low + fraction * (high - low));
            }
        }
    }
}

struct Backward<'a, E> {
    z: &'a [E],
    /// Of the output; of z when done.
    gradient: &'a mut [E],
    splines: Splines<'a, E>,
}

impl<E: Element> Kernel<E> for Backward<'_, E> {
    /// The gradient of the coefficients.
    type Output = Vec<E>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, _lanes: L) -> Vec<E> {
        let (splines, knots) = (self.splines, self.splines.knots);
        let hidden = splines.coefficients.len() / knots;
        let mut sums = vec![E::ZERO; splines.coefficients.len()];
        let rows = self
            .z
            .chunks_exact(hidden)
            .zip(self.gradient.chunks_exact_mut(hidden));
        for (z, gradient) in rows {
            let units = splines
                .coefficients
                .chunks_exact(knots)
                .zip(sums.chunks_exact_mut(knots));
            for ((&z, gradient), (unit, sums)) in z.iter().zip(gradient).zip(units) {
                let (index, fraction, low, high) = splines.locate(unit, z);
                let g = *gradient;
                *gradient = g * ((high - low) * splines.density);
                sums[index] = sums[index] + g * (E::ONE - fraction);
                sums[index + 1] = sums[index + 1] + g * fraction;
            }
        }
        sums
    }
}

/// Elements of a piece: whole rows, and more of them than there are coefficients to add up after it.
fn piece(total: usize, splines: usize, knots: usize) -> usize {
    let hidden = (splines / knots).max(1);
    let rows = PIECE.max(4 * splines).div_ceil(hidden);
    rows.min(total / hidden).max(1) * hidden
}

/// Evaluates the splines of `[batch, hidden]` elements.
pub(super) fn linear_spline<E: Element>(z: &[E], splines: &Splines<'_, E>) -> Vec<E> {
    let piece = piece(z.len(), splines.coefficients.len(), splines.knots);
    written_in_pieces(z.len(), piece, |start, output| {
        E::widest(Forward {
            z: &z[start..start + output.len()],
            splines: *splines,
            output,
        });
    })
}

/// Turns the gradient of the output into that of `z`; returns that of the coefficients.
pub(super) fn linear_spline_backward<E: Element>(
    z: &[E],
    gradient: &mut [E],
    splines: &Splines<'_, E>,
) -> Vec<E> {
    if z.is_empty() {
        return vec![E::ZERO; splines.coefficients.len()];
    }
    let piece = piece(z.len(), splines.coefficients.len(), splines.knots);
    in_order(each_piece(cut(gradient, piece), |(start, gradient)| {
        E::widest(Backward {
            z: &z[start..start + gradient.len()],
            gradient,
            splines: *splines,
        })
    }))
}
