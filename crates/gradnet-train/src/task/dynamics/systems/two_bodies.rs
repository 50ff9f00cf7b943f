//! Two bodies that attract each other, on nearly circular orbits: Eq. (25) of the paper, as in
//! [`two_body`](crate::two_body).

use rand::Rng;

use crate::two_body::{self, State, initial_state};

fn state(x: &[f64]) -> State {
    std::array::from_fn(|i| x[i])
}

/// `H`.
pub(super) fn energy(x: &[f64]) -> f64 {
    two_body::energy(&state(x))
}

/// Hamilton's equations.
pub(super) fn velocity(x: &[f64]) -> Vec<f64> {
    two_body::rotate(&two_body::gradient(&state(x))).to_vec()
}

/// A nearly circular start.
pub(super) fn start(random: &mut impl Rng) -> Vec<f64> {
    initial_state(random).to_vec()
}
