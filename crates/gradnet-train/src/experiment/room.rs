//! Whether an experiment fits into this machine's memory: looked at before anything is begun, but not when a finished run is read, which a smaller
//! machine may do.

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

    /// Room for weights, gradients and Adam's two moments.
    fn network_room(&self) -> Result<(), ExperimentError> {
        let name = self.network.name();
        let count = self.network.parameter_count(self.dim());
        let count = count.map_err(|error| ExperimentError::network(name, error))?;
        let (key, value) = match self.network.size() {
            Some(Size::Parameters(budget)) => ("parameters", budget),
            Some(Size::Width(width)) => ("width", width),
            None => return Ok(()),
        };
        let what = format!("{count} weights, their gradients and Adam's moments");
        let bytes = 4 * 4 * count as u128;
        require_room(&format!("network.{name}.{key}"), value, &what, bytes)
    }
}
