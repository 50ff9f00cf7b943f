//! The two-body problem: its Hamiltonian, and its orbits.
//!
//! ```text
//! H(q, p) = (|p1|^2 + |p2|^2)/2 - 1/|q1 - q2|,   dq/dt = dH/dp,   dp/dt = -dH/dq,   masses and G are 1
//! ```
//!
//! Chaudhari, Pranav, Moura, IEEE TSP 2025, Sec. VII-B and Table III, after Greydanus, Dzamba, Yosinski, "Hamiltonian
//! Neural Networks" (2019). Eq. (25) as printed has the wrong sign and power of the attraction and twice the kinetic
//! energy; this is the Hamiltonian of the data.
//!
//! A state is `[qx1, qx2, qy1, qy2, px1, px2, py1, py2]`: positions in the first half, momenta in the second, so that a
//! gradient field over it is `(dH/dq, dH/dp)` and [`gradnet_core::combine::Hamiltonian`] turns it into the dynamics.

mod orbit;

pub use orbit::{Orbit, OrbitError, evaluation_states, evenly, initial_state, integrate};

/// Positions and momenta of the two bodies, `[qx1, qx2, qy1, qy2, px1, px2, py1, py2]`.
pub type State = [f64; 8];

/// The energy `H` of a state.
pub fn energy(state: &State) -> f64 {
    let [qx1, qx2, qy1, qy2, momenta @ ..] = state;
    let kinetic = momenta.iter().map(|p| p * p).sum::<f64>() / 2.0;
    kinetic - 1.0 / (qx1 - qx2).hypot(qy1 - qy2)
}

/// The gradient `(dH/dq, dH/dp)` at a state.
pub fn gradient(state: &State) -> State {
    let [qx1, qx2, qy1, qy2, px1, px2, py1, py2] = *state;
    let (x, y) = (qx1 - qx2, qy1 - qy2);
    let cube = x.hypot(y).powi(3);
    [x / cube, -x / cube, y / cube, -y / cube, px1, px2, py1, py2]
}

/// Hamilton's equations: `(dq/dt, dp/dt) = (dH/dp, -dH/dq)` out of a gradient `(dH/dq, dH/dp)`.
pub fn rotate(gradient: &State) -> State {
    let [a, b, c, d, e, f, g, h] = *gradient;
    [e, f, g, h, -a, -b, -c, -d]
}

/// The true dynamics.
pub fn exact_rate(state: &State) -> State {
    rotate(&gradient(state))
}
