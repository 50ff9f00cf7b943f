//! Samples drawn with a score, by Langevin steps:
//!
//! ```text
//! x' = x + (ε/2) f(x) + √ε z,   z ~ N(0, I)
//! ```
//!
//! The steps alone sample the density of the score `f` up to an error of order `ε` (Roberts and Tweedie, Bernoulli 1996).

mod langevin;

pub use langevin::{Chains, unadjusted};
