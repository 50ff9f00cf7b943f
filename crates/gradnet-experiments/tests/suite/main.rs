//! The tests of the experiments, all in one binary: each binary more would link Burn once more.
//!
//! `cargo test --release --workspace --test suite NAME::` runs those of the file `NAME.rs`.

#![allow(clippy::unwrap_used)] // in a test a failure is the finding

mod results;
mod universality;
