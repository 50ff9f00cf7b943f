//! Softmax modules, with the batch along the lanes.
//!
//! With u = t (z + bias), s = softmax(u), q = softmax(−u): y = α (a s − b q), a sum of parts: the softmax of σ u with the weight w, where
//! σ = 1, w = α a, and where a and b are learned a second one, σ = −1, w = −α b. Backward, from g = ∂loss/∂y and the average G = Σ g_i s_i of
//! a part: ∂u_i = Σ σ w s_i (g_i − G) over the parts, ∂z = ∂bias = t ∂u, ∂t = Σ (z_i + bias_i) ∂u_i, and for each part ∂w = G, summed over
//! the batch. A part of ∂u adds up to 0 over a module, so that ∂t may take z from its average Σ (z_i + bias_i) s_i instead of from 0: the
//! rounding of G then weighs little. Inside a shell the exponentials are kept from the way forward, outside they are evaluated again.
//!
//! A sharp softmax is almost 0 almost everywhere. Numbers below [`Element::NEGLIGIBLE`] are written as 0: as subnormal numbers
//! they would make every product with them slow.
//!
//! A unit is a line of whole vectors, `[hidden, step]`, its values on the batch side by side: a module's sums are lines too, and none
//! crosses the lanes. Lanes past the batch may hold anything finite, and a gradient of 0.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::pieces::{cut, each_piece, filled, in_order, written, written_in_pieces, written_with};
use super::transpose::{padded, transpose, transposed_padded};
use crate::vectors::mathematics;
use crate::vectors::{Element, Kernel, Lanes, Vector, places};
use crate::{Mix, SoftmaxModules};

/// The parameters, one a module, but for the bias.
#[derive(Clone, Copy)]
pub(super) struct Parameters<'a, E> {
    /// What is added to each unit.
    pub(super) bias: &'a [E],
    pub(super) modules: SoftmaxModules<&'a [E]>,
}

/// The gradients of the parameters, shaped as they are.
pub(super) struct Gradients<E> {
    pub(super) bias: Vec<E>,
    pub(super) modules: SoftmaxModules<Vec<E>>,
}

/// Elements that make a piece of work worth a thread of its own.
const PIECE: usize = 8 * 1024;

impl<'a, E: Element> Parameters<'a, E> {
    fn modules(&self) -> usize {
        self.modules.alpha.len()
    }

    /// Units of a module.
    fn width(&self) -> usize {
        self.bias.len() / self.modules()
    }

    /// Parts of a module.
    fn parts(&self) -> usize {
        if self.modules.mix.is_some() { 2 } else { 1 }
    }

    /// Elements of a line.
    ///
    /// # Panics
    /// If lines are not of whole vectors.
    fn step<L: Lanes>(&self, _: L, z: &[E]) -> usize {
        let step = z.len() / self.bias.len();
        assert_eq!(z.len(), step * self.bias.len(), "a line for each unit");
        assert_eq!(step % L::WIDTH, 0, "lines of whole vectors");
        step
    }

    /// Numbers kept of a module: the exponentials of each part, and a line after them.
    fn kept(&self, step: usize) -> usize {
        self.parts() * (self.width() + 1) * step
    }

    /// Modules of a piece of work on `total` elements.
    fn together(&self, total: usize) -> usize {
        let modules = self.modules();
        modules.div_ceil((total / PIECE).clamp(1, modules))
    }

    /// Those of some modules.
    fn of(&self, modules: Range<usize>) -> Self {
        let units = modules.start * self.width()..modules.end * self.width();
        Self {
            bias: &self.bias[units],
            modules: self.modules.map(|_, values| &values[modules.clone()]),
        }
    }

    /// The biases of a module's units, and t.
    fn module(&self, index: usize) -> (&'a [E], E) {
        let width = self.width();
        (
            &self.bias[index * width..][..width],
            self.modules.temperature[index],
        )
    }

    /// A part of a module: the sign of its u, and its weight.
    fn part(&self, index: usize, part: usize) -> (E, E) {
        let alpha = self.modules.alpha[index];
        match (self.modules.mix, part) {
            (None, _) => (E::ONE, alpha),
            (Some(Mix { a, .. }), 0) => (E::ONE, alpha * a[index]),
            (Some(Mix { b, .. }), _) => (minus(E::ONE), minus(alpha * b[index])),
        }
    }
}

fn minus<E: Element>(x: E) -> E {
    E::ZERO - x
}

/// For each part of each module, e^{u − its largest} and a line with the reciprocals of their sums.
struct Exponentials<'a, E> {
    z: &'a [E],
    step: usize,
    p: Parameters<'a, E>,
    kept: &'a mut [MaybeUninit<E>],
}

impl<E: Element> Kernel<E> for Exponentials<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) {
        let (p, step, width) = (&self.p, self.step, self.p.width());
        let (one, negligible) = (lanes.splat(E::ONE), lanes.splat(E::NEGLIGIBLE));
        let [mut high, mut sum] = [(); 2].map(|()| vec![E::ZERO; step]);
        for (i, kept) in self.kept.chunks_exact_mut((width + 1) * step).enumerate() {
            let (index, part) = (i / p.parts(), i % p.parts());
            let (bias, t) = p.module(index);
            let t = lanes.splat(t * p.part(index, part).0);
            let z = &self.z[index * width * step..][..width * step];
            let (exponentials, over) = kept.split_at_mut(width * step);
            high.fill(E::nearest(f64::NEG_INFINITY));
            for (z, &bias) in z.chunks_exact(step).zip(bias) {
                let bias = lanes.splat(bias);
                for (z, high) in z
                    .chunks_exact(L::WIDTH)
                    .zip(high.chunks_exact_mut(L::WIDTH))
                {
                    let u = (lanes.load(z) + bias) * t;
                    lanes.store(u.at_least(lanes.load(high)), high);
                }
            }
            sum.fill(E::ZERO);
            let lines = z
                .chunks_exact(step)
                .zip(exponentials.chunks_exact_mut(step));
            for ((z, into), &bias) in lines.zip(bias) {
                let bias = lanes.splat(bias);
                let sums = sum
                    .chunks_exact_mut(L::WIDTH)
                    .zip(high.chunks_exact(L::WIDTH));
                let vectors = z
                    .chunks_exact(L::WIDTH)
                    .zip(into.chunks_exact_mut(L::WIDTH));
                for ((z, into), (sum, high)) in vectors.zip(sums) {
                    let u = (lanes.load(z) + bias) * t;
                    let e = mathematics::exp(lanes, u - lanes.load(high));
                    let e = e.or_zero_below(negligible);
                    lanes.write(e, into);
                    lanes.store(lanes.load(sum) + e, sum);
                }
            }
            for (sum, over) in sum
                .chunks_exact(L::WIDTH)
                .zip(over.chunks_exact_mut(L::WIDTH))
            {
                lanes.write(one / lanes.load(sum), over);
            }
        }
    }
}

/// The exponentials of each of a module's `N` parts, and a line for each with what makes them their share of y.
struct Shares<'a, E, const N: usize> {
    exponentials: [&'a [E]; N],
    factors: [Vec<E>; N],
}

impl<'a, E: Element, const N: usize> Shares<'a, E, N> {
    /// From what is kept of the module.
    #[inline(always)]
    fn new<L: Lanes<Element = E>>(
        lanes: L,
        p: &Parameters<'_, E>,
        index: usize,
        step: usize,
        kept: &'a [E],
    ) -> Self {
        let size = p.width() * step;
        let mut all = Self {
            exponentials: [&[]; N],
            factors: [const { Vec::new() }; N],
        };
        for part in 0..N {
            let (exponentials, over) = kept[part * (size + step)..][..size + step].split_at(size);
            let weight = lanes.splat(p.part(index, part).1);
            let mut factors = vec![E::ZERO; step];
            let lines = over
                .chunks_exact(L::WIDTH)
                .zip(factors.chunks_exact_mut(L::WIDTH));
            for (over, factor) in lines {
                lanes.store(lanes.load(over) * weight, factor);
            }
            (all.exponentials[part], all.factors[part]) = (exponentials, factors);
        }
        all
    }

    /// The share of a part in the vector `at` of a unit's line.
    #[inline(always)]
    fn at<L: Lanes<Element = E>>(
        &self,
        lanes: L,
        part: usize,
        first: usize,
        at: usize,
    ) -> L::Vector {
        lanes.load(&self.exponentials[part][first + at..]) * lanes.load(&self.factors[part][at..])
    }
}

/// The values, from the exponentials.
struct Values<'a, E> {
    kept: &'a [E],
    step: usize,
    p: Parameters<'a, E>,
    output: &'a mut [MaybeUninit<E>],
}

impl<E: Element> Kernel<E> for Values<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) {
        match self.p.modules.mix {
            None => values::<L, 1>(lanes, self),
            Some(_) => values::<L, 2>(lanes, self),
        }
    }
}

#[inline(always)]
fn values<L: Lanes, const N: usize>(lanes: L, work: Values<'_, L::Element>) {
    let (p, step) = (&work.p, work.step);
    let negligible = lanes.splat(L::Element::NEGLIGIBLE);
    let kept = work.kept.chunks_exact(p.kept(step));
    let modules = kept.zip(work.output.chunks_exact_mut(p.width() * step));
    for (index, (kept, output)) in modules.enumerate() {
        let shares = Shares::<_, N>::new(lanes, p, index, step, kept);
        for (unit, output) in output.chunks_exact_mut(step).enumerate() {
            for (i, output) in output.chunks_exact_mut(L::WIDTH).enumerate() {
                let mut y = lanes.splat(L::Element::ZERO);
                for part in 0..N {
                    y = y + shares.at(lanes, part, unit * step, i * L::WIDTH);
                }
                lanes.write(y.or_zero_below(negligible), output);
            }
        }
    }
}

/// Sums a module keeps: Σ G of each part, and ∂t.
const SUMS: usize = 3;

struct Backward<'a, E> {
    z: &'a [E],
    kept: &'a [E],
    /// Of the output; of z when done.
    gradient: &'a mut [E],
    step: usize,
    p: Parameters<'a, E>,
}

impl<E: Element> Kernel<E> for Backward<'_, E> {
    /// The sums, `[module][SUMS]`, and the gradient of the bias.
    type Output = [Vec<E>; 2];

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> [Vec<E>; 2] {
        match self.p.modules.mix {
            None => backward::<L, 1>(lanes, self),
            Some(_) => backward::<L, 2>(lanes, self),
        }
    }
}

/// Lines of averages over a module's part: Σ g s and Σ (z + bias) s.
struct Averages<E> {
    g: Vec<E>,
    z: Vec<E>,
}

/// The averages of a part, from its exponentials and the reciprocals of their sums after them.
#[inline(always)]
fn averages<L: Lanes>(
    lanes: L,
    step: usize,
    bias: &[L::Element],
    [g, z, kept]: [&[L::Element]; 3],
) -> Averages<L::Element> {
    let mut of = Averages {
        g: vec![L::Element::ZERO; step],
        z: vec![L::Element::ZERO; step],
    };
    let (exponentials, over) = kept.split_at(bias.len() * step);
    let lines = g.chunks_exact(step).zip(z.chunks_exact(step));
    for (((g, z), e), &bias) in lines.zip(exponentials.chunks_exact(step)).zip(bias) {
        let bias = lanes.splat(bias);
        let sums =
            of.g.chunks_exact_mut(L::WIDTH)
                .zip(of.z.chunks_exact_mut(L::WIDTH));
        let vectors = g.chunks_exact(L::WIDTH).zip(z.chunks_exact(L::WIDTH));
        for (((g, z), e), (of_g, of_z)) in vectors.zip(e.chunks_exact(L::WIDTH)).zip(sums) {
            let e = lanes.load(e);
            lanes.store(lanes.load(g).mul_add(e, lanes.load(of_g)), of_g);
            lanes.store((lanes.load(z) + bias).mul_add(e, lanes.load(of_z)), of_z);
        }
    }
    for sums in [&mut of.g, &mut of.z] {
        for (sum, over) in sums
            .chunks_exact_mut(L::WIDTH)
            .zip(over.chunks_exact(L::WIDTH))
        {
            lanes.store(lanes.load(sum) * lanes.load(over), sum);
        }
    }
    of
}

#[inline(always)]
fn backward<L: Lanes, const N: usize>(
    lanes: L,
    work: Backward<'_, L::Element>,
) -> [Vec<L::Element>; 2] {
    let (p, step, width) = (&work.p, work.step, work.p.width());
    let zero = lanes.splat(L::Element::ZERO);
    let negligible = lanes.splat(L::Element::NEGLIGIBLE);
    let mut sums = vec![L::Element::ZERO; p.modules() * SUMS];
    let mut into_bias = Vec::with_capacity(p.bias.len());
    let kept = work.kept.chunks_exact(p.kept(step));
    let gradients = work.gradient.chunks_exact_mut(width * step);
    let modules = work.z.chunks_exact(width * step).zip(kept).zip(gradients);
    for (index, ((z, kept), gradient)) in modules.enumerate() {
        let (bias, t) = p.module(index);
        let sums = &mut sums[index * SUMS..][..SUMS];
        let mut of: [_; N] = std::array::from_fn(|_| Averages {
            g: Vec::new(),
            z: Vec::new(),
        });
        for (part, kept) in kept.chunks_exact((width + 1) * step).enumerate() {
            of[part] = averages(lanes, step, bias, [gradient, z, kept]);
            sums[part] = total(lanes, &of[part].g);
        }
        let shares = Shares::<_, N>::new(lanes, p, index, step, kept);
        let signs: [_; N] = std::array::from_fn(|part| p.part(index, part).0);
        let (t, mut into_t) = (lanes.splat(t), zero);
        for ((unit, gradient), &bias) in gradient.chunks_exact_mut(step).enumerate().zip(bias) {
            let (first, bias) = (unit * step, lanes.splat(bias));
            let mut into_unit = zero;
            for (i, gradient) in gradient.chunks_exact_mut(L::WIDTH).enumerate() {
                let at = i * L::WIDTH;
                let (g, z) = (lanes.load(gradient), lanes.load(&z[first + at..]) + bias);
                let mut into_u = zero;
                for part in 0..N {
                    let share = shares.at(lanes, part, first, at) * lanes.splat(signs[part]);
                    let from = (g - lanes.load(&of[part].g[at..])) * share;
                    into_t = from.mul_add(z - lanes.load(&of[part].z[at..]), into_t);
                    into_u = into_u + from;
                }
                let into_z = (into_u * t).or_zero_below(negligible);
                into_unit = into_unit + into_z;
                lanes.store(into_z, gradient);
            }
            into_bias.push(into_unit.sum());
        }
        sums[SUMS - 1] = into_t.sum();
    }
    [sums, into_bias]
}

/// The sum of a line.
#[inline(always)]
fn total<L: Lanes>(lanes: L, line: &[L::Element]) -> L::Element {
    let mut sum = lanes.splat(L::Element::ZERO);
    for part in line.chunks_exact(L::WIDTH) {
        sum = sum + lanes.load(part);
    }
    sum.sum()
}

/// Softmax modules of `[hidden, step]` elements, and what [`differentiate`] needs of them if it is to come: their exponentials.
#[inline(never)] // Not compiled for `lanes` itself: only the pieces are.
pub(super) fn evaluate<L: Lanes>(
    lanes: L,
    z: &[L::Element],
    p: &Parameters<'_, L::Element>,
    keep: bool,
) -> (Vec<L::Element>, Vec<L::Element>) {
    let step = p.step(lanes, z);
    if step == 0 {
        return (Vec::new(), Vec::new());
    }
    let (size, kept_of, together) = (p.width() * step, p.kept(step), p.together(z.len()));
    let all = if keep { kept_of * p.modules() } else { 0 };
    let pieces = [together * size, together * kept_of];
    written_with([z.len(), all], pieces, |start, output, kept| {
        let z = &z[start..start + output.len()];
        let p = p.of(start / size..(start + z.len()) / size);
        let exponentials = |kept: &mut _| lanes.run(Exponentials { z, step, p, kept });
        let values = |kept: &_, output| {
            lanes.run(Values {
                kept,
                step,
                p,
                output,
            })
        };
        if keep {
            values(filled(kept, exponentials), output);
        } else {
            values(&written(p.modules() * kept_of, exponentials), output);
        }
    })
}

/// What the gradients of the parameters follow from: the sums of each module, and the gradient of the bias.
type Sums<E> = [Vec<E>; 2];

/// Turns the gradient of the output into that of z, from what [`evaluate`] kept, and returns what it summed on the way.
#[inline(never)]
fn into_inputs<L: Lanes>(
    lanes: L,
    z: &[L::Element],
    kept: &[L::Element],
    gradient: &mut [L::Element],
    p: &Parameters<'_, L::Element>,
) -> Sums<L::Element> {
    let step = p.step(lanes, z);
    if step == 0 {
        return [p.modules() * SUMS, p.bias.len()].map(|count| vec![L::Element::ZERO; count]);
    }
    let (size, kept_of) = (p.width() * step, p.kept(step));
    let pieces = cut(gradient, p.together(z.len()) * size);
    let found = each_piece(pieces, |(start, gradient)| {
        let modules = start / size..(start + gradient.len()) / size;
        lanes.run(Backward {
            z: &z[start..start + gradient.len()],
            kept: &kept[modules.start * kept_of..modules.end * kept_of],
            gradient,
            step,
            p: p.of(modules),
        })
    });
    apart(found).map(|parts| parts.concat())
}

/// The sums of all pieces, and their gradients of the bias.
fn apart<E>(found: Vec<Sums<E>>) -> [Vec<Vec<E>>; 2] {
    let (sums, bias) = found.into_iter().map(|[sums, bias]| (sums, bias)).unzip();
    [sums, bias]
}

impl<E: Element> Gradients<E> {
    fn new([sums, bias]: Sums<E>, p: &Parameters<'_, E>) -> Self {
        let of = |which: usize| sums.iter().skip(which).step_by(SUMS).copied();
        let times = |by: &[E], which| -> Vec<E> {
            by.iter()
                .zip(of(which))
                .map(|(&by, sum)| by * sum)
                .collect()
        };
        let mut found = SoftmaxModules {
            alpha: of(0).collect(),
            temperature: of(SUMS - 1).collect(),
            mix: None,
        };
        if let Some(Mix { a, b }) = p.modules.mix {
            let parts = times(a, 0).into_iter().zip(times(b, 1));
            found.alpha = parts.map(|(a, b)| a - b).collect();
            found.mix = Some(Mix {
                a: times(p.modules.alpha, 0),
                b: times(p.modules.alpha, 1).into_iter().map(minus).collect(),
            });
        }
        Self {
            bias,
            modules: found,
        }
    }
}

/// Turns the gradient of the output into that of z, from what [`evaluate`] kept, and returns those of the parameters.
pub(super) fn differentiate<L: Lanes>(
    lanes: L,
    z: &[L::Element],
    kept: &[L::Element],
    gradient: &mut [L::Element],
    p: &Parameters<'_, L::Element>,
) -> Gradients<L::Element> {
    Gradients::new(into_inputs(lanes, z, kept, gradient, p), p)
}

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
pub(super) fn softmax_modules<E: Element>(z: &[E], p: &Parameters<'_, E>) -> Vec<E> {
    E::widest(Evaluate { z, p: *p })
}

/// Turns the gradient of the modules' output into that of their input, and returns those of their parameters.
pub(super) fn softmax_modules_backward<E: Element>(
    z: &[E],
    gradient: &mut [E],
    p: &Parameters<'_, E>,
) -> Gradients<E> {
    E::widest(Differentiate { z, gradient, p: *p })
}
