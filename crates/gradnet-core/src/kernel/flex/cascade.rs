//! The cascade with all layers of a vector of units in registers.
//!
//! Forward, with k_l = α_l (fixed function) or α_l (a_l − b_l) and c_l = 0 or α_l b_l, so that
//! α_l f_l(z) = k_l u_l(z) + c_l z:
//!
//! z_0 = β_0 w + b_0, z_{l+1} = β_{l+1} w + k_l u(z_l) + c_l z_l + b_{l+1}, y = k u(z_{L−1}) + c z_{L−1}.
//!
//! Backward, from e_{L−1} = ∂loss/∂y: ∂z_l = e_l (k_l u'(z_l) + c_l), e_{l−1} = ∂z_l, ∂w = Σ_l β_l ∂z_l. The sums over
//! the batch need four accumulators a layer, S = Σ e_l u(z_l), T = Σ e_l (z_l − u(z_l)), Σ ∂z_l w and Σ ∂z_l, from
//! which ∂α = a S + b T, ∂a = α S, ∂b = α T follow once a unit. The z_l are computed again rather than stored.

use super::doubled::Doubled;
use super::lanes::{Element, Kernel, Lanes, Vector};
use super::mathematics;
use super::rows::{Rows, each_piece, in_order};
use crate::kernel::extension::FixedFunction;

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

/// The gradients of a cascade, shaped as what they belong to.
pub(super) struct Gradients<E> {
    pub(super) w: Vec<E>,
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

/// u(z) and u'(z).
trait Basis {
    fn value<L: Lanes>(lanes: L, z: L::Vector) -> L::Vector;
    fn both<L: Lanes>(lanes: L, z: L::Vector) -> (L::Vector, L::Vector);
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
    fn both<L: Lanes>(lanes: L, z: L::Vector) -> (L::Vector, L::Vector) {
        let t = mathematics::tanh(lanes, z);
        (t, t.neg_mul_add(t, lanes.splat(L::Element::ONE)))
    }
}

impl Basis for Sigmoid {
    #[inline(always)]
    fn value<L: Lanes>(lanes: L, z: L::Vector) -> L::Vector {
        mathematics::sigmoid(lanes, z)
    }

    #[inline(always)]
    fn both<L: Lanes>(lanes: L, z: L::Vector) -> (L::Vector, L::Vector) {
        let s = mathematics::sigmoid(lanes, z);
        (s, s.neg_mul_add(s, s))
    }
}

impl Basis for Softplus {
    #[inline(always)]
    fn value<L: Lanes>(lanes: L, z: L::Vector) -> L::Vector {
        mathematics::softplus(lanes, z).0
    }

    #[inline(always)]
    fn both<L: Lanes>(lanes: L, z: L::Vector) -> (L::Vector, L::Vector) {
        mathematics::softplus(lanes, z)
    }
}

impl Basis for Relu {
    #[inline(always)]
    fn value<L: Lanes>(lanes: L, z: L::Vector) -> L::Vector {
        z.at_least(lanes.splat(L::Element::ZERO))
    }

    #[inline(always)]
    fn both<L: Lanes>(lanes: L, z: L::Vector) -> (L::Vector, L::Vector) {
        let one = lanes.splat(L::Element::ONE);
        (Self::value(lanes, z), one.where_positive(z))
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
    output: &'a mut [E],
}

impl<E: Element> Kernel<E> for Forward<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) {
        let (w, packed, rows) = (self.w, self.packed, &self.rows);
        let (layers, output) = (self.layers, self.output);
        specialise!(
            self.function,
            self.learned,
            layers,
            forward(lanes, w, packed, rows, layers, output)
        )
    }
}

#[inline(always)]
fn forward<L: Lanes, B: Basis, const LEARNED: bool, const LAYERS: usize>(
    lanes: L,
    w: &[L::Element],
    packed: &[L::Element],
    rows: &Rows,
    layers: usize,
    output: &mut [L::Element],
) {
    let layers = if LAYERS == 0 { layers } else { LAYERS };
    let strip_size = layers * PACKED * L::WIDTH;
    for strip in 0..rows.strips() {
        let packed = &packed[strip * strip_size..][..strip_size];
        for (start, count) in rows.parts(strip, w.len()) {
            let x = lanes.load_first(&w[start..], count);
            let mut y = lanes.splat(L::Element::ZERO);
            for layer in 0..layers {
                let z = y + x.mul_add(
                    parameter(lanes, packed, layer, BETA),
                    parameter(lanes, packed, layer, BIAS),
                );
                y = B::value(lanes, z) * parameter(lanes, packed, layer, K);
                if LEARNED {
                    y = z.mul_add(parameter(lanes, packed, layer, C), y);
                }
            }
            lanes.store_first(y, &mut output[start..], count);
        }
    }
}

/// Sums a layer keeps: S, T, Σ ∂z w, Σ ∂z.
const SUMS: usize = 4;

struct Backward<'a, E> {
    w: &'a [E],
    gradient: &'a [E],
    packed: &'a [E],
    rows: Rows,
    layers: usize,
    function: FixedFunction,
    learned: bool,
    output: &'a mut [E],
}

impl<E: Element> Kernel<E> for Backward<'_, E> {
    /// The sums, `[strip][layer][SUMS][lane]`.
    type Output = Vec<E>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Vec<E> {
        let (w, gradient, packed, rows) = (self.w, self.gradient, self.packed, &self.rows);
        let (layers, output) = (self.layers, self.output);
        let mut sums = vec![E::ZERO; rows.strips() * layers * SUMS * rows.width];
        specialise!(
            self.function,
            self.learned,
            layers,
            backward(lanes, w, gradient, packed, rows, layers, output, &mut sums)
        );
        sums
    }
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn backward<L: Lanes, B: Basis, const LEARNED: bool, const LAYERS: usize>(
    lanes: L,
    w: &[L::Element],
    gradient: &[L::Element],
    packed: &[L::Element],
    rows: &Rows,
    layers: usize,
    output: &mut [L::Element],
    sums: &mut [L::Element],
) {
    let zero = lanes.splat(L::Element::ZERO);
    if LAYERS == 0 {
        // u, z − u and the slope of each layer, then its sums.
        let mut store = vec![zero; layers * (3 + SUMS)];
        let (state, totals) = store.split_at_mut(layers * 3);
        backward_strips::<L, B, LEARNED>(
            lanes, w, gradient, packed, rows, layers, output, sums, state, totals,
        );
    } else {
        debug_assert_eq!(LAYERS, 4);
        let mut state = [zero; 4 * 3];
        let mut totals = [zero; 4 * SUMS];
        backward_strips::<L, B, LEARNED>(
            lanes,
            w,
            gradient,
            packed,
            rows,
            4,
            output,
            sums,
            &mut state,
            &mut totals,
        );
    }
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn backward_strips<L: Lanes, B: Basis, const LEARNED: bool>(
    lanes: L,
    w: &[L::Element],
    gradient: &[L::Element],
    packed: &[L::Element],
    rows: &Rows,
    layers: usize,
    output: &mut [L::Element],
    sums: &mut [L::Element],
    state: &mut [L::Vector],
    totals: &mut [L::Vector],
) {
    let zero = lanes.splat(L::Element::ZERO);
    let strip_size = layers * PACKED * L::WIDTH;
    for strip in 0..rows.strips() {
        let packed = &packed[strip * strip_size..][..strip_size];
        for total in totals.iter_mut() {
            *total = zero;
        }
        for (start, count) in rows.parts(strip, w.len()) {
            let x = lanes.load_first(&w[start..], count);
            let mut y = zero;
            for layer in 0..layers {
                let z = y + x.mul_add(
                    parameter(lanes, packed, layer, BETA),
                    parameter(lanes, packed, layer, BIAS),
                );
                let (u, slope) = B::both(lanes, z);
                let k = parameter(lanes, packed, layer, K);
                y = u * k;
                state[layer * 3] = u;
                if LEARNED {
                    let c = parameter(lanes, packed, layer, C);
                    y = z.mul_add(c, y);
                    state[layer * 3 + 1] = z - u;
                    state[layer * 3 + 2] = slope.mul_add(k, c);
                } else {
                    state[layer * 3 + 2] = slope * k;
                }
            }
            // Lanes past the row load zeros here, so they add nothing to the sums.
            let mut e = lanes.load_first(&gradient[start..], count);
            let mut into_w = zero;
            for layer in (0..layers).rev() {
                let total = &mut totals[layer * SUMS..][..SUMS];
                total[0] = e.mul_add(state[layer * 3], total[0]);
                if LEARNED {
                    total[1] = e.mul_add(state[layer * 3 + 1], total[1]);
                }
                e = e * state[layer * 3 + 2];
                total[2] = e.mul_add(x, total[2]);
                total[3] = total[3] + e;
                into_w = e.mul_add(parameter(lanes, packed, layer, BETA), into_w);
            }
            lanes.store_first(into_w, &mut output[start..], count);
        }
        let sums = &mut sums[strip * layers * SUMS * L::WIDTH..][..layers * SUMS * L::WIDTH];
        for (total, sums) in totals.iter().zip(sums.chunks_exact_mut(L::WIDTH)) {
            lanes.store(*total, sums);
        }
    }
}

/// Four vectors at a time, which do not wait for each other.
#[inline(always)]
pub(super) fn interleaved<L: Lanes>(lanes: L) -> Doubled<Doubled<L>> {
    Doubled::new(Doubled::new(lanes))
}

/// Evaluates the cascade of `[batch, hidden]` elements.
pub(super) fn cascade<E: Element>(
    w: &[E],
    p: &Parameters<'_, E>,
    function: FixedFunction,
) -> Vec<E> {
    E::widest(Evaluate { w, p: *p, function })
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
        evaluate(interleaved(lanes), self.w, &self.p, self.function)
    }
}

/// Not inlined into the code compiled for `lanes`: only the pieces are.
#[inline(never)]
pub(super) fn evaluate<L: Lanes>(
    lanes: L,
    w: &[L::Element],
    p: &Parameters<'_, L::Element>,
    function: FixedFunction,
) -> Vec<L::Element> {
    let mut output = vec![L::Element::ZERO; w.len()];
    if w.is_empty() {
        return output;
    }
    let rows = Rows::new(w.len() / p.hidden, p.hidden, L::WIDTH);
    let packed = pack(&rows, p);
    each_piece(&mut output, rows.piece(PIECE), |start, output| {
        lanes.run(Forward {
            w: &w[start..start + output.len()],
            packed: &packed,
            rows,
            layers: p.layers,
            function,
            learned: p.learned.is_some(),
            output,
        });
    });
    output
}

#[inline(never)]
pub(super) fn differentiate<L: Lanes>(
    lanes: L,
    w: &[L::Element],
    gradient: &[L::Element],
    p: &Parameters<'_, L::Element>,
    function: FixedFunction,
) -> Gradients<L::Element> {
    let zeros = |n: usize| vec![L::Element::ZERO; n];
    let size = p.layers * p.hidden;
    let mut output = zeros(w.len());
    let (mut alpha, mut beta, mut bias) = (zeros(size), zeros(size), zeros(size));
    let mut learned = p.learned.map(|_| (zeros(size), zeros(size)));
    if !w.is_empty() {
        let rows = Rows::new(w.len() / p.hidden, p.hidden, L::WIDTH);
        let packed = pack(&rows, p);
        let pieces = each_piece(&mut output, rows.piece(PIECE), |start, output| {
            lanes.run(Backward {
                w: &w[start..start + output.len()],
                gradient: &gradient[start..start + output.len()],
                packed: &packed,
                rows,
                layers: p.layers,
                function,
                learned: p.learned.is_some(),
                output,
            })
        });
        let sums = in_order(pieces);
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
    }
    Gradients {
        w: output,
        alpha,
        beta,
        bias,
        learned,
    }
}

struct Differentiate<'a, E> {
    w: &'a [E],
    gradient: &'a [E],
    p: Parameters<'a, E>,
    function: FixedFunction,
}

impl<E: Element> Kernel<E> for Differentiate<'_, E> {
    type Output = Gradients<E>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Gradients<E> {
        let lanes = interleaved(lanes);
        differentiate(lanes, self.w, self.gradient, &self.p, self.function)
    }
}

/// The gradients of a cascade, from the gradient of its output.
pub(super) fn cascade_backward<E: Element>(
    w: &[E],
    gradient: &[E],
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
