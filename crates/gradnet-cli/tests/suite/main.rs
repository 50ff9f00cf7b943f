//! The tests of the program, all in one binary: each binary more would link Burn once more.
//!
//! `cargo test --release --workspace --test suite NAME::` runs those of the file `NAME.rs`.

#![allow(clippy::unwrap_used)] // in a test a failure is the finding

// What tests share.
mod browser;
mod exported;
mod pairs;
mod process;
mod program;

mod bad_data_files;
mod bad_pictures;
mod broken_configs;
mod clusters;
mod comfort;
mod command_line;
mod data_files;
mod deepinv;
mod device_check;
mod disk;
mod dynamics;
mod guide;
mod imported_pictures;
mod interchange;
mod judged;
mod large_files;
mod listings;
mod models;
mod named_points;
mod panel;
mod progress;
mod report;
mod reproduction;
mod resume;
mod runs;
mod saturation;
mod signals;
