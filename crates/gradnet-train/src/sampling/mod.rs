//! Samples drawn with a score, by Langevin steps:
//!
//! ```text
//! x' = x + (ε/2) f(x) + √ε z,   z ~ N(0, I)
//! accepted with probability min(1, p(x') q(x | x') / (p(x) q(x' | x))),   q(x' | x) = N(x'; x + (ε/2) f(x), ε I)
//! ```
//!
//! The steps alone sample the density of the score `f = ∇ log p` up to an error of order `ε`. Where `log p` can be
//! evaluated, as it can for networks with a potential, proposals are accepted or refused as Metropolis and Hastings do,
//! and the density is sampled exactly (Roberts and Tweedie, Bernoulli 1996); the step size is then found during the
//! warm-up, so that 57 % are accepted.
//!
//! Samples of one chain depend on each other, and a chain may stay in one part of a density whose parts are far apart.
//! The effective sample size ([`effective_sample_size`](crate::measure::effective_sample_size)) counts what both cost.

mod langevin;

pub use langevin::{Chains, Walked, walk};
