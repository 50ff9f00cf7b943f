//! Arrays that others have saved: PyTorch's files, pickles and safetensors, read as data. Nothing in a file is run.

mod checkpoint;
mod foreign;
mod found;
mod legacy;
mod numpy;
mod pickle;
mod pytorch;
mod search;
mod stored;
mod unpickle;

pub use checkpoint::Checkpoint;
pub use found::{Found, SearchError};
