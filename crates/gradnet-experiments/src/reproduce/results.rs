//! The folder that the paper's results are kept in.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::orbits::Orbits;
use super::{Paper, Quantity};
use gradnet_train::run::{RunError, write_atomically};
use gradnet_train::sweep::Store;

/// `cells/TABLE`, a record each; `runs/TABLE`, the run folders of small networks, which the figures read; `tables` and `figures`.
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

    /// Writes a file of the results folder, which may be new.
    ///
    /// # Errors
    /// If the file or its folder cannot be written.
    pub fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), RunError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|error| RunError::io("create", folder, error))?;
        write_atomically(path, bytes).map_err(|error| RunError::io("write", path, error))
    }
}
