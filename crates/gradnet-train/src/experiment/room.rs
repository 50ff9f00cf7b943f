//! Whether an experiment fits into this machine's memory: looked at before anything is begun, but not when a finished
//! run is read, which a smaller machine may do.

use super::Experiment;
use crate::registry::Size;
use crate::settings::{ExperimentError, require_points, require_room};

impl Experiment {
    /// Refuses what cannot be trained and scored in this machine's memory.
    ///
    /// # Errors
    /// The first size that is too large, with its key.
    pub fn check_room(&self) -> Result<(), ExperimentError> {
        self.network_room()?;
        require_points("train.batch", self.train.batch, self.dim())?;
        self.task.check_room(&self.protocol())
    }

    /// How many numbers the network trains.
    ///
    /// # Errors
    /// If there is no such network in this dimension.
    pub fn parameters(&self) -> Result<usize, ExperimentError> {
        let count = self.network.parameter_count(self.dim());
        count.map_err(|error| ExperimentError::network(self.network.name(), error))
    }

    /// Bytes of the network's weights, their gradients and Adam's two moments, in 32 bits.
    ///
    /// # Errors
    /// As [`parameters`](Self::parameters).
    pub fn network_bytes(&self) -> Result<u128, ExperimentError> {
        Ok(4 * 4 * self.parameters()? as u128)
    }

    fn network_room(&self) -> Result<(), ExperimentError> {
        let name = self.network.name();
        let (count, bytes) = (self.parameters()?, self.network_bytes()?);
        let (key, value) = match self.network.size() {
            Some(Size::Parameters(budget)) => ("parameters", budget),
            Some(Size::Width(width)) => ("width", width),
            None => return Ok(()),
        };
        let what = format!("{count} weights, their gradients and Adam's moments");
        require_room(&format!("network.{name}.{key}"), value, &what, bytes)
    }
}
