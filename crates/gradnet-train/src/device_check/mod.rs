//! A device held against the processor before its numbers are used.
//!
//! A GPU backend compiles a kernel for every shape and chooses among several by timing them. A choice that computes
//! something else is as fast as a right one, and it is remembered. So before a run trains or scores on any backend but
//! the processor's own, the target, the field, the loss, its gradients and the optimizer's update are computed once on
//! both for each number of points the run will use, and
//!
//! ```text
//! ‖device − processor‖₂ ≤ 10⁻³ ‖processor‖₂
//! ```
//!
//! must hold for each of them; rounding in 32 bits stays a hundredfold below. The device computes everything
//! [`SETTLE`] times first, because choosing a kernel may change the answer of the first calls.

mod compare;
mod lost;
mod sides;
mod survey;

use burn::tensor::Device;
use gradnet_core::VectorField;
use serde::{Deserialize, Serialize};

use crate::backend::{device_name, host};
use crate::registry::Network;
use crate::setting_error::SettingError;
use crate::targets::TargetConfig;

pub use compare::ALLOWED;
pub use lost::{LOG_TARGET, lost, note};
pub use survey::{Case, DIMENSIONS, Row, cases};

pub(crate) use compare::Comparison;
use sides::Side;
pub(crate) use sides::{ReadGradients, values};

/// Times a device computes a quantity before the value that counts.
pub const SETTLE: usize = 2;

/// The largest relative difference that a check found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// What differed most.
    pub quantity: String,
    /// At how many points it was computed.
    pub points: usize,
    /// The 2-norm of the difference over that of the processor's values.
    pub difference: f64,
    /// Seconds the check took, without the first call of each quantity: it compiles and chooses kernels that the run
    /// needs anyway. Zero in summaries that are older.
    #[serde(default)]
    pub seconds: f64,
}

/// Why a device is not used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceFault {
    /// The device computes something else than the processor.
    #[error(
        "{device} computes {quantity} wrongly: at {points} points its norm is {on_device:.6e}, on the processor \
         {on_host:.6e}; the relative difference is {difference:.1e}, and rounding explains {ALLOWED:.0e} at most"
    )]
    Differs {
        /// The device.
        device: String,
        /// What was computed.
        quantity: &'static str,
        /// At how many points.
        points: usize,
        /// The 2-norm of the device's values.
        on_device: f64,
        /// The 2-norm of the processor's values.
        on_host: f64,
        /// The 2-norm of their difference over that of the processor's values.
        difference: f64,
    },
    /// The device has not done some of its work, so its numbers are not to be used.
    #[error("the device has not done all of its work: {message}")]
    Lost {
        /// What CubeCL logged.
        message: String,
    },
    /// What is computed cannot be built on the processor.
    #[error("{message}")]
    Unbuilt {
        /// Why.
        message: String,
        /// What to do.
        remedy: String,
    },
}

impl From<SettingError> for DeviceFault {
    fn from(error: SettingError) -> Self {
        Self::Unbuilt {
            message: error.to_string(),
            remedy: error.remedy().into(),
        }
    }
}

impl DeviceFault {
    /// What the user can do about it.
    pub fn remedy(&self) -> &str {
        match self {
            Self::Differs { .. } => {
                "run with --backend flex; or delete CubeCL's cache of chosen kernels (~/.cache/cubecl, inside a Cargo \
                 project target/environment) and try again; `gradnet list devices --check` tries every network"
            }
            Self::Lost { .. } => {
                "delete CubeCL's cache of chosen kernels (~/.cache/cubecl, inside a Cargo project \
                 target/environment) and try again, or run with --backend flex"
            }
            Self::Unbuilt { remedy, .. } => remedy,
        }
    }
}

/// Whether `device` has to be checked: not if it is the processor, nor if the build has no backend for that.
pub fn is_due(device: &Device) -> bool {
    let device = device.clone().without_autodiff();
    host(&device) != device
}

/// What a run will compute on its device.
#[derive(Clone, Debug)]
pub struct Workload<'a> {
    /// The network on the device; with autodiff if it will be trained.
    pub network: &'a Network,
    /// The target the device evaluates; none where the pairs come from a file.
    pub target: Option<&'a TargetConfig>,
    /// Points like those of the run, row after row. They are repeated where a batch has more.
    pub points: &'a [f32],
    /// The sizes of the batches it trains on.
    pub training: &'a [usize],
    /// The sizes of the batches it validates or scores on.
    pub scoring: &'a [usize],
    /// What else is computed at those points.
    pub beside: Beside,
}

/// What may be computed of a network beside its field.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside {
    /// The potential, if the network has one.
    pub potential: bool,
    /// Products with the Jacobian.
    pub jacobian: bool,
    /// Points at once at most: a potential that is a quadrature costs hundreds of fields.
    pub most: usize,
}

impl Workload<'_> {
    /// Holds `device` against the processor. `None` on the processor itself, and where the build has no backend for it.
    ///
    /// # Errors
    /// [`DeviceFault::Differs`] for the first quantity over [`ALLOWED`].
    pub fn check(&self, device: &Device) -> Result<Option<Agreement>, DeviceFault> {
        if !is_due(device) || self.points.is_empty() {
            return Ok(None);
        }
        let device = device.clone().without_autodiff();
        let host = host(&device);
        let mut check = Check {
            comparison: Comparison::new(device_name(&device)),
            device: Side::new(self.network, self.target, &device)?,
            host: Side::new(self.network, self.target, &host)?,
        };
        let mut sizes = [self.training, self.scoring].concat();
        sizes.sort_unstable();
        sizes.dedup();
        for size in sizes.into_iter().filter(|size| *size > 0) {
            let points = self.batch(size);
            let beside = match size <= self.beside.most {
                true => self.beside,
                false => Beside::default(),
            };
            check.values(&points, size, beside)?;
            if self.training.contains(&size) {
                check.steps(&points, size)?;
            }
        }
        lost()?;
        Ok(check.comparison.largest())
    }

    /// `size` rows of the points.
    fn batch(&self, size: usize) -> Vec<f32> {
        let values = self.points.iter().copied().cycle();
        values.take(size * self.network.dim()).collect()
    }
}

/// A device, the processor, and what has been found of them.
struct Check {
    comparison: Comparison,
    device: Side,
    host: Side,
}

impl Check {
    /// Target and field at the points, and what is wanted beside them.
    fn values(&mut self, points: &[f32], size: usize, beside: Beside) -> Result<(), DeviceFault> {
        let Self {
            comparison,
            device,
            host,
        } = self;
        if let Some(expected) = host.target(points) {
            let found = comparison
                .settled(|| device.target(points))
                .unwrap_or_default();
            let again = |moved: &[f32]| host.target(moved).unwrap_or_default();
            comparison.rows("the target", points, size, (&found, &expected), &again)?;
        }
        let expected = host.field(points);
        if expected != host.field(points) {
            // The field draws at each call: two evaluations need not agree, on one device or on two.
            return Ok(());
        }
        let found = comparison.settled(|| device.field(points));
        let again = |moved: &[f32]| host.field(moved);
        comparison.rows("the field", points, size, (&found, &expected), &again)?;
        if let Some(expected) = beside.potential.then(|| host.potential(points)).flatten() {
            let found = comparison
                .settled(|| device.potential(points))
                .unwrap_or_default();
            let again = |moved: &[f32]| host.potential(moved).unwrap_or_default();
            let values = (&found[..], &expected[..]);
            comparison.rows("the potential", points, size, values, &again)?;
        }
        if beside.jacobian {
            let found = comparison.settled(|| device.product(points));
            let expected = host.product(points);
            let again = |moved: &[f32]| host.product(moved);
            let values = (&found[..], &expected[..]);
            comparison.rows("the Jacobian", points, size, values, &again)?;
        }
        Ok(())
    }

    /// Loss, gradients and update at the points.
    fn steps(&mut self, points: &[f32], size: usize) -> Result<(), DeviceFault> {
        let Self {
            comparison,
            device,
            host,
        } = self;
        let expected = host.step(points, size);
        if expected.gradients != host.step(points, size).gradients {
            return Ok(());
        }
        let found = comparison.settled(|| device.step(points, size));
        let moved = comparison.settled(|| device.update(&expected.gradients));
        let mut compare = |quantity, found: &[f32], expected: &[f32]| {
            comparison.whole(quantity, size, found, expected)
        };
        compare("the loss", &[found.loss], &[expected.loss])?;
        compare(
            "the gradients",
            &found.gradients.concat(),
            &expected.gradients.concat(),
        )?;
        compare(
            "the optimizer's update",
            &moved,
            &host.update(&expected.gradients),
        )
    }
}

#[cfg(test)]
mod tests;
