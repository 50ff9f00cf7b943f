//! Softmax modules, one module of one row (or of as many rows as there are lanes) at a time.
//!
//! With u = t z, s = softmax(u), q = softmax(−u): y = α (a s − b q). Backward, from g = ∂loss/∂y and the averages
//! G = Σ g_i s_i, H = Σ g_i q_i: ∂u_i = α (a s_i (g_i − G) + b q_i (g_i − H)), ∂z = t ∂u, ∂t = Σ z_i ∂u_i,
//! ∂α = a G − b H, ∂a = α G, ∂b = −α H, summed over the batch. Both parts of ∂u add up to 0 over a module, so that ∂t
//! may take z from its averages Σ z_i s_i and Σ z_i q_i instead of from 0: the rounding of G and H then weighs little.
//! Inside a shell s and q are kept from the way forward, outside they are evaluated again.
//!
//! A sharp softmax is almost 0 almost everywhere. Numbers below [`Element::NEGLIGIBLE`] are written as 0: as subnormal numbers
//! they would make every product with them slow.
//!
//! A wide module lies along the lanes; modules of few units are read across rows, one row a lane, so that no lane
//! idles and no sum crosses the lanes.

use std::mem::MaybeUninit;

use super::lanes::{Element, Kernel, Lanes, Vector, places};
use super::mathematics;
use super::pieces::{cut, each_piece, in_order, written_with};

/// The parameters, one a module.
#[derive(Clone, Copy)]
pub(super) struct Parameters<'a, E> {
    pub(super) modules: usize,
    pub(super) alpha: &'a [E],
    pub(super) temperature: &'a [E],
    /// a and b of softmax minus softmin.
    pub(super) learned: Option<(&'a [E], &'a [E])>,
}

/// The gradients of the parameters of softmax modules, shaped as they are.
pub(super) struct Gradients<E> {
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
    /// Whether a module has a softmin beside its softmax.
    learned: bool,
}

impl Shape {
    fn new<E>(hidden: usize, p: &Parameters<'_, E>, lanes: usize) -> Self {
        let width = hidden / p.modules;
        Self {
            hidden,
            width,
            lanes,
            across: width < 2 * lanes,
            learned: p.learned.is_some(),
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

    /// Elements of the vectors that hold a module.
    fn size(&self) -> usize {
        self.vectors() * self.lanes
    }

    /// Numbers kept of `total` elements: s of every module, and q if there is one, in the order of the work.
    fn kept(&self, total: usize) -> usize {
        let blocks = total.div_ceil(self.hidden * self.together());
        blocks * (self.hidden / self.width) * self.size() * if self.learned { 2 } else { 1 }
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
    to: &mut [MaybeUninit<L::Element>],
) {
    if shape.across {
        for row in 0..rows.min(shape.lanes) {
            let to = &mut to[row * shape.hidden..][..shape.width];
            for (column, value) in to.iter_mut().enumerate() {
                value.write(from[column * L::WIDTH + row]);
            }
        }
    } else {
        let to = &mut to[..shape.width];
        for (i, from) in from.chunks_exact(L::WIDTH).enumerate() {
            let count = shape.used(i, rows);
            lanes.write_first(lanes.load(from), &mut to[i * L::WIDTH..], count);
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

/// The largest of t z and of −t z over a module.
#[inline(always)]
fn extremes<L: Lanes>(
    lanes: L,
    shape: &Shape,
    rows: usize,
    t: L::Vector,
    z: &[L::Element],
) -> [L::Vector; 2] {
    // Where the module ends inside a vector, its first element stands in for the lanes after it.
    let first = if shape.across {
        lanes.load(z)
    } else {
        lanes.splat(z[0])
    };
    let mut high = [first * t, first * -t];
    for (i, z) in z.chunks_exact(L::WIDTH).enumerate() {
        let mut u = lanes.load(z);
        if !shape.across {
            u = lanes.first_or(u, shape.used(i, rows), first);
        }
        u = u * t;
        high = [u.at_least(high[0]), (-u).at_least(high[1])];
    }
    if !shape.across {
        high = [
            lanes.splat(high[0].largest()),
            lanes.splat(high[1].largest()),
        ];
    }
    high
}

/// `e` within the module, zero in lanes past it.
#[inline(always)]
fn within<L: Lanes>(lanes: L, shape: &Shape, rows: usize, i: usize, e: L::Vector) -> L::Vector {
    if shape.across {
        e
    } else {
        lanes.first_or(e, shape.used(i, rows), lanes.splat(L::Element::ZERO))
    }
}

/// e^{u − its largest} of each module into `s` and, if there is a softmin, e^{−u − its largest} into `q`, with u = t z; zero in
/// lanes past the module. The reciprocals of their sums.
#[inline(always)]
fn exponentials<L: Lanes>(
    lanes: L,
    shape: &Shape,
    rows: usize,
    t: L::Vector,
    z: &[L::Element],
    [s, q]: [&mut [L::Element]; 2],
) -> [L::Vector; 2] {
    let (zero, one) = (lanes.splat(L::Element::ZERO), lanes.splat(L::Element::ONE));
    let high = extremes(lanes, shape, rows, t, z);
    let mut sums = [zero; 2];
    for i in 0..shape.vectors() {
        let at = i * L::WIDTH;
        let u = lanes.load(&z[at..]) * t;
        let e = within(lanes, shape, rows, i, mathematics::exp(lanes, u - high[0]));
        sums[0] = sums[0] + e;
        lanes.store(e, &mut s[at..]);
        if shape.learned {
            let e = within(lanes, shape, rows, i, mathematics::exp(lanes, -u - high[1]));
            sums[1] = sums[1] + e;
            lanes.store(e, &mut q[at..]);
        }
    }
    [
        one / total(lanes, shape, sums[0]),
        one / total(lanes, shape, sums[1]),
    ]
}

struct Forward<'a, E> {
    z: &'a [E],
    p: Parameters<'a, E>,
    shape: Shape,
    output: &'a mut [MaybeUninit<E>],
    /// See [`Shape::kept`]; empty if no gradient will be asked for.
    kept: &'a mut [MaybeUninit<E>],
}

impl<E: Element> Kernel<E> for Forward<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) {
        let (z, p, shape, output) = (self.z, &self.p, &self.shape, self.output);
        let negligible = lanes.splat(E::NEGLIGIBLE);
        let size = shape.size();
        let mut store = vec![E::ZERO; 3 * size];
        let (block, rest) = store.split_at_mut(size);
        let (s, q) = rest.split_at_mut(size);
        let mut kept = self.kept.chunks_exact_mut(size);
        let mut start = 0;
        while start < z.len() {
            let rows = (z.len() - start) / shape.hidden;
            for module in 0..p.modules {
                let at = start + module * shape.width;
                let (alpha, t) = (p.alpha[module], lanes.splat(p.temperature[module]));
                read(lanes, shape, rows, &z[at..], block);
                let [over_s, over_q] = exponentials(lanes, shape, rows, t, block, [s, q]);
                let (mut of_s, mut of_q) = (lanes.splat(alpha), lanes.splat(E::ZERO));
                let (mut kept_s, mut kept_q) = (kept.next(), None);
                if let Some((a, b)) = p.learned {
                    kept_q = kept.next();
                    of_s = lanes.splat(alpha * a[module]);
                    of_q = lanes.splat(alpha * b[module]);
                }
                for i in (0..size).step_by(L::WIDTH) {
                    let mut y = normal(lanes, lanes.load(&s[i..]) * over_s, &mut kept_s, i) * of_s;
                    if shape.learned {
                        let q = normal(lanes, lanes.load(&q[i..]) * over_q, &mut kept_q, i);
                        y = q.neg_mul_add(of_q, y);
                    }
                    lanes.store(y.or_zero_below(negligible), &mut block[i..]);
                }
                write(lanes, shape, rows, block, &mut output[at..]);
            }
            start += shape.together() * shape.hidden;
        }
    }
}

/// `e` without what is negligible, and a copy of it at `i` of `kept`.
#[inline(always)]
fn normal<L: Lanes>(
    lanes: L,
    e: L::Vector,
    kept: &mut Option<&mut [MaybeUninit<L::Element>]>,
    i: usize,
) -> L::Vector {
    let e = e.or_zero_below(lanes.splat(L::Element::NEGLIGIBLE));
    if let Some(kept) = kept {
        lanes.write(e, &mut kept[i..]);
    }
    e
}

/// Σ g e and Σ z e.
#[inline(always)]
fn products<L: Lanes>(lanes: L, [g, z]: [&[L::Element]; 2], e: &[L::Element]) -> [L::Vector; 2] {
    let mut sums = [lanes.splat(L::Element::ZERO); 2];
    for i in (0..e.len()).step_by(L::WIDTH) {
        let e = lanes.load(&e[i..]);
        sums[0] = lanes.load(&g[i..]).mul_add(e, sums[0]);
        sums[1] = lanes.load(&z[i..]).mul_add(e, sums[1]);
    }
    sums
}

/// Sums a module keeps: Σ G, Σ H, ∂t.
const SUMS: usize = 3;

struct Backward<'a, E> {
    z: &'a [E],
    kept: &'a [E],
    /// Of the output; of z when done.
    gradient: &'a mut [E],
    p: Parameters<'a, E>,
    shape: Shape,
}

impl<E: Element> Kernel<E> for Backward<'_, E> {
    /// The sums, `[module][SUMS]`.
    type Output = Vec<E>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Vec<E> {
        let (z, p, shape, gradient) = (self.z, &self.p, &self.shape, self.gradient);
        let (zero, negligible) = (lanes.splat(E::ZERO), lanes.splat(E::NEGLIGIBLE));
        let mut sums = vec![zero; p.modules * SUMS];
        let size = shape.size();
        let mut store = vec![E::ZERO; 2 * size];
        let (block, g) = store.split_at_mut(size);
        let mut kept = self.kept.chunks_exact(size);
        let mut start = 0;
        while start < z.len() {
            let rows = (z.len() - start) / shape.hidden;
            for module in 0..p.modules {
                let at = start + module * shape.width;
                let (alpha, t) = (p.alpha[module], lanes.splat(p.temperature[module]));
                let sums = &mut sums[module * SUMS..][..SUMS];
                let mut of_t = zero;
                read(lanes, shape, rows, &z[at..], block);
                read(lanes, shape, rows, &gradient[at..], g);
                let s = kept.next().unwrap_or_default();
                let [part, centre] = products(lanes, [g, block], s);
                let average_s = total(lanes, shape, part);
                let centre_s = total(lanes, shape, centre);
                sums[0] = sums[0] + part;
                if let Some((a, b)) = p.learned {
                    let q = kept.next().unwrap_or_default();
                    let [part, centre] = products(lanes, [g, block], q);
                    let average_q = total(lanes, shape, part);
                    let centre_q = total(lanes, shape, centre);
                    sums[1] = sums[1] + part;
                    let of_s = lanes.splat(alpha * a[module]);
                    let of_q = lanes.splat(alpha * b[module]);
                    for i in (0..size).step_by(L::WIDTH) {
                        let (value, z) = (lanes.load(&g[i..]), lanes.load(&block[i..]));
                        let from_s = (value - average_s) * (lanes.load(&s[i..]) * of_s);
                        let from_q = (value - average_q) * (lanes.load(&q[i..]) * of_q);
                        of_t = from_s.mul_add(z - centre_s, of_t);
                        of_t = from_q.mul_add(z - centre_q, of_t);
                        let into_z = (from_s + from_q) * t;
                        lanes.store(into_z.or_zero_below(negligible), &mut g[i..]);
                    }
                } else {
                    let of_s = lanes.splat(alpha);
                    for i in (0..size).step_by(L::WIDTH) {
                        let u = (lanes.load(&g[i..]) - average_s) * (lanes.load(&s[i..]) * of_s);
                        of_t = u.mul_add(lanes.load(&block[i..]) - centre_s, of_t);
                        lanes.store((u * t).or_zero_below(negligible), &mut g[i..]);
                    }
                }
                sums[2] = sums[2] + of_t;
                write(lanes, shape, rows, g, places(&mut gradient[at..]));
            }
            start += shape.together() * shape.hidden;
        }
        sums.into_iter().map(Vector::sum).collect()
    }
}

/// Softmax modules of `[batch, hidden]` elements, and what [`differentiate`] needs of them if it is to come.
#[inline(never)] // Not compiled for `lanes` itself: only the pieces are.
pub(super) fn evaluate<L: Lanes>(
    lanes: L,
    z: &[L::Element],
    p: &Parameters<'_, L::Element>,
    hidden: usize,
    keep: bool,
) -> (Vec<L::Element>, Vec<L::Element>) {
    let shape = Shape::new(hidden, p, L::WIDTH);
    let piece = shape.piece(z.len());
    let kept = if keep { shape.kept(z.len()) } else { 0 };
    let pieces = [piece, shape.kept(piece)];
    written_with([z.len(), kept], pieces, |start, output, kept| {
        lanes.run(Forward {
            z: &z[start..start + output.len()],
            p: *p,
            shape,
            output,
            kept,
        });
    })
}

/// Turns the gradient of the output into that of z, from what [`evaluate`] kept, and returns those of the parameters.
#[inline(never)]
pub(super) fn differentiate<L: Lanes>(
    lanes: L,
    z: &[L::Element],
    kept: &[L::Element],
    gradient: &mut [L::Element],
    p: &Parameters<'_, L::Element>,
    hidden: usize,
) -> Gradients<L::Element> {
    let zeros = |n: usize| vec![L::Element::ZERO; n];
    let shape = Shape::new(hidden, p, L::WIDTH);
    let pieces = cut(gradient, shape.piece(z.len()));
    let sums = in_order(each_piece(pieces, |(start, gradient)| {
        lanes.run(Backward {
            z: &z[start..start + gradient.len()],
            kept: &kept[shape.kept(start)..][..shape.kept(gradient.len())],
            gradient,
            p: *p,
            shape,
        })
    }));

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
        evaluate(lanes, self.z, &self.p, self.hidden, false).0
    }
}

struct Differentiate<'a, E> {
    z: &'a [E],
    gradient: &'a mut [E],
    p: Parameters<'a, E>,
    hidden: usize,
}

impl<E: Element> Kernel<E> for Differentiate<'_, E> {
    type Output = Gradients<E>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Gradients<E> {
        let (z, p, hidden) = (self.z, &self.p, self.hidden);
        let (_, kept) = evaluate(lanes, z, p, hidden, true);
        differentiate(lanes, z, &kept, self.gradient, p, hidden)
    }
}

/// Evaluates softmax modules of `[batch, hidden]` elements.
pub(super) fn softmax_modules<E: Element>(z: &[E], p: &Parameters<'_, E>, hidden: usize) -> Vec<E> {
    E::widest(Evaluate { z, p: *p, hidden })
}

/// Turns the gradient of the modules' output into that of their input, and returns those of their parameters.
pub(super) fn softmax_modules_backward<E: Element>(
    z: &[E],
    gradient: &mut [E],
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
