//! The folder that the paper's results are kept in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::orbits::Orbits;
use super::{Paper, Quantity};
use gradnet_train::sweep::Store;

/// `cells/TABLE`, a record each; `runs/TABLE`, the run folders of small networks, which the figures read; `tables` and
/// `figures`.
#[derive(Clone, Debug)]
pub struct Results {
    folder: PathBuf,
}

impl Results {
    /// The results in a folder.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The records of a table.
    pub fn store(&self, paper: &Paper) -> Store {
        let of = |room: &str| self.folder.join(room).join(paper.name);
        let store = Store::new(of("cells"), of("runs"));
        match paper.published.measure {
            Quantity::Field => store,
            Quantity::Orbits => store.measuring(Arc::new(Orbits {
                horizon: paper.horizon,
            })),
        }
    }
}
