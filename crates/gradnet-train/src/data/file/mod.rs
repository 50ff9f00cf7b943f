//! Pairs (x, gradient) from a user's file: found, read, split and scaled.
//!
//! ```text
//! x' = (x − m) / s                m the mean point, s one number: the root mean square of the coordinates of x − m
//! y' = σ (y − c) / t              c the mean gradient, t one number: that of y − c; σ = ±1 is `sign`
//! f(x) = c + σ t g((x − m) / s)   what a network g trained on the scaled pairs is in the user's units
//! J_f  = (σ t / s) J_g            U(x) = s t G((x − m) / s) + σ ⟨c, x − m⟩, with f = σ ∇U
//! ```
//!
//! Means and sizes are those of the training rows. All of it is computed in 64 bits; the network sees x' and y' in 32.
//!
//! This is a similarity and a constant: J_f is J_g times one number, so f is a gradient exactly if g is; with σ = 1 it
//! is a monotone one exactly if g is, with σ = -1 minus a monotone one, as the force of a convex energy U is. Dividing
//! every coordinate by a scale of its own would not do: with y' = D y and x' = x the Jacobian becomes D J, which is not
//! symmetric unless D is a multiple of the identity, and with x' = C x besides it is D J C^-1, symmetric for all
//! symmetric J only if C D is such a multiple. So the usual standardisation, column by column, would ask a gradient
//! network for a field it cannot represent. `data::file::run_field::tests` computes both.
//!
//! The rows are split into three parts by the run's seed: training, validation (which chooses the weights) and test
//! (which neither trains nor chooses, and gives the error that is reported).

mod columns;
mod config;
mod examination;
mod facts;
mod pairs;
mod place;
mod potential;
mod run_field;
mod scaling;
mod similarity;
mod split;
mod storage;
mod table;

pub(crate) use columns::are_places;
pub use columns::{Columns, listed};
pub use config::{FileConfig, absolute};
pub use examination::Finding;
pub(crate) use examination::examine_states;
pub use facts::{Beyond, ColumnNames, DataFacts};
pub use pairs::{FilePairs, PairBatches};
pub(crate) use place::name as row_name;
pub use run_field::RunField;
pub use similarity::Similarity;
pub use split::Split;
pub use table::PointTable;
