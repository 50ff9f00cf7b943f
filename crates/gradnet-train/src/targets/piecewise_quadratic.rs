//! The largest of three quadratic forms: convex, with kinks where two of them meet.
//!
//! ```text
//! F(x) = max { z'Sz, z'Pz, z'Qz },  z = x - 1/2,   grad F(x) = 2 A z with A the matrix of the largest form
//! S_ij = (2 + sin 4 pi a_ij) w_ij,  P_ij = (1 + 2 a_ij) w_ij,  Q_ij = (3 - 2 a_ij) w_ij,  a_ij = (i + j - 2)/(2d - 2)
//! ```
//!
//! Chaudhari, Pranav, Moura, IEEE TSP 2025, Eq. (22). The weight `w_ij` is 1/(1 + |i-j| ln d) as printed
//! ([`Matrices::Paper`]), but 1/(ln d (1 + |i-j|)) in the code Table I was made with ([`Matrices::Released`], the
//! default). The released code also divides the field by its mean norm, which the paper does not mention (`normalise`).
//! `target::tests` holds the golden values of the released code.

use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use gradnet_core::kernel::product;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Target, config::check_dim, normalise};
use crate::backend;
use crate::setting_error::SettingError;

/// Settings of (22): `[target.piecewise_quadratic]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PiecewiseQuadraticConfig {
    /// Dimension of the cube, at least 2. Default 32, the smallest of Table I.
    #[schemars(extend("minimum" = 2, "maximum" = 4096))]
    pub dim: usize,
    /// How the entries fall off from the diagonal. Default `"released"`.
    pub matrices: Matrices,
    /// Divide by the mean gradient norm over 10,000 uniform points, so that predicting zero scores about 0 dB. Default
    /// true.
    pub normalise: bool,
}

/// The weight `w_ij` of the three matrices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Matrices {
    /// 1/(ln d (1 + |i-j|)): the released code, and what Table I reports.
    #[default]
    Released,
    /// 1/(1 + |i-j| ln d): as printed under (22).
    Paper,
}

impl Default for PiecewiseQuadraticConfig {
    fn default() -> Self {
        Self {
            dim: 32,
            matrices: Matrices::Released,
            normalise: true,
        }
    }
}

impl PiecewiseQuadraticConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// If the dimension is out of range.
    pub fn check(&self) -> Result<(), SettingError> {
        check_dim(self.dim, 2)
    }

    /// The parts of a weight `2 w_ij`: what all three matrices have, what `S` adds to it, what `P` adds and `Q` takes
    /// away.
    fn parts(&self, i: usize, j: usize) -> [f64; 3] {
        let distance = i.abs_diff(j) as f64;
        let log = (self.dim as f64).ln();
        let weight = match self.matrices {
            Matrices::Released => 1.0 / (log * (1.0 + distance)),
            Matrices::Paper => 1.0 / (1.0 + distance * log),
        };
        let position = (i + j) as f64 / (2 * self.dim - 2) as f64;
        let wave = (4.0 * std::f64::consts::PI * position).sin();
        [2.0 * weight, wave * weight, (2.0 * position - 1.0) * weight]
    }
}

/// A coordinate of the even or the odd half: the two entries of a point that it is the sum or the difference of, and
/// the factor that makes it a unit vector. The middle entry of an odd dimension is an even coordinate by itself.
struct Coordinate {
    entries: [usize; 2],
    sign: f64,
    unit: f64,
}

/// The coordinates of a half.
fn half(dim: usize, odd: bool) -> Vec<Coordinate> {
    let count = if odd { dim / 2 } else { dim.div_ceil(2) };
    let coordinate = |k: usize| {
        let entries = [k, dim - 1 - k];
        let middle = entries[0] == entries[1];
        Coordinate {
            entries,
            sign: if middle {
                0.0
            } else if odd {
                -1.0
            } else {
                1.0
            },
            unit: if middle {
                1.0
            } else {
                std::f64::consts::FRAC_1_SQRT_2
            },
        }
    };
    (0..count).map(coordinate).collect()
}

/// Eq. (22) on a device, in two halves.
///
/// Write `z = e + o` with `e` even and `o` odd under the reversal of the coordinates. The three matrices are `V + B`,
/// `V + A` and `V - A` with `V_ij = 2 w_ij`, which maps even to even and odd to odd, and `A`, `B`, which change sign
/// under the reversal of rows and columns and so map even to odd and odd to even. Then `z'Bz = 2 e'Bo`, `z'Az = 2
/// e'Ao`, the largest form is told by these two numbers, and the products with all three matrices cost what one and a
/// half of them would.
#[derive(Clone, Debug)]
pub struct PiecewiseQuadratic {
    /// What the even half of a point gives: `[even, even + 2 odd]`, images under `2V`, `2B`, `2A`, over the mean norm
    /// of the gradient if the target is normalised.
    even: Tensor<2>,
    /// What the odd half gives: `[odd, odd + 2 even]`.
    odd: Tensor<2>,
}

/// The images of points, in halves: under `2V` (even, odd), and what `2B` and `2A` add to the even and to the odd half.
struct Images {
    common: [Tensor<2>; 2],
    by_b: [Tensor<2>; 2],
    by_a: [Tensor<2>; 2],
    /// The points, even and odd.
    halves: [Tensor<2>; 2],
}

impl Images {
    /// Half of a form: the image of the even (0) or the odd half times this half, `[points, 1]`.
    fn along(&self, image: &[Tensor<2>; 2], half: usize) -> Tensor<2> {
        (image[half].clone() * self.halves[half].clone()).sum_dim(1)
    }
}

impl PiecewiseQuadratic {
    pub(super) fn new(
        config: &PiecewiseQuadraticConfig,
        device: &Device,
        dtype: FloatDType,
    ) -> Self {
        let mut target = Self::unscaled(config, device, dtype);
        if config.normalise {
            let host = backend::host(device);
            let on_host = Self::unscaled(config, &host, dtype);
            let norm = normalise::mean_gradient_norm(&on_host, &host, dtype);
            target.even = target.even / norm;
            target.odd = target.odd / norm;
        }
        target
    }

    fn unscaled(config: &PiecewiseQuadraticConfig, device: &Device, dtype: FloatDType) -> Self {
        let halves = [half(config.dim, false), half(config.dim, true)];
        let matrix = |from: usize| {
            let (same, other) = (&halves[from], &halves[1 - from]);
            let columns = same.len() + 2 * other.len();
            let mut entries = Vec::with_capacity(same.len() * columns);
            for row in same {
                let onto = |to: &Coordinate, part: usize| entry(config, row, to, part);
                entries.extend(same.iter().map(|to| onto(to, 0)));
                entries.extend(other.iter().map(|to| onto(to, 1)));
                entries.extend(other.iter().map(|to| onto(to, 2)));
            }
            let data = TensorData::new(entries, [same.len(), columns]);
            Tensor::from_data(data, (device, dtype.into()))
        };
        Self {
            even: matrix(0),
            odd: matrix(1),
        }
    }

    fn images(&self, x: Tensor<2>) -> Images {
        let (even, odd) = (self.even.dims()[0], self.odd.dims()[0]);
        assert_eq!(
            x.dims()[1],
            even + odd,
            "a point of this target has {} coordinates",
            even + odd
        );
        let z = x - 0.5;
        let reversed = z.clone().flip([1]).narrow(1, 0, odd);
        let front = z.clone().narrow(1, 0, odd);
        let o = front.clone() - reversed.clone();
        let sums = front + reversed;
        let e = if even > odd {
            Tensor::cat(vec![sums, z.narrow(1, odd, 1)], 1)
        } else {
            sums
        };
        let from_even = product(e.clone(), self.even.clone());
        let from_odd = product(o.clone(), self.odd.clone());
        let odd_part = |k: usize| from_even.clone().narrow(1, even + k * odd, odd);
        let even_part = |k: usize| from_odd.clone().narrow(1, odd + k * even, even);
        let common = [
            from_even.clone().narrow(1, 0, even),
            from_odd.clone().narrow(1, 0, odd),
        ];
        let [by_b, by_a] = [0, 1].map(|k| [even_part(k), odd_part(k)]);
        Images {
            common,
            by_b,
            by_a,
            halves: [e, o],
        }
    }

    /// `z'Sz`, `z'Pz`, `z'Qz`, `[points, 1]` each, over the mean norm of the gradient if the target is normalised.
    pub(super) fn forms(&self, x: Tensor<2>) -> [Tensor<2>; 3] {
        let images = self.images(x);
        let common = (images.along(&images.common, 0) + images.along(&images.common, 1)) / 2.0;
        let by_b = images.along(&images.by_b, 1);
        let by_a = images.along(&images.by_a, 1);
        [
            common.clone() + by_b,
            common.clone() + by_a.clone(),
            common - by_a,
        ]
    }
}

/// `2 u_i' M u_j`, of the gradient `2 M z`, with `M` a part of the matrices, between the unit vectors of two
/// coordinates, times the factors that lead from sums and differences to unit vectors and back.
fn entry(
    config: &PiecewiseQuadraticConfig,
    from: &Coordinate,
    to: &Coordinate,
    part: usize,
) -> f64 {
    let mut sum = 0.0;
    for (i, of_i) in [(from.entries[0], 1.0), (from.entries[1], from.sign)] {
        for (j, of_j) in [(to.entries[0], 1.0), (to.entries[1], to.sign)] {
            sum += of_i * of_j * config.parts(i, j)[part];
        }
    }
    2.0 * sum * (from.unit * to.unit).powi(2)
}

impl Target for PiecewiseQuadratic {
    fn name(&self) -> &'static str {
        "piecewise_quadratic"
    }

    fn dim(&self) -> usize {
        self.even.dims()[0] + self.odd.dims()[0]
    }

    fn convex(&self) -> bool {
        true
    }

    fn gradient(&self, x: Tensor<2>) -> Tensor<2> {
        let images = self.images(x);
        // P where z'Az is positive, Q where it is negative, unless S is larger than both.
        let (b, a) = (images.along(&images.by_b, 1), images.along(&images.by_a, 1));
        let not_s = a.clone().abs().greater(b);
        let of_b = a.ones_like().mask_fill(not_s.clone(), 0.0);
        let of_a = a.zeros_like().mask_where(not_s, a.sign());
        let active = |half: usize| {
            let part = |images: &[Tensor<2>; 2]| images[half].clone();
            let by_b = part(&images.by_b) * of_b.clone();
            part(&images.common) + by_b + part(&images.by_a) * of_a.clone()
        };
        let (even, odd) = (active(0), active(1));
        let [_, pairs] = odd.dims();
        let sums = even.clone().narrow(1, 0, pairs);
        let mut parts = vec![sums.clone() + odd.clone()];
        if even.dims()[1] > pairs {
            parts.push(even.narrow(1, pairs, 1));
        }
        parts.push((sums - odd).flip([1]));
        Tensor::cat(parts, 1)
    }

    fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        let [s, p, q] = self.forms(x);
        s.max_pair(p).max_pair(q).squeeze_dim(1)
    }
}

#[cfg(test)]
mod tests;
