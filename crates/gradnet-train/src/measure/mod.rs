//! Distances between samples of distributions, in 64 bits on the host.

mod energy_distance;
mod sinkhorn;

pub use energy_distance::energy_distance;
pub use sinkhorn::{Entropic, mean_half_square, sinkhorn_divergence};
