//! Weights from elsewhere and for elsewhere: the authors' released checkpoints in, arrays that a few lines of NumPy understand out.

mod export;
mod import;

pub use crate::elsewhere::{Checkpoint, Found, SearchError};
pub use export::{Exported, export};
pub use import::{ImportError, Imported, import};
