//! Whether what an experiment asks for fits into this machine's memory: looked at before anything is begun, but not when a finished run is read,
//! which a smaller machine may do.

use std::sync::OnceLock;

use crate::registry::Size;

use super::check::require;
use super::{DataConfig, EvaluationConfig, Experiment, ExperimentError, FixedData};
use crate::target::TargetConfig;

impl Experiment {
    /// Refuses what cannot be trained and scored in this machine's memory.
    ///
    /// # Errors
    /// The first size that is too large, with its key.
    pub fn check_room(&self) -> Result<(), ExperimentError> {
        self.network_room()?;
        let (dim, train) = (self.dim(), &self.train);
        require_points("train.batch", train.batch, dim)?;
        // The other numbers of points are of a file's rows at most.
        if let TargetConfig::File(_) = self.target {
            return Ok(());
        }
        require_points("train.validation.points", train.validation.points, dim)?;
        if let DataConfig::Fixed(FixedData { points }) = train.data {
            require_points("train.data.fixed.points", points, dim)?;
        }
        self.evaluation.check_room(dim)
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

impl EvaluationConfig {
    /// Refuses more test points of dimension `dim` than this machine's memory holds.
    pub(crate) fn check_room(&self, dim: usize) -> Result<(), ExperimentError> {
        require_points("evaluation.points", self.points, dim)?;
        require_points("evaluation.linear_points", self.linear_points, dim)
    }
}

/// Room for points: in 64 bits as they are drawn, then points, targets and outputs in 32.
fn require_points(key: &str, points: usize, dim: usize) -> Result<(), ExperimentError> {
    let what = format!("{points} points of {dim} coordinates");
    let bytes = (8 + 3 * 4) * points as u128 * dim as u128;
    require_room(key, points, &what, bytes)
}

/// Refuses what this machine's memory cannot hold.
fn require_room(key: &str, value: usize, what: &str, bytes: u128) -> Result<(), ExperimentError> {
    let memory = u128::from(machine_memory());
    let gigabytes = |bytes: u128| format!("{:.1} GB", bytes as f64 / 1e9);
    require(
        bytes <= memory,
        key,
        value,
        &format!(
            "must leave room in memory: {what} take {}, this machine has {}",
            gigabytes(bytes),
            gigabytes(memory)
        ),
        "choose a smaller number, or another machine",
    )
}

/// Bytes of memory that the machine has; no bound where the system does not tell.
fn machine_memory() -> u64 {
    static BYTES: OnceLock<u64> = OnceLock::new();
    *BYTES.get_or_init(|| {
        let mut system = sysinfo::System::new();
        system.refresh_memory();
        match system.total_memory() {
            0 => u64::MAX,
            bytes => bytes,
        }
    })
}
