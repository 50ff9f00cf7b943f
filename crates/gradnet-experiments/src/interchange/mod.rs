//! Weights from elsewhere and for elsewhere: the authors' released checkpoints in, arrays that a few lines of NumPy understand out.

mod checkpoint;
mod export;
mod import;

pub use checkpoint::read_arrays;
pub use export::{Exported, export};
pub use import::{ImportError, Imported, import};
