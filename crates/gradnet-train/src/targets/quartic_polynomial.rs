//! A polynomial of degree four in the plane, convex on the unit square.
//!
//! ```text
//! F(x1, x2) = x1^4 + x1^2/2 + x1 x2/2 + 3 x2^2/2 - x2^3/3
//! ```
//!
//! Chaudhari, Pranav, Moura, IEEE TSP 2025, Eq. (20); the benchmark of the ICGN paper. Not normalised: the released
//! notebooks learn it as it is. `target::tests` compares the gradient with central differences of the potential.

use burn::tensor::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Target;

/// The target has no settings: `[target.quartic_polynomial]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuarticPolynomialConfig {}

/// Eq. (20).
#[derive(Clone, Copy, Debug, Default)]
pub struct QuarticPolynomial;

impl Target for QuarticPolynomial {
    fn name(&self) -> &'static str {
        "quartic_polynomial"
    }

    fn dim(&self) -> usize {
        2
    }

    fn convex(&self) -> bool {
        true
    }

    fn gradient(&self, x: Tensor<2>) -> Tensor<2> {
        let (x1, x2) = columns(x);
        let first = x1.clone().powi_scalar(3) * 4.0 + x1.clone() + x2.clone() * 0.5;
        let second = x1 * 0.5 + x2.clone() * 3.0 - x2.square();
        Tensor::cat(vec![first, second], 1)
    }

    fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        let (x1, x2) = columns(x);
        let value = x1.clone().powi_scalar(4)
            + x1.clone().square() * 0.5
            + x1 * x2.clone() * 0.5
            + x2.clone().square() * 1.5
            - x2.powi_scalar(3) / 3.0;
        value.squeeze_dim(1)
    }
}

/// The two coordinates as columns `[points, 1]`.
pub(super) fn columns(x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    assert_eq!(x.dims()[1], 2, "a point of the plane has two coordinates");
    (x.clone().narrow(1, 0, 1), x.narrow(1, 1, 1))
}
