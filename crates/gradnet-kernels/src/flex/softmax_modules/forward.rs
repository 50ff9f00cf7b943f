//! The way forward: the exponentials of a module, and its values from them.

use std::mem::MaybeUninit;

use super::Parameters;
use crate::vectors::mathematics;
use crate::vectors::{Element, Kernel, Lanes, Vector};

/// For each part of each module, e^{u − its largest} and a line with the reciprocals of their sums.
pub(super) struct Exponentials<'a, E> {
    pub(super) z: &'a [E],
    pub(super) step: usize,
    pub(super) p: Parameters<'a, E>,
    pub(super) kept: &'a mut [MaybeUninit<E>],
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
pub(super) struct Shares<'a, E, const N: usize> {
    pub(super) exponentials: [&'a [E]; N],
    pub(super) factors: [Vec<E>; N],
}

impl<'a, E: Element, const N: usize> Shares<'a, E, N> {
    /// From what is kept of the module.
    #[inline(always)]
    pub(super) fn new<L: Lanes<Element = E>>(
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
    pub(super) fn at<L: Lanes<Element = E>>(
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
pub(super) struct Values<'a, E> {
    pub(super) kept: &'a [E],
    pub(super) step: usize,
    pub(super) p: Parameters<'a, E>,
    pub(super) output: &'a mut [MaybeUninit<E>],
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
