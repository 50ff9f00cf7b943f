//! The potential of any gradient field by a line integral (Lemma 6), with error control.

use crate::field::{GradientField, row_dot};
use crate::host::host;
use burn::tensor::Tensor;
use gauss_quad::GaussLegendre;
use std::num::NonZeroUsize;
use thiserror::Error;

/// Nodes at first and at most; they double in between.
const FIRST_NODES: usize = 8;
const LAST_NODES: usize = 1024;

/// A line integral for each point, with what is known of its error.
#[derive(Clone, Debug, PartialEq)]
pub struct LineIntegral {
    /// `F(x) − F(x₀)` at each point.
    pub values: Vec<f64>,
    /// The change at the last doubling of the nodes at each point, an estimate of the error from above where the
    /// quadrature converges.
    pub errors: Vec<f64>,
    /// Nodes used.
    pub nodes: usize,
}

/// The quadrature did not settle.
#[derive(Clone, Debug, PartialEq, Error)]
#[error(
    "the line integral still changes by {change} at {nodes} nodes, above the tolerance {tolerance}: the field has \
     kinks or layers on the way; split the way or allow more"
)]
pub struct LineIntegralError {
    /// The largest change at the last doubling.
    pub change: f64,
    /// The tolerance asked for.
    pub tolerance: f64,
    /// Nodes used at last.
    pub nodes: usize,
}

/// `F(x) − F(x₀) = ∫₀¹ ⟨f(x₀ + t (x − x₀)), x − x₀⟩ dt` by Gauss-Legendre quadrature, doubling the nodes until no
/// value changes by more than `tolerance`.
///
/// For a gradient field that is within `ε` of `∇F` on the unit cube, the result is within `ε √dim` of `F(x) − F(x₀)`
/// (Lemma 6); that error is the field's, not the quadrature's.
///
/// What the control sees, and what it does not:
/// - it compares two rules on nodes that nest nowhere: kinks, steps and layers that a node of either falls into keep the
///   values moving, and end in an error if they are sharper than 1024 nodes resolve;
/// - what no node of the last two rules falls into it cannot see. With the first two, of 8 and 16 nodes, that is a pulse
///   narrower than about a tenth of the way in the middle, and anything within 0.5 % of either end, where the outermost
///   node lies. Steep units make such pulses, and [`HardmaxActivation`](crate::activation::HardmaxActivation) jumps: split
///   the way there (`inverse::line_integrals_do_not_see_what_lies_between_their_nodes`);
/// - a change says how far the coarser rule was off. It bounds the error of the finer one where the quadrature converges,
///   not in general; and no tolerance below the rounding of the field's precision is ever met.
///
/// # Shapes
/// `from`, `to`: `[batch, dim]`.
///
/// # Errors
/// [`LineIntegralError`] if 1024 nodes do not suffice.
pub fn line_integral(
    field: &impl GradientField,
    from: Tensor<2>,
    to: Tensor<2>,
    tolerance: f64,
) -> Result<LineIntegral, LineIntegralError> {
    let mut nodes = FIRST_NODES;
    let mut coarse = quadrature(field, &from, &to, nodes);
    loop {
        nodes *= 2;
        let values = quadrature(field, &from, &to, nodes);
        let errors: Vec<f64> = values
            .iter()
            .zip(&coarse)
            .map(|(fine, coarse)| (fine - coarse).abs())
            .collect();
        // NaN must not pass for converged.
        if errors.iter().all(|error| *error <= tolerance) {
            return Ok(LineIntegral {
                values,
                errors,
                nodes,
            });
        }
        if nodes >= LAST_NODES {
            return Err(LineIntegralError {
                // A maximum that keeps NaN, which `f64::max` drops.
                change: errors
                    .iter()
                    .copied()
                    .fold(0.0, |a: f64, e| if e.is_nan() || e > a { e } else { a }),
                tolerance,
                nodes,
            });
        }
        coarse = values;
    }
}

fn quadrature(
    field: &impl GradientField,
    from: &Tensor<2>,
    to: &Tensor<2>,
    nodes: usize,
) -> Vec<f64> {
    let way = to.clone() - from.clone();
    let rule = GaussLegendre::new(NonZeroUsize::new(nodes).expect("nodes are positive"));
    let sum = rule
        .iter()
        .map(|(node, weight)| {
            let t = (node + 1.0) / 2.0;
            let value = field.forward(from.clone() + way.clone() * t);
            row_dot(value, way.clone()) * (weight / 2.0)
        })
        .reduce(|sum, term| sum + term)
        .expect("the rule has nodes");
    host(sum)
}
