//! The tests of the fields, all in one binary: each binary more would link Burn once more.
//!
//! `cargo test --release --workspace --test suite NAME::` runs those of the file `NAME.rs`.

#![allow(clippy::unwrap_used)] // in a test a failure is the finding

mod activations;
mod combinations;
mod denoisers;
mod fragile_numbers;
mod images;
mod inverse;
mod lemmas;
mod paper_map;
mod restorations;
mod settings;
mod solve;
mod subgradients;
mod tuning;
