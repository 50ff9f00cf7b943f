//! Whether a loop that does not seem to close encloses a circulation, by Stokes' theorem: the work
//! around a loop is the sum of the works around the parts of the ellipse inside it.
//!
//! Steep units make a field with layers thinner than the distance of the nodes. A layer crosses the
//! loop an even number of times; where a node meets it at one crossing and none at the other, the
//! work seems not to be zero and the estimated error does not show it. Smaller loops have their
//! nodes nearer to each other: of a gradient field they close. A field that is no gradient has a
//! part of every size that does not close.

use core::f64::consts::{FRAC_PI_2, TAU};

use burn::tensor::Tensor;

use super::loop_integral::{Curve, Loop, LoopIntegral, PANELS, loop_integrals};
use crate::field::VectorField;

/// A part cut in two so many times, none of whose wholes closes, shows a circulation.
const DEPTH: usize = 24;

/// Parts that are looked at before a loop is given up.
const MOST_PARTS: usize = 400;

/// What the inside of a loop tells of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Circulation {
    /// Parts that make up the inside close; the sum of their integrals.
    Closed(LoopIntegral),
    /// Some part does not close.
    Open,
    /// Neither could be found.
    Undecided,
}

/// The work around a loop that counts as none, beside the errors of the integral.
pub(super) struct Allowed {
    pub(super) work: f64,
    /// The rounding of the field along a whole loop.
    pub(super) noise: f64,
}

impl Allowed {
    /// Whether the work is none. One that is not a number is.
    pub(super) fn covers(&self, integral: &LoopIntegral) -> bool {
        let error = integral.quadrature_error + integral.rounding_error + self.noise;
        integral.work.abs() <= self.work + error
    }
}

/// A part of the inside of a loop: `r` between two numbers in `[0, 1]`, the angle between two in
/// `[0, 2π]`.
#[derive(Clone, Copy)]
struct Sector<'a> {
    whole: &'a Loop,
    radius: [f64; 2],
    angle: [f64; 2],
    depth: usize,
}

/// One quarter of the parameter for each side: outwards, along the outer arc, inwards, back along
/// the inner arc.
impl Curve for Sector<'_> {
    fn point(&self, parameter: f64) -> Vec<f64> {
        let ([radius, angle], _) = self.place(parameter);
        self.whole.at([radius * angle.cos(), radius * angle.sin()])
    }

    fn tangent(&self, parameter: f64) -> Vec<f64> {
        let ([radius, angle], [outwards, around]) = self.place(parameter);
        let (sin, cos) = angle.sin_cos();
        self.whole.along([
            outwards * cos - around * radius * sin,
            outwards * sin + around * radius * cos,
        ])
    }
}

impl<'a> Sector<'a> {
    /// Radius and angle at the parameter, and their derivatives.
    fn place(&self, parameter: f64) -> ([f64; 2], [f64; 2]) {
        let ([inner, outer], [first, last]) = (self.radius, self.angle);
        let side = (parameter / FRAC_PI_2).floor();
        let part = parameter / FRAC_PI_2 - side;
        let (out, on) = ((outer - inner) / FRAC_PI_2, (last - first) / FRAC_PI_2);
        match side as usize {
            0 => ([inner + part * (outer - inner), first], [out, 0.0]),
            1 => ([outer, first + part * (last - first)], [0.0, on]),
            2 => ([outer - part * (outer - inner), last], [-out, 0.0]),
            _ => ([inner, last - part * (last - first)], [0.0, -on]),
        }
    }

    /// Two halves, cut across the longer side.
    fn halves(self) -> [Self; 2] {
        let ([inner, outer], [first, last]) = (self.radius, self.angle);
        let depth = self.depth + 1;
        if (last - first) * (inner + outer) / 2.0 > outer - inner {
            let middle = (first + last) / 2.0;
            [[first, middle], [middle, last]].map(|angle| Self {
                angle,
                depth,
                ..self
            })
        } else {
            let middle = (inner + outer) / 2.0;
            [[inner, middle], [middle, outer]].map(|radius| Self {
                radius,
                depth,
                ..self
            })
        }
    }

    /// What counts as none around this part: the work by its area, the noise by its length.
    fn allowed(&self, of_whole: &Allowed) -> Allowed {
        let ([inner, outer], [first, last]) = (self.radius, self.angle);
        let area = (outer * outer - inner * inner) * (last - first) / TAU;
        let length = ((inner + outer) * (last - first) + 2.0 * (outer - inner)) / TAU;
        Allowed {
            work: area * of_whole.work,
            noise: length * of_whole.noise,
        }
    }
}

/// Looks for a circulation inside a loop, into ever smaller parts and first where the work is
/// larger. The field is smooth around a part if no piece of its boundary had to be halved.
pub(super) fn circulation(
    field: &impl VectorField,
    like: &Tensor<2>,
    path: &Loop,
    allowed: &Allowed,
) -> Circulation {
    let whole = Sector {
        whole: path,
        radius: [0.0, 1.0],
        angle: [0.0, TAU],
        depth: 0,
    };
    let mut open = vec![whole];
    let mut closed = LoopIntegral::NOTHING;
    for _ in 0..MOST_PARTS / 2 {
        let Some(part) = open.pop() else {
            return Circulation::Closed(closed);
        };
        let halves = part.halves();
        let integrals = loop_integrals(field, like, &halves);
        let mut parts: Vec<_> = halves.into_iter().zip(integrals).collect();
        parts.sort_by(|(_, a), (_, b)| a.work.abs().total_cmp(&b.work.abs()));
        for (half, integral) in parts {
            if half.allowed(allowed).covers(&integral) {
                closed = closed.plus(&integral);
            } else if integral.panels == PANELS || half.depth == DEPTH {
                return Circulation::Open;
            } else {
                open.push(half);
            }
        }
    }
    Circulation::Undecided
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ellipse() -> Loop {
        Loop {
            centre: vec![0.3, -0.2, 0.1],
            axes: [vec![0.5, 0.1, 0.0], vec![-0.2, 0.3, 0.4]],
        }
    }

    /// The two halves share a cut, which both run along, in opposite directions.
    #[test]
    fn tangents_are_derivatives_and_sectors_close() {
        let path = ellipse();
        let whole = Sector {
            whole: &path,
            radius: [0.0, 1.0],
            angle: [0.0, TAU],
            depth: 0,
        };
        for sector in whole.halves().iter().flat_map(|half| half.halves()) {
            for quarter in 0..4 {
                let parameter = FRAC_PI_2 * (f64::from(quarter) + 0.3);
                let tangent = sector.tangent(parameter);
                let [before, after] = [-1e-6, 1e-6].map(|step| sector.point(parameter + step));
                for i in 0..3 {
                    let slope = (after[i] - before[i]) / 2e-6;
                    assert!((slope - tangent[i]).abs() < 1e-8, "{slope} {}", tangent[i]);
                }
                let end = FRAC_PI_2 * f64::from(quarter + 1);
                let [before, after] = [-1e-9, 1e-9].map(|step| sector.point((end + step) % TAU));
                for (before, after) in before.iter().zip(after) {
                    assert!((before - after).abs() < 1e-8, "a gap at {end}");
                }
            }
        }
    }
}
