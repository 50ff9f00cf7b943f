//! The change of units between a user's file and a network.

use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

/// `x' = (x − m) / s` and `y' = σ (y − c) / t`, with numbers `s, t > 0` and `σ = ±1`.
///
/// For a score that a monotone network models `t < 0`: the network has minus the gradient, and so minus the potential,
/// of what is asked for, whereas `σ` turns the gradient alone.
///
/// All of it is computed in 64 bits, so that coordinates of 5.4e6 or gradients of 1e-50 keep their
/// digits; only `x'` and `y'` are narrowed to the network's 32.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Similarity {
    /// m, the mean point.
    pub mean: Vec<f64>,
    /// s, in the units of the points.
    pub x_scale: f64,
    /// t, in the units of the gradients.
    pub y_scale: f64,
    /// c, the mean gradient; a `data.json` of version 0.1 has none, which means zero.
    #[serde(default)]
    pub constant: Vec<f64>,
    /// σ: -1 if the network learned minus the field, as for forces.
    #[serde(default = "plus")]
    pub sign: i8,
}

fn plus() -> i8 {
    1
}

impl Similarity {
    /// The one that changes nothing.
    pub fn identity(dim: usize) -> Self {
        Self {
            mean: vec![0.0; dim],
            x_scale: 1.0,
            y_scale: 1.0,
            constant: vec![0.0; dim],
            sign: 1,
        }
    }

    /// `x'` for points `x`, row after row, in 64 bits.
    pub fn inner_points(&self, x: &[f64]) -> Vec<f64> {
        let scaled = |(x, m): (&f64, &f64)| (x - m) / self.x_scale;
        x.iter().zip(self.mean.iter().cycle()).map(scaled).collect()
    }

    /// `x'` for points `x`, row after row.
    pub fn scale_points(&self, x: &[f64]) -> Vec<f32> {
        self.inner_points(x).into_iter().map(|x| x as f32).collect()
    }

    /// `x = m + s x'`, row after row.
    pub fn unscale_points(&self, x: &[f64]) -> Vec<f64> {
        let unscaled = |(x, m): (&f64, &f64)| m + self.x_scale * x;
        x.iter()
            .zip(self.mean.iter().cycle())
            .map(unscaled)
            .collect()
    }

    /// `y'` for gradients `y`, row after row, in 64 bits.
    pub fn inner_gradients(&self, y: &[f64]) -> Vec<f64> {
        let sign = f64::from(self.sign);
        let scaled = |(y, c): (&f64, &f64)| sign * ((y - c) / self.y_scale);
        y.iter()
            .zip(self.constant.iter().cycle())
            .map(scaled)
            .collect()
    }

    /// `y'` for gradients `y`, row after row.
    pub fn scale_gradients(&self, y: &[f64]) -> Vec<f32> {
        let inner = self.inner_gradients(y).into_iter();
        inner.map(|y| y as f32).collect()
    }

    /// `y = c + σ t y'`, row after row.
    pub fn unscale_gradients(&self, y: &[f64]) -> Vec<f64> {
        let scale = f64::from(self.sign) * self.y_scale;
        let unscaled = |(y, c): (&f64, &f64)| c + scale * y;
        y.iter()
            .zip(self.constant.iter().cycle())
            .map(unscaled)
            .collect()
    }

    /// What a Jacobian of the network is multiplied by to be one of the file's field: `σ t / s`.
    pub fn jacobian_scale(&self) -> f64 {
        f64::from(self.sign) * (self.y_scale / self.x_scale)
    }

    /// What a potential of the network is multiplied by: `s t`.
    pub fn potential_scale(&self) -> f64 {
        self.x_scale * self.y_scale
    }

    /// `σ ⟨c, x − m⟩` for each row of `x`: what the constant adds to the potential.
    ///
    /// The mean is taken off first. That moves the potential by one number, which is free, and keeps
    /// points that lie far from the origin from drowning the rest of it in rounding.
    pub fn linear_potential(&self, x: &[f64]) -> Vec<f64> {
        let sign = f64::from(self.sign);
        let term = |((x, m), c): ((&f64, &f64), &f64)| c * (x - m);
        x.chunks(self.mean.len())
            .map(|row| {
                sign * row
                    .iter()
                    .zip(&self.mean)
                    .zip(&self.constant)
                    .map(term)
                    .sum::<f64>()
            })
            .collect()
    }

    /// `x'` on a device, in the precision of `x`.
    pub(super) fn inward(&self, x: Tensor<2>) -> Tensor<2> {
        (x.clone() - row(&self.mean, &x)) / self.x_scale
    }

    /// `y` of `y'` on a device, in its precision.
    pub(super) fn outward(&self, y: Tensor<2>) -> Tensor<2> {
        y.clone() * (f64::from(self.sign) * self.y_scale) + row(&self.constant, &y)
    }
}

/// Numbers as a row on the device of `like`, in its precision.
fn row(numbers: &[f64], like: &Tensor<2>) -> Tensor<2> {
    let data = TensorData::new(numbers.to_vec(), [1, numbers.len()]);
    Tensor::from_data(data, (&like.device(), like.dtype()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// m = (10, -2), s = 4, t = 25, c = (1, 3), sigma = -1: x = (18, -6) is (2, -1) inside, and
    /// y = (51, -22) is -(50, -25)/25 = (-2, 1).
    #[test]
    fn points_and_gradients_go_in_and_come_back() {
        let similarity = Similarity {
            mean: vec![10.0, -2.0],
            x_scale: 4.0,
            y_scale: 25.0,
            constant: vec![1.0, 3.0],
            sign: -1,
        };
        let (x, y) = ([18.0, -6.0, 10.0, -2.0], [51.0, -22.0, 1.0, 3.0]);
        assert_eq!(similarity.scale_points(&x), [2.0, -1.0, 0.0, 0.0]);
        assert_eq!(similarity.scale_gradients(&y), [-2.0, 1.0, 0.0, 0.0]);
        assert_eq!(similarity.unscale_points(&[2.0, -1.0, 0.0, 0.0]), x);
        assert_eq!(similarity.unscale_gradients(&[-2.0, 1.0, 0.0, 0.0]), y);
        assert_eq!(similarity.jacobian_scale(), -6.25);
        assert_eq!(similarity.potential_scale(), 100.0);
        // -(1 * 8 + 3 * (-4)) = 4.
        assert_eq!(similarity.linear_potential(&x), [4.0, 0.0]);
    }

    #[test]
    fn a_similarity_of_version_0_1_has_no_constant_and_the_sign_plus() {
        let text = r#"{"mean": [1.0, 2.0], "x_scale": 3.0, "y_scale": 4.0}"#;
        let read: Similarity = serde_json::from_str(text).unwrap();
        assert_eq!((read.constant, read.sign), (vec![], 1));
    }

    #[test]
    fn offsets_and_sizes_that_32_bits_do_not_hold_keep_their_digits() {
        let similarity = Similarity {
            mean: vec![5.4e6],
            x_scale: 0.5,
            y_scale: 1e-50,
            constant: vec![-1e-49],
            sign: 1,
        };
        assert_eq!(similarity.scale_points(&[5.4e6 + 0.125]), [0.25]);
        assert_eq!(similarity.scale_gradients(&[-1e-49 + 2e-50]), [2.0]);
    }
}
