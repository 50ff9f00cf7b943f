//! A surface in the plane that is neither convex nor concave.
//!
//! ```text
//! G(x1, x2) = sin(2 pi x1) cos(pi x2)/4 + x1 x2/2 - x2^2/2
//! ```
//!
//! Chaudhari, Pranav, Moura, IEEE TSP 2025, Eq. (21). Not normalised: the released notebooks learn it as it is.
//! `target::tests` compares the gradient with central differences of the potential.

use std::f64::consts::PI;

use burn::tensor::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Target, quartic_polynomial::columns};

/// The target has no settings: `[target.trigonometric_surface]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrigonometricSurfaceConfig {}

/// Eq. (21).
#[derive(Clone, Copy, Debug, Default)]
pub struct TrigonometricSurface;

impl Target for TrigonometricSurface {
    fn name(&self) -> &'static str {
        "trigonometric_surface"
    }

    fn dim(&self) -> usize {
        2
    }

    fn convex(&self) -> bool {
        false
    }

    fn gradient(&self, x: Tensor<2>) -> Tensor<2> {
        let (x1, x2) = columns(x);
        let (wave, turn) = (x1.clone() * (2.0 * PI), x2.clone() * PI);
        let first = wave.clone().cos() * turn.clone().cos() * (PI / 2.0) + x2.clone() * 0.5;
        let second = wave.sin() * turn.sin() * (-PI / 4.0) + x1 * 0.5 - x2;
        Tensor::cat(vec![first, second], 1)
    }

    fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        let (x1, x2) = columns(x);
        let value = (x1.clone() * (2.0 * PI)).sin() * (x2.clone() * PI).cos() * 0.25
            + x1 * x2.clone() * 0.5
            - x2.square() * 0.5;
        value.squeeze_dim(1)
    }
}
