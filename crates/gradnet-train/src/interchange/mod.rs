//! Weights from elsewhere and for elsewhere: the authors' released checkpoints in, arrays that a few lines of NumPy
//! understand, ONNX models and PyTorch modules out.

mod export;
mod form;
mod import;
mod onnx;
mod plain;

pub use crate::foreign_checkpoints::{Checkpoint, Found, SearchError};
pub(crate) use plain::{Formula, Plain};

pub use export::{Exported, export};
pub use import::{ImportError, Imported, import};
