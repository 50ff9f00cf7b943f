//! The layers of a cascade on vectors: their parameters as the kernels read them, and what each computes.

use std::mem::MaybeUninit;

use super::Parameters;
use crate::CascadeFunction;
use crate::flex::rows::Rows;
use crate::vectors::{Element, Lanes, Vector};

/// Parameters a layer holds in the packed form: β, b, k, c.
pub(super) const PACKED: usize = 4;
pub(super) const BETA: usize = 0;
const BIAS: usize = 1;
pub(super) const K: usize = 2;
pub(super) const C: usize = 3;

/// One parameter of a layer, out of the packed parameters of a strip.
#[inline(always)]
pub(super) fn parameter<L: Lanes>(
    lanes: L,
    packed: &[L::Element],
    layer: usize,
    which: usize,
) -> L::Vector {
    lanes.load(&packed[(layer * PACKED + which) * L::WIDTH..])
}

/// Lays the parameters out `[strip][layer][PACKED][lane]`, in the order the kernels read them.
pub(super) fn pack<E: Element>(rows: &Rows, p: &Parameters<'_, E>) -> Vec<E> {
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
pub(super) fn argument<L: Lanes>(
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
pub(super) fn scaled<L: Lanes, const LEARNED: bool>(
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

/// The part of a row: a whole vector, or the first `count` lanes of one.
///
/// Loops over whole vectors know that they are whole: with a choice at every load, masks and what they are made of took
/// the registers of sums.
#[derive(Clone, Copy)]
pub(super) struct Part<const WHOLE: bool> {
    pub(super) start: usize,
    pub(super) count: usize,
}

impl<const WHOLE: bool> Part<WHOLE> {
    /// The part of a row that lies `offset` elements from where the part is counted from. Lanes past it are 0.
    #[inline(always)]
    pub(super) fn load<L: Lanes>(self, lanes: L, row: &[L::Element], offset: usize) -> L::Vector {
        let row = &row[offset + self.start..];
        if WHOLE {
            lanes.load(row)
        } else {
            lanes.load_first(row, self.count)
        }
    }

    /// Writes what [`Part::load`] reads.
    #[inline(always)]
    pub(super) fn write<L: Lanes>(
        self,
        lanes: L,
        vector: L::Vector,
        row: &mut [MaybeUninit<L::Element>],
        offset: usize,
    ) {
        let row = &mut row[offset + self.start..];
        if WHOLE {
            lanes.write(vector, row);
        } else {
            lanes.write_first(vector, row, self.count);
        }
    }
}

/// Runs a piece of code for each part of a strip, with the part, which knows whether it is whole.
macro_rules! each_part {
    ($parts:expr, $width:expr, $part:ident => $run:expr) => {{
        let mut parts = $parts;
        while let Some(start) = parts.next_whole() {
            let $part = Part::<true> {
                start,
                count: $width,
            };
            $run
        }
        for (start, count) in parts {
            let $part = Part::<false> { start, count };
            $run
        }
    }};
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

pub(super) use {each_part, specialise};
