//! The way back: the gradient of the input, and the sums that those of the parameters follow from.

use super::Parameters;
use super::forward::Shares;
use crate::vectors::{Element, Kernel, Lanes, Vector};

/// Sums a module keeps: Σ G of each part, and ∂t.
pub(super) const SUMS: usize = 3;

pub(super) struct Backward<'a, E> {
    pub(super) z: &'a [E],
    pub(super) kept: &'a [E],
    /// Of the output; of z when done.
    pub(super) gradient: &'a mut [E],
    pub(super) step: usize,
    pub(super) p: Parameters<'a, E>,
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
