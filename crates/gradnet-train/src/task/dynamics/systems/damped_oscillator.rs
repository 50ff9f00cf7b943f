//! A spring with friction:
//!
//! ```text
//! H = (q² + p²)/2,    dq/dt = p,    dp/dt = −q − 0.2 p
//! ```

/// The friction on the momentum.
pub(super) const FRICTION: f64 = 0.2;

/// `H`.
pub(super) fn energy(x: &[f64]) -> f64 {
    (x[0] * x[0] + x[1] * x[1]) / 2.0
}

/// `(dq/dt, dp/dt)`.
pub(super) fn velocity(x: &[f64]) -> Vec<f64> {
    vec![x[1], -x[0] - FRICTION * x[1]]
}
