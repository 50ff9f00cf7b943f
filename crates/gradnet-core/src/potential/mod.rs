//! Networks that learn a scalar potential `F` and output its gradient: the baselines ICNN, MLP and
//! Hamiltonian network.
//!
//! Burn differentiates once, and training already needs that for the parameters. So `∇F` is written
//! here as forward tensor operations, a reverse pass derived by hand, and `H_F v` as the tangent of that
//! pass. Inference needs no autodiff at all.

mod hamiltonian;
mod icnn;
mod mlp;

pub use hamiltonian::Hamiltonian;
pub use icnn::{Icnn, IcnnLayer};
pub use mlp::{DenseLayer, PotentialMlp};
