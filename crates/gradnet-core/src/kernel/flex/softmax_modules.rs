//! Softmax modules, one module of one row (or of as many rows as there are lanes) at a time.
//!
//! With u = t z, s = softmax(u), q = softmax(−u): y = α (a s − b q). Backward, from g = ∂loss/∂y and the averages
//! G = Σ g_i s_i, H = Σ g_i q_i: ∂u_i = α (a s_i (g_i − G) + b q_i (g_i − H)), ∂z = t ∂u, ∂t = Σ z_i ∂u_i,
//! ∂α = a G − b H, ∂a = α G, ∂b = −α H, summed over the batch. s and q are computed again rather than stored.
//!
//! A wide module lies along the lanes; modules of few units are read across rows, one row a lane, so that no lane
//! idles and no sum crosses the lanes.

use super::lanes::{Element, Kernel, Lanes, Vector};
use super::mathematics;
use super::rows::{each_piece, in_order};

/// The parameters, one a module.
#[derive(Clone, Copy)]
pub(super) struct Parameters<'a, E> {
    pub(super) modules: usize,
    pub(super) alpha: &'a [E],
    pub(super) temperature: &'a [E],
    /// a and b of softmax minus softmin.
    pub(super) learned: Option<(&'a [E], &'a [E])>,
}

/// The gradients of softmax modules, shaped as what they belong to.
pub(super) struct Gradients<E> {
    pub(super) z: Vec<E>,
    pub(super) alpha: Vec<E>,
    pub(super) temperature: Vec<E>,
    pub(super) learned: Option<(Vec<E>, Vec<E>)>,
}

/// Elements that make a piece of work worth a thread of its own.
const PIECE: usize = 8 * 1024;

/// Where the elements of a module stand in `[batch, hidden]`.
#[derive(Clone, Copy)]
struct Shape {
    hidden: usize,
    width: usize,
    /// Lanes of a vector.
    lanes: usize,
    /// Whether a row lies in one lane.
    across: bool,
}

impl Shape {
    fn new(hidden: usize, modules: usize, lanes: usize) -> Self {
        let width = hidden / modules;
        Self {
            hidden,
            width,
            lanes,
            across: width < 2 * lanes,
        }
    }

    /// Vectors that hold a module.
    fn vectors(&self) -> usize {
        if self.across {
            self.width
        } else {
            self.width.div_ceil(self.lanes)
        }
    }

    /// Rows that are worked on together.
    fn together(&self) -> usize {
        if self.across { self.lanes } else { 1 }
    }

    /// Elements of a piece of work: whole rows, as many as are worked on together.
    fn piece(&self, total: usize) -> usize {
        let step = self.hidden * self.together();
        let steps = total.div_ceil(step).max(1);
        steps.div_ceil((total / PIECE).clamp(1, steps)) * step
    }

    /// Lanes in use of vector `i`, if `rows` rows are left.
    #[inline(always)]
    fn used(&self, i: usize, rows: usize) -> usize {
        if self.across {
            rows.min(self.lanes)
        } else {
            (self.width - i * self.lanes).min(self.lanes)
        }
    }
}

/// Reads one module from `from`, which starts at its first element; lanes not in use become zero.
#[inline(always)]
fn read<L: Lanes>(
    lanes: L,
    shape: &Shape,
    rows: usize,
    from: &[L::Element],
    to: &mut [L::Element],
) {
    if shape.across {
        if rows < shape.lanes {
            to.fill(L::Element::ZERO);
        }
        for row in 0..rows.min(shape.lanes) {
            let from = &from[row * shape.hidden..][..shape.width];
            for (column, &value) in from.iter().enumerate() {
                to[column * L::WIDTH + row] = value;
            }
        }
    } else {
        let from = &from[..shape.width];
        for (i, to) in to.chunks_exact_mut(L::WIDTH).enumerate() {
            let vector = lanes.load_first(&from[i * L::WIDTH..], shape.used(i, rows));
            lanes.store(vector, to);
        }
    }
}

/// Writes one module to `to`, which starts at its first element.
#[inline(always)]
fn write<L: Lanes>(
    lanes: L,
    shape: &Shape,
    rows: usize,
    from: &[L::Element],
    to: &mut [L::Element],
) {
    if shape.across {
        for row in 0..rows.min(shape.lanes) {
            let to = &mut to[row * shape.hidden..][..shape.width];
            for (column, value) in to.iter_mut().enumerate() {
                *value = from[column * L::WIDTH + row];
            }
        }
    } else {
        let to = &mut to[..shape.width];
        for (i, from) in from.chunks_exact(L::WIDTH).enumerate() {
            let count = shape.used(i, rows);
            lanes.store_first(lanes.load(from), &mut to[i * L::WIDTH..], count);
        }
    }
}

/// The sum over a module: across the lanes if it lies along them.
#[inline(always)]
fn total<L: Lanes>(lanes: L, shape: &Shape, sum: L::Vector) -> L::Vector {
    if shape.across {
        sum
    } else {
        lanes.splat(sum.sum())
    }
}

/// e^{sign (u − its extreme)} into `to`, zero in lanes past the module; the reciprocal of the sum.
#[inline(always)]
fn exponentials<L: Lanes>(
    lanes: L,
    shape: &Shape,
    rows: usize,
    factor: L::Vector,
    z: &[L::Element],
    to: &mut [L::Element],
) -> L::Vector {
    // Where the module ends inside a vector, its first element stands in for the lanes after it.
    let first = if shape.across {
        lanes.load(z)
    } else {
        lanes.splat(z[0])
    };
    let mut high = first * factor;
    for (i, z) in z.chunks_exact(L::WIDTH).enumerate() {
        let mut z = lanes.load(z);
        if !shape.across {
            z = lanes.first_or(z, shape.used(i, rows), first);
        }
        high = (z * factor).at_least(high);
    }
    if !shape.across {
        high = lanes.splat(high.largest());
    }
    let zero = lanes.splat(L::Element::ZERO);
    let mut sum = zero;
    for (i, (z, to)) in z
        .chunks_exact(L::WIDTH)
        .zip(to.chunks_exact_mut(L::WIDTH))
        .enumerate()
    {
        let mut e = mathematics::exp(lanes, lanes.load(z) * factor - high);
        if !shape.across {
            e = lanes.first_or(e, shape.used(i, rows), zero);
        }
        sum = sum + e;
        lanes.store(e, to);
    }
    lanes.splat(L::Element::ONE) / total(lanes, shape, sum)
}

struct Forward<'a, E> {
    z: &'a [E],
    p: Parameters<'a, E>,
    shape: Shape,
    output: &'a mut [E],
}

impl<E: Element> Kernel<E> for Forward<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) {
        let (z, p, shape, output) = (self.z, &self.p, &self.shape, self.output);
        let size = shape.vectors() * L::WIDTH;
        let mut store = vec![E::ZERO; 3 * size];
        let (block, rest) = store.split_at_mut(size);
        let (s, q) = rest.split_at_mut(size);
        let mut start = 0;
        while start < z.len() {
            let rows = (z.len() - start) / shape.hidden;
            for module in 0..p.modules {
                let at = start + module * shape.width;
                let (alpha, t) = (p.alpha[module], p.temperature[module]);
                read(lanes, shape, rows, &z[at..], block);
                let of_s = exponentials(lanes, shape, rows, lanes.splat(t), block, s);
                if let Some((a, b)) = p.learned {
                    let of_q = exponentials(lanes, shape, rows, lanes.splat(E::ZERO - t), block, q);
                    let of_s = of_s * lanes.splat(alpha * a[module]);
                    let of_q = of_q * lanes.splat(alpha * b[module]);
                    for (s, q) in s.chunks_exact_mut(L::WIDTH).zip(q.chunks_exact(L::WIDTH)) {
                        let y = lanes.load(q).neg_mul_add(of_q, lanes.load(s) * of_s);
                        lanes.store(y, s);
                    }
                } else {
                    let of_s = of_s * lanes.splat(alpha);
                    for s in s.chunks_exact_mut(L::WIDTH) {
                        lanes.store(lanes.load(s) * of_s, s);
                    }
                }
                write(lanes, shape, rows, s, &mut output[at..]);
            }
            start += shape.together() * shape.hidden;
        }
    }
}

/// Σ g e.
#[inline(always)]
fn product<L: Lanes>(lanes: L, g: &[L::Element], e: &[L::Element]) -> L::Vector {
    let mut sum = lanes.splat(L::Element::ZERO);
    for (g, e) in g.chunks_exact(L::WIDTH).zip(e.chunks_exact(L::WIDTH)) {
        sum = lanes.load(g).mul_add(lanes.load(e), sum);
    }
    sum
}

/// Sums a module keeps: Σ G, Σ H, ∂t.
const SUMS: usize = 3;

struct Backward<'a, E> {
    z: &'a [E],
    gradient: &'a [E],
    p: Parameters<'a, E>,
    shape: Shape,
    output: &'a mut [E],
}

impl<E: Element> Kernel<E> for Backward<'_, E> {
    /// The sums, `[module][SUMS]`.
    type Output = Vec<E>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Vec<E> {
        let (z, p, shape, output) = (self.z, &self.p, &self.shape, self.output);
        let zero = lanes.splat(E::ZERO);
        let mut sums = vec![zero; p.modules * SUMS];
        let size = shape.vectors() * L::WIDTH;
        let mut store = vec![E::ZERO; 4 * size];
        let (block, rest) = store.split_at_mut(size);
        let (g, rest) = rest.split_at_mut(size);
        let (s, q) = rest.split_at_mut(size);
        let mut start = 0;
        while start < z.len() {
            let rows = (z.len() - start) / shape.hidden;
            for module in 0..p.modules {
                let at = start + module * shape.width;
                let (alpha, t) = (p.alpha[module], p.temperature[module]);
                let sums = &mut sums[module * SUMS..][..SUMS];
                let mut of_t = zero;
                read(lanes, shape, rows, &z[at..], block);
                read(lanes, shape, rows, &self.gradient[at..], g);
                let of_s = exponentials(lanes, shape, rows, lanes.splat(t), block, s);
                let part = product(lanes, g, s) * of_s;
                let average_s = total(lanes, shape, part);
                sums[0] = sums[0] + part;
                if let Some((a, b)) = p.learned {
                    let of_q = exponentials(lanes, shape, rows, lanes.splat(E::ZERO - t), block, q);
                    let part = product(lanes, g, q) * of_q;
                    let average_q = total(lanes, shape, part);
                    sums[1] = sums[1] + part;
                    let of_s = of_s * lanes.splat(alpha * a[module]);
                    let of_q = of_q * lanes.splat(alpha * b[module]);
                    for i in (0..size).step_by(L::WIDTH) {
                        let g = lanes.load(&g[i..]);
                        let from_q = (g - average_q) * (lanes.load(&q[i..]) * of_q);
                        let u = (g - average_s).mul_add(lanes.load(&s[i..]) * of_s, from_q);
                        of_t = u.mul_add(lanes.load(&block[i..]), of_t);
                        lanes.store(u * lanes.splat(t), &mut s[i..]);
                    }
                } else {
                    let of_s = of_s * lanes.splat(alpha);
                    for i in (0..size).step_by(L::WIDTH) {
                        let u = (lanes.load(&g[i..]) - average_s) * (lanes.load(&s[i..]) * of_s);
                        of_t = u.mul_add(lanes.load(&block[i..]), of_t);
                        lanes.store(u * lanes.splat(t), &mut s[i..]);
                    }
                }
                sums[2] = sums[2] + of_t;
                write(lanes, shape, rows, s, &mut output[at..]);
            }
            start += shape.together() * shape.hidden;
        }
        let mut output = vec![E::ZERO; sums.len()];
        for (output, sum) in output.iter_mut().zip(sums) {
            *output = sum.sum();
        }
        output
    }
}

#[inline(never)]
pub(super) fn evaluate<L: Lanes>(
    lanes: L,
    z: &[L::Element],
    p: &Parameters<'_, L::Element>,
    hidden: usize,
) -> Vec<L::Element> {
    let mut output = vec![L::Element::ZERO; z.len()];
    if z.is_empty() {
        return output;
    }
    let shape = Shape::new(hidden, p.modules, L::WIDTH);
    each_piece(&mut output, shape.piece(z.len()), |start, output| {
        lanes.run(Forward {
            z: &z[start..start + output.len()],
            p: *p,
            shape,
            output,
        });
    });
    output
}

#[inline(never)]
pub(super) fn differentiate<L: Lanes>(
    lanes: L,
    z: &[L::Element],
    gradient: &[L::Element],
    p: &Parameters<'_, L::Element>,
    hidden: usize,
) -> Gradients<L::Element> {
    let zeros = |n: usize| vec![L::Element::ZERO; n];
    let mut output = zeros(z.len());
    let mut sums = zeros(p.modules * SUMS);
    if !z.is_empty() {
        let shape = Shape::new(hidden, p.modules, L::WIDTH);
        let pieces = each_piece(&mut output, shape.piece(z.len()), |start, output| {
            lanes.run(Backward {
                z: &z[start..start + output.len()],
                gradient: &gradient[start..start + output.len()],
                p: *p,
                shape,
                output,
            })
        });
        sums = in_order(pieces);
    }

    let mut alpha = zeros(p.modules);
    let mut temperature = zeros(p.modules);
    let mut learned = p.learned.map(|_| (zeros(p.modules), zeros(p.modules)));
    for (module, sums) in sums.chunks_exact(SUMS).enumerate() {
        temperature[module] = sums[2];
        match (p.learned, &mut learned) {
            (Some((a, b)), Some((into_a, into_b))) => {
                alpha[module] = a[module] * sums[0] - b[module] * sums[1];
                into_a[module] = p.alpha[module] * sums[0];
                into_b[module] = L::Element::ZERO - p.alpha[module] * sums[1];
            }
            _ => alpha[module] = sums[0],
        }
    }
    Gradients {
        z: output,
        alpha,
        temperature,
        learned,
    }
}

struct Evaluate<'a, E> {
    z: &'a [E],
    p: Parameters<'a, E>,
    hidden: usize,
}

impl<E: Element> Kernel<E> for Evaluate<'_, E> {
    type Output = Vec<E>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Vec<E> {
        evaluate(lanes, self.z, &self.p, self.hidden)
    }
}

struct Differentiate<'a, E> {
    z: &'a [E],
    gradient: &'a [E],
    p: Parameters<'a, E>,
    hidden: usize,
}

impl<E: Element> Kernel<E> for Differentiate<'_, E> {
    type Output = Gradients<E>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Gradients<E> {
        differentiate(lanes, self.z, self.gradient, &self.p, self.hidden)
    }
}

/// Evaluates softmax modules of `[batch, hidden]` elements.
pub(super) fn softmax_modules<E: Element>(z: &[E], p: &Parameters<'_, E>, hidden: usize) -> Vec<E> {
    E::widest(Evaluate { z, p: *p, hidden })
}

/// The gradients of softmax modules, from the gradient of their output.
pub(super) fn softmax_modules_backward<E: Element>(
    z: &[E],
    gradient: &[E],
    p: &Parameters<'_, E>,
    hidden: usize,
) -> Gradients<E> {
    E::widest(Differentiate {
        z,
        gradient,
        p: *p,
        hidden,
    })
}
