//! log(1 + e^x) and its derivative, vector by vector, nondecreasing to the last bit.
//!
//! Evaluated as it stands, log(1 + e^x) falls by a place here and there: two neighbouring x differ
//! by less than the rounding of an exponential. A weight that rises must not fall after softplus,
//! so
//!
//! - `f32` is computed in `f64`, whose rounding is far below a place of `f32`, and rounded once;
//! - `f64` is computed at two points a < b of a grid and interpolated, with t = (x − a)/(b − a), by
//!
//! ```text
//! s(a) + t (δ − (1 − t) k),   δ = s(b) − s(a)
//! k = (1 − t) (δ − s'(a) (b − a)) + t (s'(b) (b − a) − δ)
//! ```
//!
//! the cubic through both values and slopes, exact to 2^-60 on cells of 2^-13. Each of its steps is
//! nondecreasing in t, rounded or not, since k is of the order of δ 2^-14; it is s(a) at t = 0 and
//! s(b) at t = 1, so cells meet; and on the grid itself s rises by far more than its rounding.

use std::mem::MaybeUninit;

use super::lanes::{Element, Kernel, Lanes, Vector};
use super::mathematics;
use super::pieces::{cut, each_piece, written_in_pieces};
use super::tensors::FlexElement;

/// Elements that make a piece of work worth a thread of its own.
const PIECE: usize = 32 * 1024;

/// The width of a cell, and 1.5 · 2^52 times it: adding that rounds to a multiple of the width.
const CELL: f64 = 1.0 / 8192.0;
const ROUND_TO_CELL: f64 = 6_755_399_441_055_744.0 * CELL;

/// An element type in which softplus is nondecreasing to the last bit.
pub(super) trait Softplus: FlexElement {
    /// log(1 + e^x) of each element, with these vectors of `f64`.
    fn softplus<L: Lanes<Element = f64>>(lanes: L, x: &[Self], output: &mut [MaybeUninit<Self>]);
}

impl Softplus for f32 {
    #[inline(always)]
    fn softplus<L: Lanes<Element = f64>>(lanes: L, x: &[Self], output: &mut [MaybeUninit<Self>]) {
        for (x, output) in x.chunks(L::WIDTH).zip(output.chunks_mut(L::WIDTH)) {
            let mut wide = [0.0; WIDEST];
            for (wide, x) in wide.iter_mut().zip(x) {
                *wide = f64::from(*x);
            }
            let value = mathematics::softplus(lanes, lanes.load(&wide));
            lanes.store(value, &mut wide);
            for (output, wide) in output.iter_mut().zip(wide) {
                output.write(wide as f32);
            }
        }
    }
}

/// Lanes of the widest vector of `f64`.
const WIDEST: usize = 8;

impl Softplus for f64 {
    #[inline(always)]
    fn softplus<L: Lanes<Element = f64>>(lanes: L, x: &[Self], output: &mut [MaybeUninit<Self>]) {
        for (x, output) in x.chunks(L::WIDTH).zip(output.chunks_mut(L::WIDTH)) {
            let value = interpolated(lanes, lanes.load_first(x, x.len()));
            lanes.write_first(value, output, x.len());
        }
    }
}

/// log(1 + e^x) by interpolation on the grid.
#[inline(always)]
fn interpolated<L: Lanes<Element = f64>>(lanes: L, x: L::Vector) -> L::Vector {
    let number = |value: f64| lanes.splat(value);
    // Beyond ±1000 the value is x, or what it is at −1000: cells exist between.
    let bounded = -(-x).at_least(number(-1000.0));
    let bounded = bounded.at_least(number(-1000.0));
    let middle = (bounded + number(ROUND_TO_CELL)) - number(ROUND_TO_CELL);
    let (left, right) = (middle - number(CELL / 2.0), middle + number(CELL / 2.0));
    let t = (bounded - left) * number(1.0 / CELL);
    let rest = number(1.0) - t;
    let (low, high) = (
        mathematics::softplus(lanes, left),
        mathematics::softplus(lanes, right),
    );
    let slope = |at| mathematics::sigmoid(lanes, at) * number(CELL);
    let rise = high - low;
    let bend = rest * (rise - slope(left)) + t * (slope(right) - rise);
    let bend = bend.at_least(number(0.0));
    let way = t * (rest.neg_mul_add(bend, rise));
    (low + way).at_least(x)
}

struct Forward<'a, E> {
    x: &'a [E],
    output: &'a mut [MaybeUninit<E>],
}

impl<E: Softplus> Kernel<f64> for Forward<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<Element = f64>>(self, lanes: L) {
        E::softplus(lanes, self.x, self.output);
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
pub(super) fn softplus<E: Softplus>(x: &[E]) -> Vec<E> {
    written_in_pieces(x.len(), PIECE, |start, output| {
        let x = &x[start..start + output.len()];
        f64::widest(Forward { x, output });
    })
}

/// Turns the gradient of the output into that of x.
pub(super) fn softplus_backward<E: Element>(x: &[E], gradient: &mut [E]) {
    each_piece(cut(gradient, PIECE), |(start, gradient)| {
        let x = &x[start..start + gradient.len()];
        E::widest(Backward { x, gradient });
    });
}
