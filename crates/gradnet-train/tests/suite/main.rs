//! The tests of learning, all in one binary: each binary more would link Burn once more.
//!
//! `cargo test --release --workspace --test suite NAME::` runs those of the file `NAME.rs`.

#![allow(clippy::unwrap_used)] // in a test a failure is the finding

// What tests share.
mod changes;
mod fields;

mod golden;
mod initial_weights;
mod laplacians;
mod mutated_checkpoints;
mod mutated_files;
mod mutated_runs;
mod narrow_types;
mod properties;
mod reference_rows;
mod released_ridges;
mod shifted_fits;
mod training;
mod transport;
mod verification;
mod version_0_1;
mod warned_fits;
mod widths;
