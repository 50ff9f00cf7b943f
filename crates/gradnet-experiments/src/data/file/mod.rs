//! Pairs (x, gradient) from a user's file: found, read, split and scaled.
//!
//! ```text
//! x' = (x - m) / s          m the mean point, s one number: the root mean square of the coordinates of x - m
//! y' = y / t                t one number: the root mean square of the coordinates of y
//! f(x) = t g((x - m) / s)   what a network g trained on the scaled pairs is in the user's units
//! J_f  = (t / s) J_g        F = t s G
//! ```
//!
//! This is a similarity: J_f is J_g times one positive number, so f is a gradient, or a monotone one, exactly if g is. Dividing every
//! coordinate by a scale of its own would not do: with y' = D y and x' = x the Jacobian becomes D J, which is not symmetric unless D is a
//! multiple of the identity, and with x' = C x besides it is D J C^-1, symmetric for all symmetric J only if C D is such a multiple. So the usual
//! standardisation, column by column, would ask a gradient network for a field it cannot represent. `data::file::similarity::tests` computes both.
//!
//! The rows are split into three parts by the run's seed: training, validation (which chooses the weights) and test (which neither trains nor
//! chooses, and gives the error that is reported).

mod columns;
mod config;
mod facts;
mod pairs;
mod similarity;
mod split;
mod storage;

pub use columns::{Columns, listed};
pub use config::FileConfig;
pub use facts::DataFacts;
pub use pairs::FilePairs;
pub use similarity::{RunField, Similarity};
pub use split::Split;
