//! How well a learned field predicts the orbits of two bodies: Table III.

mod prediction;

pub use gradnet_train::two_body::*;
pub use prediction::{Horizon, Prediction, TRAINED_TO, rate_of};

#[cfg(test)]
mod tests;
