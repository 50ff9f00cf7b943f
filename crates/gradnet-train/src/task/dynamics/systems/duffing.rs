//! A mass between two wells (Duffing's equation without friction and drive):
//!
//! ```text
//! H = p²/2 − q²/2 + q⁴/4,    dq/dt = p,    dp/dt = q − q³
//! ```

/// `H`.
pub(super) fn energy(x: &[f64]) -> f64 {
    x[1] * x[1] / 2.0 - x[0] * x[0] / 2.0 + x[0].powi(4) / 4.0
}

/// `(dq/dt, dp/dt)`.
pub(super) fn velocity(x: &[f64]) -> Vec<f64> {
    vec![x[1], x[0] - x[0].powi(3)]
}
