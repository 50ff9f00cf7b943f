//! Adam where the numbers lie: one pass that reads four arrays and writes three.
//!
//! The moments of a weight whose gradient has become 0 fade for ever; below [`Element::NEGLIGIBLE`]
//! they are set to 0: subnormal numbers would make the step slow. A gradient g with (1 − β₂) g²
//! below it, |g| < 1e-14 in `f32`, so does not reach the second moment. The usual ε = 1e-8
//! outweighs what is lost. An ε that does not, 0 among them, leaves a weight without second moment
//! where it is.

use super::pieces::each_piece;
use crate::vectors::{Element, Kernel, Lanes, Vector};

/// Elements that make a piece of work worth a thread of its own.
const PIECE: usize = 32 * 1024;

/// The numbers of a step: β₁, β₂, what multiplies m, what is added to √v.
#[derive(Clone, Copy)]
pub(super) struct Factors {
    pub(super) beta_1: f64,
    pub(super) beta_2: f64,
    pub(super) scale: f64,
    pub(super) epsilon: f64,
}

impl From<crate::operation::Factors> for Factors {
    fn from(factors: crate::operation::Factors) -> Self {
        Self {
            beta_1: factors.beta_1.into(),
            beta_2: factors.beta_2.into(),
            scale: factors.scale.into(),
            epsilon: factors.epsilon.into(),
        }
    }
}

/// A step of some numbers.
pub(super) struct Update<'a, E> {
    pub(super) parameter: &'a mut [E],
    pub(super) gradient: &'a [E],
    pub(super) moment_1: &'a mut [E],
    pub(super) moment_2: &'a mut [E],
    pub(super) factors: Factors,
}

impl<E: Element> Kernel<E> for Update<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) {
        let factor = |x: f64| lanes.splat(E::nearest(x));
        let f = self.factors;
        let (beta_1, beta_2) = (factor(f.beta_1), factor(f.beta_2));
        let (rest_1, rest_2) = (factor(1.0 - f.beta_1), factor(1.0 - f.beta_2));
        // What is below the negligible counts for nothing beside the root of a second moment, and
        // is not 0.
        let (scale, epsilon) = (factor(f.scale), factor(f.epsilon.max(E::NEGLIGIBLE.into())));
        let negligible = lanes.splat(E::NEGLIGIBLE);
        let root = negligible.square_root();
        let is_small = f.epsilon < E::NEGLIGIBLE.into().sqrt();
        let moments = self
            .moment_1
            .chunks_mut(L::WIDTH)
            .zip(self.moment_2.chunks_mut(L::WIDTH));
        let numbers = self
            .parameter
            .chunks_mut(L::WIDTH)
            .zip(self.gradient.chunks(L::WIDTH));
        for ((parameter, gradient), (moment_1, moment_2)) in numbers.zip(moments) {
            let count = gradient.len();
            let g = lanes.load_first(gradient, count);
            let m = lanes.load_first(moment_1, count);
            let v = lanes.load_first(moment_2, count);
            let m = m.mul_add(beta_1, g * rest_1).or_zero_below(negligible);
            let g = g.or_zero_below(root);
            let v = v.mul_add(beta_2, g * g * rest_2).or_zero_below(negligible);
            let along = if is_small { m.where_positive(v) } else { m };
            let step = along.over_root(v, epsilon);
            let p = lanes.load_first(parameter, count);
            lanes.store_first(step.neg_mul_add(scale, p), parameter, count);
            lanes.store_first(m, moment_1, count);
            lanes.store_first(v, moment_2, count);
        }
    }
}

/// Updates the parameter and its moments.
pub(super) fn adam<E: Element>(
    parameter: &mut [E],
    gradient: &[E],
    moment_1: &mut [E],
    moment_2: &mut [E],
    factors: Factors,
) {
    let moments = moment_1.chunks_mut(PIECE).zip(moment_2.chunks_mut(PIECE));
    let numbers = parameter.chunks_mut(PIECE).zip(gradient.chunks(PIECE));
    let pieces = numbers.zip(moments).collect();
    each_piece(pieces, |((parameter, gradient), (moment_1, moment_2))| {
        E::widest(Update {
            parameter,
            gradient,
            moment_1,
            moment_2,
            factors,
        });
    });
}
