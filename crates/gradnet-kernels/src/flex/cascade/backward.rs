//! The way back: the gradient of the input, and the sums that those of the parameters follow from.

use super::layer::{BETA, C, K, PACKED, Part, argument, each_part, parameter, scaled, specialise};
use crate::CascadeFunction;
use crate::flex::rows::Rows;
use crate::scalar::{Scalar, tanh::Tanh, with_function};
use crate::vectors::{Element, Kernel, Lanes, Vector, places};

/// Sums a layer keeps: S, T, Σ ∂z w, Σ ∂z.
pub(super) const SUMS: usize = 4;

pub(super) struct Backward<'a, E> {
    pub(super) w: &'a [E],
    pub(super) kept: &'a [E],
    pub(super) packed: &'a [E],
    pub(super) rows: Rows,
    pub(super) layers: usize,
    pub(super) function: CascadeFunction<()>,
    /// Of y; of w when done.
    pub(super) gradient: &'a mut [E],
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
        each_part!(work.rows.parts(strip, w.len()), L::WIDTH, part => {
            let x = part.load(lanes, w, 0);
            if LEARNED || S::SLOPE_READS_ARGUMENT {
                let mut y = zero;
                for (layer, z) in arguments.iter_mut().enumerate() {
                    *z = argument(lanes, packed, layer, x, y);
                    let u = part.load(lanes, kept, layer * w.len());
                    y = scaled::<L, LEARNED>(lanes, packed, layer, [*z, u]);
                }
            }
            // Lanes past the row load zeros here, so they add nothing to the sums.
            let mut e = part.load(lanes, gradient, 0);
            let mut into_w = zero;
            for layer in (0..layers).rev() {
                let total = &mut totals[layer * SUMS..][..SUMS];
                let (z, u) = (arguments[layer], part.load(lanes, kept, layer * w.len()));
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
            part.write(lanes, into_w, places(gradient), 0);
        });
        for (total, sums) in totals.iter().zip(sums.chunks_exact_mut(L::WIDTH)) {
            lanes.store(*total, sums);
        }
    }
    sums
}
