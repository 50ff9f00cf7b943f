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

use super::doubled::Doubled;
use super::lanes::{Element, Kernel, Lanes, Vector};
use super::mathematics;
use super::pieces::{cut, each_piece, in_order, written_with};
use super::rows::Rows;
use crate::extension::FixedFunction;

/// Elements that make a piece of work worth a thread of its own.
const PIECE: usize = 8 * 1024;

/// The parameters, `[layers, hidden]` each.
#[derive(Clone, Copy)]
pub(super) struct Parameters<'a, E> {
    pub(super) layers: usize,
    pub(super) hidden: usize,
    pub(super) alpha: &'a [E],
    pub(super) beta: &'a [E],
    pub(super) bias: &'a [E],
    pub(super) learned: Option<(&'a [E], &'a [E])>,
}

/// The gradients of the parameters of a cascade, shaped as they are.
pub(super) struct Gradients<E> {
    pub(super) alpha: Vec<E>,
    pub(super) beta: Vec<E>,
    pub(super) bias: Vec<E>,
    pub(super) learned: Option<(Vec<E>, Vec<E>)>,
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
    let layer_size = PACKED * rows.width;
    let mut packed = vec![E::ZERO; rows.strips() * p.layers * layer_size];
    for (i, block) in packed.chunks_exact_mut(layer_size).enumerate() {
        let (strip, layer) = (i / p.layers, i % p.layers);
        let (beta, block) = block.split_at_mut(rows.width);
        let (bias, block) = block.split_at_mut(rows.width);
        let (k, c) = block.split_at_mut(rows.width);
        let row = layer * p.hidden;
        let mut unit = rows.unit(strip, 0);
        for lane in 0..rows.width {
            let at = row + unit;
            beta[lane] = p.beta[at];
            bias[lane] = p.bias[at];
            match p.learned {
                None => k[lane] = p.alpha[at],
                Some((a, b)) => {
                    k[lane] = p.alpha[at] * (a[at] - b[at]);
                    c[lane] = p.alpha[at] * b[at];
                }
            }
            if strip * rows.width + lane + 1 < rows.length {
                unit = if unit + 1 == p.hidden { 0 } else { unit + 1 };
            }
        }
    }
    packed
}

/// u(z), and u' as a function of the value u.
trait Basis {
    fn value<L: Lanes>(lanes: L, z: L::Vector) -> L::Vector;
    fn slope<L: Lanes>(lanes: L, u: L::Vector) -> L::Vector;
}

struct Tanh;
struct Sigmoid;
struct Softplus;
struct Relu;

impl Basis for Tanh {
    #[inline(always)]
    fn value<L: Lanes>(lanes: L, z: L::Vector) -> L::Vector {
        mathematics::tanh(lanes, z)
    }

    #[inline(always)]
    fn slope<L: Lanes>(lanes: L, u: L::Vector) -> L::Vector {
        u.neg_mul_add(u, lanes.splat(L::Element::ONE))
    }
}

impl Basis for Sigmoid {
    #[inline(always)]
    fn value<L: Lanes>(lanes: L, z: L::Vector) -> L::Vector {
        mathematics::sigmoid(lanes, z)
    }

    #[inline(always)]
    fn slope<L: Lanes>(_: L, u: L::Vector) -> L::Vector {
        u.neg_mul_add(u, u)
    }
}

impl Basis for Softplus {
    #[inline(always)]
    fn value<L: Lanes>(lanes: L, z: L::Vector) -> L::Vector {
        mathematics::softplus(lanes, z)
    }

    /// u = log(1 + e^z), so 1 − e^−u is the logistic function of z.
    #[inline(always)]
    fn slope<L: Lanes>(lanes: L, u: L::Vector) -> L::Vector {
        mathematics::one_minus_exp(lanes, -u)
    }
}

impl Basis for Relu {
    #[inline(always)]
    fn value<L: Lanes>(lanes: L, z: L::Vector) -> L::Vector {
        z.at_least(lanes.splat(L::Element::ZERO))
    }

    #[inline(always)]
    fn slope<L: Lanes>(lanes: L, u: L::Vector) -> L::Vector {
        lanes.splat(L::Element::ONE).where_positive(u)
    }
}

/// Picks the basis function and the number of layers known to the compiler: 4, or any (0).
macro_rules! specialise {
    ($function:expr, $learned:expr, $layers:expr, $run:ident($($argument:expr),*)) => {
        match ($function, $learned) {
            (_, true) => specialise!(@layers $layers, Tanh, true, $run($($argument),*)),
            (FixedFunction::Tanh, false) => specialise!(@layers $layers, Tanh, false, $run($($argument),*)),
            (FixedFunction::Sigmoid, false) => specialise!(@layers $layers, Sigmoid, false, $run($($argument),*)),
            (FixedFunction::Softplus, false) => specialise!(@layers $layers, Softplus, false, $run($($argument),*)),
            (FixedFunction::Relu, false) => specialise!(@layers $layers, Relu, false, $run($($argument),*)),
        }
    };
    (@layers $layers:expr, $basis:ty, $learned:literal, $run:ident($($argument:expr),*)) => {
        match $layers {
            4 => $run::<_, $basis, $learned, 4>($($argument),*),
            _ => $run::<_, $basis, $learned, 0>($($argument),*),
        }
    };
}

struct Forward<'a, E> {
    w: &'a [E],
    packed: &'a [E],
    rows: Rows,
    layers: usize,
    function: FixedFunction,
    learned: bool,
    output: &'a mut [MaybeUninit<E>],
    /// u(z_l) of each layer, shaped as w; empty if no gradient will be asked for.
    kept: &'a mut [MaybeUninit<E>],
}

impl<E: Element> Kernel<E> for Forward<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) {
        let (function, learned, layers) = (self.function, self.learned, self.layers);
        specialise!(function, learned, layers, forward(lanes, self))
    }
}

#[inline(always)]
fn forward<L: Lanes, B: Basis, const LEARNED: bool, const LAYERS: usize>(
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
                let z = y + x.mul_add(
                    parameter(lanes, packed, layer, BETA),
                    parameter(lanes, packed, layer, BIAS),
                );
                let u = B::value(lanes, z);
                if !kept.is_empty() {
                    lanes.write_first(u, &mut kept[layer * w.len() + start..], count);
                }
                y = u * parameter(lanes, packed, layer, K);
                if LEARNED {
                    y = z.mul_add(parameter(lanes, packed, layer, C), y);
                }
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
    function: FixedFunction,
    learned: bool,
    /// Of y; of w when done.
    gradient: &'a mut [E],
}

impl<E: Element> Kernel<E> for Backward<'_, E> {
    /// The sums, `[strip][layer][SUMS][lane]`.
    type Output = Vec<E>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Vec<E> {
        let (function, learned, layers) = (self.function, self.learned, self.layers);
        specialise!(function, learned, layers, backward(lanes, self))
    }
}

#[inline(always)]
fn backward<L: Lanes, B: Basis, const LEARNED: bool, const LAYERS: usize>(
    lanes: L,
    work: Backward<'_, L::Element>,
) -> Vec<L::Element> {
    let zero = lanes.splat(L::Element::ZERO);
    if LAYERS == 0 {
        // z − u of each layer, then its sums.
        let mut store = vec![zero; work.layers * (1 + SUMS)];
        let (rest, totals) = store.split_at_mut(work.layers);
        backward_strips::<L, B, LEARNED>(lanes, work, rest, totals)
    } else {
        debug_assert_eq!((LAYERS, work.layers), (4, 4));
        let (mut rest, mut totals) = ([zero; 4], [zero; 4 * SUMS]);
        backward_strips::<L, B, LEARNED>(lanes, work, &mut rest, &mut totals)
    }
}

#[inline(always)]
fn backward_strips<L: Lanes, B: Basis, const LEARNED: bool>(
    lanes: L,
    work: Backward<'_, L::Element>,
    rest: &mut [L::Vector],
    totals: &mut [L::Vector],
) -> Vec<L::Element> {
    let zero = lanes.splat(L::Element::ZERO);
    let (w, kept, gradient, layers) = (work.w, work.kept, work.gradient, rest.len());
    let (strip_size, sums_size) = (layers * PACKED * L::WIDTH, layers * SUMS * L::WIDTH);
    let mut sums = vec![L::Element::ZERO; work.rows.strips() * sums_size];
    for (strip, sums) in sums.chunks_exact_mut(sums_size).enumerate() {
        let packed = &work.packed[strip * strip_size..][..strip_size];
        totals.fill(zero);
        for (start, count) in work.rows.parts(strip, w.len()) {
            let x = lanes.load_first(&w[start..], count);
            let u = |layer: usize| lanes.load_first(&kept[layer * w.len() + start..], count);
            if LEARNED {
                let mut y = zero;
                for (layer, rest) in rest.iter_mut().enumerate() {
                    let z = y + x.mul_add(
                        parameter(lanes, packed, layer, BETA),
                        parameter(lanes, packed, layer, BIAS),
                    );
                    let u = u(layer);
                    *rest = z - u;
                    y = u * parameter(lanes, packed, layer, K);
                    y = z.mul_add(parameter(lanes, packed, layer, C), y);
                }
            }
            // Lanes past the row load zeros here, so they add nothing to the sums.
            let mut e = lanes.load_first(&gradient[start..], count);
            let mut into_w = zero;
            for layer in (0..layers).rev() {
                let total = &mut totals[layer * SUMS..][..SUMS];
                let u = u(layer);
                let (k, slope) = (parameter(lanes, packed, layer, K), B::slope(lanes, u));
                total[0] = e.mul_add(u, total[0]);
                if LEARNED {
                    total[1] = e.mul_add(rest[layer], total[1]);
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
    function: FixedFunction,
    keep: bool,
) -> (Vec<L::Element>, Vec<L::Element>) {
    let rows = rows(lanes, w.len(), p.hidden);
    let packed = pack(&rows, p);
    let (piece, kept) = (rows.piece(PIECE), if keep { p.layers } else { 0 });
    let pieces = [piece, p.layers * piece];
    written_with([w.len(), kept * w.len()], pieces, |start, output, kept| {
        Interleaved::new(Doubled::new(lanes)).run(Forward {
            w: &w[start..start + output.len()],
            packed: &packed,
            rows,
            layers: p.layers,
            function,
            learned: p.learned.is_some(),
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
    function: FixedFunction,
) -> Gradients<L::Element> {
    let zeros = |n: usize| vec![L::Element::ZERO; n];
    let size = p.layers * p.hidden;
    let (mut alpha, mut beta, mut bias) = (zeros(size), zeros(size), zeros(size));
    let mut learned = p.learned.map(|_| (zeros(size), zeros(size)));
    // One vector at a time: the sums of four layers fill the registers.
    let rows = rows(lanes, w.len(), p.hidden).narrowed(L::WIDTH);
    let packed = pack(&rows, p);
    let pieces = cut(gradient, rows.piece(PIECE));
    let sums = in_order(each_piece(pieces, |(start, gradient)| {
        let end = start + gradient.len();
        lanes.run(Backward {
            w: &w[start..end],
            kept: &kept[start * p.layers..end * p.layers],
            packed: &packed,
            rows,
            layers: p.layers,
            function,
            learned: p.learned.is_some(),
            gradient,
        })
    }));
    for (i, block) in sums.chunks_exact(SUMS * rows.width).enumerate() {
        let (strip, layer) = (i / p.layers, i % p.layers);
        let first = strip * rows.width;
        let mut unit = first % p.hidden;
        for lane in 0..rows.width.min(rows.length - first) {
            let at = layer * p.hidden + unit;
            let sum = |i: usize| block[i * rows.width + lane];
            match (p.learned, &mut learned) {
                (Some((a, b)), Some((into_a, into_b))) => {
                    alpha[at] = alpha[at] + a[at] * sum(0) + b[at] * sum(1);
                    into_a[at] = into_a[at] + p.alpha[at] * sum(0);
                    into_b[at] = into_b[at] + p.alpha[at] * sum(1);
                }
                _ => alpha[at] = alpha[at] + sum(0),
            }
            beta[at] = beta[at] + sum(2);
            bias[at] = bias[at] + sum(3);
            unit = if unit + 1 == p.hidden { 0 } else { unit + 1 };
        }
    }
    Gradients {
        alpha,
        beta,
        bias,
        learned,
    }
}

struct Evaluate<'a, E> {
    w: &'a [E],
    p: Parameters<'a, E>,
    function: FixedFunction,
}

impl<E: Element> Kernel<E> for Evaluate<'_, E> {
    type Output = Vec<E>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Vec<E> {
        evaluate(lanes, self.w, &self.p, self.function, false).0
    }
}

/// Evaluates the cascade of `[batch, hidden]` elements.
pub(super) fn cascade<E: Element>(
    w: &[E],
    p: &Parameters<'_, E>,
    function: FixedFunction,
) -> Vec<E> {
    E::widest(Evaluate { w, p: *p, function })
}

struct Differentiate<'a, E> {
    w: &'a [E],
    gradient: &'a mut [E],
    p: Parameters<'a, E>,
    function: FixedFunction,
}

impl<E: Element> Kernel<E> for Differentiate<'_, E> {
    type Output = Gradients<E>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Gradients<E> {
        let (w, p, function) = (self.w, &self.p, self.function);
        let (_, kept) = evaluate(lanes, w, p, function, true);
        differentiate(lanes, w, &kept, self.gradient, p, function)
    }
}

/// Turns the gradient of a cascade's output into that of its input, and returns those of its parameters.
pub(super) fn cascade_backward<E: Element>(
    w: &[E],
    gradient: &mut [E],
    p: &Parameters<'_, E>,
    function: FixedFunction,
) -> Gradients<E> {
    E::widest(Differentiate {
        w,
        gradient,
        p: *p,
        function,
    })
}
