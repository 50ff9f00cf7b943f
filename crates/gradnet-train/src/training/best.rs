//! The weights that validated best so far, in memory and in the run folder.

use std::time::{Duration, Instant};

use burn::module::Module;

use crate::registry::Network;
use crate::run::{RunError, RunFolder};

/// Least time between two writes of the weights, so that a network which improves at every
/// validation does not wait for the disk.
const WRITE_TIME: Duration = Duration::from_secs(5);

pub(super) struct Best {
    network: Network,
    validation: f64,
    /// Whether the run folder has these weights.
    is_written: bool,
    written_at: Instant,
}

impl Best {
    /// Weights with this validation. If that is no finite number, they lose against any whose
    /// validation is one.
    pub(super) fn new(network: Network, validation: f64) -> Self {
        Self {
            network,
            validation: if validation.is_finite() {
                validation
            } else {
                f64::MAX
            },
            is_written: false,
            written_at: Instant::now(),
        }
    }

    /// The network with these weights.
    pub(super) fn network(&self) -> &Network {
        &self.network
    }

    /// Their validation.
    pub(super) fn validation(&self) -> f64 {
        self.validation
    }

    /// Takes weights that validate better.
    pub(super) fn offer(&mut self, network: &Network, validation: f64) {
        if validation < self.validation {
            self.network = network.clone();
            self.validation = validation;
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
