//! The way forward: each vector through all layers.

use std::mem::MaybeUninit;

use super::layer::{PACKED, Part, argument, each_part, scaled, specialise};
use crate::CascadeFunction;
use crate::flex::rows::Rows;
use crate::scalar::{Scalar, tanh::Tanh, with_function};
use crate::vectors::{Element, Kernel, Lanes};

pub(super) struct Forward<'a, E> {
    pub(super) w: &'a [E],
    pub(super) packed: &'a [E],
    pub(super) rows: Rows,
    pub(super) layers: usize,
    pub(super) function: CascadeFunction<()>,
    pub(super) output: &'a mut [MaybeUninit<E>],
    /// u(z_l) of each layer, shaped as w; empty if no gradient will be asked for.
    pub(super) kept: &'a mut [MaybeUninit<E>],
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
        each_part!(work.rows.parts(strip, w.len()), L::WIDTH, part => {
            let x = part.load(lanes, w, 0);
            let mut y = lanes.splat(L::Element::ZERO);
            for layer in 0..layers {
                let z = argument(lanes, packed, layer, x, y);
                let u = S::on_lanes(lanes, z);
                if !kept.is_empty() {
                    part.write(lanes, u, kept, layer * w.len());
                }
                y = scaled::<L, LEARNED>(lanes, packed, layer, [z, u]);
            }
            part.write(lanes, y, output, 0);
        });
    }
}
