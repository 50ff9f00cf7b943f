//! Whether what is asked for fits into this machine's memory.

use std::sync::OnceLock;

use super::{DataConfig, EvaluationConfig, ExperimentError, FixedData, Protocol, require};

impl Protocol {
    /// Room for the points that are drawn for validation, training and test, in `dim` dimensions.
    pub(crate) fn drawn_points_room(&self, dim: usize) -> Result<(), ExperimentError> {
        let train = &self.train;
        require_points("train.validation.points", train.validation.points, dim)?;
        if let DataConfig::Fixed(FixedData { points }) = train.data {
            require_points("train.data.fixed.points", points, dim)?;
        }
        self.evaluation.check_room(dim)
    }
}

impl EvaluationConfig {
    /// Refuses more test points of dimension `dim` than this machine's memory holds.
    fn check_room(&self, dim: usize) -> Result<(), ExperimentError> {
        require_points("evaluation.points", self.points, dim)?;
        require_points("evaluation.linear_points", self.linear_points, dim)
    }
}

/// Room for points: in 64 bits as they are drawn, then points, targets and outputs in 32.
pub(crate) fn require_points(key: &str, points: usize, dim: usize) -> Result<(), ExperimentError> {
    let what = format!("{points} points of {dim} coordinates");
    let bytes = (8 + 3 * 4) * points as u128 * dim as u128;
    require_room(key, points, &what, bytes)
}

/// Refuses what this machine's memory cannot hold.
pub(crate) fn require_room(
    key: &str,
    value: usize,
    what: &str,
    bytes: u128,
) -> Result<(), ExperimentError> {
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
