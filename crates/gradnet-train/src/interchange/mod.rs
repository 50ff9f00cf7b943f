//! Weights from elsewhere and for elsewhere: the authors' released checkpoints in, arrays that a few lines of NumPy understand out.

mod checkpoint;
mod export;
mod foreign;
mod found;
mod import;
mod legacy;
mod numpy;
mod pickle;
mod pytorch;
mod search;
mod stored;
mod unpickle;

pub use checkpoint::Checkpoint;
pub use export::{Exported, export};
pub use found::{Found, SearchError};
pub use import::{ImportError, Imported, import};
