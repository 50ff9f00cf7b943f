//! Softmax modules, with the batch along the lanes.
//!
//! With u = t (z + bias), s = softmax(u), q = softmax(−u): y = α (a s − b q), a sum of parts: the softmax of σ u with
//! the weight w, where σ = 1, w = α a, and where a and b are learned a second one, σ = −1, w = −α b. Backward, from g =
//! ∂loss/∂y and the average G = Σ g_i s_i of a part: ∂u_i = Σ σ w s_i (g_i − G) over the parts, ∂z = ∂bias = t ∂u, ∂t =
//! Σ (z_i + bias_i) ∂u_i, and for each part ∂w = G, summed over the batch. A part of ∂u adds up to 0 over a module, so
//! that ∂t may take z from its average Σ (z_i + bias_i) s_i instead of from 0: the rounding of G then weighs little.
//! Inside a shell the exponentials are kept from the way forward, outside they are evaluated again.
//!
//! A sharp softmax is almost 0 almost everywhere. Numbers below [`Element::NEGLIGIBLE`] are written as 0: as subnormal
//! numbers they would make every product with them slow.
//!
//! A unit is a line of whole vectors, `[hidden, step]`, its values on the batch side by side: a module's sums are lines
//! too, and none crosses the lanes. Lanes past the batch may hold anything finite, and a gradient of 0.

mod backward;
mod forward;
mod maxima;
mod turned;

use std::ops::Range;

use super::pieces::{cut, each_piece, filled, written, written_with};
use crate::vectors::{Element, Lanes};
use crate::{Mix, SoftmaxModules};
use backward::{Backward, SUMS};
use forward::{Exponentials, Values};
pub(super) use maxima::softmax_maxima;
pub(super) use turned::{softmax_modules, softmax_modules_backward};

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

/// Softmax modules of `[hidden, step]` elements, and what [`differentiate`] needs of them if it is to come: their
/// exponentials.
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
