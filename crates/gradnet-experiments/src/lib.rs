//! The experiments of "Gradient Networks" (Chaudhari, Pranav, Moura, IEEE TSP 2025): what is learned, from which points, how it is trained and scored.
//!
//! A run is one line of calls: an [`Experiment`] is checked, its [`target`] and the [`data`] give batches, [`training`] fits a network of
//! `gradnet-core` to them and fills a [`run`] folder, [`evaluation`] scores the result beside the reference rows.

#![warn(missing_docs)]

pub mod backend;
pub mod bench;
pub mod config;
pub mod data;
pub mod device_check;
mod digest;
pub mod evaluation;
pub mod experiment;
pub mod figure;
pub mod files;
pub mod interchange;
mod interrupter;
pub mod predict;
pub mod registry;
pub mod report;
pub mod reproduce;
pub mod run;
pub mod target;
pub mod training;
pub mod two_body;
pub mod universality;

pub use experiment::{Experiment, ExperimentError};
pub use interrupter::Interrupter;
pub use run::{Run, RunError};
pub use training::{Summary, TrainError, TrainOptions, resume, train};
