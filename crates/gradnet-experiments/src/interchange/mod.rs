//! Weights from elsewhere and for elsewhere: the authors' released checkpoints in, arrays that a few lines of NumPy understand out.

mod checkpoint;
mod export;
mod foreign;
mod import;
mod numpy;
mod pickle;
mod pytorch;
mod search;
mod stored;

pub use checkpoint::Checkpoint;
pub use export::{Exported, export};
pub use import::{ImportError, Imported, import};
pub use search::{Found, SearchError};
