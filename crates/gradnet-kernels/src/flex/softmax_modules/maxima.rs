//! The smooth maximum of each module and the average of its units, with the batch along the lanes.
//!
//! With u = t z and s = softmax(u): `M = (max u + ln (Σ e^{u − max u}/n))/|t|` and `sign(t) Σ s_i z_i`.

use super::super::pieces::written_in_pieces;
use super::super::transpose::{padded, transposed_padded};
use crate::vectors::mathematics;
use crate::vectors::{Element, Kernel, Lanes, Vector};

/// Rows of a piece of work.
const ROWS: usize = 256;

struct Maxima<'a, E> {
    /// `[batch, hidden]`.
    z: &'a [E],
    hidden: usize,
    /// One a module.
    temperatures: &'a [E],
}

impl<E: Element> Kernel<E> for Maxima<'_, E> {
    type Output = Vec<E>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Vec<E> {
        let (hidden, modules) = (self.hidden, self.temperatures.len());
        let batch = self.z.len() / hidden;
        written_in_pieces(batch * 2 * modules, ROWS * 2 * modules, |start, output| {
            let first = start / (2 * modules);
            let rows = output.len() / (2 * modules);
            let z = &self.z[first * hidden..][..rows * hidden];
            let z = transposed_padded(z, [rows, hidden]);
            let step = padded(rows);
            let each = z.chunks_exact(hidden / modules * step);
            for (module, (z, t)) in each.zip(self.temperatures).enumerate() {
                let [largest, sum, product] = lanes.run(Sums { z, step, t: *t });
                let (t, count) = ((*t).into(), (hidden / modules) as f64);
                for row in 0..rows {
                    let [largest, sum, product]: [f64; 3] =
                        [largest[row], sum[row], product[row]].map(Into::into);
                    let maximum = (largest + (sum / count).ln()) / f64::abs(t);
                    let line = &mut output[row * 2 * modules..][..2 * modules];
                    line[module].write(E::nearest(maximum));
                    line[modules + module].write(E::nearest(product / sum * f64::signum(t)));
                }
            }
        })
    }
}

struct Sums<'a, E> {
    /// The units of a module, a line each.
    z: &'a [E],
    step: usize,
    t: E,
}

impl<E: Element> Kernel<E> for Sums<'_, E> {
    /// Lines of the largest u of the module, of `Σ e^{u − max u}` and of `Σ e^{u − max u} z`.
    type Output = [Vec<E>; 3];

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> [Vec<E>; 3] {
        let Self { z, step, t } = self;
        let mut largest = vec![E::nearest(f64::NEG_INFINITY); step];
        let [mut sum, mut product] = [(); 2].map(|()| vec![E::ZERO; step]);
        let t = lanes.splat(t);
        for z in z.chunks_exact(step) {
            let vectors = z.chunks_exact(L::WIDTH);
            for (z, largest) in vectors.zip(largest.chunks_exact_mut(L::WIDTH)) {
                let u = lanes.load(z) * t;
                lanes.store(u.at_least(lanes.load(largest)), largest);
            }
        }
        for z in z.chunks_exact(step) {
            let sums = sum
                .chunks_exact_mut(L::WIDTH)
                .zip(product.chunks_exact_mut(L::WIDTH));
            let vectors = z.chunks_exact(L::WIDTH);
            let largest = largest.chunks_exact(L::WIDTH);
            for ((z, largest), (sum, product)) in vectors.zip(largest).zip(sums) {
                let z = lanes.load(z);
                let e = mathematics::exp(lanes, z * t - lanes.load(largest));
                lanes.store(lanes.load(sum) + e, sum);
                lanes.store(z.mul_add(e, lanes.load(product)), product);
            }
        }
        [largest, sum, product]
    }
}

/// Maxima and averages of `[batch, hidden]` elements, `[batch, 2 modules]`: all maxima of a row, then all averages.
pub(in crate::flex) fn softmax_maxima<E: Element>(
    z: &[E],
    hidden: usize,
    temperatures: &[E],
) -> Vec<E> {
    E::widest(Maxima {
        z,
        hidden,
        temperatures,
    })
}
