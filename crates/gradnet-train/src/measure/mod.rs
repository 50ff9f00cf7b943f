//! Distances between samples of distributions, in 64 bits on the host.

mod energy_distance;

pub use energy_distance::energy_distance;
