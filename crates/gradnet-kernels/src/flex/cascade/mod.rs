//! The cascade with all layers of a vector of units in registers.
//!
//! Forward, with k_l = α_l (fixed function) or α_l (a_l − b_l) and c_l = 0 or α_l b_l, so that
//! α_l f_l(z) = k_l u_l(z) + c_l z:
//!
//! z_0 = β_0 w + b_0, z_{l+1} = β_{l+1} w + k_l u(z_l) + c_l z_l + b_{l+1}, y = k u(z_{L−1}) + c z_{L−1}.
//!
//! Backward, from e_{L−1} = ∂loss/∂y: ∂z_l = e_l (k_l u'(z_l) + c_l), e_{l−1} = ∂z_l, ∂w = Σ_l β_l ∂z_l. The sums over
//! the batch need four accumulators a layer, S = Σ e_l u(z_l), T = Σ e_l (z_l − u(z_l)), Σ ∂z_l w and Σ ∂z_l, from
//! which ∂α = a S + b T, ∂a = α S, ∂b = α T follow once a unit. Inside a shell the u(z_l) are kept from the way
//! forward, outside they are evaluated again: u'(z_l) and z_l follow from them by a few multiplications.

mod backward;
mod forward;
mod layer;

use super::pieces::{cut, each_piece, in_order, written_with};
use super::rows::Rows;
use crate::vectors::doubled::Doubled;
use crate::vectors::{Element, Kernel, Lanes};
use crate::{Cascade, CascadeFunction};
use backward::{Backward, SUMS};
use forward::Forward;
use layer::pack;

/// Elements that make a piece of work worth a thread of its own.
const PIECE: usize = 8 * 1024;

/// The parameters, `[layers, hidden]` each.
#[derive(Clone, Copy)]
pub(super) struct Parameters<'a, E> {
    pub(super) hidden: usize,
    pub(super) cascade: Cascade<&'a [E]>,
}

impl<E> Parameters<'_, E> {
    fn layers(&self) -> usize {
        self.cascade.alpha.len() / self.hidden
    }
}

/// Four vectors at a time: the layers of one wait for each other, the vectors do not.
type Interleaved<L> = Doubled<Doubled<L>>;

/// How elements are cut, forward and backward alike: what is kept of a piece is read with that piece.
fn rows<L: Lanes>(_: L, elements: usize, hidden: usize) -> Rows {
    Rows::new(elements / hidden, hidden, Interleaved::<L>::WIDTH)
}

/// The cascade of `[batch, hidden]` elements, and what [`differentiate`] needs of it if it is to come.
#[inline(never)] // Not compiled for `lanes` itself: only the pieces are.
pub(super) fn evaluate<L: Lanes>(
    lanes: L,
    w: &[L::Element],
    p: &Parameters<'_, L::Element>,
    keep: bool,
) -> (Vec<L::Element>, Vec<L::Element>) {
    let rows = rows(lanes, w.len(), p.hidden);
    let packed = pack(&rows, p);
    let (piece, layers) = (rows.piece(PIECE), p.layers());
    let (pieces, kept) = ([piece, layers * piece], if keep { layers } else { 0 });
    written_with([w.len(), kept * w.len()], pieces, |start, output, kept| {
        Interleaved::new(Doubled::new(lanes)).run(Forward {
            w: &w[start..start + output.len()],
            packed: &packed,
            rows,
            layers,
            function: p.cascade.kind().function,
            output,
            kept,
        });
    })
}

/// Turns the gradient of the output into that of w, from what [`evaluate`] kept, and returns those of the parameters.
#[inline(never)]
pub(super) fn differentiate<L: Lanes>(
    lanes: L,
    w: &[L::Element],
    kept: &[L::Element],
    gradient: &mut [L::Element],
    p: &Parameters<'_, L::Element>,
) -> Cascade<Vec<L::Element>> {
    let (layers, of) = (p.layers(), &p.cascade);
    let mut into = of.map(|_, values| vec![L::Element::ZERO; values.len()]);
    // One vector at a time: the sums of four layers fill the registers.
    let rows = rows(lanes, w.len(), p.hidden).narrowed(L::WIDTH);
    let packed = pack(&rows, p);
    let pieces = cut(gradient, rows.piece(PIECE));
    let sums = in_order(each_piece(pieces, |(start, gradient)| {
        let end = start + gradient.len();
        lanes.run(Backward {
            w: &w[start..end],
            kept: &kept[start * layers..end * layers],
            packed: &packed,
            rows,
            layers,
            function: p.cascade.kind().function,
            gradient,
        })
    }));
    for (i, block) in sums.chunks_exact(SUMS * rows.width).enumerate() {
        let (strip, layer) = (i / layers, i % layers);
        let first = strip * rows.width;
        let mut unit = first % p.hidden;
        for lane in 0..rows.width.min(rows.length - first) {
            let at = layer * p.hidden + unit;
            let sum = |i: usize| block[i * rows.width + lane];
            let add = |to: &mut Vec<L::Element>, more| to[at] = to[at] + more;
            match (of.function, &mut into.function) {
                (
                    CascadeFunction::Learned { a, b },
                    CascadeFunction::Learned {
                        a: into_a,
                        b: into_b,
                    },
                ) => {
                    add(&mut into.alpha, a[at] * sum(0) + b[at] * sum(1));
                    add(into_a, of.alpha[at] * sum(0));
                    add(into_b, of.alpha[at] * sum(1));
                }
                _ => add(&mut into.alpha, sum(0)),
            }
            add(&mut into.beta, sum(2));
            add(&mut into.bias, sum(3));
            unit = if unit + 1 == p.hidden { 0 } else { unit + 1 };
        }
    }
    into
}

struct Evaluate<'a, E> {
    w: &'a [E],
    p: Parameters<'a, E>,
}

impl<E: Element> Kernel<E> for Evaluate<'_, E> {
    type Output = Vec<E>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Vec<E> {
        evaluate(lanes, self.w, &self.p, false).0
    }
}

/// Evaluates the cascade of `[batch, hidden]` elements.
pub(super) fn cascade<E: Element>(w: &[E], p: &Parameters<'_, E>) -> Vec<E> {
    E::widest(Evaluate { w, p: *p })
}

struct Differentiate<'a, E> {
    w: &'a [E],
    gradient: &'a mut [E],
    p: Parameters<'a, E>,
}

impl<E: Element> Kernel<E> for Differentiate<'_, E> {
    type Output = Cascade<Vec<E>>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Cascade<Vec<E>> {
        let (_, kept) = evaluate(lanes, self.w, &self.p, true);
        differentiate(lanes, self.w, &kept, self.gradient, &self.p)
    }
}

/// Turns the gradient of a cascade's output into that of its input, and returns those of its parameters.
pub(super) fn cascade_backward<E: Element>(
    w: &[E],
    gradient: &mut [E],
    p: &Parameters<'_, E>,
) -> Cascade<Vec<E>> {
    E::widest(Differentiate { w, gradient, p: *p })
}
