//! Scores: the gradient of a log density, learned from samples.
//!
//! ```text
//! x̃ = x + s e,   e ~ N(0, I)                         samples x, smoothed by noise of deviation s; s = 0 leaves them as they are
//! f → ∇ log p_s                                       p_s the density of x̃
//! denoising   E ‖f(x̃) + e/s‖²                         Vincent, Neural Computation 2011
//! hyvarinen   E [½‖f(x̃)‖² + tr J_f(x̃)]                Hyvärinen, JMLR 2005, with the trace in closed form
//! sliced      E [½‖f(x̃)‖² + vᵀ J_f(x̃) v]              Song et al., UAI 2019, v of random signs
//! ```
//!
//! All three have the same minimiser. The noise is drawn in antithetic pairs `x ± s e`, which takes the large part of
//! the denoising loss's variance, of order `1/s²`, away. Points are moved to mean zero and divided by one number, as
//! those of pairs are.
//!
//! **One sign.** What a run gives is always the score `f = ∇ log p` and, as its potential, `log p` up to a constant;
//! the energy is minus that. A monotone network models `−f`, which is a monotone field exactly if the density is
//! log-concave; the change of units takes the sign back.
//!
//! | number | what it is |
//! |---|---|
//! | `heldout_loss` | `E [½‖f‖² + ⟨f, e⟩/s]` on samples held out, which is `½ E‖f − ∇log p_s‖²` less a constant; chooses the weights |
//! | `fisher_relative` | `E‖f − ∇log p_s‖² / E‖∇log p_s‖²`, where the density is known |
//! | `energy_distance` | of samples drawn by [Langevin](crate::sampling) steps from those held out |
//!
//! Beside them stand the rows `zero`, `gaussian`, `kernel_density` and, as the floor of the energy distance, `samples`.

mod centres;
mod checkerboard;
mod config;
mod density;
mod examination;
mod function;
mod matching;
mod rows;
mod samples;
mod settings;
mod template;
#[cfg(test)]
mod tests;

pub use config::{DensityConfig, SamplesConfig, ScoreConfig, ScoreLoss};
pub use density::{Density, DensityKind};
pub use matching::ScoreMatching;

pub(crate) use examination::UNLIKE;

/// Names of the numbers in results.
pub const HELDOUT_LOSS: &str = "heldout_loss";
/// See [`HELDOUT_LOSS`].
pub const FISHER_RELATIVE: &str = "fisher_relative";
/// See [`HELDOUT_LOSS`].
pub const ENERGY_DISTANCE: &str = "energy_distance";
