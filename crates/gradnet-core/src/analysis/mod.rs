//! Checks of a field's guarantees: functions that return numbers.
//!
//! The field is evaluated on its own device and in its own precision ([`in_double_precision`] gives a network in
//! `f64`); the linear algebra after that is in `f64` on the host. Nothing here assumes what it measures: a Jacobian is
//! never symmetrised before its asymmetry is taken, and its eigenvalues are those of the symmetric part, reported
//! beside the asymmetry.

mod claim;
mod closed;
mod curve;
mod jacobian;
mod kronrod;
mod line_integral;
mod log_det;
mod loop_integral;
mod precision;
mod region;
mod verification;

pub use crate::host::host;
pub use claim::Claim;
pub use curve::Loop;
pub use jacobian::{jacobians, monotonicity, relative_asymmetry, smallest_eigenvalue};
pub use line_integral::{LineIntegral, LineIntegralError, line_integral};
pub use log_det::{LogDetEstimate, log_det_jacobian, log_det_jacobian_estimate};
pub use loop_integral::{LoopIntegral, loop_integral};
pub use precision::{double_precision, in_double_precision, parameters_not_finite};
pub use region::Region;
pub use verification::{Verification, verify, verify_module};
