//! The largest of three quadratic forms: convex, with kinks where two of them meet.
//!
//! ```text
//! F(x) = max { z'Sz, z'Pz, z'Qz },  z = x - 1/2,   grad F(x) = 2 A z with A the matrix of the largest form
//! S_ij = (2 + sin 4 pi a_ij) w_ij,  P_ij = (1 + 2 a_ij) w_ij,  Q_ij = (3 - 2 a_ij) w_ij,  a_ij = (i + j - 2)/(2d - 2)
//! ```
//!
//! Chaudhari, Pranav, Moura, IEEE TSP 2025, Eq. (22). The weight `w_ij` is 1/(1 + |i-j| ln d) as printed ([`Matrices::Paper`]), but
//! 1/(ln d (1 + |i-j|)) in the code Table I was made with ([`Matrices::Released`], the default). The released code also divides the field by its
//! mean norm, which the paper does not mention (`normalise`). `target::tests` holds the golden values of the released code.

use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::{Target, TargetError, config::check_dim, normalise};
use crate::backend;

/// Settings of (22): `[target.piecewise_quadratic]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PiecewiseQuadraticConfig {
    /// Dimension of the cube, at least 2. Default 32, the smallest of Table I.
    pub dim: usize,
    /// How the entries fall off from the diagonal. Default `"released"`.
    pub matrices: Matrices,
    /// Divide by the mean gradient norm over 10,000 uniform points, so that predicting zero scores about 0 dB. Default true.
    pub normalise: bool,
}

/// The weight `w_ij` of the three matrices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    pub fn check(&self) -> Result<(), TargetError> {
        check_dim(self.dim, 2)
    }

    /// The matrices side by side, `[S P Q]`, row-major `[dim, 3 dim]`.
    fn matrices(&self) -> Vec<f64> {
        let (d, log) = (self.dim, (self.dim as f64).ln());
        let mut entries = vec![0.0; 3 * d * d];
        for i in 0..d {
            for j in 0..d {
                let position = (i + j) as f64 / (2 * d - 2) as f64;
                let distance = i.abs_diff(j) as f64;
                let weight = match self.matrices {
                    Matrices::Released => 1.0 / (log * (1.0 + distance)),
                    Matrices::Paper => 1.0 / (1.0 + distance * log),
                };
                let row = 3 * d * i + j;
                let wave = (4.0 * std::f64::consts::PI * position).sin();
                entries[row] = (2.0 + wave) * weight;
                entries[row + d] = (1.0 + 2.0 * position) * weight;
                entries[row + 2 * d] = (3.0 - 2.0 * position) * weight;
            }
        }
        entries
    }
}

/// Eq. (22) on a device.
#[derive(Clone, Debug)]
pub struct PiecewiseQuadratic {
    /// `[dim, 3 dim]`: one product with a batch gives all three images.
    matrices: Tensor<2>,
    scale: f64,
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
            target.scale = 1.0 / normalise::mean_gradient_norm(&on_host, &host, dtype);
        }
        target
    }

    fn unscaled(config: &PiecewiseQuadraticConfig, device: &Device, dtype: FloatDType) -> Self {
        Self {
            matrices: Tensor::from_data(
                TensorData::new(config.matrices(), [config.dim, 3 * config.dim]),
                (device, dtype.into()),
            ),
            scale: 1.0,
        }
    }

    /// `A_k z` of every matrix, each `[points, dim]`, and `z' A_k z`, each `[points, 1]`.
    pub(super) fn forms(&self, x: Tensor<2>) -> [(Tensor<2>, Tensor<2>); 3] {
        let dim = self.dim();
        assert_eq!(
            x.dims()[1],
            dim,
            "a point of this target has {dim} coordinates"
        );
        let z = x - 0.5;
        // The matrices are symmetric, so the rows of z A are the images A z.
        let images = z.clone().matmul(self.matrices.clone());
        [0, 1, 2].map(|k| {
            let image = images.clone().narrow(1, k * dim, dim);
            let value = (image.clone() * z.clone()).sum_dim(1);
            (image, value)
        })
    }
}

impl Target for PiecewiseQuadratic {
    fn name(&self) -> &'static str {
        "piecewise_quadratic"
    }

    fn dim(&self) -> usize {
        self.matrices.dims()[0]
    }

    fn convex(&self) -> bool {
        true
    }

    fn gradient(&self, x: Tensor<2>) -> Tensor<2> {
        let shape = x.shape();
        let [(s_image, s), (p_image, p), (q_image, q)] = self.forms(x);
        let p_wins = p.clone().greater(s.clone());
        let q_wins = q.greater(s.max_pair(p));
        let active = s_image
            .mask_where(p_wins.expand(shape.clone()), p_image)
            .mask_where(q_wins.expand(shape), q_image);
        active * (2.0 * self.scale)
    }

    fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        let [(_, s), (_, p), (_, q)] = self.forms(x);
        (s.max_pair(p).max_pair(q) * self.scale).squeeze_dim(1)
    }
}
