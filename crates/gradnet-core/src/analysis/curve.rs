//! Closed curves: an ellipse, and the cells that its disc is cut into.

use core::f64::consts::TAU;

/// The golden section, the smaller part first.
const GOLDEN: f64 = 0.381_966_011_250_105_1;

/// An ellipse in `R^dim`.
#[derive(Clone, Debug, PartialEq)]
pub struct Loop {
    /// The centre.
    pub centre: Vec<f64>,
    /// Two vectors from the centre; the loop is `centre + cos θ · axes[0] + sin θ · axes[1]`.
    pub axes: [Vec<f64>; 2],
}

/// A closed curve over the parameters from 0 to 2π, smooth within each quarter.
pub(super) trait Curve {
    /// The point at a parameter.
    fn point(&self, parameter: f64) -> Vec<f64>;

    /// The derivative of the point by the parameter.
    fn tangent(&self, parameter: f64) -> Vec<f64>;
}

impl Loop {
    /// `along · (cos θ u + sin θ v) + across · (cos θ v − sin θ u)`, and the centre if it is asked for.
    fn combined(&self, angle: f64, [along, across]: [f64; 2], centred: bool) -> Vec<f64> {
        let (sin, cos) = angle.sin_cos();
        let [u, v] = &self.axes;
        (0..self.centre.len())
            .map(|i| {
                let offset = along * (u[i] * cos + v[i] * sin) + across * (v[i] * cos - u[i] * sin);
                if centred {
                    self.centre[i] + offset
                } else {
                    offset
                }
            })
            .collect()
    }
}

impl Curve for Loop {
    fn point(&self, angle: f64) -> Vec<f64> {
        self.combined(angle, [1.0, 0.0], true)
    }

    fn tangent(&self, angle: f64) -> Vec<f64> {
        self.combined(angle, [0.0, 1.0], false)
    }
}

/// The border of a part of a loop's disc, `radii[0] ≤ ρ ≤ radii[1]` and `angles[0] ≤ θ ≤
/// angles[1]`: a way out, an arc, a way in and an arc back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell<'a> {
    path: &'a Loop,
    radii: [f64; 2],
    angles: [f64; 2],
    /// How often it was cut.
    pub(super) cuts: usize,
}

impl<'a> Cell<'a> {
    /// The whole disc.
    pub(super) fn whole(path: &'a Loop) -> Self {
        Self {
            path,
            radii: [0.0, 1.0],
            angles: [0.0, TAU],
            cuts: 0,
        }
    }

    /// Its two parts, cut by angle and by radius in turn. What one border loses at the cut the
    /// other gains, so that their works add up to the work around the whole.
    ///
    /// They are cut at the golden section: the pieces that a quadrature halves again and again then
    /// never end where those of the whole did, and what these have missed is seen.
    pub(super) fn parts(self) -> [Self; 2] {
        let cut = |[from, to]: [f64; 2]| {
            let middle = from + GOLDEN * (to - from);
            [[from, middle], [middle, to]]
        };
        let cuts = self.cuts + 1;
        match self.cuts % 2 {
            0 => cut(self.angles).map(|angles| Self {
                angles,
                cuts,
                ..self
            }),
            _ => cut(self.radii).map(|radii| Self {
                radii,
                cuts,
                ..self
            }),
        }
    }

    /// `ρ` and `θ` at a parameter, and their derivatives.
    fn place(&self, parameter: f64) -> ([f64; 2], [f64; 2]) {
        let quarter = TAU / 4.0;
        let side = (parameter / quarter).floor();
        let part = parameter / quarter - side;
        let ([inner, outer], [first, last]) = (self.radii, self.angles);
        let ([from, to], [start, end]) = match side as usize {
            0 => ([inner, outer], [first, first]),
            1 => ([outer, outer], [first, last]),
            2 => ([outer, inner], [last, last]),
            _ => ([inner, inner], [last, first]),
        };
        (
            [from + part * (to - from), start + part * (end - start)],
            [(to - from) / quarter, (end - start) / quarter],
        )
    }
}

impl Curve for Cell<'_> {
    fn point(&self, parameter: f64) -> Vec<f64> {
        let ([radius, angle], _) = self.place(parameter);
        self.path.combined(angle, [radius, 0.0], true)
    }

    fn tangent(&self, parameter: f64) -> Vec<f64> {
        let ([radius, angle], [outwards, around]) = self.place(parameter);
        self.path
            .combined(angle, [outwards, radius * around], false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ellipse() -> Loop {
        Loop {
            centre: vec![0.3, -0.2, 0.1],
            axes: [vec![1.0, 0.5, 0.0], vec![-0.3, 0.8, 0.6]],
        }
    }

    #[test]
    fn tangents_are_the_slopes_of_the_points_and_a_curve_ends_where_it_begins() {
        let path = ellipse();
        let [_, part] = Cell::whole(&path).parts();
        let [_, smaller] = part.parts();
        let curves: [&dyn Curve; 4] = [&path, &Cell::whole(&path), &part, &smaller];
        for curve in curves {
            for parameter in [0.3, 1.1, 2.0, 3.0, 4.0, 5.5] {
                let [ahead, behind] = [1e-6, -1e-6].map(|by| curve.point(parameter + by));
                let tangent = curve.tangent(parameter);
                for i in 0..3 {
                    let slope = (ahead[i] - behind[i]) / 2e-6;
                    assert!((slope - tangent[i]).abs() < 1e-8, "{slope} {tangent:?}");
                }
            }
            let [first, last] = [0.0, TAU * (1.0 - 1e-15)].map(|t| curve.point(t));
            for (first, last) in first.iter().zip(last) {
                assert!((first - last).abs() < 1e-12);
            }
        }
    }

    /// `∮ (x dy − y dx)/2` of the first two coordinates, by the trapezium rule on each quarter.
    fn area(curve: &dyn Curve) -> f64 {
        let nodes = 4000;
        (0..nodes)
            .map(|node| {
                let parameter = TAU * (f64::from(node) + 0.5) / f64::from(nodes);
                let (x, t) = (curve.point(parameter), curve.tangent(parameter));
                0.5 * (x[0] * t[1] - x[1] * t[0]) * TAU / f64::from(nodes)
            })
            .sum()
    }

    #[test]
    fn areas_of_parts_add_up_to_the_area_of_the_disc() {
        let path = ellipse();
        // π times the determinant of the axes.
        let disc = TAU / 2.0 * (0.8 + 0.15);
        assert!((area(&path) - disc).abs() < 1e-6);
        let mut cells = vec![Cell::whole(&path)];
        for _ in 0..4 {
            let areas: f64 = cells.iter().map(|cell| area(cell)).sum();
            assert!((areas - disc).abs() < 1e-5, "{areas} {disc}");
            cells = cells.into_iter().flat_map(Cell::parts).collect();
        }
        assert_eq!(cells.len(), 16);
    }
}
