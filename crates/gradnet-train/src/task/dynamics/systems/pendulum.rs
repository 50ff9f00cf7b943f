//! The pendulum of Greydanus, Dzamba, Yosinski (2019), whose mass and length are 1/2 and 1 in its units:
//!
//! ```text
//! H = 3 (1 − cos q) + p²,    dq/dt = 2 p,    dp/dt = −3 sin q
//! ```

/// `H`.
pub(super) fn energy(x: &[f64]) -> f64 {
    3.0 * (1.0 - x[0].cos()) + x[1] * x[1]
}

/// `(dq/dt, dp/dt)`.
pub(super) fn velocity(x: &[f64]) -> Vec<f64> {
    vec![2.0 * x[1], -3.0 * x[0].sin()]
}
