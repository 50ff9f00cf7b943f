//! The weights that validated best so far, in memory and in the run folder.

use std::time::{Duration, Instant};

use crate::registry::Network;
use burn::module::Module;

use crate::run::{RunError, RunFolder};

/// Least time between two writes of the weights, so that a network which improves at every
/// validation does not wait for the disk.
const WRITE_TIME: Duration = Duration::from_secs(5);

pub(super) struct Best {
    network: Network,
    db: f64,
    /// Whether the run folder has these weights.
    is_written: bool,
    written_at: Instant,
}

impl Best {
    /// Weights that validate at `db`. If that is no finite number, they lose against any whose
    /// error is one.
    pub(super) fn new(network: Network, db: f64) -> Self {
        Self {
            network,
            db: if db.is_finite() { db } else { f64::MAX },
            is_written: false,
            written_at: Instant::now(),
        }
    }

    /// The network with these weights.
    pub(super) fn network(&self) -> &Network {
        &self.network
    }

    /// Their error on the validation points, in decibels.
    pub(super) fn db(&self) -> f64 {
        self.db
    }

    /// Takes weights that validate better.
    pub(super) fn offer(&mut self, network: &Network, db: f64) {
        if db < self.db {
            self.network = network.clone();
            self.db = db;
            self.is_written = false;
        }
    }

    /// Writes the weights, unless the folder has them.
    pub(super) fn write(&mut self, folder: &RunFolder) -> Result<(), RunError> {
        if !self.is_written {
            folder.write_weights(self.network.clone().valid())?;
            self.is_written = true;
            self.written_at = Instant::now();
        }
        Ok(())
    }

    /// Writes the weights if the last write is some seconds ago.
    pub(super) fn write_if_due(&mut self, folder: &RunFolder) -> Result<(), RunError> {
        match self.written_at.elapsed() > WRITE_TIME {
            true => self.write(folder),
            false => Ok(()),
        }
    }
}
