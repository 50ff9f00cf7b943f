//! Gauss-Legendre quadrature: antiderivatives without a closed form, and means where a closed form cancels.

use burn::tensor::Tensor;
use gauss_quad::GaussLegendre;
use std::num::NonZeroUsize;
use std::sync::LazyLock;

/// Panels of the interval `[0, 1]`, and nodes in each.
const PANELS: usize = 16;
const NODES: NonZeroUsize = NonZeroUsize::new(8).expect("eight is not zero");

/// The nodes of one panel in `[0, 1]`, and their weights, which sum to 1.
static PANEL: LazyLock<Vec<(f64, f64)>> = LazyLock::new(|| {
    let rule = GaussLegendre::new(NODES);
    rule.iter()
        .map(|(node, weight)| ((node + 1.0) / 2.0, weight / 2.0))
        .collect()
});

/// Places in `[0, 1]` and weights of the rule with this number of panels.
fn rule(panels: usize) -> impl Iterator<Item = (f64, f64)> {
    let size = 1.0 / panels as f64;
    (0..panels).flat_map(move |panel| {
        let start = panel as f64 * size;
        PANEL
            .iter()
            .map(move |(node, weight)| (start + node * size, weight * size))
    })
}

/// The places in `[0, 1]` and the weights of [`ray_integral`], for whoever computes it without tensors.
pub fn ray_nodes() -> impl Iterator<Item = (f64, f64)> {
    rule(PANELS)
}

/// `∫₀¹ term(t) dt` by `panels` panels.
fn integral<const D: usize>(panels: usize, term: impl Fn(f64) -> Tensor<D>) -> Tensor<D> {
    rule(panels)
        .map(|(t, weight)| term(t) * weight)
        .reduce(|sum, term| sum + term)
        .expect("the rule has nodes")
}

/// `∫₀^u s(r) dr = u ∫₀¹ s(t u) dt` for each element of `u`.
///
/// 16 panels of 8 nodes: for an `s` with 16 continuous derivatives the error is at most
/// `9.3e-43 |u|¹⁷ max |s⁽¹⁶⁾|` (8 nodes integrate degree 15 exactly; the bound is
/// `16 (|u|/16)¹⁷ (8!)⁴ / (17 (16!)³) max |s⁽¹⁶⁾|`); where `s` has only a continuous derivative less
/// it falls with the square of the panel width.
///
/// The bound is small for the slopes that training gives. Steep functions exceed what 128 nodes resolve: for
/// `tanh(v z + b)` on `|z| ≤ 3` the error is below 1e-6 for `v ≤ 20` and near 1e-3 at `v = 50`. So this is used only where there
/// is no closed form: for cascades and for softplus of a scalar network.
pub fn ray_integral<const D: usize>(u: Tensor<D>, s: impl Fn(Tensor<D>) -> Tensor<D>) -> Tensor<D> {
    u.clone() * integral(PANELS, |t| s(u.clone() * t))
}

/// `∫₀¹ s(p + t δ) dt` by 8 nodes, for steps `δ` over which `s` is nearly a polynomial.
pub fn mean_along<const D: usize>(
    start: Tensor<D>,
    step: Tensor<D>,
    s: impl Fn(Tensor<D>) -> Tensor<D>,
) -> Tensor<D> {
    integral(1, |t| s(start.clone() + step.clone() * t))
}
