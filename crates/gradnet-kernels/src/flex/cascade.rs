//! The cascade with all layers of a vector of units in registers.
//!
//! Forward, with k_l = α_l (fixed function) or α_l (a_l − b_l) and c_l = 0 or α_l b_l, so that
//! α_l f_l(z) = k_l u_l(z) + c_l z:
//!
//! z_0 = β_0 w + b_0, z_{l+1} = β_{l+1} w + k_l u(z_l) + c_l z_l + b_{l+1}, y = k u(z_{L−1}) + c z_{L−1}.
//!
//! Backward, from e_{L−1} = ∂loss/∂y: ∂z_l = e_l (k_l u'(z_l) + c_l), e_{l−1} = ∂z_l, ∂w = Σ_l β_l ∂z_l. The sums over
//! the batch need four accumulators a layer, S = Σ e_l u(z_l), T = Σ e_l (z_l − u(z_l)), Σ ∂z_l w and Σ ∂z_l, from
//! which ∂α = a S + b T, ∂a = α S, ∂b = α T follow once a unit. Inside a shell the u(z_l) are kept from the way forward,
//! outside they are evaluated again: u'(z_l) and z_l follow from them by a few multiplications.

use std::mem::MaybeUninit;

use super::pieces::{cut, each_piece, in_order, written_with};
use super::rows::Rows;
use crate::scalar::{Scalar, tanh::Tanh, with_function};
use crate::vectors::doubled::Doubled;
use crate::vectors::{Element, Kernel, Lanes, Vector};
use crate::{Cascade, CascadeFunction};

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

/// Parameters a layer holds in the packed form: β, b, k, c.
const PACKED: usize = 4;
const BETA: usize = 0;
const BIAS: usize = 1;
const K: usize = 2;
const C: usize = 3;

/// One parameter of a layer, out of the packed parameters of a strip.
#[inline(always)]
fn parameter<L: Lanes>(lanes: L, packed: &[L::Element], layer: usize, which: usize) -> L::Vector {
    lanes.load(&packed[(layer * PACKED + which) * L::WIDTH..])
}

/// Lays the parameters out `[strip][layer][PACKED][lane]`, in the order the kernels read them.
fn pack<E: Element>(rows: &Rows, p: &Parameters<'_, E>) -> Vec<E> {
    let (layer_size, layers, of) = (PACKED * rows.width, p.layers(), &p.cascade);
    let mut packed = vec![E::ZERO; rows.strips() * layers * layer_size];
    for (i, block) in packed.chunks_exact_mut(layer_size).enumerate() {
        let (strip, layer) = (i / layers, i % layers);
        let (beta, block) = block.split_at_mut(rows.width);
        let (bias, block) = block.split_at_mut(rows.width);
        let (k, c) = block.split_at_mut(rows.width);
        let row = layer * p.hidden;
        let mut unit = rows.unit(strip, 0);
        for lane in 0..rows.width {
            let at = row + unit;
            beta[lane] = of.beta[at];
            bias[lane] = of.bias[at];
            match of.function {
                CascadeFunction::Fixed(_) => k[lane] = of.alpha[at],
                CascadeFunction::Learned { a, b } => {
                    k[lane] = of.alpha[at] * (a[at] - b[at]);
                    c[lane] = of.alpha[at] * b[at];
                }
            }
            if strip * rows.width + lane + 1 < rows.length {
                unit = if unit + 1 == p.hidden { 0 } else { unit + 1 };
            }
        }
    }
    packed
}

/// The argument z of a layer, from that of the whole cascade and the scaled value of the layer before.
#[inline(always)]
fn argument<L: Lanes>(
    lanes: L,
    packed: &[L::Element],
    layer: usize,
    x: L::Vector,
    before: L::Vector,
) -> L::Vector {
    let beta = parameter(lanes, packed, layer, BETA);
    before + x.mul_add(beta, parameter(lanes, packed, layer, BIAS))
}

/// The scaled value k u + c z of a layer.
#[inline(always)]
fn scaled<L: Lanes, const LEARNED: bool>(
    lanes: L,
    packed: &[L::Element],
    layer: usize,
    [z, u]: [L::Vector; 2],
) -> L::Vector {
    let y = u * parameter(lanes, packed, layer, K);
    if LEARNED {
        z.mul_add(parameter(lanes, packed, layer, C), y)
    } else {
        y
    }
}

/// The kept u of a layer, from where the part of a row starts, the elements of a layer and those of the part.
#[inline(always)] // Which a closure cannot be.
fn kept_value<L: Lanes>(
    lanes: L,
    kept: &[L::Element],
    layer: usize,
    [start, elements, count]: [usize; 3],
) -> L::Vector {
    lanes.load_first(&kept[layer * elements + start..], count)
}

/// Picks u, and the number of layers known to the compiler: 4, or any (0).
macro_rules! specialise {
    ($function:expr, $layers:expr, $run:ident($($argument:expr),*)) => {
        match $function {
            CascadeFunction::Learned { .. } => {
                specialise!(@layers $layers, Tanh, true, $run($($argument),*))
            }
            CascadeFunction::Fixed(function) => with_function!(function, S => {
                specialise!(@layers $layers, S, false, $run($($argument),*))
            }),
        }
    };
    (@layers $layers:expr, $scalar:ty, $learned:literal, $run:ident($($argument:expr),*)) => {
        match $layers {
            4 => $run::<_, $scalar, $learned, 4>($($argument),*),
            _ => $run::<_, $scalar, $learned, 0>($($argument),*),
        }
    };
}

struct Forward<'a, E> {
    w: &'a [E],
    packed: &'a [E],
    rows: Rows,
    layers: usize,
    function: CascadeFunction<()>,
    output: &'a mut [MaybeUninit<E>],
    /// u(z_l) of each layer, shaped as w; empty if no gradient will be asked for.
    kept: &'a mut [MaybeUninit<E>],
}

impl<E: Element> Kernel<E> for Forward<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) {
        specialise!(self.function, self.layers, forward(lanes, self))
    }
}

#[inline(always)]
fn forward<L: Lanes, S: Scalar, const LEARNED: bool, const LAYERS: usize>(
    lanes: L,
    work: Forward<'_, L::Element>,
) {
    let layers = if LAYERS == 0 { work.layers } else { LAYERS };
    let (w, output, kept) = (work.w, work.output, work.kept);
    let strip_size = layers * PACKED * L::WIDTH;
    for strip in 0..work.rows.strips() {
        let packed = &work.packed[strip * strip_size..][..strip_size];
        for (start, count) in work.rows.parts(strip, w.len()) {
            let x = lanes.load_first(&w[start..], count);
            let mut y = lanes.splat(L::Element::ZERO);
            for layer in 0..layers {
                let z = argument(lanes, packed, layer, x, y);
                let u = S::on_lanes(lanes, z);
                if !kept.is_empty() {
                    lanes.write_first(u, &mut kept[layer * w.len() + start..], count);
                }
                y = scaled::<L, LEARNED>(lanes, packed, layer, [z, u]);
            }
            lanes.write_first(y, &mut output[start..], count);
        }
    }
}

/// Sums a layer keeps: S, T, Σ ∂z w, Σ ∂z.
const SUMS: usize = 4;

struct Backward<'a, E> {
    w: &'a [E],
    kept: &'a [E],
    packed: &'a [E],
    rows: Rows,
    layers: usize,
    function: CascadeFunction<()>,
    /// Of y; of w when done.
    gradient: &'a mut [E],
}

impl<E: Element> Kernel<E> for Backward<'_, E> {
    /// The sums, `[strip][layer][SUMS][lane]`.
    type Output = Vec<E>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Vec<E> {
        specialise!(self.function, self.layers, backward(lanes, self))
    }
}

#[inline(always)]
fn backward<L: Lanes, S: Scalar, const LEARNED: bool, const LAYERS: usize>(
    lanes: L,
    work: Backward<'_, L::Element>,
) -> Vec<L::Element> {
    let zero = lanes.splat(L::Element::ZERO);
    if LAYERS == 0 {
        // z of each layer, then its sums.
        let mut store = vec![zero; work.layers * (1 + SUMS)];
        let (arguments, totals) = store.split_at_mut(work.layers);
        backward_strips::<L, S, LEARNED>(lanes, work, arguments, totals)
    } else {
        debug_assert_eq!((LAYERS, work.layers), (4, 4));
        let (mut arguments, mut totals) = ([zero; 4], [zero; 4 * SUMS]);
        backward_strips::<L, S, LEARNED>(lanes, work, &mut arguments, &mut totals)
    }
}

#[inline(always)]
fn backward_strips<L: Lanes, S: Scalar, const LEARNED: bool>(
    lanes: L,
    work: Backward<'_, L::Element>,
    arguments: &mut [L::Vector],
    totals: &mut [L::Vector],
) -> Vec<L::Element> {
    let zero = lanes.splat(L::Element::ZERO);
    let (w, kept, gradient, layers) = (work.w, work.kept, work.gradient, arguments.len());
    let (strip_size, sums_size) = (layers * PACKED * L::WIDTH, layers * SUMS * L::WIDTH);
    let mut sums = vec![L::Element::ZERO; work.rows.strips() * sums_size];
    for (strip, sums) in sums.chunks_exact_mut(sums_size).enumerate() {
        let packed = &work.packed[strip * strip_size..][..strip_size];
        totals.fill(zero);
        for (start, count) in work.rows.parts(strip, w.len()) {
            let x = lanes.load_first(&w[start..], count);
            let at = [start, w.len(), count];
            if LEARNED || S::SLOPE_READS_ARGUMENT {
                let mut y = zero;
                for (layer, z) in arguments.iter_mut().enumerate() {
                    *z = argument(lanes, packed, layer, x, y);
                    let u = kept_value(lanes, kept, layer, at);
                    y = scaled::<L, LEARNED>(lanes, packed, layer, [*z, u]);
                }
            }
            // Lanes past the row load zeros here, so they add nothing to the sums.
            let mut e = lanes.load_first(&gradient[start..], count);
            let mut into_w = zero;
            for layer in (0..layers).rev() {
                let total = &mut totals[layer * SUMS..][..SUMS];
                let (z, u) = (arguments[layer], kept_value(lanes, kept, layer, at));
                let k = parameter(lanes, packed, layer, K);
                let slope = S::slope_on_lanes(lanes, z, u);
                total[0] = e.mul_add(u, total[0]);
                if LEARNED {
                    total[1] = e.mul_add(z - u, total[1]);
                    e = e * slope.mul_add(k, parameter(lanes, packed, layer, C));
                } else {
                    e = e * (slope * k);
                }
                total[2] = e.mul_add(x, total[2]);
                total[3] = total[3] + e;
                into_w = e.mul_add(parameter(lanes, packed, layer, BETA), into_w);
            }
            lanes.store_first(into_w, &mut gradient[start..], count);
        }
        for (total, sums) in totals.iter().zip(sums.chunks_exact_mut(L::WIDTH)) {
            lanes.store(*total, sums);
        }
    }
    sums
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
