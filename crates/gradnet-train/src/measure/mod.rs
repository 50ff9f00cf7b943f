//! What is measured of samples, in 64 bits on the host.

mod digits;
mod effective_sample_size;
mod energy_distance;
mod moments;
mod sinkhorn;
mod split_r_hat;
mod spread;

pub use digits::four_digits;
pub use effective_sample_size::effective_sample_size;
pub use energy_distance::energy_distance;
pub use moments::mean_and_covariance;
pub use sinkhorn::{Entropic, mean_half_square, sinkhorn_divergence};
pub use split_r_hat::split_r_hat;
pub use spread::{deviation, mean};
