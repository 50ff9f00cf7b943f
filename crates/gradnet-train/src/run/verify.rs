//! What a run's network claims of its Jacobian, checked.

use burn::tensor::Device;
use gradnet_core::VectorField;
use gradnet_core::analysis::{Region, Verification, verify_module};

use super::{Run, RunError};
use crate::backend::host;

/// Numbers in all the Jacobians of a check, at most, unless more are asked for: eigenvalues of a 1024 x 1024 matrix take a second.
const JACOBIAN_ENTRIES: usize = 64 * 64 * 64;

/// How many points a check looks at unless it is told.
pub fn verified_samples(dim: usize) -> usize {
    (JACOBIAN_ENTRIES / (dim * dim)).clamp(2, 64)
}

impl Run {
    /// Where the run's network has learned something, in its own units: the cube around its data, or the task's.
    ///
    /// # Errors
    /// If `data.json` is missing or damaged.
    pub fn region(&self) -> Result<Region, RunError> {
        Ok(match self.data_facts()? {
            Some(facts) => Region {
                low: facts.low,
                high: facts.high,
            },
            None => self.experiment().task.region(),
        })
    }

    /// Checks what the network claims, in 64 bits on the processor, at `samples` points of its [`region`](Self::region).
    ///
    /// What is claimed does not depend on the units: the Jacobian in those of a file is the network's times one number.
    ///
    /// # Errors
    /// If the run cannot be read.
    pub fn verify(
        &self,
        device: &Device,
        samples: Option<usize>,
        seed: u64,
    ) -> Result<Verification, RunError> {
        let network = self.network(device)?;
        let samples = samples.unwrap_or_else(|| verified_samples(network.dim()));
        let (region, host) = (self.region()?, host(device));
        Ok(verify_module(
            &network,
            network.claim(),
            &host,
            region,
            samples,
            seed,
        ))
    }
}
