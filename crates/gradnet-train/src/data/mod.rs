//! Where points come from: our own seeded generator on the host, so that every backend sees the same numbers.
//!
//! A draw is a pure function of the run's seed, what the draw is for ([`Stream`]) and its index. Batch k can so be
//! drawn again without the k-1 before it, which makes a resumed run exact and a run's validation and test points
//! independent of how long it trained.

mod ahead;
mod batch;
mod digests;
mod draws;
mod epochs;
pub mod file;
mod folders;
mod points;
mod stream;

pub use batch::{Batch, Batches, Source};
pub(crate) use digests::file_digest;
pub use digests::{FileDigest, FileDigests};
pub use draws::{grid_points, points_tensor, uniform_points};
pub(crate) use epochs::Epochs;
pub use folders::{Contents, FolderContents};
pub use points::PointSet;
pub use stream::{Stream, derived_seed, generator};
