//! Learning with gradient networks: tasks, data files, the training loop, runs and what is made of them.
//!
//! A run is one line of calls: an [`Experiment`] is read from a [`config`] and checked; its [`task`] says what is
//! learned from what; [`training`] fits a network of `gradnet-core` to it and fills a [`run`] folder, which the task
//! scores beside its baselines.
//!
//! | room | what it holds |
//! |---|---|
//! | [`task`] | what is learned from what: data, loss, criterion, numbers, rows to compare with; one list of them |
//! | [`registry`] | the networks by name, their settings in config files, widths for a budget |
//! | [`targets`], [`two_body`] | fields given by a formula, those of the paper among them; the two-body problem and its orbits |
//! | [`data`] | points, batches and files of pairs; [`files`] reads and writes tables and arrays of any format |
//! | [`measure`], [`sampling`] | numbers about samples; samples drawn with a score |
//! | [`config`], [`experiment`], [`settings`] | a config file, the checked experiment it becomes, how a run is trained and scored |
//! | [`pictures`] | pictures from PNG and `.npy`, or drawn |
//! | [`restore`] | pictures restored with a trained regularizer |
//! | [`training`] | the loop, checkpoints |
//! | [`sweep`] | grids of runs, from a base config, overrides and seeds to a table |
//! | [`run`] | run folders; [`predict`], [`sample`], [`rollout`], [`report`] and [`interchange`] make something of them |
//! | `foreign_checkpoints` | the weights that PyTorch, pickle and safetensors have saved, for [`interchange`] |
//! | [`backend`], [`device_check`] | where it is computed, and whether rightly |

#![warn(missing_docs)]

pub mod backend;
pub mod config;
pub mod data;
pub mod device_check;
mod digest;
pub mod experiment;
pub mod files;
mod foreign_checkpoints;
pub mod interchange;
mod interrupter;
mod machine;
pub mod measure;
mod nearest;
pub mod pictures;
pub mod predict;
pub mod registry;
pub mod report;
pub mod restore;
pub mod rollout;
pub mod run;
pub mod sample;
pub mod sampling;
mod setting_error;
pub mod settings;
pub mod sweep;
pub mod targets;
pub mod task;
pub mod training;
pub mod two_body;

pub use digest::Digest;
pub use experiment::{CheckedExperiment, Experiment, ExperimentError};
pub use interrupter::Interrupter;
pub use machine::machine;
pub use run::{Run, RunError};
pub use setting_error::SettingError;
pub use training::{Summary, TrainError, TrainOptions, resume, train};
